//! The values of a feature for some rows: a column of a frame or of a table, as models read it.

use polars::prelude::PlHashMap;

use super::frame_column::{FrameColumn, MISSING};
use crate::codes::Codes;
use crate::table::{Column, Numbers};

/// The values of a feature for some rows.
#[derive(Clone, Copy)]
pub(crate) enum FeatureColumn<'a> {
    Numbers(NumberColumn<'a>),
    Categories(CategoryColumn<'a>),
}

/// Numbers of a frame or of a table.
#[derive(Clone, Copy)]
pub(crate) enum NumberColumn<'a> {
    Frame(&'a [f64]),
    Table(&'a Numbers),
}

/// Codes of categories of a frame or of a table, and what they stand for.
#[derive(Clone, Copy)]
pub(crate) enum CategoryColumn<'a> {
    Frame {
        codes: &'a [u32],
        code_of: &'a PlHashMap<String, u32>,
    },
    Table {
        codes: &'a Codes,
        dictionary: &'a [String],
    },
}

/// What a category that no row has is compared with; no column has as many.
const ABSENT: u32 = u32::MAX - 1;

impl<'a> From<&'a FrameColumn> for FeatureColumn<'a> {
    fn from(column: &'a FrameColumn) -> Self {
        match column {
            FrameColumn::Numbers(numbers) => Self::Numbers(NumberColumn::Frame(numbers)),
            FrameColumn::Categories { codes, code_of } => {
                Self::Categories(CategoryColumn::Frame { codes, code_of })
            }
        }
    }
}

impl<'a> From<&'a Column> for FeatureColumn<'a> {
    fn from(column: &'a Column) -> Self {
        match column {
            Column::Numbers(numbers) => Self::Numbers(NumberColumn::Table(numbers)),
            Column::Categories { codes, dictionary } => {
                Self::Categories(CategoryColumn::Table { codes, dictionary })
            }
        }
    }
}

impl NumberColumn<'_> {
    /// The number of a row; NaN for a missing one.
    #[inline]
    pub fn get(self, row: usize) -> f64 {
        match self {
            Self::Frame(numbers) => numbers[row],
            Self::Table(numbers) => numbers.get(row),
        }
    }
}

impl CategoryColumn<'_> {
    /// The code of a row's category.
    #[inline]
    pub fn get(self, row: usize) -> u32 {
        match self {
            Self::Frame { codes, .. } => codes[row],
            Self::Table { codes, .. } => codes.get(row),
        }
    }

    /// The code of a category, or of a missing one.
    pub fn code_of(self, category: Option<&str>) -> u32 {
        match (self, category) {
            (Self::Frame { .. }, None) => MISSING,
            (Self::Frame { code_of, .. }, Some(text)) => {
                code_of.get(text).copied().unwrap_or(ABSENT)
            }
            (Self::Table { dictionary, .. }, None) => dictionary.len() as u32,
            (Self::Table { dictionary, .. }, Some(text)) => {
                let place = dictionary.binary_search_by(|other| other.as_str().cmp(text));
                place.map_or(ABSENT, |place| place as u32)
            }
        }
    }
}

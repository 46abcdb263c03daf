//! A frame's column as a feature.

use polars::prelude::*;

use crate::error::{Error, Result, SpecError};
use crate::guard::guarded;
use crate::schema::{ColumnType, Role};
use crate::source::{can_convert, text_of};

/// A frame's column as a feature, read once for however many models ask about it.
pub(crate) enum FrameColumn {
    /// Numbers; NaN for a missing one.
    Numbers(Vec<f64>),
    /// Codes in the order of first appearance, or [`MISSING`].
    Categories {
        codes: Vec<u32>,
        code_of: PlHashMap<String, u32>,
    },
}

/// The code of a missing category.
pub(crate) const MISSING: u32 = u32::MAX;

impl FrameColumn {
    /// A column of numbers, booleans or times, or of nulls only.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`], and [`SpecError::OtherTypeThanTrained`] for any other column.
    pub fn numbers(frame: &DataFrame, name: &str) -> Result<Self> {
        let column = column(frame, name, Role::NumericFeature)?;
        let other_type = || other_type_than_trained(column, "a number");
        let dtype = column.dtype();
        if !(is_number(dtype) || dtype.is_null()) {
            return Err(other_type());
        }
        let numbers = column.to_physical_repr().cast(&DataType::Float64);
        let numbers = numbers.map_err(|_| other_type())?;
        let numbers = numbers.f64().map_err(|_| other_type())?;
        let mut values = Vec::with_capacity(numbers.len());
        for chunk in numbers.downcast_iter() {
            match chunk.validity() {
                None => values.extend_from_slice(chunk.values()),
                Some(_) => values.extend(chunk.iter().map(|n| n.copied().unwrap_or(f64::NAN))),
            }
        }
        Ok(Self::Numbers(values))
    }

    /// A column of whatever has a text.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`], and [`SpecError::OtherTypeThanTrained`] for a column without texts.
    pub fn categories(frame: &DataFrame, name: &str) -> Result<Self> {
        let column = column(frame, name, Role::CategoricalFeature)?;
        let other_type = || other_type_than_trained(column, "a category");
        if !can_convert(column.dtype(), &ColumnType::Text) {
            return Err(other_type());
        }
        let texts = texts(column).map_err(|_| other_type())?;
        let texts = texts.str().map_err(|_| other_type())?;
        Ok(Self::of_texts(texts.iter()))
    }

    fn of_texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut code_of: PlHashMap<String, u32> = PlHashMap::new();
        let codes = texts
            .map(|text| {
                let Some(text) = text else { return MISSING };
                if let Some(&code) = code_of.get(text) {
                    return code;
                }
                let code = code_of.len() as u32;
                code_of.insert(text.to_owned(), code);
                code
            })
            .collect();
        Self::Categories { codes, code_of }
    }
}

/// A column's values as text, as training reads them.
fn texts(column: &Column) -> PolarsResult<Column> {
    if *column.dtype() == DataType::String {
        return Ok(column.clone());
    }
    let name = column.name().clone();
    let text = text_of(col(name.clone()), column.dtype());
    let frame = DataFrame::new(column.len(), vec![column.clone()])?;
    let texts = guarded(|| frame.lazy().select([text]).collect())?;
    texts.column(&name).cloned()
}

fn is_number(dtype: &DataType) -> bool {
    dtype.is_numeric() || dtype.is_temporal() || dtype.is_bool()
}

/// The column of this name, wanted for a role.
pub(crate) fn column<'a>(frame: &'a DataFrame, name: &str, role: Role) -> Result<&'a Column> {
    let columns = || frame.get_column_names();
    frame.column(name).map_err(|_| {
        SpecError::UnknownColumn {
            role,
            column: name.to_owned(),
            columns: columns().iter().map(|name| name.to_string()).collect(),
        }
        .into()
    })
}

/// A column holds something else than it did at training.
fn other_type_than_trained(column: &Column, trained: &str) -> Error {
    SpecError::OtherTypeThanTrained {
        path: None,
        column: column.name().to_string(),
        found: column.dtype().into(),
        trained: trained.to_owned(),
    }
    .into()
}

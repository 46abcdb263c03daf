//! What is worth saying about the columns of an input.

use std::path::PathBuf;

use super::roles::Roles;
use crate::schema::{ColumnSchema, ColumnType};
use crate::source::{Found, InputColumn};

/// What is worth saying about a column.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ColumnNote {
    /// It numbers the rows by its name, as an index of pandas does, and is no feature.
    RowNumber {
        /// The column.
        column: String,
    },
    /// A feature that a file lacks, so that its values are missing there.
    Lacking {
        /// The column.
        column: String,
        /// The first file without it.
        without: PathBuf,
    },
    /// A feature that counts the rows, one by one.
    CountsRows {
        /// The column.
        column: String,
    },
    /// A feature that is text because some of its values are no numbers, though most are.
    AlmostNumeric {
        /// The column.
        column: String,
        /// Values that are numbers.
        numbers: u64,
        /// Values that are not.
        others: u64,
        /// Some of the latter.
        examples: Vec<String>,
    },
    /// A feature that is text because its numbers have a comma for a decimal point.
    DecimalComma {
        /// The column.
        column: String,
        /// Values that have one.
        numbers: u64,
        /// One of them.
        example: String,
    },
}

impl ColumnNote {
    /// The column.
    pub fn column(&self) -> &str {
        match self {
            ColumnNote::RowNumber { column }
            | ColumnNote::Lacking { column, .. }
            | ColumnNote::CountsRows { column }
            | ColumnNote::AlmostNumeric { column, .. }
            | ColumnNote::DecimalComma { column, .. } => column,
        }
    }

    /// What is worth saying about the columns of a query.
    pub(crate) fn all(found: &[InputColumn], columns: &[ColumnSchema], roles: &Roles) -> Vec<Self> {
        let row_numbers = roles
            .row_numbers
            .iter()
            .map(|column| ColumnNote::RowNumber {
                column: column.clone(),
            });
        let found = InputColumn::by_name(found);
        let columns = ColumnSchema::by_name(columns);
        let features = roles.features.iter().filter_map(|name| {
            let found = found.get(name.as_str())?;
            Self::of_feature(found, columns.get(name.as_str())?)
        });
        row_numbers.chain(features).collect()
    }

    fn of_feature(found: &InputColumn, column: &ColumnSchema) -> Option<Self> {
        let Found::Texts(observation) = &found.found else {
            return None;
        };
        let name = || column.name.clone();
        if column.column_type == ColumnType::Whole && observation.counts_rows() {
            return Some(ColumnNote::CountsRows { column: name() });
        }
        if column.column_type != ColumnType::Text || column.is_declared() {
            return None;
        }
        let (numbers, present) = (observation.numbers(), observation.present());
        let examples = observation.examples().to_vec();
        let with_comma = observation.numbers_with_comma();
        if with_comma > 0 && 2 * (with_comma + numbers) > present {
            return Some(ColumnNote::DecimalComma {
                column: name(),
                numbers: with_comma,
                example: examples.into_iter().find(|text| text.contains(','))?,
            });
        }
        (2 * numbers > present).then(|| ColumnNote::AlmostNumeric {
            column: name(),
            numbers,
            others: present - numbers,
            examples,
        })
    }
}

//! What a column was taken for, as a manifest keeps it.

use std::collections::HashMap;

use polars::prelude::Field;
use serde::{Deserialize, Serialize};

use super::column_type::ColumnType;
use super::unusable::OnInfinite;

/// What a column was taken for. Whatever is predicted, evaluated or trained with a store later is
/// converted into it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ColumnSchema {
    /// The column's name.
    pub name: String,
    /// What its values are.
    #[serde(rename = "type")]
    pub column_type: ColumnType,
    /// How texts that stand for a date, a time or a timestamp are written, in the notation of
    /// `strftime`; nothing for ISO 8601.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// How false and true are written in a key or a target; nothing for `false` and `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spelling: Option<[String; 2]>,
    /// How the type was decided.
    pub decided: Decided,
    /// The texts that stood for a missing value; an empty one for an empty field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// What becomes of infinite numbers, where they are none to keep. It follows from what the
    /// column is for.
    #[serde(skip)]
    pub(crate) infinite: Option<OnInfinite>,
}

impl ColumnSchema {
    /// Columns by their names.
    pub(crate) fn by_name(columns: &[Self]) -> HashMap<&str, &Self> {
        let columns = columns.iter();
        columns
            .map(|column| (column.name.as_str(), column))
            .collect()
    }

    /// A column that the specification says the type of.
    pub(crate) fn declared(name: &str, column_type: ColumnType) -> Self {
        Self {
            name: name.to_owned(),
            column_type,
            format: None,
            spelling: None,
            decided: Decided::Declared,
            missing: Vec::new(),
            infinite: None,
        }
    }

    /// The column of Polars that the converted values make.
    pub(crate) fn field(&self) -> Field {
        Field::new(self.name.as_str().into(), self.column_type.dtype())
    }

    /// Whether the specification says the type.
    pub fn is_declared(&self) -> bool {
        self.decided == Decided::Declared
    }
}

/// How the type of a column was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decided {
    /// The specification says so.
    Declared,
    /// The file says so.
    File,
    /// From the texts of all rows of all files.
    Inferred,
}

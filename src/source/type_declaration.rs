//! What a specification says about the type of a column.

use serde::{Deserialize, Serialize};

use super::value::has_offset;
use crate::schema::{ColumnSchema, ColumnType};

/// What a specification says about the type of a column: `"text"`, or with the notation of its
/// texts, `{ date = "%d.%m.%Y" }`, `{ boolean = ["no", "yes"] }`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Notation", into = "Notation")]
pub struct TypeDeclaration {
    /// What the values are.
    pub column_type: ColumnType,
    /// How texts that stand for a date, a time or a timestamp are written, in the notation of
    /// `strftime`; nothing for ISO 8601.
    pub format: Option<String>,
    /// How false and true are written, beside the usual ways; keys and classes are shown so.
    pub spelling: Option<[String; 2]>,
}

impl From<ColumnType> for TypeDeclaration {
    fn from(column_type: ColumnType) -> Self {
        Self {
            column_type,
            format: None,
            spelling: None,
        }
    }
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a type is a text such as \"date\", or has a notation: { date = \"%d.%m.%Y\" }, { time = … }, { timestamp = … } or { boolean = [\"no\", \"yes\"] }"
)]
enum Notation {
    Plain(String),
    Formatted(Formatted),
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Formatted {
    Date(String),
    Time(String),
    Timestamp(String),
    Boolean([String; 2]),
}

impl TryFrom<Notation> for TypeDeclaration {
    type Error = String;

    fn try_from(notation: Notation) -> Result<Self, String> {
        match notation {
            Notation::Plain(text) => match ColumnType::try_from(text) {
                Ok(column_type) => Ok(column_type.into()),
                Err(unknown) => Err(unknown.to_string()),
            },
            Notation::Formatted(Formatted::Date(format)) => Self::date(&format),
            Notation::Formatted(Formatted::Time(format)) => Self::time(&format),
            Notation::Formatted(Formatted::Timestamp(format)) => Self::timestamp(&format),
            Notation::Formatted(Formatted::Boolean(spelling)) => Ok(Self {
                column_type: ColumnType::Boolean,
                format: None,
                spelling: Some(spelling),
            }),
        }
    }
}

impl TypeDeclaration {
    /// Dates whose texts are written in this notation of `strftime`.
    ///
    /// # Errors
    ///
    /// For a notation that is none.
    pub fn date(format: &str) -> Result<Self, String> {
        Self::formatted(ColumnType::Date, format)
    }

    /// Times of day whose texts are written in this notation of `strftime`.
    ///
    /// # Errors
    ///
    /// For a notation that is none.
    pub fn time(format: &str) -> Result<Self, String> {
        Self::formatted(ColumnType::Time, format)
    }

    /// Timestamps whose texts are written in this notation of `strftime`; instants where it has an
    /// offset from UTC.
    ///
    /// # Errors
    ///
    /// For a notation that is none.
    pub fn timestamp(format: &str) -> Result<Self, String> {
        let zone = has_offset(format).then(|| "UTC".to_owned());
        Self::formatted(ColumnType::timestamp(zone), format)
    }

    fn formatted(column_type: ColumnType, format: &str) -> Result<Self, String> {
        use chrono::format::{Item, StrftimeItems};
        let mut items = StrftimeItems::new(format).peekable();
        if items.peek().is_none() || items.any(|item| matches!(item, Item::Error)) {
            return Err(format!(
                "'{format}' is no notation of a date or time; write, for example, '%d.%m.%Y'"
            ));
        }
        Ok(Self {
            column_type,
            format: Some(format.to_owned()),
            spelling: None,
        })
    }
}

impl From<&ColumnSchema> for TypeDeclaration {
    fn from(column: &ColumnSchema) -> Self {
        Self {
            column_type: column.column_type.clone(),
            format: column.format.clone(),
            spelling: column.spelling.clone(),
        }
    }
}

impl From<TypeDeclaration> for Notation {
    fn from(declaration: TypeDeclaration) -> Self {
        if let (ColumnType::Boolean, Some(spelling)) =
            (&declaration.column_type, declaration.spelling)
        {
            return Notation::Formatted(Formatted::Boolean(spelling));
        }
        match (&declaration.column_type, declaration.format) {
            (ColumnType::Date, Some(format)) => Notation::Formatted(Formatted::Date(format)),
            (ColumnType::Time, Some(format)) => Notation::Formatted(Formatted::Time(format)),
            (ColumnType::Timestamp { .. }, Some(format)) => {
                Notation::Formatted(Formatted::Timestamp(format))
            }
            _ => Notation::Plain(declaration.column_type.into()),
        }
    }
}

//! What the values of a column are, whatever file they came from.

use std::fmt::{Display, Formatter};

use polars::prelude::{DataType, TimeUnit, TimeZone};
use serde::{Deserialize, Serialize};

use super::value_type::{Unit, ValueType};

/// What the values of a column are. Every input is converted into it, whatever its format.
///
/// Its text form is what a manifest and the table `types` of a specification hold: `text`,
/// `boolean`, `whole`, `number`, `date`, `time`, `timestamp`, `duration`, the last two with unit
/// and zone where these are not microseconds without a zone: `timestamp[μs, UTC]`,
/// `duration[ms]`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ColumnType {
    /// Text, kept as it is written.
    Text,
    /// True or false.
    Boolean,
    /// Whole numbers of 64 bits with a sign.
    Whole,
    /// Numbers of double precision.
    Number,
    /// Days of the proleptic Gregorian calendar.
    Date,
    /// Times of a day, in nanoseconds.
    Time,
    /// Instants, or dates with times where there is no zone.
    Timestamp {
        /// What is counted.
        unit: Unit,
        /// The zone that instants are shown in; nothing for dates with times.
        zone: Option<String>,
    },
    /// Spans of time.
    Duration {
        /// What is counted.
        unit: Unit,
    },
}

impl ColumnType {
    /// A timestamp in microseconds.
    pub fn timestamp(zone: Option<String>) -> Self {
        ColumnType::Timestamp {
            unit: Unit::Microseconds,
            zone,
        }
    }

    /// The type of a column of a file or frame; nothing for one that no role can be filled with,
    /// and text for one of nulls only.
    pub(crate) fn of(found: &ValueType) -> Option<Self> {
        Some(match found {
            ValueType::Null | ValueType::Text(_) => ColumnType::Text,
            ValueType::Boolean => ColumnType::Boolean,
            ValueType::Whole { .. } => ColumnType::Whole,
            ValueType::Fraction { .. } | ValueType::Decimal { .. } => ColumnType::Number,
            ValueType::Date => ColumnType::Date,
            ValueType::Time => ColumnType::Time,
            ValueType::Timestamp { zone, .. } => ColumnType::timestamp(zone.clone()),
            ValueType::Duration { .. } => ColumnType::Duration {
                unit: Unit::Microseconds,
            },
            ValueType::Other(_) => return None,
        })
    }

    /// Whether values are ordered, so that a feature of this type is numeric unless told
    /// otherwise.
    pub fn is_ordered(&self) -> bool {
        !matches!(self, ColumnType::Text | ColumnType::Boolean)
    }

    /// Whether values are days, times or spans of time.
    pub fn is_temporal(&self) -> bool {
        use ColumnType::*;
        matches!(self, Date | Time | Timestamp { .. } | Duration { .. })
    }

    /// The one type of Polars that values of this type have once they are converted.
    pub(crate) fn dtype(&self) -> DataType {
        match self {
            ColumnType::Text => DataType::String,
            ColumnType::Boolean => DataType::Boolean,
            ColumnType::Whole => DataType::Int64,
            ColumnType::Number => DataType::Float64,
            ColumnType::Date => DataType::Date,
            ColumnType::Time => DataType::Time,
            ColumnType::Timestamp { unit, zone } => {
                let zone = zone.as_deref().map(zone_of);
                DataType::Datetime((*unit).into(), zone)
            }
            ColumnType::Duration { unit } => DataType::Duration((*unit).into()),
        }
    }

    /// What a value of this type is called in a sentence.
    pub fn noun(&self) -> &'static str {
        match self {
            ColumnType::Text => "text",
            ColumnType::Boolean => "true or false",
            ColumnType::Whole => "a whole number",
            ColumnType::Number => "a number",
            ColumnType::Date => "a date",
            ColumnType::Time => "a time of day",
            ColumnType::Timestamp { zone: None, .. } => "a date and time (timestamp)",
            ColumnType::Timestamp { .. } => "an instant (timestamp with a zone)",
            ColumnType::Duration { .. } => "a duration",
        }
    }
}

/// The zone of this name. One that is not known counts as UTC, so that a damaged manifest names
/// instants wrongly rather than stops a prediction.
fn zone_of(name: &str) -> TimeZone {
    match TimeZone::opt_try_new(Some(name)) {
        Ok(Some(zone)) => zone,
        _ => TimeZone::UTC,
    }
}

impl From<Unit> for TimeUnit {
    fn from(unit: Unit) -> Self {
        match unit {
            Unit::Milliseconds => TimeUnit::Milliseconds,
            Unit::Microseconds => TimeUnit::Microseconds,
            Unit::Nanoseconds => TimeUnit::Nanoseconds,
        }
    }
}

impl Display for ColumnType {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        match self {
            ColumnType::Text => formatter.write_str("text"),
            ColumnType::Boolean => formatter.write_str("boolean"),
            ColumnType::Whole => formatter.write_str("whole"),
            ColumnType::Number => formatter.write_str("number"),
            ColumnType::Date => formatter.write_str("date"),
            ColumnType::Time => formatter.write_str("time"),
            ColumnType::Timestamp { unit, zone: None } => write!(formatter, "timestamp[{unit}]"),
            ColumnType::Timestamp {
                unit,
                zone: Some(zone),
            } => write!(formatter, "timestamp[{unit}, {zone}]"),
            ColumnType::Duration { unit } => write!(formatter, "duration[{unit}]"),
        }
    }
}

impl From<ColumnType> for String {
    fn from(column_type: ColumnType) -> Self {
        column_type.to_string()
    }
}

/// A text that names no type of a column.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no type of a column; the types are text, boolean, whole, number, date, time, timestamp and duration"
)]
pub struct UnknownColumnType(pub String);

impl TryFrom<String> for ColumnType {
    type Error = UnknownColumnType;

    fn try_from(text: String) -> Result<Self, UnknownColumnType> {
        let known = match text.as_str() {
            "text" => Some(ColumnType::Text),
            "boolean" => Some(ColumnType::Boolean),
            "whole" => Some(ColumnType::Whole),
            "number" => Some(ColumnType::Number),
            "date" => Some(ColumnType::Date),
            "time" => Some(ColumnType::Time),
            "timestamp" => Some(ColumnType::timestamp(None)),
            "duration" => Some(ColumnType::Duration {
                unit: Unit::Microseconds,
            }),
            _ => with_unit(&text),
        };
        known.ok_or(UnknownColumnType(text))
    }
}

/// The types with parameters, and those that manifests of earlier versions hold.
fn with_unit(text: &str) -> Option<ColumnType> {
    let text = match text.strip_prefix("timestamp[") {
        Some(rest) => format!("datetime[{rest}"),
        None => text.to_owned(),
    };
    match ValueType::from(text.as_str()) {
        ValueType::Timestamp { unit, zone } => Some(ColumnType::Timestamp { unit, zone }),
        ValueType::Duration { unit } => Some(ColumnType::Duration { unit }),
        other => ColumnType::of(&other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_can_be_read_back() {
        for text in [
            "text",
            "boolean",
            "whole",
            "number",
            "date",
            "time",
            "timestamp[μs]",
            "timestamp[ns, Europe/Berlin]",
            "duration[ms]",
        ] {
            let column_type = ColumnType::try_from(text.to_owned()).unwrap();
            assert_eq!(column_type.to_string(), text);
        }
        assert!(ColumnType::try_from("list[i8]".to_owned()).is_err());
    }

    #[test]
    fn manifests_of_earlier_versions_are_understood() {
        let read = |text: &str| ColumnType::try_from(text.to_owned()).unwrap().to_string();
        assert_eq!(read("i16"), "whole");
        assert_eq!(read("decimal[38,2]"), "number");
        assert_eq!(read("cat"), "text");
        assert_eq!(read("datetime[ns]"), "timestamp[ns]");
    }
}

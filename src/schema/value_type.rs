//! The type of a column's values in a file.

use std::fmt::{Display, Formatter};

use polars::prelude::{DataType, TimeUnit};

/// The type of a column as a file or a frame has it; what it is taken for is its
/// [`ColumnType`](super::ColumnType).
///
/// Its text form is how Polars writes the type (`i64`, `str`, `datetime[μs, UTC]`), as manifests of
/// earlier versions have it, and any text can be read back.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ValueType {
    /// Nulls only.
    Null,
    /// True or false.
    Boolean,
    /// Text.
    Text(TextForm),
    /// Whole numbers of so many bits.
    Whole {
        /// Whether there are negative ones.
        signed: bool,
        /// 8, 16, 32, 64 or 128.
        bits: u16,
    },
    /// Floating-point numbers of so many bits: 16, 32 or 64.
    Fraction {
        /// Bits of a number.
        bits: u16,
    },
    /// Decimal fractions.
    Decimal {
        /// All digits.
        precision: usize,
        /// Digits after the decimal point.
        scale: usize,
    },
    /// Days.
    Date,
    /// Times of a day, in nanoseconds.
    Time,
    /// Instants, or dates with times where there is no zone.
    Timestamp {
        /// What is counted.
        unit: Unit,
        /// The time zone.
        zone: Option<String>,
    },
    /// Spans of time.
    Duration {
        /// What is counted.
        unit: Unit,
    },
    /// What no role can be filled with, as Polars writes it.
    Other(String),
}

/// How texts are held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TextForm {
    /// Each text by itself.
    Plain,
    /// Codes of a dictionary that grows.
    Categorical,
    /// Codes of a dictionary that is fixed.
    Enumerated,
}

/// What timestamps and durations count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// 10⁻³ s.
    Milliseconds,
    /// 10⁻⁶ s.
    Microseconds,
    /// 10⁻⁹ s.
    Nanoseconds,
}

impl Unit {
    /// How many make a second.
    pub fn per_second(self) -> i64 {
        match self {
            Unit::Milliseconds => 1_000,
            Unit::Microseconds => 1_000_000,
            Unit::Nanoseconds => 1_000_000_000,
        }
    }
}

impl From<&DataType> for ValueType {
    fn from(dtype: &DataType) -> Self {
        let whole = |signed, bits| ValueType::Whole { signed, bits };
        match dtype {
            DataType::Null => ValueType::Null,
            DataType::Boolean => ValueType::Boolean,
            DataType::String => ValueType::Text(TextForm::Plain),
            DataType::Categorical(..) => ValueType::Text(TextForm::Categorical),
            DataType::Enum(..) => ValueType::Text(TextForm::Enumerated),
            DataType::Int8 => whole(true, 8),
            DataType::Int16 => whole(true, 16),
            DataType::Int32 => whole(true, 32),
            DataType::Int64 => whole(true, 64),
            DataType::Int128 => whole(true, 128),
            DataType::UInt8 => whole(false, 8),
            DataType::UInt16 => whole(false, 16),
            DataType::UInt32 => whole(false, 32),
            DataType::UInt64 => whole(false, 64),
            DataType::UInt128 => whole(false, 128),
            DataType::Float16 => ValueType::Fraction { bits: 16 },
            DataType::Float32 => ValueType::Fraction { bits: 32 },
            DataType::Float64 => ValueType::Fraction { bits: 64 },
            &DataType::Decimal(precision, scale) => ValueType::Decimal { precision, scale },
            DataType::Date => ValueType::Date,
            DataType::Time => ValueType::Time,
            DataType::Datetime(unit, zone) => ValueType::Timestamp {
                unit: (*unit).into(),
                zone: zone.as_ref().map(|zone| zone.to_string()),
            },
            &DataType::Duration(unit) => ValueType::Duration { unit: unit.into() },
            other => ValueType::Other(other.to_string()),
        }
    }
}

impl From<TimeUnit> for Unit {
    fn from(unit: TimeUnit) -> Self {
        match unit {
            TimeUnit::Milliseconds => Unit::Milliseconds,
            TimeUnit::Microseconds => Unit::Microseconds,
            TimeUnit::Nanoseconds => Unit::Nanoseconds,
        }
    }
}

impl Display for Unit {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str(match self {
            Unit::Milliseconds => "ms",
            Unit::Microseconds => "μs",
            Unit::Nanoseconds => "ns",
        })
    }
}

impl Display for ValueType {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        match self {
            ValueType::Null => formatter.write_str("null"),
            ValueType::Boolean => formatter.write_str("bool"),
            ValueType::Text(TextForm::Plain) => formatter.write_str("str"),
            ValueType::Text(TextForm::Categorical) => formatter.write_str("cat"),
            ValueType::Text(TextForm::Enumerated) => formatter.write_str("enum"),
            ValueType::Whole { signed: true, bits } => write!(formatter, "i{bits}"),
            ValueType::Whole { bits, .. } => write!(formatter, "u{bits}"),
            ValueType::Fraction { bits } => write!(formatter, "f{bits}"),
            ValueType::Decimal { precision, scale } => {
                write!(formatter, "decimal[{precision},{scale}]")
            }
            ValueType::Date => formatter.write_str("date"),
            ValueType::Time => formatter.write_str("time"),
            ValueType::Timestamp { unit, zone: None } => write!(formatter, "datetime[{unit}]"),
            ValueType::Timestamp {
                unit,
                zone: Some(zone),
            } => write!(formatter, "datetime[{unit}, {zone}]"),
            ValueType::Duration { unit } => write!(formatter, "duration[{unit}]"),
            ValueType::Other(text) => formatter.write_str(text),
        }
    }
}

impl From<&str> for ValueType {
    fn from(text: &str) -> Self {
        read_plain(text)
            .or_else(|| read_bracketed(text))
            .unwrap_or_else(|| ValueType::Other(text.to_owned()))
    }
}

/// The types without parameters, and numbers.
fn read_plain(text: &str) -> Option<ValueType> {
    let bits = |prefix: &str, widths: &[u16]| {
        let bits: u16 = text.strip_prefix(prefix)?.parse().ok()?;
        widths.contains(&bits).then_some(bits)
    };
    const WHOLE: [u16; 5] = [8, 16, 32, 64, 128];
    let whole = |signed| move |bits| ValueType::Whole { signed, bits };
    Some(match text {
        "null" => ValueType::Null,
        "bool" => ValueType::Boolean,
        "str" => ValueType::Text(TextForm::Plain),
        "cat" => ValueType::Text(TextForm::Categorical),
        "enum" => ValueType::Text(TextForm::Enumerated),
        "date" => ValueType::Date,
        "time" => ValueType::Time,
        _ => {
            return bits("i", &WHOLE)
                .map(whole(true))
                .or_else(|| bits("u", &WHOLE).map(whole(false)))
                .or_else(|| bits("f", &[16, 32, 64]).map(|bits| ValueType::Fraction { bits }));
        }
    })
}

/// The types with parameters.
fn read_bracketed(text: &str) -> Option<ValueType> {
    let (name, parameters) = text.strip_suffix(']')?.split_once('[')?;
    match name {
        "decimal" => {
            let (precision, scale) = parameters.split_once(',')?;
            Some(ValueType::Decimal {
                precision: precision.parse().ok()?,
                scale: scale.parse().ok()?,
            })
        }
        "datetime" => {
            let (unit, zone) = match parameters.split_once(", ") {
                Some((unit, zone)) => (unit, Some(zone.to_owned())),
                None => (parameters, None),
            };
            let unit = read_unit(unit)?;
            Some(ValueType::Timestamp { unit, zone })
        }
        "duration" => Some(ValueType::Duration {
            unit: read_unit(parameters)?,
        }),
        _ => None,
    }
}

fn read_unit(text: &str) -> Option<Unit> {
    match text {
        "ms" => Some(Unit::Milliseconds),
        "μs" => Some(Unit::Microseconds),
        "ns" => Some(Unit::Nanoseconds),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use polars::prelude::{Categories, Field, FrozenCategories, TimeZone};

    /// One of each of Polars' types.
    fn all() -> Vec<DataType> {
        use DataType::*;
        let mut all = vec![
            Null,
            Boolean,
            String,
            Binary,
            BinaryOffset,
            Date,
            Time,
            Int8,
            Int16,
            Int32,
            Int64,
            Int128,
            UInt8,
            UInt16,
            UInt32,
            UInt64,
            UInt128,
            Float16,
            Float32,
            Float64,
        ];
        all.extend([Decimal(38, 0), Decimal(5, 2)]);
        all.push(DataType::from_categories(Categories::global()));
        all.push(DataType::from_frozen_categories(
            FrozenCategories::new(["a"]).unwrap(),
        ));
        for unit in [
            TimeUnit::Milliseconds,
            TimeUnit::Microseconds,
            TimeUnit::Nanoseconds,
        ] {
            all.extend([Datetime(unit, None), Duration(unit)]);
            for zone in ["UTC", "Europe/Berlin"] {
                let zone = TimeZone::opt_try_new(Some(zone)).unwrap();
                all.push(Datetime(unit, zone));
            }
        }
        all.push(List(Box::new(Int8)));
        all.push(Array(Box::new(Float64), 3));
        all.push(Struct(vec![Field::new("a".into(), Int8)]));
        all
    }

    #[test]
    fn the_text_form_is_that_of_polars_and_can_be_read_back() {
        for dtype in all() {
            let value_type = ValueType::from(&dtype);
            assert_eq!(value_type.to_string(), dtype.to_string());
            assert_eq!(ValueType::from(dtype.to_string().as_str()), value_type);
        }
    }

    #[test]
    fn any_other_text_is_kept() {
        for text in [
            "",
            "i7",
            "i",
            "u1280",
            "f8",
            "decimal[5]",
            "datetime[s]",
            "list[i8",
            "été",
        ] {
            let value_type = ValueType::from(text);
            assert_eq!(value_type, ValueType::Other(text.into()));
            assert_eq!(value_type.to_string(), text);
        }
    }
}

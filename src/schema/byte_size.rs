//! Sizes of memory as a user writes them.

use std::fmt::Formatter;
use std::str::FromStr;

use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize};

/// A number of bytes. Its text form is `2GiB`, `500 MB` or a plain number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ByteSize(
    /// The bytes.
    pub u64,
);

/// A text that is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a size of memory; say 2GiB or 500MB")]
pub struct ByteSizeError(
    /// The text.
    pub String,
);

impl FromStr for ByteSize {
    type Err = ByteSizeError;

    fn from_str(text: &str) -> Result<Self, ByteSizeError> {
        let error = || ByteSizeError(text.to_owned());
        let text = text.trim();
        let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (number, unit) = text.split_at(end.unwrap_or(text.len()));
        let factor: u64 = match unit.trim().to_ascii_lowercase().as_str() {
            "" | "b" => 1,
            "kb" => 1_000,
            "mb" => 1_000_000,
            "gb" => 1_000_000_000,
            "tb" => 1_000_000_000_000,
            "kib" => 1 << 10,
            "mib" => 1 << 20,
            "gib" => 1 << 30,
            "tib" => 1 << 40,
            _ => return Err(error()),
        };
        let number: f64 = number.parse().map_err(|_| error())?;
        Ok(Self((number * factor as f64) as u64))
    }
}

impl<'de> Deserialize<'de> for ByteSize {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ByteSizeVisitor)
    }
}

struct ByteSizeVisitor;

impl Visitor<'_> for ByteSizeVisitor {
    type Value = ByteSize;

    fn expecting(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str("a number of bytes, or a text such as \"2GiB\"")
    }

    fn visit_u64<E: serde::de::Error>(self, bytes: u64) -> Result<ByteSize, E> {
        Ok(ByteSize(bytes))
    }

    fn visit_i64<E: serde::de::Error>(self, bytes: i64) -> Result<ByteSize, E> {
        let size = u64::try_from(bytes).map(ByteSize);
        size.map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(bytes), &self))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<ByteSize, E> {
        text.parse().map_err(E::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_and_without_units() {
        let parse = |text: &str| text.parse().map(|ByteSize(bytes)| bytes);
        assert_eq!(parse("2GiB"), Ok(2 << 30));
        assert_eq!(parse(" 1.5 kb "), Ok(1_500));
        assert_eq!(parse("700000000"), Ok(700_000_000));
        for wrong in ["", "GiB", "2 Gigs", "-1GB", "1.2.3MB"] {
            assert_eq!(parse(wrong), Err(ByteSizeError(wrong.into())));
        }
    }

    #[test]
    fn a_size_is_a_number_or_a_text() {
        let read = |json: &str| serde_json::from_str::<ByteSize>(json);
        assert_eq!(read("1024").unwrap(), read("\"1KiB\"").unwrap());
        for wrong in ["-1", "1.5", "true", "\"much\""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}

//! What is held out, in the fields of a specification.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::holdout::{Holdout, HoldoutKind, HoldoutShareError};
use super::span::Span;
use super::timestamp::Timestamp;

/// What is held out, in the fields that a specification has for it; as they are set one by one,
/// they need not make sense together.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `share` | | draw this share of the rows of each class of each entity | between 0 and 1 |
/// | `seed` | 0 | what the draw depends on | any |
/// | `by` | none | draw whole values of this column instead of single rows | |
/// | `from` | | hold out the rows from this time on | a date, or a date with a time |
/// | `last` | | hold out the rows of the last span of time | such as `8w` |
/// | `time` | | the column of times, for `from` and `last` | |
/// | `where` | | hold out the rows for which this Polars SQL predicate holds | |
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct HoldoutTable {
    /// The share of the rows that is drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// What the draw depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// The column whose values are drawn.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// The column of times.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
    /// The first time that is held out.
    #[serde(
        skip_serializing_if = "Option::is_none",
        deserialize_with = "timestamp"
    )]
    pub from: Option<Timestamp>,
    /// The span of time that is held out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Span>,
    /// The predicate of the rows that are held out.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub predicate: Option<String>,
}

/// Fields that do not say what is held out.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HoldoutTableError {
    /// Nothing says which rows, or several fields do.
    #[error("say what is held out by one of share, from, last and where")]
    NotOne,
    /// Rows are held out by time, but no column has it.
    #[error("rows are held out by time, but no column of times is named")]
    NoTime,
    /// A column of times where rows are not held out by time.
    #[error(
        "a column of times is named, but neither the time from which on rows are held out, nor the last span of time; say what is held out"
    )]
    UnusedTime,
    /// A seed, or a column to draw by, where no rows are drawn.
    #[error(
        "rows that are held out are drawn by a seed, or by the values of a column, only where a share is"
    )]
    NotDrawn,
    /// A share that leaves no rows on one side.
    #[error(transparent)]
    Share(#[from] HoldoutShareError),
}

impl TryFrom<HoldoutTable> for Holdout {
    type Error = HoldoutTableError;

    fn try_from(table: HoldoutTable) -> Result<Self, HoldoutTableError> {
        let is_drawn = table.seed.is_some() || table.by.is_some();
        if is_drawn && table.share.is_none() {
            return Err(HoldoutTableError::NotDrawn);
        }
        let is_by_time = table.from.is_some() || table.last.is_some();
        if table.time.is_some() && !is_by_time {
            return Err(HoldoutTableError::UnusedTime);
        }
        let time = || table.time.clone().ok_or(HoldoutTableError::NoTime);
        match (table.share, table.from, table.last, &table.predicate) {
            (Some(share), None, None, None) => {
                let seed = table.seed.unwrap_or_default();
                Ok(Self::drawn(share, seed, table.by)?)
            }
            (None, Some(from), None, None) => Ok(Self::after(time()?, from)),
            (None, None, Some(last), None) => Ok(Self::last(time()?, last)),
            (None, None, None, Some(predicate)) => Ok(Self::chosen(predicate)),
            _ => Err(HoldoutTableError::NotOne),
        }
    }
}

impl From<&Holdout> for HoldoutTable {
    fn from(holdout: &Holdout) -> Self {
        let table = Self::default();
        match holdout.0.clone() {
            HoldoutKind::Drawn { share, seed, by } => Self {
                share: Some(share),
                seed: Some(seed),
                by,
                ..table
            },
            HoldoutKind::Last { time, last, .. } => Self {
                time: Some(time),
                last: Some(last),
                ..table
            },
            HoldoutKind::From { time, from } => Self {
                time: Some(time),
                from: Some(from),
                ..table
            },
            HoldoutKind::Where { predicate } => Self {
                predicate: Some(predicate),
                ..table
            },
        }
    }
}

/// TOML has dates and times of its own.
fn timestamp<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    let text = match toml::Value::deserialize(deserializer)? {
        toml::Value::String(text) => text,
        other => other.to_string(),
    };
    text.parse().map(Some).map_err(serde::de::Error::custom)
}

/// A holdout that is written as its table: for serde's `with`.
pub(crate) mod as_table {
    use super::{Deserialize, Deserializer, Holdout, HoldoutTable, Serialize, Serializer};

    pub fn serialize<S: Serializer>(
        holdout: &Option<Holdout>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let table = holdout.as_ref().map(HoldoutTable::from);
        table.serialize(serializer)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Holdout>, D::Error> {
        let table: Option<HoldoutTable> = Option::deserialize(deserializer)?;
        let holdout = table.map(Holdout::try_from).transpose();
        holdout.map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Holdout, String> {
        let table: HoldoutTable = toml::from_str(text).map_err(|error| error.to_string())?;
        Holdout::try_from(table).map_err(|error| error.to_string())
    }

    #[test]
    fn every_holdout_is_the_same_read_back_from_its_table() {
        let drawn = |share, seed, by| Holdout::drawn(share, seed, by).unwrap();
        for (text, holdout) in [
            ("share = 0.2", drawn(0.2, 0, None)),
            (
                "share = 0.5\nseed = 7\nby = 'customer'",
                drawn(0.5, 7, Some("customer".into())),
            ),
            (
                "time = 'day'\nfrom = 2013-10-01",
                Holdout::after("day", "2013-10-01".parse().unwrap()),
            ),
            (
                "time = 'day'\nfrom = '2013-10-01 12:30'",
                Holdout::after("day", "2013-10-01T12:30".parse().unwrap()),
            ),
            (
                "time = 'day'\nlast = '8w'",
                Holdout::last("day", "8w".parse().unwrap()),
            ),
            ("where = 'x > 1'", Holdout::chosen("x > 1")),
        ] {
            assert_eq!(read(text).as_ref(), Ok(&holdout), "{text}");
            let written = toml::to_string(&HoldoutTable::from(&holdout)).unwrap();
            assert_eq!(read(&written), Ok(holdout), "{written}");
        }
    }

    #[test]
    fn fields_that_make_no_sense_together_are_refused() {
        for (text, problem) in [
            ("", "by one of"),
            ("share = 0.2\nwhere = 'x > 1'", "by one of"),
            ("from = 2013-10-01\nlast = '8w'\ntime = 'day'", "by one of"),
            ("from = 2013-10-01", "no column of times"),
            ("time = 'day'", "a column of times is named"),
            ("time = 'day'\nshare = 0.2", "a column of times is named"),
            ("seed = 3", "only where a share is"),
            ("where = 'x > 1'\nby = 'customer'", "only where a share is"),
            ("share = 1.5", "not strictly between 0 and 1"),
            ("from = 7\ntime = 'day'", "'7' is neither a date"),
            ("last = '8x'\ntime = 'day'", "'8x' is not a span"),
            ("shares = 0.2", "unknown field `shares`"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(problem), "{problem} in {error}");
        }
    }
}

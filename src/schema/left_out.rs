//! Why rows are left out, and how many.

use serde::{Deserialize, Serialize};

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum WhyLeftOut {
    /// A key column is null.
    NullKey,
    /// The target is null.
    NullTarget,
    /// The weight is null or outside of [`SAMPLE_WEIGHTS`](super::SAMPLE_WEIGHTS).
    BadWeight,
    /// A feature is missing.
    MissingValue,
    /// The time that rows are held out by is null.
    NullTime,
    /// A numeric feature is infinite or not a number.
    NotFinite,
    /// The target is infinite.
    InfiniteTarget,
}

/// Rows left out, by reason; each row counts once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Rows with the wrong number of fields.
    pub ragged: u64,
    /// Rows for which the predicate does not hold.
    pub filter: u64,
    /// Rows without a key.
    pub null_key: u64,
    /// Rows without a target.
    pub null_target: u64,
    /// Rows whose weight is null or outside of [`SAMPLE_WEIGHTS`](super::SAMPLE_WEIGHTS).
    pub bad_weight: u64,
    /// Rows with a missing feature.
    pub missing_value: u64,
    /// Rows without the time that rows are held out by.
    #[serde(default)]
    pub null_time: u64,
    /// Rows with an infinite feature or one that is not a number.
    pub not_finite: u64,
    /// Rows with an infinite target.
    #[serde(default)]
    pub infinite_target: u64,
    /// The same rows by the column that is to blame, in the order of the columns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<LeftOutByColumn>,
}

/// Rows that were left out for a value of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOutByColumn {
    /// The column.
    pub column: String,
    /// Rows without a value in it.
    pub missing: u64,
    /// Rows with a value that cannot be used: a number that is not finite, or a weight out of its
    /// range.
    pub unusable: u64,
}

impl LeftOutByColumn {
    /// All rows that were left out for the column.
    pub fn rows(&self) -> u64 {
        self.missing + self.unusable
    }
}

impl LeftOut {
    pub(crate) fn add(&mut self, reason: WhyLeftOut, rows: u64) {
        *match reason {
            WhyLeftOut::NullKey => &mut self.null_key,
            WhyLeftOut::NullTarget => &mut self.null_target,
            WhyLeftOut::BadWeight => &mut self.bad_weight,
            WhyLeftOut::MissingValue => &mut self.missing_value,
            WhyLeftOut::NullTime => &mut self.null_time,
            WhyLeftOut::NotFinite => &mut self.not_finite,
            WhyLeftOut::InfiniteTarget => &mut self.infinite_target,
        } += rows;
    }

    /// Adds the rows that were left out of another input.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.ragged += other.ragged;
        self.filter += other.filter;
        self.null_key += other.null_key;
        self.null_target += other.null_target;
        self.bad_weight += other.bad_weight;
        self.missing_value += other.missing_value;
        self.null_time += other.null_time;
        self.not_finite += other.not_finite;
        self.infinite_target += other.infinite_target;
        for other in &other.columns {
            let mut columns = self.columns.iter_mut();
            match columns.find(|column| column.column == other.column) {
                None => self.columns.push(other.clone()),
                Some(column) => {
                    column.missing += other.missing;
                    column.unusable += other.unusable;
                }
            }
        }
    }

    /// Each reason in words, and its rows.
    pub fn reasons(&self) -> [(&'static str, u64); 9] {
        [
            ("wrong number of fields", self.ragged),
            ("filter", self.filter),
            ("null key", self.null_key),
            ("null target", self.null_target),
            ("weight not from 1e-100 to 1e100", self.bad_weight),
            ("missing value", self.missing_value),
            ("number not finite", self.not_finite),
            ("infinite target", self.infinite_target),
            ("no time to hold out by", self.null_time),
        ]
    }

    /// All rows left out.
    pub fn total(&self) -> u64 {
        self.reasons().iter().map(|(_, rows)| rows).sum()
    }

    /// Why rows are left out, and how many for each reason, in words.
    pub fn describe(&self) -> String {
        let parts: Vec<String> = self
            .reasons()
            .iter()
            .filter(|(_, rows)| *rows > 0)
            .map(|(reason, rows)| format!("{rows} left out: {reason}"))
            .collect();
        if parts.is_empty() {
            "the input has none".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

//! Which rows are kept from training, to see how good the models are on rows that they never saw.

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize};

use super::span::Span;
use super::timestamp::Timestamp;

/// Which rows are held out: drawn at random, by time, or by a predicate.
///
/// ```
/// use per_entity::schema::Holdout;
///
/// let drawn = Holdout::drawn(0.2, 0, None)?;
/// let after = Holdout::after("date", "2013-10-01".parse()?);
/// let last = Holdout::last("date", "8w".parse()?);
/// assert_eq!(after.to_string(), "'date' from 2013-10-01 on");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Holdout(pub(crate) HoldoutKind);

/// The ways to hold out. Manifests have the fields without the names of the ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum HoldoutKind {
    Drawn {
        share: f64,
        seed: u64,
        by: Option<String>,
    },
    Last {
        time: String,
        last: Span,
        /// The latest time before those held out, once the rows are known.
        after: Option<Timestamp>,
    },
    From {
        time: String,
        from: Timestamp,
    },
    Where {
        predicate: String,
    },
}

/// A share of rows to hold out that leaves none on one side.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("a holdout of {0} is not strictly between 0 and 1; give 0.2 for 20 %")]
pub struct HoldoutShareError(
    /// The share.
    pub f64,
);

impl Holdout {
    /// Draws this share of the rows: about the same of each class of each entity, or of each entity
    /// where the target is a quantity.
    ///
    /// Whether a row is drawn depends on the seed, its entity, its class and how many rows of that
    /// entity and class stand before it in the input. So rows added at the end leave the draw as it
    /// was, and neither other entities nor the number of threads matter. The first row of each
    /// class of an entity is never drawn: every entity keeps rows of all its classes. With a
    /// quantity, entities have no classes, and the first row of each is never drawn.
    ///
    /// With a column to draw by, rows with the same value of it go the same way, whatever their
    /// entity and class, and the shares are met only as far as the values allow.
    ///
    /// # Errors
    ///
    /// For a share that is not strictly between 0 and 1.
    pub fn drawn(share: f64, seed: u64, by: Option<String>) -> Result<Self, HoldoutShareError> {
        if !(share > 0.0 && share < 1.0) {
            return Err(HoldoutShareError(share));
        }
        Ok(Self(HoldoutKind::Drawn { share, seed, by }))
    }

    /// Holds out the rows from a time on, that time included, by a column of dates or of dates with
    /// times. Times are compared as instants; where a column or the time given has no zone, it is
    /// taken for UTC, and a date is its midnight. A row without a time is left out.
    pub fn after(time: impl Into<String>, from: Timestamp) -> Self {
        let time = time.into();
        Self(HoldoutKind::From { time, from })
    }

    /// Holds out the rows of the last span of time, counted back from the latest time of the rows
    /// that the filter keeps; see [`after`](Self::after). Of rows with dates, `7d` are those of the
    /// last seven dates.
    pub fn last(time: impl Into<String>, last: Span) -> Self {
        Self(HoldoutKind::Last {
            time: time.into(),
            last,
            after: None,
        })
    }

    /// Holds out the rows for which a Polars SQL predicate holds.
    pub fn chosen(predicate: impl Into<String>) -> Self {
        let predicate = predicate.into();
        Self(HoldoutKind::Where { predicate })
    }

    /// The column that rows are drawn by.
    pub fn by(&self) -> Option<&str> {
        match &self.0 {
            HoldoutKind::Drawn { by, .. } => by.as_deref(),
            _ => None,
        }
    }

    /// Whether none of the rows that this holds out was trained on where `earlier` was held out,
    /// as long as the rows that were there before come first and in the same order.
    pub(crate) fn is_unseen_after(&self, earlier: &Self) -> bool {
        match (self.first(), earlier.first()) {
            (Some((column, first)), Some((earlier_column, earlier_first))) => {
                column == earlier_column && earlier_first <= first
            }
            _ => self == earlier,
        }
    }

    /// The column of times, and the first instant that is held out in nanoseconds since 1970, where
    /// rows are held out by time and that is known.
    pub(crate) fn first(&self) -> Option<(&str, i128)> {
        match &self.0 {
            HoldoutKind::From { time, from } => Some((time, from.nanoseconds())),
            HoldoutKind::Last { time, after, .. } => {
                Some((time, after.as_ref()?.nanoseconds() + 1))
            }
            _ => None,
        }
    }
}

impl Display for Holdout {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        match &self.0 {
            HoldoutKind::Drawn { share, seed, by } => {
                write!(formatter, "{share} drawn with seed {seed}")?;
                match by {
                    Some(by) => write!(formatter, " by '{by}'"),
                    None => Ok(()),
                }
            }
            HoldoutKind::From { time, from } => write!(formatter, "'{time}' from {from} on"),
            HoldoutKind::Last { time, last, after } => {
                write!(formatter, "the last {last} of '{time}'")?;
                match after {
                    Some(after) => write!(formatter, ", after {after}"),
                    None => Ok(()),
                }
            }
            HoldoutKind::Where { predicate } => write!(formatter, "where {predicate}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_must_leave_rows_on_both_sides() {
        for share in [0.0, 1.0, -0.1, 1.5, f64::NAN] {
            assert!(Holdout::drawn(share, 0, None).is_err(), "{share}");
        }
    }

    #[test]
    fn a_manifest_keeps_every_kind_and_those_written_before_are_read() {
        let before = r#"{"share":0.2,"seed":7,"by":null}"#;
        let drawn: Holdout = serde_json::from_str(before).unwrap();
        assert_eq!(drawn, Holdout::drawn(0.2, 7, None).unwrap());
        let span = "8w".parse().unwrap();
        let known = HoldoutKind::Last {
            time: "t".into(),
            last: span,
            after: Some("2013-10-01T00:00:00.5Z".parse().unwrap()),
        };
        for holdout in [
            drawn,
            Holdout::drawn(0.5, 0, Some("customer".into())).unwrap(),
            Holdout::after("date", "2013-10-01".parse().unwrap()),
            Holdout::last("date", span),
            Holdout(known),
            Holdout::chosen("x > 1"),
        ] {
            let text = serde_json::to_string(&holdout).unwrap();
            assert_eq!(
                serde_json::from_str::<Holdout>(&text).unwrap(),
                holdout,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_held_out_later_was_held_out_before_if_the_time_moved_on() {
        let after = |time: &str, from: &str| Holdout::after(time, from.parse().unwrap());
        let old = after("date", "2013-10-01");
        assert!(after("date", "2013-10-01").is_unseen_after(&old));
        assert!(after("date", "2013-11-01").is_unseen_after(&old));
        assert!(!after("date", "2013-09-30").is_unseen_after(&old));
        assert!(!after("other", "2013-11-01").is_unseen_after(&old));
        let drawn = |seed| Holdout::drawn(0.2, seed, None).unwrap();
        assert!(drawn(1).is_unseen_after(&drawn(1)) && !drawn(1).is_unseen_after(&drawn(2)));
        assert!(!drawn(1).is_unseen_after(&old) && !old.is_unseen_after(&drawn(1)));
    }
}

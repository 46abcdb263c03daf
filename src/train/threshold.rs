//! From which probability on a class is predicted.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::metrics::ThresholdMetric;

/// From which probability on the positive class is predicted. Written as a number, or as `f1` or
/// `balanced-accuracy`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "a number from 0 to 1, 'f1' or 'balanced-accuracy'"
)]
pub enum Threshold {
    /// From this one on, from 0 to 1, whatever the entity.
    Fixed(f64),
    /// From the one on that is the best on the rows held out of the entity.
    Best(ThresholdMetric),
}

/// A text that says no threshold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is no threshold; give a number from 0 to 1, f1 or balanced-accuracy")]
pub struct ThresholdError(
    /// The text.
    pub String,
);

impl FromStr for Threshold {
    type Err = ThresholdError;

    fn from_str(text: &str) -> Result<Self, ThresholdError> {
        let mut metrics = ThresholdMetric::ALL.into_iter();
        if let Some(metric) = metrics.find(|metric| metric.slug() == text) {
            return Ok(Self::Best(metric));
        }
        let number = text.parse().map_err(|_| ThresholdError(text.to_owned()))?;
        Ok(Self::Fixed(number))
    }
}

//! Scores of predicted quantities.
//!
//! The definitions are those of scikit-learn 1.9.1 (user guide, "Metrics and scoring: quantifying
//! the quality of predictions", "Regression metrics"); each field names its function. An error is
//! the prediction minus the truth, in the target's units.

use serde::{Deserialize, Serialize};

use super::moments::Moments;
use super::quantile::quantile;
use crate::error::EvaluationError;

/// How good a model of a quantity is on some rows. A score that those rows do not define, or that
/// exceeds the numbers that 64 bits can hold, is `None`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionMetrics {
    /// The number of rows.
    pub rows: u64,
    /// The mean size of the errors, in the target's units, `sklearn.metrics.mean_absolute_error`.
    // To be there at least as null, so that nothing else passes for these metrics.
    #[serde(deserialize_with = "Option::deserialize")]
    pub mean_absolute_error: Option<f64>,
    /// The root of the mean squared error, in the target's units,
    /// `sklearn.metrics.root_mean_squared_error`.
    pub root_mean_squared_error: Option<f64>,
    /// The coefficient of determination, `sklearn.metrics.r2_score`: 1 minus the sum of squared
    /// errors over that of predicting the mean truth of these rows. At most 1, which is perfect; 0
    /// is as good as that mean, and below 0 is worse. Where all truths are the same, it is 1 if
    /// there are no errors and otherwise 0 (`force_finite=True`). `None` below two rows.
    pub r2: Option<f64>,
    /// The mean error, in the target's units: above 0 where predictions are too high on average.
    pub mean_error: Option<f64>,
    /// How the errors are spread; `None` without rows.
    pub error_quantiles: Option<ErrorQuantiles>,
}

/// Quantiles of errors, in the target's units, each interpolated linearly between two errors as
/// by `numpy.quantile`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorQuantiles {
    /// Below this lie 5 % of the errors: how far too low predictions may well be.
    pub percentile_5: f64,
    /// Below this lie 25 % of the errors.
    pub percentile_25: f64,
    /// Half of the errors lie below this.
    pub median: f64,
    /// Above this lie 25 % of the errors.
    pub percentile_75: f64,
    /// Above this lie 5 % of the errors: how far too high predictions may well be.
    pub percentile_95: f64,
}

/// The predictions of a quantity for the rows of one entity, as far as the metrics need them.
///
/// A row costs 8 bytes: its error, for the quantiles are exact. Large numbers that lie close
/// together lose no digits, and whatever the order of the rows, the metrics are the same but for
/// rounding.
///
/// ```
/// use per_entity::metrics::RegressionEvaluation;
///
/// let mut evaluation = RegressionEvaluation::new();
/// evaluation.push(3.0, 2.5)?;
/// evaluation.push(-0.5, 0.0)?;
/// evaluation.push(2.0, 2.0)?;
/// evaluation.push(7.0, 8.0)?;
///
/// let metrics = evaluation.metrics();
/// assert_eq!(metrics.mean_absolute_error, Some(0.5));
/// assert_eq!(metrics.root_mean_squared_error, Some(0.375_f64.sqrt()));
/// assert_eq!(metrics.mean_error, Some(0.25));
/// assert!((metrics.r2.unwrap() - 0.9486).abs() < 1e-4);
/// # Ok::<(), per_entity::error::EvaluationError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RegressionEvaluation {
    errors: Vec<f64>,
    truths: Moments,
}

/// An [evaluation](RegressionEvaluation) as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct RegressionRecord {
    errors: Vec<f64>,
    truths: Moments,
}

impl From<&RegressionEvaluation> for RegressionRecord {
    fn from(rows: &RegressionEvaluation) -> Self {
        Self {
            errors: rows.errors.clone(),
            truths: rows.truths,
        }
    }
}

impl RegressionRecord {
    /// The evaluation.
    ///
    /// # Errors
    /// [`EvaluationError::Record`] for one that is none.
    pub fn evaluation(self) -> Result<RegressionEvaluation, EvaluationError> {
        let fits = self.truths.count() == self.errors.len() as u64
            && self.errors.iter().all(|error| error.is_finite());
        let evaluation = RegressionEvaluation {
            errors: self.errors,
            truths: self.truths,
        };
        fits.then_some(evaluation).ok_or(EvaluationError::Record)
    }
}

impl RegressionEvaluation {
    /// An evaluation without rows.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one row: its true and its predicted quantity.
    ///
    /// # Errors
    /// [`EvaluationError::Quantity`] if either of the two, or their difference, is infinite or not
    /// a number; the evaluation stays as it was.
    pub fn push(&mut self, truth: f64, prediction: f64) -> Result<(), EvaluationError> {
        let error = prediction - truth;
        // Of an infinite number or none, neither is the difference finite.
        if !error.is_finite() {
            return Err(EvaluationError::Quantity { truth, prediction });
        }
        self.errors.push(error);
        self.truths.add(truth);
        Ok(())
    }

    /// Adds the rows of `other`, as if they had been pushed.
    pub fn merge(&mut self, other: &Self) {
        self.errors.extend(&other.errors);
        self.truths.merge(&other.truths);
    }

    /// The number of rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.errors.len() as u64
    }

    /// The scores of the rows so far. Sorts their errors.
    #[must_use]
    pub fn metrics(&self) -> RegressionMetrics {
        let mut errors = self.errors.clone();
        errors.sort_unstable_by(f64::total_cmp);
        let squared_error_sum = sum(errors.iter().map(|error| error * error));
        let mean = |sum: f64| finite(sum / errors.len() as f64);
        RegressionMetrics {
            rows: self.rows(),
            mean_absolute_error: mean(sum(errors.iter().map(|error| error.abs()))),
            root_mean_squared_error: mean(squared_error_sum).map(f64::sqrt),
            r2: self.r2(squared_error_sum),
            mean_error: mean(sum(errors.iter().copied())),
            error_quantiles: ErrorQuantiles::of(&errors),
        }
    }

    fn r2(&self, squared_error_sum: f64) -> Option<f64> {
        let squared_deviations = self.truths.squared_deviations();
        if self.rows() < 2 {
            None
        } else if squared_deviations == 0.0 {
            Some(if squared_error_sum == 0.0 { 1.0 } else { 0.0 })
        } else {
            finite(1.0 - squared_error_sum / squared_deviations)
        }
    }
}

impl ErrorQuantiles {
    fn of(sorted: &[f64]) -> Option<Self> {
        let at = |probability| finite(quantile(sorted, probability));
        if sorted.is_empty() {
            return None;
        }
        Some(Self {
            percentile_5: at(0.05)?,
            percentile_25: at(0.25)?,
            median: at(0.5)?,
            percentile_75: at(0.75)?,
            percentile_95: at(0.95)?,
        })
    }
}

/// Nothing for what is no figure: without rows, or beyond the range of the numbers.
pub(super) fn finite(figure: f64) -> Option<f64> {
    figure.is_finite().then_some(figure)
}

/// A sum that makes up for what rounding takes off: A. Neumaier (1974), "Rundungsfehleranalyse
/// einiger Verfahren zur Summation endlicher Summen", Zeitschrift für Angewandte Mathematik und
/// Mechanik 54(1), 39–51.
fn sum(numbers: impl Iterator<Item = f64>) -> f64 {
    let (mut sum, mut lost) = (0.0_f64, 0.0);
    for number in numbers {
        let next = sum + number;
        lost += if sum.abs() >= number.abs() {
            (sum - next) + number
        } else {
            (number - next) + sum
        };
        sum = next;
    }
    sum + lost
}

//! Predictions and their figures, of classes or of a quantity.

use serde::{Deserialize, Serialize};

use super::classification::{ClassificationEvaluation, ClassificationMetrics};
use super::regression::{RegressionEvaluation, RegressionMetrics};
use crate::error::EvaluationError;
use crate::schema::Task;

/// The predictions for the rows of one entity, of classes or of a quantity.
///
/// ```
/// use per_entity::metrics::{Evaluation, Metric, RegressionEvaluation};
///
/// let mut rows = RegressionEvaluation::new();
/// rows.push(10.0, 12.0)?;
/// let evaluation = Evaluation::from(rows);
/// assert_eq!(Metric::MeanAbsoluteError.of(&evaluation.metrics()), Some(2.0));
/// assert_eq!(Metric::Accuracy.of(&evaluation.metrics()), None);
/// # Ok::<(), per_entity::error::EvaluationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Evaluation {
    /// Of classes.
    Classification(ClassificationEvaluation),
    /// Of a quantity.
    Regression(RegressionEvaluation),
}

impl Evaluation {
    /// An evaluation without rows, of a model that knows `class_count` classes.
    #[must_use]
    pub fn classification(class_count: usize) -> Self {
        Self::Classification(ClassificationEvaluation::new(class_count))
    }

    /// An evaluation without rows, of a model of a quantity.
    #[must_use]
    pub fn regression() -> Self {
        Self::Regression(RegressionEvaluation::new())
    }

    /// What is predicted.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Classification(_) => Task::Classification,
            Self::Regression(_) => Task::Regression,
        }
    }

    /// The number of rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self {
            Self::Classification(evaluation) => evaluation.rows(),
            Self::Regression(evaluation) => evaluation.rows(),
        }
    }

    /// Adds the rows of `other` after the ones here, as if they had been pushed.
    ///
    /// # Errors
    /// The evaluation stays as it was if the two are of different tasks ([`EvaluationError::Task`])
    /// or of different numbers of classes ([`EvaluationError::ClassCount`]).
    pub fn merge(&mut self, other: &Self) -> Result<(), EvaluationError> {
        match (self, other) {
            (Self::Classification(rows), Self::Classification(other)) => rows.merge(other)?,
            (Self::Regression(rows), Self::Regression(other)) => rows.merge(other),
            (rows, other) => {
                return Err(EvaluationError::Task {
                    expected: rows.task(),
                    found: other.task(),
                });
            }
        }
        Ok(())
    }

    /// The scores of the rows so far. Sorts what the rows keep.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        match self {
            Self::Classification(evaluation) => Metrics::Classification(evaluation.metrics()),
            Self::Regression(evaluation) => Metrics::Regression(evaluation.metrics()),
        }
    }

    /// The predictions of classes, where it is these.
    #[must_use]
    pub fn as_classification(&self) -> Option<&ClassificationEvaluation> {
        match self {
            Self::Classification(evaluation) => Some(evaluation),
            Self::Regression(_) => None,
        }
    }

    /// The predictions of a quantity, where it is these.
    #[must_use]
    pub fn as_regression(&self) -> Option<&RegressionEvaluation> {
        match self {
            Self::Regression(evaluation) => Some(evaluation),
            Self::Classification(_) => None,
        }
    }
}

impl From<ClassificationEvaluation> for Evaluation {
    fn from(evaluation: ClassificationEvaluation) -> Self {
        Self::Classification(evaluation)
    }
}

impl From<RegressionEvaluation> for Evaluation {
    fn from(evaluation: RegressionEvaluation) -> Self {
        Self::Regression(evaluation)
    }
}

/// How good a model is on some rows, be it of classes or of a quantity. In JSON, just the figures
/// of the one or the other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged, expecting = "the figures of classes or those of a quantity")]
#[allow(clippy::large_enum_variant)] // a store has those of one task, and there a box only costs
pub enum Metrics {
    /// Of classes.
    Classification(ClassificationMetrics),
    /// Of a quantity.
    Regression(RegressionMetrics),
}

impl Metrics {
    /// What was predicted.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Classification(_) => Task::Classification,
            Self::Regression(_) => Task::Regression,
        }
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        match self {
            Self::Classification(metrics) => metrics.rows,
            Self::Regression(metrics) => metrics.rows,
        }
    }

    /// The figures of classes, where it is these.
    #[must_use]
    pub fn as_classification(&self) -> Option<&ClassificationMetrics> {
        match self {
            Self::Classification(metrics) => Some(metrics),
            Self::Regression(_) => None,
        }
    }

    /// The figures of a quantity, where it is these.
    #[must_use]
    pub fn as_regression(&self) -> Option<&RegressionMetrics> {
        match self {
            Self::Regression(metrics) => Some(metrics),
            Self::Classification(_) => None,
        }
    }
}

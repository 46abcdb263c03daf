//! Three ways to predict the same rows, and how far apart two of them are.

use serde::Serialize;

use super::confidence::{CONFIDENCE, DEVIATES};
use crate::error::Result;
use crate::metrics::{
    DifferenceInterval, Evaluation, Metrics, PairedLosses, PairedOutcomes, paired_bootstrap,
    paired_interval,
};
use crate::schema::Task;

/// Resamples of an interval.
const RESAMPLES: usize = 2_000;

/// Three ways to predict the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Strategies {
    /// The entity's most frequent class, or its mean: the same for all of its rows.
    pub baseline: Scores,
    /// One tree for all entities, with the key as a feature.
    pub pooled: Scores,
    /// One tree for each entity.
    pub per_entity: Scores,
    /// How much better one tree for each entity is than one tree for all; above 0 where it is. Of
    /// classes, its accuracy minus that of the other, with the 95 % interval from paired resamples
    /// of the rows. Of a quantity, the mean squared error of the other minus its own, with the 95 %
    /// interval of [`paired_interval`]; nothing below two rows, or where the errors exceed the
    /// numbers that 64 bits can hold.
    pub gain: Option<DifferenceInterval>,
}

/// How good one way is. See the fields of the same names of
/// [`ClassificationMetrics`](crate::metrics::ClassificationMetrics) and
/// [`RegressionMetrics`](crate::metrics::RegressionMetrics). In JSON, just the figures of the one or
/// the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Scores {
    /// Of classes.
    Classification {
        /// The share of rows whose class is predicted.
        accuracy: Option<f64>,
        /// The F1 of the second of two classes, otherwise the mean over classes.
        f1: Option<f64>,
    },
    /// Of a quantity.
    Regression {
        /// The root of the mean squared error, in the target's units.
        root_mean_squared_error: Option<f64>,
        /// The mean size of the errors, in the target's units.
        mean_absolute_error: Option<f64>,
        /// 1 minus the sum of squared errors over that of predicting the mean of these rows.
        r2: Option<f64>,
    },
}

impl From<&Evaluation> for Scores {
    fn from(evaluation: &Evaluation) -> Self {
        match evaluation.metrics() {
            Metrics::Classification(metrics) => Self::Classification {
                accuracy: metrics.accuracy,
                f1: metrics.f1,
            },
            Metrics::Regression(metrics) => Self::Regression {
                root_mean_squared_error: metrics.root_mean_squared_error,
                mean_absolute_error: metrics.mean_absolute_error,
                r2: metrics.r2,
            },
        }
    }
}

/// What the three ways predicted for some rows.
pub(super) struct StrategyOutcomes {
    pub baseline: Evaluation,
    pub pooled: Evaluation,
    pub per_entity: Evaluation,
    /// The trees of the entities against the one for all.
    pub paired: Paired,
}

/// What two ways gave, row by row.
pub(super) enum Paired {
    /// Who was right.
    Outcomes(PairedOutcomes),
    /// The squared errors.
    Losses(PairedLosses),
}

impl Paired {
    /// From the losses of the one and the other way on each row.
    pub fn of(task: Task, losses: impl Iterator<Item = (f64, f64)>) -> Self {
        match task {
            Task::Classification => Self::Outcomes(
                losses
                    .map(|(first, second)| (first == 0.0, second == 0.0))
                    .collect(),
            ),
            Task::Regression => Self::Losses(losses.collect()),
        }
    }

    fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Outcomes(outcomes), Self::Outcomes(other)) => outcomes.merge(*other),
            (Self::Losses(losses), Self::Losses(other)) => losses.merge(other),
            // Those of one table are of one task.
            (Self::Outcomes(_), Self::Losses(_)) | (Self::Losses(_), Self::Outcomes(_)) => {}
        }
    }

    /// How much better the first way is.
    fn gain(&self) -> Result<Option<DifferenceInterval>> {
        Ok(match self {
            Self::Outcomes(outcomes) => {
                Some(paired_bootstrap(*outcomes, RESAMPLES, CONFIDENCE, 0)?)
            }
            // What the first loses less is its gain.
            Self::Losses(losses) => {
                paired_interval(losses, DEVIATES).map(|losses| DifferenceInterval {
                    difference: 0.0 - losses.difference,
                    low: 0.0 - losses.high,
                    high: 0.0 - losses.low,
                })
            }
        })
    }
}

impl StrategyOutcomes {
    pub fn new(task: Task, class_count: usize) -> Self {
        let none = match task {
            Task::Classification => Evaluation::classification(class_count),
            Task::Regression => Evaluation::regression(),
        };
        Self {
            baseline: none.clone(),
            pooled: none.clone(),
            per_entity: none,
            paired: Paired::of(task, std::iter::empty()),
        }
    }

    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.baseline.merge(&other.baseline)?;
        self.pooled.merge(&other.pooled)?;
        self.per_entity.merge(&other.per_entity)?;
        self.paired.merge(&other.paired);
        Ok(())
    }

    pub fn strategies(&self) -> Result<Strategies> {
        Ok(Strategies {
            baseline: (&self.baseline).into(),
            pooled: (&self.pooled).into(),
            per_entity: (&self.per_entity).into(),
            gain: self.paired.gain()?,
        })
    }
}

//! What the ways to predict give on the same rows, and how far apart two of them are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::confidence::{CONFIDENCE, DEVIATES};
use super::way::Way;
use crate::error::{Error, Result};
use crate::metrics::{
    DifferenceInterval, Evaluation, Metrics, PairedLosses, PairedOutcomes, paired_bootstrap,
    paired_interval,
};
use crate::schema::Task;

/// Resamples of an interval.
const RESAMPLES: usize = 2_000;

/// What the ways to predict give on the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Strategies {
    /// The entity's most frequent class, or its mean: the same for all of its rows.
    pub baseline: Scores,
    /// [`Way::Pooled`].
    pub pooled: Scores,
    /// [`Way::Unknown`]; nothing where there is no shared model.
    pub unknown: Option<Scores>,
    /// [`Way::PerEntity`].
    pub per_entity: Scores,
    /// [`Way::Shared`]; nothing where there is no shared model.
    pub shared: Option<Scores>,
    /// How much better one tree for each entity is than one tree for all; above 0 where it is. Of
    /// classes, its accuracy minus that of the other, with the 95 % interval from paired resamples
    /// of the rows. Of a quantity, the mean squared error of the other minus its own, with the 95 %
    /// interval of [`paired_interval`]; nothing below two rows, or where the errors exceed the
    /// numbers that 64 bits can hold.
    pub gain: Option<DifferenceInterval>,
    /// As `gain`: how much better a shared model is than one tree for all.
    pub shared_gain: Option<DifferenceInterval>,
}

impl Strategies {
    /// How good a way is.
    pub fn scores(&self, way: Way) -> Option<Scores> {
        match way {
            Way::Pooled => Some(self.pooled),
            Way::Unknown => self.unknown,
            Way::PerEntity => Some(self.per_entity),
            Way::Shared => self.shared,
        }
    }
}

/// How much better one way is than another, on all rows; as [`Strategies::gain`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Gain {
    /// The more elaborate way.
    pub way: Way,
    /// The simpler one.
    pub over: Way,
    /// The difference and its interval.
    #[serde(flatten)]
    pub interval: DifferenceInterval,
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

/// What the ways predicted for some rows.
pub(super) struct StrategyOutcomes {
    baseline: Evaluation,
    ways: BTreeMap<Way, Evaluation>,
    /// Of each two ways: the more elaborate one against the simpler one, which stands behind it.
    pairs: BTreeMap<(Way, Way), Paired>,
}

/// What one way predicted for some rows, and what it loses on each.
pub(super) struct Predicted {
    pub way: Way,
    pub evaluation: Evaluation,
    pub losses: Vec<f64>,
}

/// What two ways gave, row by row.
enum Paired {
    /// Who was right.
    Outcomes(PairedOutcomes),
    /// The squared errors.
    Losses(PairedLosses),
}

impl Paired {
    /// From the losses of the one and the other way on each row.
    fn of(task: Task, losses: impl Iterator<Item = (f64, f64)>) -> Self {
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
    /// Of the same rows in the same order; the ways, the simplest first.
    pub fn new(baseline: Evaluation, predicted: Vec<Predicted>) -> Self {
        let task = baseline.task();
        let mut pairs = BTreeMap::new();
        for (place, second) in predicted.iter().enumerate() {
            for first in &predicted[place + 1..] {
                let losses = first
                    .losses
                    .iter()
                    .copied()
                    .zip(second.losses.iter().copied());
                pairs.insert((first.way, second.way), Paired::of(task, losses));
            }
        }
        let ways = predicted.into_iter().map(|own| (own.way, own.evaluation));
        Self {
            baseline,
            ways: ways.collect(),
            pairs,
        }
    }

    /// Adds other rows, which the same ways predicted.
    pub fn merge(&mut self, other: &Self) -> Result<()> {
        self.baseline.merge(&other.baseline)?;
        for (own, other) in self.ways.values_mut().zip(other.ways.values()) {
            own.merge(other)?;
        }
        for (own, other) in self.pairs.values_mut().zip(other.pairs.values()) {
            own.merge(other);
        }
        Ok(())
    }

    /// Number of rows.
    pub fn rows(&self) -> u64 {
        self.baseline.rows()
    }

    pub fn strategies(&self) -> Result<Strategies> {
        let scores = |way| self.ways.get(&way).map(Scores::from);
        let lacking = || Error::Defect("a way to predict was not compared".into());
        let gain = |way| match self.pairs.get(&(way, Way::Pooled)) {
            Some(paired) => paired.gain(),
            None => Ok(None),
        };
        Ok(Strategies {
            baseline: (&self.baseline).into(),
            pooled: scores(Way::Pooled).ok_or_else(lacking)?,
            unknown: scores(Way::Unknown),
            per_entity: scores(Way::PerEntity).ok_or_else(lacking)?,
            shared: scores(Way::Shared),
            gain: gain(Way::PerEntity)?,
            shared_gain: gain(Way::Shared)?,
        })
    }

    /// Every two ways, where their difference is defined.
    pub fn gains(&self) -> Result<Vec<Gain>> {
        let gains = self.pairs.iter().map(|(&(way, over), paired)| {
            let interval = paired.gain()?;
            Ok(interval.map(|interval| Gain {
                way,
                over,
                interval,
            }))
        });
        gains.filter_map(Result::transpose).collect()
    }
}

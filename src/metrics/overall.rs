//! The figures of many entities together.

use serde::{Deserialize, Serialize};

use super::classification::{Evaluation, Metrics};
use super::metric::Metric;
use crate::error::EvaluationError;

/// The mean of a score over entities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean over the entities for which the score is defined; `None` if there are none.
    pub value: Option<f64>,
    /// The number of entities in the mean.
    pub defined: u64,
    /// The number of entities left out, because the score is undefined on their rows.
    pub undefined: u64,
}

/// The means of entities' scores. See the fields of the same names in [`Metrics`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MetricSummary {
    /// The mean of [`Metrics::accuracy`].
    pub accuracy: Mean,
    /// The mean of [`Metrics::balanced_accuracy`].
    pub balanced_accuracy: Mean,
    /// The mean of [`Metrics::precision`].
    pub precision: Mean,
    /// The mean of [`Metrics::recall`].
    pub recall: Mean,
    /// The mean of [`Metrics::f1`].
    pub f1: Mean,
    /// The mean of [`Metrics::roc_auc`].
    pub roc_auc: Mean,
    /// The mean of [`Metrics::roc_auc_weighted`].
    pub roc_auc_weighted: Mean,
    /// The mean of [`Metrics::log_loss`].
    pub log_loss: Mean,
    /// The mean of [`Metrics::brier_score`].
    pub brier_score: Mean,
}

/// How good many entities' models are together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Overall {
    /// The metrics of all rows thrown together: what a row can expect.
    pub micro: Metrics,
    /// The unweighted means of the entities' metrics: what an entity can expect.
    pub macro_mean: MetricSummary,
    /// The means of the entities' metrics, each weighted by its rows.
    pub weighted_mean: MetricSummary,
}

/// Collects the evaluations of many entities, all on the same classes, for their [`Overall`].
///
/// Entities whose models know different classes must be evaluated on the classes of all of them,
/// with probability 0 for those that a model does not know.
///
/// ```
/// use per_entity::metrics::{Evaluation, Pool};
///
/// let mut good = Evaluation::new(2);
/// good.push(Some(0), &[1.0, 0.0])?;
/// good.push(Some(1), &[0.0, 1.0])?;
/// good.push(Some(1), &[0.2, 0.8])?;
/// let mut bad = Evaluation::new(2);
/// bad.push(Some(0), &[0.3, 0.7])?;
///
/// let mut pool = Pool::new(2);
/// for evaluation in [good, bad] {
///     pool.add(&evaluation, &evaluation.metrics())?;
/// }
/// let overall = pool.overall();
/// assert_eq!(overall.micro.accuracy, Some(0.75));
/// assert_eq!(overall.macro_mean.accuracy.value, Some(0.5));
/// assert_eq!(overall.weighted_mean.accuracy.value, Some(0.75));
/// assert_eq!(overall.macro_mean.roc_auc.undefined, 1);
/// # Ok::<(), per_entity::error::EvaluationError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pool {
    rows: Evaluation,
    sums: [WeightedSums; Metrics::SCORES],
}

/// One score's sums over the entities so far.
#[derive(Clone, Copy, Debug, Default)]
struct WeightedSums {
    sum: f64,
    weighted_sum: f64,
    weight: f64,
    defined: u64,
    undefined: u64,
}

impl Pool {
    /// A pool without entities, of evaluations on `class_count` classes.
    #[must_use]
    pub fn new(class_count: usize) -> Self {
        Self {
            rows: Evaluation::new(class_count),
            sums: Default::default(),
        }
    }

    /// Adds one entity: its evaluation, and the metrics of that same evaluation, which the caller
    /// may have computed elsewhere, in parallel. Added in the same order, the same entities give
    /// the same sums to the last bit.
    ///
    /// # Errors
    /// [`EvaluationError::ClassCount`] if the evaluation is of another number of classes.
    pub fn add(
        &mut self,
        evaluation: &Evaluation,
        metrics: &Metrics,
    ) -> Result<(), EvaluationError> {
        self.rows.merge(evaluation)?;
        for (sums, score) in self.sums.iter_mut().zip(metrics.scores()) {
            sums.add(score, metrics.rows as f64);
        }
        Ok(())
    }

    /// The figures of the entities so far.
    #[must_use]
    pub fn overall(&self) -> Overall {
        Overall {
            micro: self.rows.metrics(),
            macro_mean: MetricSummary::from_scores(self.sums.map(|sums| sums.mean())),
            weighted_mean: MetricSummary::from_scores(self.sums.map(|sums| sums.weighted_mean())),
        }
    }
}

impl WeightedSums {
    fn add(&mut self, score: Option<f64>, weight: f64) {
        match score {
            Some(score) => {
                self.sum += score;
                self.weighted_sum += score * weight;
                self.weight += weight;
                self.defined += 1;
            }
            None => self.undefined += 1,
        }
    }

    fn mean(&self) -> Mean {
        self.quotient(self.sum, self.defined as f64)
    }

    fn weighted_mean(&self) -> Mean {
        self.quotient(self.weighted_sum, self.weight)
    }

    fn quotient(&self, sum: f64, weight: f64) -> Mean {
        Mean {
            value: (weight > 0.0).then(|| sum / weight),
            defined: self.defined,
            undefined: self.undefined,
        }
    }
}

impl Metrics {
    const SCORES: usize = 9;

    /// In the order of [`MetricSummary::from_scores`].
    fn scores(&self) -> [Option<f64>; Self::SCORES] {
        [
            self.accuracy,
            self.balanced_accuracy,
            self.precision,
            self.recall,
            self.f1,
            self.roc_auc,
            self.roc_auc_weighted,
            self.log_loss,
            self.brier_score,
        ]
    }
}

impl MetricSummary {
    /// The mean of a figure.
    pub fn get(&self, metric: Metric) -> Mean {
        match metric {
            Metric::Accuracy => self.accuracy,
            Metric::BalancedAccuracy => self.balanced_accuracy,
            Metric::Precision => self.precision,
            Metric::Recall => self.recall,
            Metric::F1 => self.f1,
            Metric::RocAuc => self.roc_auc,
            Metric::LogLoss => self.log_loss,
            Metric::BrierScore => self.brier_score,
        }
    }

    /// In the order of [`Metrics::scores`].
    fn from_scores(scores: [Mean; Metrics::SCORES]) -> Self {
        let [
            accuracy,
            balanced_accuracy,
            precision,
            recall,
            f1,
            roc_auc,
            roc_auc_weighted,
            log_loss,
            brier_score,
        ] = scores;
        Self {
            accuracy,
            balanced_accuracy,
            precision,
            recall,
            f1,
            roc_auc,
            roc_auc_weighted,
            log_loss,
            brier_score,
        }
    }
}

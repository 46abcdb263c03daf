//! The figures of many entities together.

use serde::{Deserialize, Serialize};

use super::classification::ClassificationMetrics;
use super::evaluation::{Evaluation, Metrics};
use super::regression::RegressionMetrics;
use super::summary::{ClassificationSummary, Mean, MetricSummary, RegressionSummary};
use crate::error::EvaluationError;
use crate::schema::Task;

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

impl Overall {
    /// What was predicted.
    #[must_use]
    pub fn task(&self) -> Task {
        self.micro.task()
    }
}

/// Collects the evaluations of many entities, all on the same classes or all of quantities, for
/// their [`Overall`].
///
/// Entities whose models know different classes must be evaluated on the classes of all of them,
/// with probability 0 for those that a model does not know.
///
/// ```
/// use per_entity::metrics::{ClassificationEvaluation, Evaluation, Metric, Pool};
///
/// let mut good = ClassificationEvaluation::new(2);
/// good.push(Some(0), &[1.0, 0.0])?;
/// good.push(Some(1), &[0.0, 1.0])?;
/// good.push(Some(1), &[0.2, 0.8])?;
/// let mut bad = ClassificationEvaluation::new(2);
/// bad.push(Some(0), &[0.3, 0.7])?;
///
/// let mut pool = Pool::classification(2);
/// for evaluation in [good, bad].map(Evaluation::from) {
///     pool.add(&evaluation, &evaluation.metrics())?;
/// }
/// let overall = pool.overall();
/// let mean = overall.macro_mean.as_classification().unwrap();
/// let weighted_mean = overall.weighted_mean.as_classification().unwrap();
/// assert_eq!(Metric::Accuracy.of(&overall.micro), Some(0.75));
/// assert_eq!(mean.accuracy.value, Some(0.5));
/// assert_eq!(weighted_mean.accuracy.value, Some(0.75));
/// assert_eq!(mean.roc_auc.undefined, 1);
/// # Ok::<(), per_entity::error::EvaluationError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pool {
    rows: Evaluation,
    sums: ScoreSums,
}

/// The sums of each score of a task.
#[derive(Clone, Copy, Debug)]
enum ScoreSums {
    Classification([WeightedSums; ClassificationMetrics::SCORES]),
    Regression([WeightedSums; RegressionMetrics::SCORES]),
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
    pub fn classification(class_count: usize) -> Self {
        Self {
            rows: Evaluation::classification(class_count),
            sums: ScoreSums::Classification(Default::default()),
        }
    }

    /// A pool without entities, of evaluations of a quantity.
    #[must_use]
    pub fn regression() -> Self {
        Self {
            rows: Evaluation::regression(),
            sums: ScoreSums::Regression(Default::default()),
        }
    }

    /// Adds one entity: its evaluation, and the metrics of that same evaluation, which the caller
    /// may have computed elsewhere, in parallel. Added in the same order, the same entities give
    /// the same sums to the last bit.
    ///
    /// # Errors
    /// The pool stays as it was if the evaluation is of another task ([`EvaluationError::Task`]) or
    /// of another number of classes ([`EvaluationError::ClassCount`]).
    pub fn add(
        &mut self,
        evaluation: &Evaluation,
        metrics: &Metrics,
    ) -> Result<(), EvaluationError> {
        let mut sums = self.sums;
        sums.add(metrics)?;
        self.rows.merge(evaluation)?;
        self.sums = sums;
        Ok(())
    }

    /// The rows of the entities so far, thrown together.
    #[must_use]
    pub fn evaluation(&self) -> &Evaluation {
        &self.rows
    }

    /// The figures of the entities so far.
    #[must_use]
    pub fn overall(&self) -> Overall {
        Overall {
            micro: self.rows.metrics(),
            macro_mean: self.sums.summary(WeightedSums::mean),
            weighted_mean: self.sums.summary(WeightedSums::weighted_mean),
        }
    }
}

impl ScoreSums {
    fn add(&mut self, metrics: &Metrics) -> Result<(), EvaluationError> {
        let weight = metrics.rows() as f64;
        match (self, metrics) {
            (Self::Classification(sums), Metrics::Classification(metrics)) => {
                add_each(sums, metrics.scores(), weight);
            }
            (Self::Regression(sums), Metrics::Regression(metrics)) => {
                add_each(sums, metrics.scores(), weight);
            }
            (sums, metrics) => {
                return Err(EvaluationError::Task {
                    expected: sums.task(),
                    found: metrics.task(),
                });
            }
        }
        Ok(())
    }

    fn task(&self) -> Task {
        match self {
            Self::Classification(_) => Task::Classification,
            Self::Regression(_) => Task::Regression,
        }
    }

    fn summary(&self, mean: fn(&WeightedSums) -> Mean) -> MetricSummary {
        match self {
            Self::Classification(sums) => MetricSummary::Classification(
                ClassificationSummary::from_scores(sums.each_ref().map(mean)),
            ),
            Self::Regression(sums) => {
                MetricSummary::Regression(RegressionSummary::from_scores(sums.each_ref().map(mean)))
            }
        }
    }
}

fn add_each<const SCORES: usize>(
    sums: &mut [WeightedSums; SCORES],
    scores: [Option<f64>; SCORES],
    weight: f64,
) {
    for (sums, score) in sums.iter_mut().zip(scores) {
        sums.add(score, weight);
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

//! Scores of predicted classes and probabilities, and how sure they are.
//!
//! The definitions are those of scikit-learn 1.9.1 (user guide, "Metrics and scoring: quantifying
//! the quality of predictions"; module `sklearn.metrics`); each field names its function. Where
//! scikit-learn warns of a zero division and returns 0, the value here is `None`, and averages
//! over classes leave undefined classes out, which is scikit-learn's `zero_division=np.nan`.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::ConfusionMatrix;
use super::confusion::ratio;

/// What cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum EvaluationError {
    /// Probabilities, or evaluations to be merged, of another number of classes.
    #[error("expected {expected} classes, found {found}: evaluate all rows on the same classes")]
    ClassCount {
        /// The number of classes that the evaluation was made for.
        expected: usize,
        /// The number of classes given.
        found: usize,
    },
    /// A true class that is not one of the classes.
    #[error("true class {class} is not below {class_count}: give a class never seen as None")]
    Truth {
        /// The true class given.
        class: usize,
        /// The number of classes that the evaluation was made for.
        class_count: usize,
    },
    /// A probability that is not in 0..=1, or not a number.
    #[error("the probability of class {class} is {value}, not in 0..=1: check the model")]
    Probability {
        /// The class whose probability it is.
        class: usize,
        /// The probability given.
        value: f64,
    },
    /// Paired samples of different lengths.
    #[error("{first} rows cannot be paired with {second}: evaluate both models on the same rows")]
    Pairs {
        /// The length of the first sample.
        first: usize,
        /// The length of the second sample.
        second: usize,
    },
    /// No rows to draw from, or no resamples to draw.
    #[error("{resamples} resamples of {rows} rows have no interval: both must be at least 1")]
    Resamples {
        /// The number of rows given.
        rows: usize,
        /// The number of resamples asked for.
        resamples: usize,
    },
    /// A confidence level outside of 0 to 1.
    #[error("a confidence of {0} is not strictly between 0 and 1: give 0.95 for 95 %")]
    Confidence(f64),
}

/// Precision, recall and F1 of one class, or an average of them. All lie in 0..=1.
///
/// See `sklearn.metrics.precision_recall_fscore_support`, with `beta=1`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PrecisionRecall {
    /// The share of rows predicted as the class that are of it; `None` if it was never predicted.
    pub precision: Option<f64>,
    /// The share of the class's rows that were predicted as it; `None` if it has no rows.
    pub recall: Option<f64>,
    /// `2 TP / (2 TP + FP + FN)`, the harmonic mean of the two above where they are defined;
    /// `None` only if the class has no rows and was never predicted.
    pub f1: Option<f64>,
}

/// Precision, recall and F1 over all classes (the unseen ones as one more), averaged in
/// scikit-learn's three ways. JSON calls them `micro`, `macro` and `weighted`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Averages {
    /// From the sums of all classes' counts, `average="micro"`. With one true and one predicted
    /// class a row, all three are the accuracy.
    pub micro: PrecisionRecall,
    /// The mean of the classes for which the score is defined, `average="macro"`.
    #[serde(rename = "macro")]
    pub macro_mean: PrecisionRecall,
    /// That mean weighted by the classes' rows, `average="weighted"`. If no class with rows has
    /// a defined score, it is the plain mean, as in scikit-learn.
    #[serde(rename = "weighted")]
    pub weighted_mean: PrecisionRecall,
}

/// The scores of one class.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassMetrics {
    /// The index of the class.
    pub class: usize,
    /// The number of rows that are of the class.
    pub support: u64,
    /// See [`PrecisionRecall::precision`].
    pub precision: Option<f64>,
    /// See [`PrecisionRecall::recall`].
    pub recall: Option<f64>,
    /// See [`PrecisionRecall::f1`].
    pub f1: Option<f64>,
}

/// How good a model is on some rows. A score that those rows do not define is `None`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// The number of rows.
    pub rows: u64,
    /// The number of those rows whose class the model never saw.
    pub unseen: u64,
    /// The share of rows whose class was predicted, `sklearn.metrics.accuracy_score`.
    pub accuracy: Option<f64>,
    /// The mean recall of the classes that have rows, `sklearn.metrics.balanced_accuracy_score`.
    pub balanced_accuracy: Option<f64>,
    /// The precision of class 1 if there are two classes, otherwise the macro average.
    pub precision: Option<f64>,
    /// The recall of class 1 if there are two classes, otherwise the macro average.
    pub recall: Option<f64>,
    /// The F1 of class 1 if there are two classes, otherwise the macro average.
    pub f1: Option<f64>,
    /// Precision, recall and F1 averaged over the classes.
    pub averages: Averages,
    /// The area under the receiver operating characteristic, `sklearn.metrics.roc_auc_score`: the
    /// probability that a row of the class has a higher score than another row, ties counting
    /// half (Mann & Whitney 1947, "On a test of whether one of two random variables is
    /// stochastically larger than the other"). Of class 1 if there are two classes, otherwise
    /// the mean of all classes, each against the rest (`multi_class="ovr"`,
    /// `average="macro"`), and `None` as soon as one class has no rows or all of them.
    pub roc_auc: Option<f64>,
    /// As `roc_auc`, but for other than two classes weighted by their rows
    /// (`average="weighted"`), so that a class without rows does no harm.
    pub roc_auc_weighted: Option<f64>,
    /// The mean of `-ln(p)`, in nats, where `p` is the probability of the true class, clipped to
    /// `[eps, 1 - eps]` with `eps = f64::EPSILON`, `sklearn.metrics.log_loss`. A row of an unseen
    /// class costs `-ln(eps)`, about 36.
    pub log_loss: Option<f64>,
    /// The mean over rows of the squared distance of the probabilities from 1 for the true class
    /// and 0 for the others, `sklearn.metrics.brier_score_loss`. With `scale_by_half="auto"`:
    /// for up to two classes half of it, which is `mean((p - y)²)` in 0..=1; for more it lies
    /// in 0..=2. A row of an unseen class is at a distance of 1 from that class, besides.
    pub brier_score: Option<f64>,
    /// The scores of each class, in order.
    pub per_class: Vec<ClassMetrics>,
}

/// The predictions for the rows of one entity, as far as the metrics need them.
///
/// A row costs 12 bytes for two classes and `8 * class_count + 4` for more: the scores, which
/// the area under the curve must sort, and the truth.
///
/// ```
/// use per_entity::evaluate::Evaluation;
///
/// let mut evaluation = Evaluation::new(2);
/// evaluation.push(Some(0), &[0.9, 0.1])?;
/// evaluation.push(Some(0), &[0.6, 0.4])?;
/// evaluation.push(Some(1), &[0.65, 0.35])?;
/// evaluation.push(Some(1), &[0.2, 0.8])?;
///
/// let metrics = evaluation.metrics();
/// assert_eq!(metrics.accuracy, Some(0.75));
/// assert_eq!(metrics.precision, Some(1.0));
/// assert_eq!(metrics.recall, Some(0.5));
/// assert_eq!(metrics.roc_auc, Some(0.75));
/// # Ok::<(), per_entity::evaluate::EvaluationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    confusion: ConfusionMatrix,
    log_loss_sum: f64,
    squared_error_sum: f64,
    /// The true class of each row; an unseen one is `class_count`.
    truths: Vec<u32>,
    /// Row-major: the score of class 1 if there are two classes, otherwise that of every class.
    scores: Vec<f64>,
}

impl Evaluation {
    /// An evaluation without rows, of a model that knows `class_count` classes.
    #[must_use]
    pub fn new(class_count: usize) -> Self {
        Self {
            confusion: ConfusionMatrix::new(class_count),
            log_loss_sum: 0.0,
            squared_error_sum: 0.0,
            truths: Vec::new(),
            scores: Vec::new(),
        }
    }

    /// Takes one row: its true class, or `None` if the model never saw that class, and the
    /// predicted probability of each class, which should sum to 1.
    ///
    /// Returns the predicted class: that of the highest probability, the first of several.
    ///
    /// # Errors
    /// The row is refused, and the evaluation stays as it was, if the number of probabilities is
    /// not the number of classes or is 0 ([`EvaluationError::ClassCount`]), if the true class is
    /// not below it ([`EvaluationError::Truth`]), or if a probability is not in 0..=1
    /// ([`EvaluationError::Probability`]).
    pub fn push(
        &mut self,
        truth: Option<usize>,
        probabilities: &[f64],
    ) -> Result<usize, EvaluationError> {
        self.check(truth, probabilities)?;
        let predicted = first_largest(probabilities);
        match truth {
            Some(truth) => self.confusion.add(truth, predicted),
            None => self.confusion.add_unseen(predicted),
        }
        self.log_loss_sum += log_loss(truth, probabilities);
        self.squared_error_sum += squared_error(truth, probabilities);
        self.truths.push(truth.unwrap_or(self.class_count()) as u32);
        self.scores.extend(&probabilities[self.scored_classes()]);
        Ok(predicted)
    }

    /// Adds the rows of `other` after the ones here, as if they had been pushed.
    ///
    /// # Errors
    /// [`EvaluationError::ClassCount`] if the two are of different numbers of classes.
    pub fn merge(&mut self, other: &Self) -> Result<(), EvaluationError> {
        self.confusion.merge(&other.confusion)?;
        self.log_loss_sum += other.log_loss_sum;
        self.squared_error_sum += other.squared_error_sum;
        self.truths.extend(&other.truths);
        self.scores.extend(&other.scores);
        Ok(())
    }

    /// The number of classes that the model knows.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.confusion.class_count()
    }

    /// The counts of predicted by true classes.
    #[must_use]
    pub fn confusion(&self) -> &ConfusionMatrix {
        &self.confusion
    }

    /// The scores of the rows so far. Sorts the rows' probabilities, once a class.
    #[must_use]
    pub fn metrics(&self) -> Metrics {
        let per_class = self.per_class();
        let averages = self.averages(&per_class);
        let headline = match per_class.as_slice() {
            [_, positive] => positive.into(),
            _ => averages.macro_mean,
        };
        let (roc_auc, roc_auc_weighted) = self.roc_auc(&per_class);
        Metrics {
            rows: self.confusion.total(),
            unseen: self.confusion.unseen(),
            accuracy: self.confusion.accuracy(),
            balanced_accuracy: averages.macro_mean.recall,
            precision: headline.precision,
            recall: headline.recall,
            f1: headline.f1,
            averages,
            roc_auc,
            roc_auc_weighted,
            log_loss: self.mean_over_rows(self.log_loss_sum),
            brier_score: self.mean_over_rows(self.squared_error_sum * self.brier_scale()),
            per_class,
        }
    }

    fn check(&self, truth: Option<usize>, probabilities: &[f64]) -> Result<(), EvaluationError> {
        let class_count = self.class_count();
        if probabilities.len() != class_count || class_count == 0 {
            return Err(EvaluationError::ClassCount {
                expected: class_count.max(1),
                found: probabilities.len(),
            });
        }
        if let Some(class) = truth.filter(|&class| class >= class_count) {
            return Err(EvaluationError::Truth { class, class_count });
        }
        let in_range = |value: &f64| (0.0..=1.0).contains(value);
        match probabilities.iter().position(|value| !in_range(value)) {
            Some(class) => Err(EvaluationError::Probability {
                class,
                value: probabilities[class],
            }),
            None => Ok(()),
        }
    }

    fn scored_classes(&self) -> std::ops::Range<usize> {
        match self.class_count() {
            2 => 1..2,
            class_count => 0..class_count,
        }
    }

    fn brier_scale(&self) -> f64 {
        if self.class_count() <= 2 { 0.5 } else { 1.0 }
    }

    fn mean_over_rows(&self, sum: f64) -> Option<f64> {
        let rows = self.truths.len();
        (rows > 0).then(|| sum / rows as f64)
    }

    fn per_class(&self) -> Vec<ClassMetrics> {
        let score = |class| {
            let support = self.confusion.support(class);
            let predicted = self.confusion.predicted(class);
            let scores =
                PrecisionRecall::of(self.confusion.true_positives(class), predicted, support);
            ClassMetrics {
                class,
                support,
                precision: scores.precision,
                recall: scores.recall,
                f1: scores.f1,
            }
        };
        (0..self.class_count()).map(score).collect()
    }

    fn averages(&self, per_class: &[ClassMetrics]) -> Averages {
        let rows = self.confusion.total();
        let unseen = self.confusion.unseen();
        let mut scores: Vec<(PrecisionRecall, u64)> = per_class
            .iter()
            .map(|class| (class.into(), class.support))
            .collect();
        scores.push((PrecisionRecall::of(0, 0, unseen), unseen));
        Averages {
            micro: PrecisionRecall::of(self.confusion.correct(), rows, rows),
            macro_mean: PrecisionRecall::mean(scores.iter().map(|&(score, _)| (score, 1))),
            weighted_mean: PrecisionRecall::mean(scores.iter().copied()),
        }
    }

    /// The two of [`Metrics::roc_auc`] and [`Metrics::roc_auc_weighted`].
    fn roc_auc(&self, per_class: &[ClassMetrics]) -> (Option<f64>, Option<f64>) {
        let areas: Vec<Option<f64>> = self
            .scored_classes()
            .map(|class| self.area_under_roc(class))
            .collect();
        if let [_, _] = per_class {
            return (areas[0], areas[0]);
        }
        let supports = per_class.iter().map(|class| class.support);
        let mut weighted: Vec<(Option<f64>, u64)> = areas.into_iter().zip(supports).collect();

        // All rows give an unseen class the same score, 0, so they are all ties.
        let unseen = self.confusion.unseen();
        if unseen > 0 {
            let seen = self.confusion.total() - unseen;
            weighted.push(((seen > 0).then_some(0.5), unseen));
        }
        let with_rows = weighted.iter().copied().filter(|&(_, support)| support > 0);
        (
            mean_if_all(weighted.iter().map(|&(area, _)| (area, 1))),
            mean_if_all(with_rows),
        )
    }

    fn area_under_roc(&self, class: usize) -> Option<f64> {
        let scored = self.scored_classes();
        let rows = self.scores.chunks_exact(scored.len());
        let (mut positive, mut negative) = (Vec::new(), Vec::new());
        for (scores, &truth) in rows.zip(&self.truths) {
            let side = if truth == class as u32 {
                &mut positive
            } else {
                &mut negative
            };
            side.push(scores[class - scored.start]);
        }
        area_under_roc(positive, negative)
    }
}

impl PrecisionRecall {
    fn of(true_positives: u64, predicted: u64, support: u64) -> Self {
        Self {
            precision: ratio(true_positives, predicted),
            recall: ratio(true_positives, support),
            f1: ratio(2 * true_positives, predicted + support),
        }
    }

    fn mean(scores: impl Iterator<Item = (Self, u64)> + Clone) -> Self {
        let mean = |pick: fn(Self) -> Option<f64>| {
            mean_of_defined(scores.clone().map(|(score, weight)| (pick(score), weight)))
        };
        Self {
            precision: mean(|score| score.precision),
            recall: mean(|score| score.recall),
            f1: mean(|score| score.f1),
        }
    }
}

impl From<&ClassMetrics> for PrecisionRecall {
    fn from(class: &ClassMetrics) -> Self {
        Self {
            precision: class.precision,
            recall: class.recall,
            f1: class.f1,
        }
    }
}

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
/// use per_entity::evaluate::{Evaluation, Pool};
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
/// # Ok::<(), per_entity::evaluate::EvaluationError>(())
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

/// The score interval of a proportion, such as an accuracy: the proportions that a test at `z`
/// standard normal deviates does not reject (1.96 for a confidence of 95 %).
///
/// It contains `successes / trials` and stays within 0..=1, also for few trials and for
/// proportions of 0 and 1; without trials it is `(0.0, 1.0)`. The formula is from E. B. Wilson
/// (1927), "Probable inference, the law of succession, and statistical inference", Journal of the
/// American Statistical Association 22(158), 209–212.
///
/// ```
/// let (low, high) = per_entity::evaluate::wilson_interval(9, 10, 1.96);
/// assert!((low - 0.5958).abs() < 1e-4);
/// assert!((high - 0.9821).abs() < 1e-4);
/// ```
///
/// # Panics
/// If there are more successes than trials, or if `z` is not a positive, finite number.
#[must_use]
pub fn wilson_interval(successes: u64, trials: u64, z: f64) -> (f64, f64) {
    assert!(successes <= trials, "{successes} successes of {trials}");
    assert!(z.is_finite() && z > 0.0, "{z} standard normal deviates");
    let Some(proportion) = ratio(successes, trials) else {
        return (0.0, 1.0);
    };
    let trials = trials as f64;
    let shrink = 1.0 + z * z / trials;
    let centre = (proportion + z * z / (2.0 * trials)) / shrink;
    let variance = proportion * (1.0 - proportion) / trials;
    let half_width = z / shrink * (variance + z * z / (4.0 * trials * trials)).sqrt();
    (
        (centre - half_width).max(0.0).min(proportion),
        (centre + half_width).min(1.0).max(proportion),
    )
}

/// A difference of two accuracies and its confidence interval, all in -1..=1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct BootstrapInterval {
    /// The first accuracy minus the second.
    pub difference: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end of the interval.
    pub high: f64,
}

/// How sure it is that one of two models is better, from their predictions for the same rows:
/// the percentile interval of the difference of their accuracies.
///
/// `first_correct` and `second_correct` say of each row whether the model was right on it.
/// `resamples` (2,000 is usual) times as many rows as given are drawn with replacement, both
/// models' rows together, and the interval leaves out an equal share of the smallest and the
/// largest differences, so that `confidence` (such as 0.95) remains; see B. Efron and
/// R. J. Tibshirani (1993), "An Introduction to the Bootstrap", chapter 13. A quantile
/// between two differences is interpolated linearly. The same arguments give the same interval.
///
/// Takes time in proportion to rows times resamples: some 0.1 s for 30 million draws.
///
/// ```
/// use per_entity::evaluate::paired_bootstrap;
///
/// let first = [true; 50];
/// let second: Vec<bool> = (0..50).map(|row| row % 5 > 0).collect();
/// let interval = paired_bootstrap(&first, &second, 2_000, 0.95, 1)?;
/// assert!((interval.difference - 0.2).abs() < 1e-12);
/// assert!(interval.low > 0.05 && interval.high < 0.35);
/// # Ok::<(), per_entity::evaluate::EvaluationError>(())
/// ```
///
/// # Errors
/// If the samples differ in length ([`EvaluationError::Pairs`]), if there are no rows or no
/// resamples ([`EvaluationError::Resamples`]), or if `confidence` is not strictly between 0 and 1
/// ([`EvaluationError::Confidence`]).
pub fn paired_bootstrap(
    first_correct: &[bool],
    second_correct: &[bool],
    resamples: usize,
    confidence: f64,
    seed: u64,
) -> Result<BootstrapInterval, EvaluationError> {
    let rows = first_correct.len();
    if second_correct.len() != rows {
        return Err(EvaluationError::Pairs {
            first: rows,
            second: second_correct.len(),
        });
    }
    if rows == 0 || resamples == 0 {
        return Err(EvaluationError::Resamples { rows, resamples });
    }
    if !(confidence > 0.0 && confidence < 1.0) {
        return Err(EvaluationError::Confidence(confidence));
    }

    // A row matters only by who alone was right, so the rows can be taken as sorted by that:
    // first the wins of the first model, then those of the second, then the rest.
    let pairs = || first_correct.iter().zip(second_correct);
    let wins = pairs()
        .filter(|&(&first, &second)| first && !second)
        .count() as u64;
    let losses = pairs()
        .filter(|&(&first, &second)| second && !first)
        .count() as u64;

    let mut random = SplitMix64(seed);
    let mut differences: Vec<i64> = (0..resamples)
        .map(|_| random.resampled_difference(rows as u64, wins, losses))
        .collect();
    differences.sort_unstable();

    let rows = rows as f64;
    let tail = (1.0 - confidence) / 2.0;
    Ok(BootstrapInterval {
        difference: (wins as f64 - losses as f64) / rows,
        low: quantile(&differences, tail) / rows,
        high: quantile(&differences, 1.0 - tail) / rows,
    })
}

/// The generator of G. L. Steele, D. Lea and C. H. Flood (2014), "Fast splittable pseudorandom
/// number generators", OOPSLA '14, figure 16: small, fast, and the same on every machine.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        bits ^ (bits >> 31)
    }

    /// An index below `bound`, each with the same probability to within `bound / 2^64`.
    fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    fn resampled_difference(&mut self, rows: u64, wins: u64, losses: u64) -> i64 {
        (0..rows)
            .map(|_| {
                let row = self.below(rows);
                i64::from(row < wins) - i64::from(row >= wins && row < wins + losses)
            })
            .sum()
    }
}

/// The linearly interpolated quantile of sorted values (definition 7 of Hyndman & Fan 1996,
/// "Sample quantiles in statistical packages").
fn quantile(sorted: &[i64], probability: f64) -> f64 {
    let position = probability * (sorted.len() - 1) as f64;
    let below = sorted[position.floor() as usize] as f64;
    let above = sorted[position.ceil() as usize] as f64;
    below + (above - below) * position.fract()
}

fn first_largest(probabilities: &[f64]) -> usize {
    let mut largest = 0;
    for (class, &probability) in probabilities.iter().enumerate() {
        if probability > probabilities[largest] {
            largest = class;
        }
    }
    largest
}

fn log_loss(truth: Option<usize>, probabilities: &[f64]) -> f64 {
    let probability = truth.map_or(0.0, |class| probabilities[class]);
    -probability.clamp(f64::EPSILON, 1.0 - f64::EPSILON).ln()
}

fn squared_error(truth: Option<usize>, probabilities: &[f64]) -> f64 {
    let outcome = |class| if Some(class) == truth { 1.0 } else { 0.0 };
    let seen: f64 = probabilities
        .iter()
        .enumerate()
        .map(|(class, probability)| (outcome(class) - probability).powi(2))
        .sum();
    seen + if truth.is_none() { 1.0 } else { 0.0 }
}

/// Mann and Whitney's U over the number of pairs: of all pairs of a positive and a negative, the
/// share in which the positive scores higher, ties counting half. This is the area under the
/// curve by the trapezoidal rule. Counted in integers, so it is exact until the last division.
fn area_under_roc(mut positive: Vec<f64>, mut negative: Vec<f64>) -> Option<f64> {
    positive.sort_unstable_by(f64::total_cmp);
    negative.sort_unstable_by(f64::total_cmp);
    let (mut below, mut not_above) = (0, 0);
    let mut halves: u128 = 0;
    for &score in &positive {
        below += count_while(&negative[below..], |other| other < score);
        not_above += count_while(&negative[not_above..], |other| other <= score);
        halves += (below + not_above) as u128;
    }
    let pairs = positive.len() as f64 * negative.len() as f64;
    (pairs > 0.0).then(|| halves as f64 / (2.0 * pairs))
}

fn count_while(values: &[f64], holds: impl Fn(f64) -> bool) -> usize {
    values.iter().take_while(|&&value| holds(value)).count()
}

/// The weighted mean of the defined values, and their plain mean if their weights are all 0:
/// `sklearn.utils.extmath._nanaverage`.
fn mean_of_defined(values: impl Iterator<Item = (Option<f64>, u64)>) -> Option<f64> {
    let (mut count, mut sum) = (0_u64, 0.0);
    let (mut weight_sum, mut weighted_sum) = (0_u64, 0.0);
    for (value, weight) in values {
        let Some(value) = value else { continue };
        count += 1;
        sum += value;
        weight_sum += weight;
        weighted_sum += value * weight as f64;
    }
    if weight_sum > 0 {
        Some(weighted_sum / weight_sum as f64)
    } else {
        (count > 0).then(|| sum / count as f64)
    }
}

fn mean_if_all(values: impl Iterator<Item = (Option<f64>, u64)> + Clone) -> Option<f64> {
    let all_defined = values.clone().all(|(value, _)| value.is_some());
    all_defined.then(|| mean_of_defined(values)).flatten()
}

//! Scores of predicted classes and probabilities, and how sure they are.
//!
//! The definitions are those of scikit-learn 1.9.1 (user guide, "ClassificationMetrics and scoring: quantifying
//! the quality of predictions"; module `sklearn.metrics`); each field names its function. Where
//! scikit-learn warns of a zero division and returns 0, the value here is `None`, and averages
//! over classes leave undefined classes out, which is scikit-learn's `zero_division=np.nan`.

use serde::{Deserialize, Serialize};

use super::calibration::Calibration;
use super::confusion::{ConfusionMatrix, ratio};
use crate::error::EvaluationError;

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
pub struct ClassificationMetrics {
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
/// use per_entity::metrics::ClassificationEvaluation;
///
/// let mut evaluation = ClassificationEvaluation::new(2);
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
/// # Ok::<(), per_entity::error::EvaluationError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ClassificationEvaluation {
    confusion: ConfusionMatrix,
    log_loss_sum: f64,
    squared_error_sum: f64,
    /// The true class of each row; an unseen one is `class_count`.
    truths: Vec<u32>,
    /// Row-major: the score of class 1 if there are two classes, otherwise that of every class.
    scores: Vec<f64>,
}

/// An [evaluation](ClassificationEvaluation) as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClassificationRecord {
    /// By true and predicted class: rows, where there are some.
    counts: Vec<(usize, usize, u64)>,
    /// By predicted class: rows of unseen classes, where there are some.
    unseen: Vec<(usize, u64)>,
    log_loss_sum: f64,
    squared_error_sum: f64,
    truths: Vec<u32>,
    scores: Vec<f64>,
}

impl From<&ClassificationEvaluation> for ClassificationRecord {
    fn from(rows: &ClassificationEvaluation) -> Self {
        let (counts, unseen) = rows.confusion.cells();
        Self {
            counts,
            unseen,
            log_loss_sum: rows.log_loss_sum,
            squared_error_sum: rows.squared_error_sum,
            truths: rows.truths.clone(),
            scores: rows.scores.clone(),
        }
    }
}

impl ClassificationRecord {
    /// The evaluation, on so many classes.
    ///
    /// # Errors
    /// [`EvaluationError::Record`] for one that is none on these classes.
    pub fn evaluation(self, classes: usize) -> Result<ClassificationEvaluation, EvaluationError> {
        let confusion = ConfusionMatrix::of_cells(classes, &self.counts, &self.unseen);
        let evaluation = ClassificationEvaluation {
            confusion: confusion.ok_or(EvaluationError::Record)?,
            log_loss_sum: self.log_loss_sum,
            squared_error_sum: self.squared_error_sum,
            truths: self.truths,
            scores: self.scores,
        };
        let rows = evaluation.truths.len();
        let mut truths = evaluation.truths.iter();
        let mut scores = evaluation.scores.iter();
        let fits = evaluation.confusion.total() == rows as u64
            && truths.all(|&truth| truth as usize <= classes)
            && scores.all(|score| (0.0..=1.0).contains(score))
            && evaluation.scores.len() == rows * evaluation.scored_classes().len();
        fits.then_some(evaluation).ok_or(EvaluationError::Record)
    }
}

impl ClassificationEvaluation {
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
        self.add(truth, probabilities, predicted);
        Ok(predicted)
    }

    /// As [`push`](Self::push), where something else than the highest probability decides on the
    /// predicted class.
    ///
    /// # Errors
    /// As [`push`](Self::push), and [`EvaluationError::Truth`] if the predicted class is not below
    /// the number of classes.
    pub fn push_decided(
        &mut self,
        truth: Option<usize>,
        probabilities: &[f64],
        predicted: usize,
    ) -> Result<(), EvaluationError> {
        self.check(truth, probabilities)?;
        self.check(Some(predicted), probabilities)?;
        self.add(truth, probabilities, predicted);
        Ok(())
    }

    fn add(&mut self, truth: Option<usize>, probabilities: &[f64], predicted: usize) {
        match truth {
            Some(truth) => self.confusion.add(truth, predicted),
            None => self.confusion.add_unseen(predicted),
        }
        self.log_loss_sum += log_loss(truth, probabilities);
        self.squared_error_sum += squared_error(truth, probabilities);
        self.truths.push(truth.unwrap_or(self.class_count()) as u32);
        self.scores.extend(&probabilities[self.scored_classes()]);
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

    /// The number of rows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.truths.len() as u64
    }

    /// The counts of predicted by true classes.
    #[must_use]
    pub fn confusion(&self) -> &ConfusionMatrix {
        &self.confusion
    }

    /// The scores of the rows so far. Sorts the rows' probabilities, once a class.
    #[must_use]
    pub fn metrics(&self) -> ClassificationMetrics {
        let per_class = self.per_class();
        let averages = self.averages(&per_class);
        let headline = match per_class.as_slice() {
            [_, positive] => positive.into(),
            _ => averages.macro_mean,
        };
        let (roc_auc, roc_auc_weighted) = self.roc_auc(&per_class);
        ClassificationMetrics {
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

    /// How the probabilities of the rows so far compare with what was observed. A row of a class
    /// that the model never saw is not of the class that the probability is of.
    #[must_use]
    pub fn calibration(&self) -> Calibration {
        let scored = self.scored_classes();
        let rows = self.scores.chunks_exact(scored.len().max(1));
        Calibration::of(rows.zip(&self.truths).map(|(scores, &truth)| {
            let highest = first_largest(scores);
            (scores[highest], truth as usize == scored.start + highest)
        }))
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

    /// The two of [`ClassificationMetrics::roc_auc`] and [`ClassificationMetrics::roc_auc_weighted`].
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

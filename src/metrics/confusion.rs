//! Counts of predictions by true class: all that accuracy, precision, recall and F1 need.

use serde::Serialize;

use crate::error::EvaluationError;

/// How often each class was predicted for each true class.
///
/// Rows are the truth and columns the prediction, as in scikit-learn's
/// `sklearn.metrics.confusion_matrix`. A row of data whose true class the model never saw has no
/// row in the matrix; it is kept apart, under the class that was predicted for it.
///
/// ```
/// use per_entity::metrics::ConfusionMatrix;
///
/// let mut matrix = ConfusionMatrix::new(2);
/// matrix.add(0, 0);
/// matrix.add(0, 1);
/// matrix.add(1, 1);
/// matrix.add_unseen(1);
///
/// assert_eq!(matrix.total(), 4);
/// assert_eq!(matrix.support(0), 2);
/// assert_eq!(matrix.predicted(1), 3);
/// assert_eq!(matrix.false_positives(1), 2);
/// assert_eq!(matrix.accuracy(), Some(0.5));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfusionMatrix {
    class_count: usize,
    /// Row-major, `class_count` by `class_count`.
    counts: Vec<u64>,
    /// By predicted class.
    unseen: Vec<u64>,
}

impl ConfusionMatrix {
    /// An empty matrix of `class_count` by `class_count` zeros.
    #[must_use]
    pub fn new(class_count: usize) -> Self {
        Self {
            class_count,
            counts: vec![0; class_count * class_count],
            unseen: vec![0; class_count],
        }
    }

    /// Counts one row of data.
    ///
    /// # Panics
    /// If `truth` or `predicted` is not below [`class_count`](Self::class_count).
    pub fn add(&mut self, truth: usize, predicted: usize) {
        let cell = self.cell(truth, predicted);
        self.counts[cell] += 1;
    }

    /// Counts one row of data whose true class the model never saw: wrong for sure, and a
    /// false positive of the predicted class.
    ///
    /// # Panics
    /// If `predicted` is not below [`class_count`](Self::class_count).
    pub fn add_unseen(&mut self, predicted: usize) {
        self.unseen[predicted] += 1;
    }

    /// Adds the counts of `other`, as if its rows of data had been added here.
    ///
    /// # Errors
    /// [`EvaluationError::ClassCount`] if the two have different numbers of classes.
    pub fn merge(&mut self, other: &Self) -> Result<(), EvaluationError> {
        if other.class_count != self.class_count {
            return Err(EvaluationError::ClassCount {
                expected: self.class_count,
                found: other.class_count,
            });
        }
        add_each(&mut self.counts, &other.counts);
        add_each(&mut self.unseen, &other.unseen);
        Ok(())
    }

    /// The number of classes that the model knows.
    #[must_use]
    pub fn class_count(&self) -> usize {
        self.class_count
    }

    /// Rows of data of class `truth` for which `predicted` was predicted.
    ///
    /// # Panics
    /// If `truth` or `predicted` is not below [`class_count`](Self::class_count).
    #[must_use]
    pub fn count(&self, truth: usize, predicted: usize) -> u64 {
        self.counts[self.cell(truth, predicted)]
    }

    /// All rows of data, those of unseen classes included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().sum::<u64>() + self.unseen()
    }

    /// Rows of data whose true class the model never saw.
    #[must_use]
    pub fn unseen(&self) -> u64 {
        self.unseen.iter().sum()
    }

    /// Rows of data whose class was predicted.
    #[must_use]
    pub fn correct(&self) -> u64 {
        (0..self.class_count)
            .map(|class| self.true_positives(class))
            .sum()
    }

    /// The share of [`correct`](Self::correct) rows in all rows; `None` without rows.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.correct(), self.total())
    }

    /// Rows of data that are of `class`.
    ///
    /// # Panics
    /// If `class` is not below [`class_count`](Self::class_count).
    #[must_use]
    pub fn support(&self, class: usize) -> u64 {
        (0..self.class_count)
            .map(|predicted| self.count(class, predicted))
            .sum()
    }

    /// Rows of data for which `class` was predicted, those of unseen classes included.
    ///
    /// # Panics
    /// If `class` is not below [`class_count`](Self::class_count).
    #[must_use]
    pub fn predicted(&self, class: usize) -> u64 {
        let seen: u64 = (0..self.class_count)
            .map(|truth| self.count(truth, class))
            .sum();
        seen + self.unseen[class]
    }

    /// Rows of data that are of `class` and for which it was predicted.
    ///
    /// # Panics
    /// If `class` is not below [`class_count`](Self::class_count).
    #[must_use]
    pub fn true_positives(&self, class: usize) -> u64 {
        self.count(class, class)
    }

    /// Rows of data that are not of `class` and for which it was predicted.
    ///
    /// # Panics
    /// If `class` is not below [`class_count`](Self::class_count).
    #[must_use]
    pub fn false_positives(&self, class: usize) -> u64 {
        self.predicted(class) - self.true_positives(class)
    }

    /// Rows of data that are of `class` and for which another class was predicted.
    ///
    /// # Panics
    /// If `class` is not below [`class_count`](Self::class_count).
    #[must_use]
    pub fn false_negatives(&self, class: usize) -> u64 {
        self.support(class) - self.true_positives(class)
    }

    fn cell(&self, truth: usize, predicted: usize) -> usize {
        assert!(
            truth < self.class_count && predicted < self.class_count,
            "truth {truth} and prediction {predicted} must be below {} classes",
            self.class_count
        );
        truth * self.class_count + predicted
    }
}

/// `numerator / denominator`, or `None` where the denominator is 0.
pub(super) fn ratio(numerator: u64, denominator: u64) -> Option<f64> {
    (denominator > 0).then(|| numerator as f64 / denominator as f64)
}

fn add_each(sums: &mut [u64], terms: &[u64]) {
    for (sum, term) in sums.iter_mut().zip(terms) {
        *sum += term;
    }
}

//! Counts of predictions by true class: all that accuracy, precision, recall and F1 need.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::error::EvaluationError;

/// How often each class was predicted for each true class.
///
/// Rows are the truth and columns the prediction, as in scikit-learn's
/// `sklearn.metrics.confusion_matrix`. A row of data whose true class the model never saw has no
/// row in the matrix; it is kept apart, under the class that was predicted for it.
///
/// Of more than 1,000 classes only the counts that are not 0 are kept. They are serialized as
/// `cells` of true class, predicted class and count; those of fewer classes as `counts`, row after
/// row.
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
    #[serde(flatten)]
    counts: Counts,
    /// By predicted class.
    unseen: Vec<u64>,
}

/// Counts by true and predicted class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
enum Counts {
    Dense {
        /// Row-major, as many rows and columns as there are classes.
        counts: Vec<u64>,
    },
    Sparse {
        /// Those that are not 0.
        #[serde(serialize_with = "as_triples")]
        cells: BTreeMap<(usize, usize), u64>,
        /// By true class, and by predicted class.
        #[serde(skip)]
        sums: [Vec<u64>; 2],
    },
}

/// The most classes that have a count for every pair.
const MOST_DENSE: usize = 1_000;

fn as_triples<S: serde::Serializer>(
    cells: &BTreeMap<(usize, usize), u64>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        cells
            .iter()
            .map(|(&(truth, predicted), &count)| (truth, predicted, count)),
    )
}

impl Counts {
    fn new(classes: usize) -> Self {
        match classes <= MOST_DENSE {
            true => Self::Dense {
                counts: vec![0; classes * classes],
            },
            false => Self::Sparse {
                cells: BTreeMap::new(),
                sums: [vec![0; classes], vec![0; classes]],
            },
        }
    }

    fn add(&mut self, classes: usize, truth: usize, predicted: usize, count: u64) {
        match self {
            Self::Dense { counts } => counts[truth * classes + predicted] += count,
            Self::Sparse { cells, sums } => {
                *cells.entry((truth, predicted)).or_default() += count;
                sums[0][truth] += count;
                sums[1][predicted] += count;
            }
        }
    }

    fn merge(&mut self, classes: usize, other: &Self) {
        match (self, other) {
            (Self::Dense { counts }, Self::Dense { counts: others }) => add_each(counts, others),
            (counts, Self::Sparse { cells, .. }) => {
                for (&(truth, predicted), &count) in cells {
                    counts.add(classes, truth, predicted, count);
                }
            }
            // As many classes are kept in the same way.
            (Self::Sparse { .. }, Self::Dense { .. }) => {}
        }
    }

    fn of(&self, classes: usize, truth: usize, predicted: usize) -> u64 {
        match self {
            Self::Dense { counts } => counts[truth * classes + predicted],
            Self::Sparse { cells, .. } => {
                cells.get(&(truth, predicted)).copied().unwrap_or_default()
            }
        }
    }

    fn support(&self, classes: usize, class: usize) -> u64 {
        match self {
            Self::Dense { counts } => counts[class * classes..][..classes].iter().sum(),
            Self::Sparse { sums, .. } => sums[0][class],
        }
    }

    fn predicted(&self, classes: usize, class: usize) -> u64 {
        match self {
            Self::Dense { counts } => counts.iter().skip(class).step_by(classes).sum(),
            Self::Sparse { sums, .. } => sums[1][class],
        }
    }

    fn total(&self) -> u64 {
        match self {
            Self::Dense { counts } => counts.iter().sum(),
            Self::Sparse { sums, .. } => sums[0].iter().sum(),
        }
    }
}

impl ConfusionMatrix {
    /// An empty matrix of `class_count` by `class_count` zeros.
    #[must_use]
    pub fn new(class_count: usize) -> Self {
        Self {
            class_count,
            counts: Counts::new(class_count),
            unseen: vec![0; class_count],
        }
    }

    /// The counts that are not 0, by true and predicted class; and those of unseen classes, by
    /// predicted class.
    #[allow(clippy::type_complexity)]
    pub(super) fn cells(&self) -> (Vec<(usize, usize, u64)>, Vec<(usize, u64)>) {
        let classes = self.class_count;
        let counts = match &self.counts {
            Counts::Sparse { cells, .. } => cells
                .iter()
                .map(|(&(truth, predicted), &count)| (truth, predicted, count))
                .collect(),
            Counts::Dense { counts } => {
                let counts = counts.iter().enumerate();
                let counts = counts.filter(|(_, count)| **count > 0);
                counts
                    .map(|(place, &count)| (place / classes, place % classes, count))
                    .collect()
            }
        };
        let unseen = self.unseen.iter().copied().enumerate();
        (counts, unseen.filter(|(_, count)| *count > 0).collect())
    }

    /// The matrix of such counts; nothing where a class is not below `class_count`, or the counts
    /// overflow.
    pub(super) fn of_cells(
        class_count: usize,
        counts: &[(usize, usize, u64)],
        unseen: &[(usize, u64)],
    ) -> Option<Self> {
        let mut matrix = Self::new(class_count);
        let mut total = 0_u64;
        for &(truth, predicted, count) in counts {
            total = total.checked_add(count)?;
            if truth >= class_count || predicted >= class_count {
                return None;
            }
            matrix.counts.add(class_count, truth, predicted, count);
        }
        for &(predicted, count) in unseen {
            total = total.checked_add(count)?;
            *matrix.unseen.get_mut(predicted)? += count;
        }
        Some(matrix)
    }

    /// Counts one row of data.
    ///
    /// # Panics
    /// If `truth` or `predicted` is not below [`class_count`](Self::class_count).
    pub fn add(&mut self, truth: usize, predicted: usize) {
        self.check(truth, predicted);
        self.counts.add(self.class_count, truth, predicted, 1);
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
        self.counts.merge(self.class_count, &other.counts);
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
        self.check(truth, predicted);
        self.counts.of(self.class_count, truth, predicted)
    }

    /// All rows of data, those of unseen classes included.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.total() + self.unseen()
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
        self.check(class, class);
        self.counts.support(self.class_count, class)
    }

    /// Rows of data for which `class` was predicted, those of unseen classes included.
    ///
    /// # Panics
    /// If `class` is not below [`class_count`](Self::class_count).
    #[must_use]
    pub fn predicted(&self, class: usize) -> u64 {
        self.check(class, class);
        self.counts.predicted(self.class_count, class) + self.unseen[class]
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

    fn check(&self, truth: usize, predicted: usize) {
        assert!(
            truth < self.class_count && predicted < self.class_count,
            "truth {truth} and prediction {predicted} must be below {} classes",
            self.class_count
        );
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Of more classes than have a count for every pair, and of as many.
    #[test]
    fn counts_are_the_same_however_they_are_kept() {
        let pairs = [(0, 0), (0, 7), (7, 0), (7, 7), (7, 7), (999, 3)];
        let matrix = |classes| {
            let mut matrix = ConfusionMatrix::new(classes);
            let mut other = ConfusionMatrix::new(classes);
            for (place, (truth, predicted)) in pairs.into_iter().enumerate() {
                match place % 2 {
                    0 => matrix.add(truth, predicted),
                    _ => other.add(truth, predicted),
                }
            }
            other.add_unseen(3);
            matrix.merge(&other).unwrap();
            matrix
        };
        let (dense, sparse) = (matrix(MOST_DENSE), matrix(MOST_DENSE + 1));
        assert_eq!(sparse.count(7, 7), 2);
        assert_eq!((sparse.total(), sparse.correct()), (7, 3));
        for class in 0..MOST_DENSE {
            assert_eq!(sparse.support(class), dense.support(class));
            assert_eq!(sparse.predicted(class), dense.predicted(class));
            assert_eq!(sparse.count(0, class), dense.count(0, class));
            assert_eq!(sparse.count(class, 3), dense.count(class, 3));
        }
        let json = serde_json::to_value(&sparse).unwrap();
        assert_eq!(json["cells"][1], serde_json::json!([0, 7, 1]));
        let json = serde_json::to_value(&dense).unwrap();
        assert_eq!(
            json["counts"].as_array().unwrap().len(),
            MOST_DENSE * MOST_DENSE
        );
    }
}

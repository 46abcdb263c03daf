//! What a tree is fitted to.

use crate::codes::CodeMatrix;

/// The largest number that a tree can be fitted to: the squares of as many as there can be rows do
/// not overflow.
pub const LARGEST_NUMBER: f64 = 1e100;

/// The rows and the features of a matrix that a tree is fitted to, with a label or a number for each
/// row.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | [`weights`](Self::weights) | `None` | how much each row of the matrix counts |
/// | [`rows`](Self::rows) | all, once | the rows to fit to |
/// | [`features`](Self::features) | all | the features to split on |
///
/// Labels and weights are those of the whole matrix, whatever the rows: a subset is positions
/// and no copy. The tree is the one that a matrix of these rows and features alone would give,
/// but its splits name features by their positions in the whole matrix.
///
/// # Example
///
/// A bootstrap sample (Efron 1979): as many rows as there are, drawn with replacement.
///
/// ```
/// use linfa::ParamGuard;
/// use per_entity::codes::{CodeColumn, CodeMatrix};
/// use per_entity::schema::FeatureKind;
/// use per_entity::tree::{DecisionTreeParams, TrainingRows, TreeScratch};
///
/// let column = CodeColumn::new(FeatureKind::Numeric, 4, [0, 1, 2, 3].into_iter());
/// let matrix = CodeMatrix::new(vec![column], 4);
/// let bootstrap = TrainingRows::new(&matrix, &[0, 0, 1, 1], 2).rows(&[1, 3, 3, 0]);
///
/// let params = DecisionTreeParams::new().check()?;
/// let tree = params.fit_rows(bootstrap, &mut TreeScratch::default())?;
/// assert_eq!(tree.counts(0), [2.0, 2.0]); // the last row counts twice
/// assert_eq!(tree.predict(&matrix), [0, 0, 1, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct TrainingRows<'a> {
    pub(super) matrix: &'a CodeMatrix,
    pub(super) target: Target<'a>,
    pub(super) weights: Option<&'a [f64]>,
    pub(super) rows: Option<&'a [u32]>,
    pub(super) features: Option<&'a [u32]>,
}

/// What is known of each row of a matrix.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    Classes { labels: &'a [u32], count: usize },
    Numbers(&'a [f64]),
}

impl<'a> TrainingRows<'a> {
    /// All rows and all features of a matrix. `labels` holds one class below `class_count` for
    /// each row.
    ///
    /// # Panics
    ///
    /// If `labels` has another length than the matrix.
    pub fn new(matrix: &'a CodeMatrix, labels: &'a [u32], class_count: usize) -> Self {
        assert_eq!(labels.len(), matrix.rows(), "one label per row");
        let count = class_count;
        Self::of(matrix, Target::Classes { labels, count })
    }

    /// All rows and all features of a matrix, to tell a quantity. `numbers` holds one for each row,
    /// each finite and at most [`LARGEST_NUMBER`] in size; for
    /// [`RegressionCriterion::Poisson`](super::RegressionCriterion::Poisson) none is negative and
    /// not all are 0, or the tree is a single leaf.
    ///
    /// # Panics
    ///
    /// If `numbers` has another length than the matrix, or a number is out of range.
    pub fn of_numbers(matrix: &'a CodeMatrix, numbers: &'a [f64]) -> Self {
        assert_eq!(numbers.len(), matrix.rows(), "one number per row");
        assert!(
            numbers.iter().all(|number| number.abs() <= LARGEST_NUMBER),
            "every number is finite and not too large"
        );
        Self::of(matrix, Target::Numbers(numbers))
    }

    fn of(matrix: &'a CodeMatrix, target: Target<'a>) -> Self {
        Self {
            matrix,
            target,
            weights: None,
            rows: None,
            features: None,
        }
    }

    /// Sets the weights: one number of [`SAMPLE_WEIGHTS`](crate::schema::SAMPLE_WEIGHTS) for each
    /// row of the matrix, or `None` where every row counts the same.
    ///
    /// # Panics
    ///
    /// If there is not one weight for each row.
    pub fn weights(mut self, weights: Option<&'a [f64]>) -> Self {
        if let Some(weights) = weights {
            assert_eq!(weights.len(), self.matrix.rows(), "one weight per row");
        }
        self.weights = weights;
        self
    }

    /// Sets the rows, as positions in the matrix and in any order. A row that is given twice
    /// counts twice: in `min_samples_split` and `min_samples_leaf` as two rows, and in everything
    /// else with twice its weight. A tree is grown fastest on ascending positions.
    ///
    /// A position beyond the matrix makes fitting panic.
    pub fn rows(mut self, rows: &'a [u32]) -> Self {
        self.rows = Some(rows);
        self
    }

    /// Sets the features, as ascending positions in the matrix. Ties between them go to the first.
    ///
    /// # Panics
    ///
    /// If the positions do not ascend, or one is beyond the matrix.
    pub fn features(mut self, features: &'a [u32]) -> Self {
        assert!(
            features.is_sorted_by(|one, next| one < next),
            "features are given in ascending order, each once"
        );
        assert!(
            features
                .last()
                .is_none_or(|&last| (last as usize) < self.matrix.columns().len()),
            "every feature is a column of the matrix"
        );
        self.features = Some(features);
        self
    }

    /// Kish's effective number of rows: `(sum w)² / sum w²` (Kish 1965).
    pub(super) fn effective_rows(&self) -> f64 {
        let rows = self.rows.map_or(self.matrix.rows(), <[u32]>::len);
        let Some(weights) = self.weights else {
            return rows as f64;
        };
        let mut weights: Vec<f64> = match self.rows {
            None => weights.to_vec(),
            Some(rows) => rows.iter().map(|&row| weights[row as usize]).collect(),
        };
        // The same sums in whatever order the rows come.
        weights.sort_unstable_by(f64::total_cmp);
        let sum: f64 = weights.iter().sum();
        let squares: f64 = weights.iter().map(|weight| weight * weight).sum();
        sum * sum / squares
    }

    /// Puts the positions of the rows into a buffer.
    pub(super) fn rows_into(&self, buffer: &mut Vec<u32>) {
        positions_into(buffer, self.rows, self.matrix.rows());
    }

    /// Puts the positions of the features into a buffer.
    pub(super) fn features_into(&self, buffer: &mut Vec<u32>) {
        positions_into(buffer, self.features, self.matrix.columns().len());
    }
}

fn positions_into(buffer: &mut Vec<u32>, some: Option<&[u32]>, all: usize) {
    buffer.clear();
    match some {
        Some(positions) => buffer.extend_from_slice(positions),
        None => buffer.extend(0..all as u32),
    }
}

//! Fitting: from rows to a tree, on one thread or on all.

use super::builder::{Builder, Scratch};
use super::parallel::is_worth_all_threads;
use super::row_partition::RowPartition;
use super::weight::Weight;
use super::{DecisionTreeValidParams, TrainingRows, Tree};
use crate::codes::CodeMatrix;

impl DecisionTreeValidParams {
    /// Grows a tree on all rows and all features of a matrix.
    ///
    /// `labels` holds one class below `class_count` for each row of `matrix`, `weights` one
    /// number of [`SAMPLE_WEIGHTS`] for each, or `None` where every row counts the same. At every
    /// node the split has the largest impurity decrease of all; ties go to the first feature, then
    /// to the lowest threshold or category. The tree is the same whatever the number of threads.
    /// Without rows it is a single leaf.
    ///
    /// # Panics
    ///
    /// If `labels` or `weights` have another length than the matrix, or a label is not below
    /// `class_count`.
    ///
    /// [`SAMPLE_WEIGHTS`]: crate::schema::SAMPLE_WEIGHTS
    pub fn fit_codes(
        &self,
        matrix: &CodeMatrix,
        labels: &[u32],
        class_count: usize,
        weights: Option<&[f64]>,
    ) -> Tree {
        let rows = TrainingRows::new(matrix, labels, class_count).weights(weights);
        self.fit_rows(rows, &mut TreeScratch::default())
    }

    /// As [`fit_codes`](Self::fit_codes), on some rows and features, and with buffers that are
    /// kept from tree to tree: worth it for many small trees. What is in the buffers does not
    /// matter.
    ///
    /// # Panics
    ///
    /// If a row is not one of the matrix, or its label is not below the number of classes.
    pub fn fit_rows(&self, training: TrainingRows, scratch: &mut TreeScratch) -> Tree {
        let TreeScratch {
            rows,
            unweighted,
            weighted,
        } = scratch;
        rows.begin(&training);
        match training.weights {
            None => fit(self, &training, &[], rows, unweighted),
            Some(weights) => fit(self, &training, weights, rows, weighted),
        }
    }
}

fn fit<W: Weight>(
    params: &DecisionTreeValidParams,
    training: &TrainingRows,
    weights: &[W],
    rows: &mut RowPartition,
    scratch: &mut Scratch<W>,
) -> Tree {
    let builder = Builder::new(params, training, weights, rows);
    training.features_into(&mut scratch.features);
    if is_worth_all_threads(rows.len()) {
        builder.grow_in_parallel(rows, scratch)
    } else {
        builder.grow(0, rows, scratch)
    }
}

/// Buffers for [`fit_rows`](DecisionTreeValidParams::fit_rows). They grow with the most rows that
/// they have served.
#[derive(Default)]
pub struct TreeScratch {
    rows: RowPartition,
    unweighted: Scratch<u32>,
    weighted: Scratch<f64>,
}

//! Fitting: from rows to a tree, on one thread or on all.

use super::averaging::average;
use super::builder::{Builder, Scratch};
use super::cost_complexity::prune;
use super::deviations::Deviations;
use super::evidence::{ClassEvidence, NumberEvidence};
use super::labels::{Labels, WeightedLabels};
use super::parallel::is_worth_all_threads;
use super::quantities::{self, Quantities, WeightedQuantities};
use super::row_partition::RowPartition;
use super::splitter::Splitter;
use super::statistic::Statistic;
use super::training_rows::Target;
use super::tree::Leaves;
use super::{Averaging, DecisionTreeValidParams, Pruning, RegressionCriterion, TrainingRows, Tree};
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
        let tree = self.grow(&training, scratch);
        match self.pruning() {
            Pruning::None => tree,
            Pruning::CostComplexity { alpha } => prune(&tree, self.criterion, alpha),
            Pruning::Average(averaging) => self.average(&tree, &averaging, &training),
        }
    }

    /// Averages a tree over its prunings. One of a single leaf is shrunk towards itself.
    fn average(&self, tree: &Tree, averaging: &Averaging, training: &TrainingRows) -> Tree {
        let scale = training.effective_rows() / tree.weight(0);
        match training.target {
            _ if tree.node_count() == 1 => tree.clone(),
            Target::Classes { .. } => {
                let evidence = ClassEvidence::new(averaging, tree, scale);
                average(tree, &evidence, averaging.split_penalty)
            }
            Target::Numbers(_) => {
                let criterion = self.regression_criterion;
                let evidence = NumberEvidence::new(averaging, criterion, tree, scale);
                average(tree, &evidence, averaging.split_penalty)
            }
        }
    }

    fn grow(&self, training: &TrainingRows, scratch: &mut TreeScratch) -> Tree {
        scratch.rows.begin(training);
        let fit = Fit {
            params: self,
            training,
            rows: &mut scratch.rows,
        };
        match (training.target, training.weights) {
            (Target::Classes { labels, count }, None) => {
                fit.classes::<Labels>(labels, count, &mut scratch.labels)
            }
            (Target::Classes { labels, count }, Some(_)) => {
                fit.classes::<WeightedLabels>(labels, count, &mut scratch.weighted_labels)
            }
            (Target::Numbers(numbers), _)
                if self.regression_criterion == RegressionCriterion::AbsoluteError =>
            {
                let ones: Vec<f64>;
                let weights = match training.weights {
                    Some(weights) => weights,
                    None => {
                        ones = vec![1.0; numbers.len()];
                        &ones
                    }
                };
                let training = training.weights(Some(weights));
                let fit = Fit {
                    training: &training,
                    ..fit
                };
                fit.numbers::<Deviations>(
                    numbers,
                    quantities::weighted_outcomes,
                    &mut scratch.deviations,
                )
            }
            (Target::Numbers(numbers), None) => {
                fit.numbers::<Quantities>(numbers, quantities::outcomes, &mut scratch.quantities)
            }
            (Target::Numbers(numbers), Some(_)) => fit.numbers::<WeightedQuantities>(
                numbers,
                quantities::weighted_outcomes,
                &mut scratch.weighted_quantities,
            ),
        }
    }
}

/// Buffers for [`fit_rows`](DecisionTreeValidParams::fit_rows). They grow with the most rows that
/// they have served.
#[derive(Default)]
pub struct TreeScratch {
    rows: RowPartition,
    labels: Scratch<Labels>,
    weighted_labels: Scratch<WeightedLabels>,
    quantities: Scratch<Quantities>,
    weighted_quantities: Scratch<WeightedQuantities>,
    deviations: Scratch<Deviations>,
}

/// What one tree is grown of.
struct Fit<'a, 'b> {
    params: &'a DecisionTreeValidParams,
    training: &'a TrainingRows<'a>,
    rows: &'b mut RowPartition,
}

impl Fit<'_, '_> {
    fn classes<S>(self, labels: &[u32], count: usize, scratch: &mut Scratch<S>) -> Tree
    where
        S: Statistic<Outcome = u32, Unit = (), Criterion = super::Criterion>,
    {
        let splitter = self.splitter(self.params.criterion, ());
        self.grow(splitter, labels, Leaves::Classes(count), count, scratch)
    }

    fn numbers<S>(
        self,
        numbers: &[f64],
        outcomes: impl FnOnce(&[f64], &[u32], &mut Vec<S::Outcome>) -> S::Unit,
        scratch: &mut Scratch<S>,
    ) -> Tree
    where
        S: Statistic<Criterion = super::RegressionCriterion>,
    {
        let mut made = std::mem::take(&mut scratch.outcomes);
        let unit = outcomes(numbers, self.rows.of(&(0..self.rows.len())), &mut made);
        let splitter = self.splitter(self.params.regression_criterion, unit);
        let tree = self.grow(splitter, &made, Leaves::Numbers, quantities::WIDTH, scratch);
        scratch.outcomes = made;
        tree
    }

    fn splitter<S: Statistic>(&self, criterion: S::Criterion, unit: S::Unit) -> Splitter<S> {
        Splitter {
            criterion,
            unit,
            min_samples_leaf: self.params.min_samples_leaf,
            min_weight_leaf: self.params.min_weight_leaf,
            category_splits: self.params.category_splits,
        }
    }

    fn grow<S: Statistic>(
        self,
        splitter: Splitter<S>,
        outcomes: &[S::Outcome],
        leaves: Leaves,
        width: usize,
        scratch: &mut Scratch<S>,
    ) -> Tree {
        let Self {
            params,
            training,
            rows,
        } = self;
        let weights = training.weights.unwrap_or_default();
        let builder = Builder {
            params,
            splitter,
            columns: training.matrix.columns(),
            outcomes,
            weights,
            width,
            leaves,
            total_weight: match training.weights {
                None => rows.len() as f64,
                Some(_) => {
                    let all = rows.of(&(0..rows.len())).iter();
                    all.map(|&row| weights[row as usize]).sum()
                }
            },
        };
        training.features_into(&mut scratch.features);
        if is_worth_all_threads(rows.len()) {
            builder.grow_in_parallel(rows, scratch)
        } else {
            builder.grow(0, rows, scratch)
        }
    }
}

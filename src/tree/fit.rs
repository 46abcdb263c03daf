//! Fitting: from rows to a tree, on one thread or on all.

use super::averaging::average;
use super::builder::{Builder, Scratch};
use super::cost_complexity::prune;
use super::deviations::Deviations;
use super::evidence::{ClassEvidence, NumberEvidence};
use super::growth::Growth;
use super::labels::{Labels, WeightedLabels};
use super::parallel::is_worth_all_threads;
use super::quantities::{self, Center, Quantities, WeightedQuantities};
use super::row_partition::RowPartition;
use super::splitter::Splitter;
use super::statistic::Statistic;
use super::training_rows::Target;
use super::tree::Leaves;
use super::{Averaging, DecisionTreeValidParams, Pruning, RegressionCriterion, TrainingRows, Tree};
use crate::cancel::Cancel;
use crate::codes::CodeMatrix;
use crate::error::TreeError;

impl DecisionTreeValidParams {
    /// Grows a tree on all rows and all features of a matrix.
    ///
    /// `labels` holds one class below `class_count` for each row of `matrix`, `weights` one
    /// number of [`SAMPLE_WEIGHTS`] for each, or `None` where every row counts the same. At every
    /// node the split has the largest impurity decrease of all; ties go to the first feature, then
    /// to the lowest threshold or category. The tree is the same whatever the number of threads.
    /// Without rows it is a single leaf.
    ///
    /// # Errors
    ///
    /// [`TreeError::TooManyClasses`] where its counts take more than a gigabyte.
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
    ) -> Result<Tree, TreeError> {
        let rows = TrainingRows::new(matrix, labels, class_count).weights(weights);
        self.fit_rows(rows, &mut TreeScratch::default())
    }

    /// As [`fit_codes`](Self::fit_codes), on some rows and features, and with buffers that are
    /// kept from tree to tree: worth it for many small trees. What is in the buffers does not
    /// matter.
    ///
    /// # Errors
    ///
    /// As [`fit_codes`](Self::fit_codes).
    ///
    /// # Panics
    ///
    /// If a row is not one of the matrix, or its label is not below the number of classes.
    pub fn fit_rows(
        &self,
        training: TrainingRows,
        scratch: &mut TreeScratch,
    ) -> Result<Tree, TreeError> {
        let tree = self.grow(&training, scratch)?;
        let mut tree = match self.pruning() {
            Pruning::None => tree,
            Pruning::CostComplexity { alpha } => prune(&tree, self.criterion, alpha),
            Pruning::Average(averaging) => self.average(&tree, &averaging, &training),
        };
        if let Target::Numbers(numbers) = training.target
            && self.regression_criterion != RegressionCriterion::SquaredError
        {
            // The errors that the tree holds are others.
            let score = tree.determination(&training, numbers);
            tree.set_training_score(Some(score));
        }
        Ok(tree)
    }

    /// Averages a tree over its prunings. One without rows stays as it is, and so does one of
    /// quantities that are the same, or so small that no spread is left of them.
    fn average(&self, tree: &Tree, averaging: &Averaging, training: &TrainingRows) -> Tree {
        let scale = training.effective_rows() / tree.weight(0);
        match training.target {
            _ if tree.weight(0) <= 0.0 => tree.clone(),
            Target::Numbers(_) if tree.error(0) / tree.weight(0) < f64::MIN_POSITIVE => {
                tree.clone()
            }
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

    fn grow(&self, training: &TrainingRows, scratch: &mut TreeScratch) -> Result<Tree, TreeError> {
        scratch.rows.begin(training);
        let fit = Fit {
            params: self,
            training,
            rows: &mut scratch.rows,
            cancel: &scratch.cancel,
        };
        match (training.target, training.weights) {
            (Target::Classes { labels, count }, None) => {
                fit.classes::<Labels>(labels, count, &mut scratch.labels)
            }
            (Target::Classes { labels, count }, Some(_)) => {
                fit.classes::<WeightedLabels>(labels, count, &mut scratch.weighted_labels)
            }
            (Target::Numbers(numbers), _) => fit.numbers(
                numbers,
                &mut scratch.quantities,
                &mut scratch.weighted_quantities,
                &mut scratch.deviations,
            ),
        }
    }
}

/// Buffers for [`fit_rows`](DecisionTreeValidParams::fit_rows). They grow with the most rows that
/// they have served.
#[derive(Default)]
pub struct TreeScratch {
    cancel: Cancel,
    rows: RowPartition,
    labels: Scratch<Labels>,
    weighted_labels: Scratch<WeightedLabels>,
    quantities: Scratch<Quantities>,
    weighted_quantities: Scratch<WeightedQuantities>,
    deviations: Scratch<Deviations>,
}

impl TreeScratch {
    /// Buffers for trees that stop growing once that is requested.
    pub(crate) fn heeding(cancel: &Cancel) -> Self {
        Self {
            cancel: cancel.clone(),
            ..Self::default()
        }
    }
}

/// What one tree is grown of.
struct Fit<'a, 'b> {
    params: &'a DecisionTreeValidParams,
    training: &'a TrainingRows<'a>,
    rows: &'b mut RowPartition,
    cancel: &'a Cancel,
}

impl Fit<'_, '_> {
    fn classes<S>(
        mut self,
        labels: &[u32],
        count: usize,
        scratch: &mut Scratch<S>,
    ) -> Result<Tree, TreeError>
    where
        S: Statistic<Outcome = u32, Unit = (), Criterion = super::Criterion>,
    {
        let splitter = self.splitter(self.params.criterion);
        self.grow(splitter, (), labels, Leaves::Classes(count), count, scratch)
    }

    /// Quantities: in whole numbers where nothing speaks against it.
    fn numbers(
        mut self,
        numbers: &[f64],
        quantities: &mut Scratch<Quantities>,
        weighted_quantities: &mut Scratch<WeightedQuantities>,
        deviations: &mut Scratch<Deviations>,
    ) -> Result<Tree, TreeError> {
        let is_absolute = self.params.regression_criterion == RegressionCriterion::AbsoluteError;
        if self.training.weights.is_none() && !is_absolute {
            let mut outcomes = std::mem::take(&mut quantities.outcomes);
            let step = quantities::outcomes(numbers, self.rows.all(), &mut outcomes);
            let tree = step.map(|step| self.quantities(&outcomes, step, quantities));
            quantities.outcomes = outcomes;
            if let Some(tree) = tree {
                return tree;
            }
        }
        let ones: Vec<f64>;
        let weights = match self.training.weights {
            Some(weights) => weights,
            None => {
                ones = vec![1.0; numbers.len()];
                &ones
            }
        };
        // Sums of floating-point numbers depend on their order.
        self.rows.sort_by(numbers, weights);
        let mut fit = Fit {
            training: &self.training.weights(Some(weights)),
            ..self
        };
        match is_absolute {
            true => fit.quantities(numbers, Center::default(), deviations),
            false => fit.quantities(numbers, Center::default(), weighted_quantities),
        }
    }

    fn quantities<S>(
        &mut self,
        outcomes: &[S::Outcome],
        unit: S::Unit,
        scratch: &mut Scratch<S>,
    ) -> Result<Tree, TreeError>
    where
        S: Statistic<Criterion = RegressionCriterion>,
    {
        let splitter = self.splitter(self.params.regression_criterion);
        self.grow(
            splitter,
            unit,
            outcomes,
            Leaves::Numbers,
            quantities::WIDTH,
            scratch,
        )
    }

    fn splitter<S: Statistic>(&self, criterion: S::Criterion) -> Splitter<S> {
        Splitter {
            criterion,
            min_samples_leaf: self.params.min_samples_leaf,
            min_weight_leaf: self.params.min_weight_leaf,
            category_splits: self.params.category_splits,
        }
    }

    fn grow<S: Statistic>(
        &mut self,
        splitter: Splitter<S>,
        unit: S::Unit,
        outcomes: &[S::Outcome],
        leaves: Leaves,
        width: usize,
        scratch: &mut Scratch<S>,
    ) -> Result<Tree, TreeError> {
        let Self {
            params,
            training,
            rows,
            cancel,
        } = self;
        let weights = training.weights.unwrap_or_default();
        let columns = training.matrix.columns();
        let growth = Growth::begin(cancel, columns, width, rows.len())?;
        let builder = Builder {
            params,
            growth: &growth,
            splitter,
            unit,
            columns,
            outcomes,
            weights,
            width,
            leaves,
            total_weight: match training.weights {
                None => rows.len() as f64,
                Some(_) => {
                    let all = rows.all().iter();
                    all.map(|&row| weights[row as usize]).sum()
                }
            },
        };
        training.features_into(&mut scratch.features);
        let tree = match is_worth_all_threads(rows.len()) {
            true => builder.grow_in_parallel(rows, scratch),
            false => builder.grow(0, rows, scratch),
        };
        growth.check()?;
        Ok(tree)
    }
}

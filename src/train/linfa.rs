//! linfa-trees as a trainer, for comparison: its tree on the dense matrix, in the same flat form.

use linfa::prelude::*;
use linfa_trees::{DecisionTree, SplitQuality, TreeNode};
use ndarray::Array1;
use serde_json::json;

use super::fitted::Fitted;
use super::trainer::{TrainError, Trainer, TrainerScratch};
use crate::encode::{EncodedPartition, EncodedTarget, OneHot, OneHotColumn, scaled};
use crate::error::ParamsError;
use crate::schema::Task;
use crate::tree::{
    CategorySplits, Criterion, DecisionTreeParams, DecisionTreeValidParams, Leaves, Node, Pruning,
    Split, Tree,
};

/// Fits `linfa_trees::DecisionTree` to the one-hot and min-max encoding.
///
/// linfa-trees takes two values closer than 1e-5 as equal, so a feature of many distinct values
/// loses some of its thresholds. It counts weights where scikit-learn counts rows; with equal
/// weights `min_samples_split` and `min_samples_leaf` mean the same.
#[derive(Clone, Debug)]
pub struct LinfaTrainer {
    params: DecisionTreeValidParams,
}

impl LinfaTrainer {
    /// A trainer with these hyperparameters; see [`DecisionTreeParams`] for their table.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] for a value out of its range.
    pub fn new(params: DecisionTreeParams) -> Result<Self, ParamsError> {
        let params = params.check()?;
        let has_weights = params.min_weight_split() > 0.0 || params.min_weight_leaf() > 0.0;
        let lacking = [
            ("pruning", params.pruning() != Pruning::None),
            (
                "splits by sets of categories",
                params.category_splits() != CategorySplits::One,
            ),
            ("limits of weights beside those of rows", has_weights),
        ];
        match lacking.iter().find(|(_, is_asked_for)| *is_asked_for) {
            Some((what, _)) => Err(ParamsError::NotInLinfa(what)),
            None => Ok(Self { params }),
        }
    }
}

impl Trainer for LinfaTrainer {
    fn check(&self, task: Task, _: &[String]) -> Result<(), ParamsError> {
        match task {
            Task::Classification => Ok(()),
            Task::Regression => Err(ParamsError::NotInLinfa("trees of quantities")),
        }
    }

    fn train(
        &self,
        partition: &EncodedPartition,
        _: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError> {
        let EncodedTarget::Classes { labels } = partition.target() else {
            return Err(TrainError::quantity("linfa"));
        };
        let mut columns = partition.codes().columns().iter();
        if let Some(feature) = columns.position(|column| column.missing) {
            return Err(TrainError::missing(
                "linfa-trees",
                partition.feature_name(feature),
            ));
        }
        let one_hot = OneHot::new(partition);
        let labels: Array1<usize> = labels.iter().map(|&label| label as usize).collect();
        let mut dataset = Dataset::new(one_hot.matrix, labels);
        if let Some(weights) = partition.weights() {
            dataset = dataset.with_weights(weights.iter().map(|&weight| weight as f32).collect());
        }
        let params = &self.params;
        let quality = match params.criterion() {
            Criterion::Gini => SplitQuality::Gini,
            Criterion::Entropy => SplitQuality::Entropy,
        };
        let fitted = DecisionTree::params()
            .split_quality(quality)
            .max_depth(params.max_depth())
            .min_weight_split(params.min_samples_split() as f32)
            .min_weight_leaf(params.min_samples_leaf() as f32)
            // linfa-trees takes no zero; so small a decrease is none.
            .min_impurity_decrease(params.min_impurity_decrease().max(f64::EPSILON))
            .fit(&dataset)
            .map_err(|error| TrainError(format!("linfa-trees: {error}")))?;
        let mut converter = Converter {
            partition,
            columns: &one_hot.columns,
            tree: Tree::with_capacity(
                Leaves::Classes(partition.encoder().class_count()),
                fitted.num_leaves() * 2,
            ),
        };
        let rows = (0..partition.rows() as u32).collect();
        converter.convert(fitted.root_node(), rows, 0);
        Ok(Fitted::Tree(converter.tree))
    }

    fn description(&self) -> serde_json::Value {
        json!({ "trainer": "linfa", "params": self.params })
    }
}

/// Rewrites linfa's nodes in terms of codes, and counts the training rows that reach them.
struct Converter<'a, 'p> {
    partition: &'a EncodedPartition<'p>,
    columns: &'a [OneHotColumn],
    tree: Tree,
}

impl Converter<'_, '_> {
    /// Recursive, as linfa's own fitting is; neither is deeper than the tree.
    fn convert(&mut self, node: &TreeNode<f64, usize>, rows: Vec<u32>, depth: usize) -> u32 {
        let counts = self.counts(&rows);
        let children = node.children();
        let ([Some(below), Some(above)], false) = (children.as_slice(), node.is_leaf()) else {
            return self.push(Split::Leaf, &counts, depth);
        };
        let (column, threshold, _) = node.split();
        // linfa sends values below the threshold to its first child.
        let (split, left, right) = match self.columns[column] {
            OneHotColumn::Category { feature, code } => {
                (Split::Equal { feature, code }, above, below)
            }
            OneHotColumn::Scaled { feature } => {
                let values = scaled(&self.partition.encoder().values()[feature as usize]);
                let next = values.partition_point(|&value| value < threshold) as u32;
                let split = Split::LessOrEqual {
                    feature,
                    code: next.saturating_sub(1),
                    next: next.min(values.len() as u32 - 1),
                    missing_left: false,
                };
                (split, below, above)
            }
        };
        let (left_rows, right_rows): (Vec<u32>, Vec<u32>) = rows
            .into_iter()
            .partition(|&row| self.goes_left(split, row));
        if left_rows.is_empty() || right_rows.is_empty() {
            return self.push(Split::Leaf, &counts, depth);
        }
        let position = self.push(split, &counts, depth);
        self.convert(left, left_rows, depth + 1);
        let right = self.convert(right, right_rows, depth + 1);
        self.tree.set_right(position, right);
        position
    }

    fn push(&mut self, split: Split, counts: &[f64], depth: usize) -> u32 {
        self.tree.push(Node {
            split,
            set: &[],
            statistics: counts,
            depth,
            candidates: 0,
        })
    }

    fn counts(&self, rows: &[u32]) -> Vec<f64> {
        let mut counts = vec![0.0; self.partition.encoder().class_count()];
        for &row in rows {
            let weight = self
                .partition
                .weights()
                .map_or(1.0, |weights| weights[row as usize]);
            counts[self.partition.labels()[row as usize] as usize] += weight;
        }
        counts
    }

    fn goes_left(&self, split: Split, row: u32) -> bool {
        let code_of = |feature: u32| {
            let column = &self.partition.codes().columns()[feature as usize];
            column.codes.get(row as usize)
        };
        match split {
            Split::LessOrEqual { feature, code, .. } => code_of(feature) <= code,
            Split::Equal { feature, code } => code_of(feature) == code,
            Split::Leaf | Split::Among { .. } => true,
        }
    }
}

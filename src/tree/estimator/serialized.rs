//! A fitted tree as it is written: its nodes in preorder, so that no file is nested deeper than
//! others.

use linfa::Float;
use serde::{Deserialize, Serialize};

use super::fitted::FittedTree;
use crate::tree::{Criterion, Leaves, Node, Split, Tree};

/// What is written of a tree.
#[derive(Serialize, Deserialize)]
pub(super) struct SerializedTree<F> {
    criterion: Criterion,
    feature_names: Vec<String>,
    training_score: Option<f64>,
    nodes: Vec<SerializedNode<F>>,
}

#[derive(Serialize, Deserialize)]
struct SerializedNode<F> {
    /// Nothing at a leaf.
    split: Option<SerializedSplit<F>>,
    /// See [`Leaves`].
    statistics: Vec<f64>,
    candidates: u32,
}

#[derive(Serialize, Deserialize)]
struct SerializedSplit<F> {
    feature: u32,
    code: u32,
    next: u32,
    /// Nothing where all rows with a value go left, as not every format has a word for infinity.
    threshold: Option<F>,
    missing_left: bool,
}

impl<F: Float> SerializedTree<F> {
    pub fn of<P>(fitted: &FittedTree<F, P>) -> Self {
        let FittedTree {
            tree, thresholds, ..
        } = fitted;
        let split = |node: usize| match tree.split(node) {
            Split::LessOrEqual {
                feature,
                code,
                next,
                missing_left,
            } => Some(SerializedSplit {
                feature,
                code,
                next,
                threshold: Some(thresholds[node]).filter(|threshold| threshold.is_finite()),
                missing_left,
            }),
            _ => None,
        };
        let node = |node: usize| SerializedNode {
            split: split(node),
            statistics: tree.statistics(node).to_vec(),
            candidates: tree.candidates(node),
        };
        Self {
            criterion: fitted.criterion,
            feature_names: fitted.feature_names.clone(),
            training_score: tree.own_training_score(),
            nodes: (0..tree.node_count()).map(node).collect(),
        }
    }

    /// The tree of so many classes, if it is one.
    pub fn classification<P: Clone>(
        self,
        classes: usize,
    ) -> Result<FittedTree<F, P>, &'static str> {
        let is_fine = |counts: &[f64]| {
            let is_count = |count: &f64| *count >= 0.0;
            counts.len() == classes
                && counts.iter().all(is_count)
                && counts.iter().any(|&c| c > 0.0)
        };
        self.read(Leaves::Classes(classes), is_fine)
    }

    /// The tree of quantities, if it is one.
    pub fn regression<P: Clone>(self) -> Result<FittedTree<F, P>, &'static str> {
        let is_fine = |numbers: &[f64]| matches!(*numbers, [weight, _, _] if weight > 0.0);
        self.read(Leaves::Numbers, is_fine)
    }

    fn read<P: Clone>(
        self,
        leaves: Leaves,
        is_fine: impl Fn(&[f64]) -> bool,
    ) -> Result<FittedTree<F, P>, &'static str> {
        let mut tree = Tree::with_capacity(leaves, self.nodes.len());
        let mut thresholds = Vec::with_capacity(self.nodes.len());
        // The nodes to come: their depth, and the split whose right child each is.
        let mut waiting = vec![(0, None)];
        for node in self.nodes {
            let Some((depth, parent)) = waiting.pop() else {
                return Err("there are nodes that belong to no split");
            };
            let statistics = node.statistics;
            let is_finite = statistics.iter().all(|number| number.is_finite());
            if !is_finite || !is_fine(&statistics) {
                return Err("a node does not hold the weights that it should");
            }
            let split = node.split.as_ref().map_or(Split::Leaf, SerializedSplit::of);
            if split.feature() >= Some(self.feature_names.len()) {
                return Err("a node asks for a feature that there is not");
            }
            let place = tree.push(Node {
                split,
                set: &[],
                statistics: &statistics,
                depth,
                candidates: node.candidates,
            });
            if let Some(parent) = parent {
                tree.set_right(parent, place);
            }
            if split != Split::Leaf {
                waiting.extend([(depth + 1, Some(place)), (depth + 1, None)]);
            }
            thresholds.push(node.split.map_or(F::zero(), |split| split.threshold()));
        }
        if !waiting.is_empty() {
            return Err("a split lacks a child");
        }
        tree.set_training_score(self.training_score);
        Ok(FittedTree::from_parts(
            tree,
            self.criterion,
            thresholds,
            self.feature_names,
        ))
    }
}

impl<F: Float> SerializedSplit<F> {
    fn of(&self) -> Split {
        Split::LessOrEqual {
            feature: self.feature,
            code: self.code,
            next: self.next,
            missing_left: self.missing_left,
        }
    }

    fn threshold(&self) -> F {
        self.threshold.unwrap_or(F::infinity())
    }
}

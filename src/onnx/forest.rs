//! Trees as the operator `TreeEnsemble` has them.

use super::columns::Matrix;
use super::graph::{GraphBuilder, bytes, doubles, integer, integer_list, tensor};
use crate::error::Result;

/// What a node of a tree asks.
pub(super) enum Asked {
    /// Nothing: it is a leaf, which adds this number.
    Leaf(f64),
    /// Nothing that depends on the row: every row goes on to this node.
    Always(usize),
    /// Whether the number of a column is at most the threshold.
    LessOrEqual {
        /// The number of the column.
        column: usize,
        threshold: f64,
        /// Whether NaN goes left.
        missing_left: bool,
        left: usize,
        right: usize,
    },
}

/// The threshold of a column that is 0 within a set and 1 outside.
pub(super) const INSIDE: f64 = 0.5;

/// Trees whose leaves are added up to scores.
#[derive(Default)]
pub(super) struct Forest {
    nodes: Vec<ForestNode>,
    /// By leaf: the score that it adds to, and what it adds.
    leaves: Vec<(usize, f64)>,
    roots: Vec<usize>,
}

struct ForestNode {
    column: usize,
    threshold: f64,
    missing_left: bool,
    /// The left one and the right one.
    children: [Child; 2],
}

#[derive(Clone, Copy)]
enum Child {
    Node(usize),
    Leaf(usize),
}

/// A child of a split that is no node by itself: where to note it.
type Place = (usize, usize);

impl Forest {
    /// There must be a tree: where there is none, one that adds nothing.
    pub fn expect_one(&mut self) {
        if self.roots.is_empty() {
            let nothing = self.leaf(0, 0.0);
            self.root(nothing);
        }
    }

    /// Appends the tree below a node, which adds to a score; `ask` tells what a node asks.
    pub fn push(
        &mut self,
        root: usize,
        score: usize,
        mut ask: impl FnMut(usize) -> Result<Asked>,
    ) -> Result<()> {
        let mut waiting: Vec<(usize, Option<Place>)> = vec![(root, None)];
        while let Some((mut node, place)) = waiting.pop() {
            let child = loop {
                match ask(node)? {
                    Asked::Always(next) => node = next,
                    Asked::Leaf(value) => break self.leaf(score, value),
                    Asked::LessOrEqual {
                        column,
                        threshold,
                        missing_left,
                        left,
                        right,
                    } => {
                        let split = self.nodes.len();
                        self.nodes.push(ForestNode {
                            column,
                            threshold,
                            missing_left,
                            children: [Child::Node(split); 2],
                        });
                        waiting.push((right, Some((split, 1))));
                        waiting.push((left, Some((split, 0))));
                        break Child::Node(split);
                    }
                }
            };
            match place {
                Some((split, side)) => self.nodes[split].children[side] = child,
                None => self.root(child),
            }
        }
        Ok(())
    }

    fn leaf(&mut self, score: usize, value: f64) -> Child {
        self.leaves.push((score, value));
        Child::Leaf(self.leaves.len() - 1)
    }

    /// A tree begins with a node; where there is only a leaf, with one both children of which it is.
    fn root(&mut self, child: Child) {
        let root = match child {
            Child::Node(node) => node,
            Child::Leaf(_) => {
                self.nodes.push(ForestNode {
                    column: 0,
                    threshold: 0.0,
                    missing_left: false,
                    children: [child; 2],
                });
                self.nodes.len() - 1
            }
        };
        self.roots.push(root);
    }

    /// The scores of rows, `[rows, scores]`.
    pub fn scores(&self, graph: &mut GraphBuilder, matrix: &Matrix, scores: usize) -> String {
        let nodes = || self.nodes.iter();
        let thresholds: Vec<f64> = nodes().map(|node| node.threshold).collect();
        let children = |side: usize| nodes().map(move |node| node.children[side]);
        let ids = |side| {
            children(side).map(|child| match child {
                Child::Node(place) | Child::Leaf(place) => place as i64,
            })
        };
        let are_leaves =
            |side| children(side).map(|child| i64::from(matches!(child, Child::Leaf(_))));
        let values: Vec<f64> = self.leaves.iter().map(|(_, value)| *value).collect();
        let count = self.nodes.len();
        let attributes = vec![
            integer("n_targets", scores as i64),
            integer("aggregate_function", SUM),
            integer("post_transform", NO_TRANSFORM),
            integer_list("tree_roots", self.roots.iter().map(|&root| root as i64)),
            integer_list(
                "nodes_featureids",
                nodes().map(|node| matrix.places[node.column] as i64),
            ),
            tensor("nodes_splits", doubles(&[count], &thresholds)),
            tensor("nodes_modes", bytes(&[count], vec![LESS_OR_EQUAL; count])),
            integer_list("nodes_truenodeids", ids(0)),
            integer_list("nodes_trueleafs", are_leaves(0)),
            integer_list("nodes_falsenodeids", ids(1)),
            integer_list("nodes_falseleafs", are_leaves(1)),
            integer_list(
                "nodes_missing_value_tracks_true",
                nodes().map(|node| i64::from(node.missing_left)),
            ),
            integer_list(
                "leaf_targetids",
                self.leaves.iter().map(|(score, _)| *score as i64),
            ),
            tensor("leaf_weights", doubles(&[values.len()], &values)),
        ];
        graph.apply_machine_learning("TreeEnsemble", &matrix.value, attributes)
    }
}

// What `TreeEnsemble` calls them.
const SUM: i64 = 1;
const NO_TRANSFORM: i64 = 0;
const LESS_OR_EQUAL: u8 = 0;

//! The tree stores and predicts: flat arrays in preorder, splits in terms of codes.

use crate::codes::{CodeColumn, CodeMatrix};
use crate::schema::FeatureKind;

/// What a node asks of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Nothing: the node is a leaf.
    Leaf,
    /// Rows with `codes[feature] <= code` go left. The node's rows have no code between `code`
    /// and `next`, so the threshold in the data's units is the midpoint of their two values. Where
    /// `next` is the code of rows without a value, all others go left.
    LessOrEqual {
        /// Position of the feature.
        feature: u32,
        /// The largest code on the left.
        code: u32,
        /// The smallest code on the right.
        next: u32,
        /// Whether rows without a value go left. Where the node has none, they would go with the
        /// heavier child.
        missing_left: bool,
    },
    /// Rows with `codes[feature] = code` go left.
    Equal {
        /// Position of the feature.
        feature: u32,
        /// The category on the left.
        code: u32,
    },
    /// Rows with a code in a set go left. The left child is not heavier than the right one.
    Among {
        /// Position of the feature.
        feature: u32,
        /// Position of the set, see [`Tree::set`].
        set: u32,
    },
}

impl Split {
    /// Position of the feature that is asked for; nothing at a leaf.
    pub fn feature(self) -> Option<usize> {
        match self {
            Split::Leaf => None,
            Split::LessOrEqual { feature, .. }
            | Split::Equal { feature, .. }
            | Split::Among { feature, .. } => Some(feature as usize),
        }
    }
}

/// What each node of a tree holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaves {
    /// The weight of each of so many classes.
    Classes(usize),
    /// A weight, a number, and the error that is left: the weight times the impurity.
    Numbers,
}

impl Leaves {
    fn width(self) -> usize {
        match self {
            Leaves::Classes(classes) => classes,
            Leaves::Numbers => 3,
        }
    }
}

/// A node to be appended to a tree.
pub(crate) struct Node<'a> {
    pub split: Split,
    /// The categories that go left, ascending, where the split sets them apart.
    pub set: &'a [u32],
    /// What [`Leaves`] says.
    pub statistics: &'a [f64],
    pub depth: usize,
    /// How many splits there were to choose from; 0 where that was not asked.
    pub candidates: u32,
}

/// A fitted tree on codes, of classes or of quantities.
///
/// Nodes stand in preorder: node 0 is the root, a split's left child is the next node, and every
/// child comes after its parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    leaves: Leaves,
    splits: Vec<Split>,
    right: Vec<u32>,
    statistics: Vec<f64>,
    candidates: Vec<u32>,
    /// The sets of categories one after another, and where each ends.
    set_codes: Vec<u32>,
    set_ends: Vec<u32>,
    depth: usize,
    /// Where leaves hold something else than their training rows' sums.
    training_score: Option<f64>,
}

impl Tree {
    pub(crate) fn with_capacity(leaves: Leaves, nodes: usize) -> Self {
        Self {
            leaves,
            splits: Vec::with_capacity(nodes),
            right: Vec::with_capacity(nodes),
            statistics: Vec::with_capacity(nodes * leaves.width()),
            candidates: Vec::with_capacity(nodes),
            set_codes: Vec::new(),
            set_ends: Vec::new(),
            depth: 0,
            training_score: None,
        }
    }

    /// Takes all nodes away.
    pub(super) fn clear(&mut self, leaves: Leaves) {
        self.leaves = leaves;
        self.splits.clear();
        self.right.clear();
        self.statistics.clear();
        self.candidates.clear();
        self.set_codes.clear();
        self.set_ends.clear();
        self.depth = 0;
        self.training_score = None;
    }

    /// Appends a node and returns its position.
    pub(crate) fn push(&mut self, node: Node) -> u32 {
        debug_assert_eq!(node.statistics.len(), self.leaves.width());
        let position = self.splits.len() as u32;
        let split = match node.split {
            Split::Among { feature, .. } => {
                let set = self.set_ends.len() as u32;
                self.set_codes.extend_from_slice(node.set);
                self.set_ends.push(self.set_codes.len() as u32);
                Split::Among { feature, set }
            }
            split => split,
        };
        self.splits.push(split);
        self.right.push(0);
        self.statistics.extend_from_slice(node.statistics);
        self.candidates.push(node.candidates);
        self.depth = self.depth.max(node.depth);
        position
    }

    pub(crate) fn set_right(&mut self, node: u32, right: u32) {
        self.right[node as usize] = right;
    }

    /// Appends a whole subtree, grown apart, and returns the position of its root.
    pub(crate) fn append(&mut self, subtree: &Tree) -> u32 {
        let offset = self.splits.len() as u32;
        let (sets, codes) = (self.set_ends.len() as u32, self.set_codes.len() as u32);
        let splits = subtree.splits.iter();
        self.splits.extend(splits.map(|&split| match split {
            Split::Among { feature, set } => Split::Among {
                feature,
                set: set + sets,
            },
            split => split,
        }));
        let children = subtree.splits.iter().zip(&subtree.right);
        self.right
            .extend(children.map(|(split, right)| match split {
                Split::Leaf => 0,
                _ => right + offset,
            }));
        self.statistics.extend_from_slice(&subtree.statistics);
        self.candidates.extend_from_slice(&subtree.candidates);
        self.set_codes.extend_from_slice(&subtree.set_codes);
        self.set_ends
            .extend(subtree.set_ends.iter().map(|end| end + codes));
        self.depth = self.depth.max(subtree.depth);
        offset
    }

    /// The same tree in which some nodes are leaves with nothing below them; `leaf` gives what each
    /// leaf holds.
    pub(super) fn pruned(
        &self,
        is_leaf: impl Fn(usize) -> bool,
        mut leaf: impl FnMut(usize, &mut [f64]),
    ) -> Tree {
        let mut pruned = Tree::with_capacity(self.leaves, self.node_count());
        let mut statistics = Vec::with_capacity(self.leaves.width());
        let mut stack = vec![(0, 0, None)];
        while let Some((node, depth, parent)) = stack.pop() {
            let split = match is_leaf(node) {
                true => Split::Leaf,
                false => self.splits[node],
            };
            statistics.clear();
            statistics.extend_from_slice(self.statistics(node));
            if split == Split::Leaf {
                leaf(node, &mut statistics);
            }
            let place = pruned.push(Node {
                split,
                set: match split {
                    Split::Among { set, .. } => self.set(set),
                    _ => &[],
                },
                statistics: &statistics,
                depth,
                candidates: self.candidates[node],
            });
            if let Some(parent) = parent {
                pruned.set_right(parent, place);
            }
            if split != Split::Leaf {
                stack.push((self.right(node), depth + 1, Some(place)));
                stack.push((self.left(node), depth + 1, None));
            }
        }
        pruned
    }

    /// Sets the [`training_score`](Self::training_score), where the leaves do not tell it.
    pub(super) fn set_training_score(&mut self, score: Option<f64>) {
        self.training_score = score;
    }

    /// The [`training_score`](Self::training_score), where the leaves do not tell it.
    pub(super) fn own_training_score(&self) -> Option<f64> {
        self.training_score
    }

    /// How good the tree is on its training rows: the share of their weight that is classified
    /// correctly; of quantities the coefficient of determination, `1 - sum (y - prediction)² / sum
    /// (y - mean)²`. 1 without any rows.
    pub fn training_score(&self) -> f64 {
        if let Some(score) = self.training_score {
            return score;
        }
        let leaves = (0..self.node_count()).filter(|&node| self.splits[node] == Split::Leaf);
        match self.leaves {
            Leaves::Classes(_) => {
                let (mut correct, mut total) = (0.0, 0.0);
                for leaf in leaves {
                    let counts = self.counts(leaf);
                    correct += counts.iter().copied().fold(0.0, f64::max);
                    total += counts.iter().sum::<f64>();
                }
                if total > 0.0 { correct / total } else { 1.0 }
            }
            Leaves::Numbers if self.error(0) > 0.0 => {
                1.0 - leaves.map(|leaf| self.error(leaf)).sum::<f64>() / self.error(0)
            }
            Leaves::Numbers => 1.0,
        }
    }

    /// Number of classes; 0 of a tree of quantities.
    pub fn class_count(&self) -> usize {
        match self.leaves {
            Leaves::Classes(classes) => classes,
            Leaves::Numbers => 0,
        }
    }

    /// Whether the tree tells quantities, and not classes.
    pub fn is_regression(&self) -> bool {
        self.leaves == Leaves::Numbers
    }

    /// Number of nodes, leaves included.
    pub fn node_count(&self) -> usize {
        self.splits.len()
    }

    /// Number of leaves.
    pub fn leaf_count(&self) -> usize {
        self.node_count().div_ceil(2)
    }

    /// Depth of the deepest leaf; a tree of one leaf has depth 0.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// What a node asks.
    pub fn split(&self, node: usize) -> Split {
        self.splits[node]
    }

    /// The left child of a split.
    pub fn left(&self, node: usize) -> usize {
        node + 1
    }

    /// The right child of a split.
    pub fn right(&self, node: usize) -> usize {
        self.right[node] as usize
    }

    /// The categories of a [`Split::Among`], ascending.
    pub fn set(&self, set: u32) -> &[u32] {
        let end = |set: usize| self.set_ends[set] as usize;
        let start = (set as usize).checked_sub(1).map_or(0, end);
        &self.set_codes[start..end(set as usize)]
    }

    /// The weight of each class among the training rows that reached the node.
    ///
    /// In the leaves of a tree that was averaged over its prunings, the weight of the leaf is
    /// shared out by the probabilities of the classes.
    ///
    /// # Panics
    ///
    /// If the tree tells quantities.
    pub fn counts(&self, node: usize) -> &[f64] {
        assert!(!self.is_regression(), "a tree of quantities has no classes");
        self.statistics(node)
    }

    /// The weight of the training rows that reached the node.
    pub fn weight(&self, node: usize) -> f64 {
        match self.leaves {
            Leaves::Classes(_) => self.statistics(node).iter().sum(),
            Leaves::Numbers => self.statistics(node)[0],
        }
    }

    /// What a node predicts: the mean of its training rows' targets, or what its criterion takes in
    /// the place of it.
    ///
    /// # Panics
    ///
    /// If the tree tells classes.
    pub fn value(&self, node: usize) -> f64 {
        assert!(self.is_regression(), "a tree of classes has no values");
        self.statistics(node)[1]
    }

    /// How far the training rows of a node are from what it predicts: the weight times the impurity
    /// of its criterion.
    ///
    /// # Panics
    ///
    /// If the tree tells classes.
    pub fn error(&self, node: usize) -> f64 {
        assert!(self.is_regression(), "a tree of classes has no errors");
        self.statistics(node)[2]
    }

    /// What a node holds, see [`Leaves`].
    pub(crate) fn statistics(&self, node: usize) -> &[f64] {
        let width = self.leaves.width();
        &self.statistics[node * width..][..width]
    }

    /// How many splits there were to choose from at a node, where that was asked.
    pub(crate) fn candidates(&self, node: usize) -> u32 {
        self.candidates[node]
    }

    /// The leaf that a row ends in, the row given by its codes; nothing for a number that is
    /// missing.
    pub fn leaf(&self, code_of: impl Fn(u32) -> Option<u32>) -> usize {
        let mut node = 0;
        loop {
            let goes_left = match self.splits[node] {
                Split::Leaf => return node,
                Split::LessOrEqual {
                    feature,
                    code,
                    missing_left,
                    ..
                } => code_of(feature).map_or(missing_left, |value| value <= code),
                Split::Equal { feature, code } => code_of(feature) == Some(code),
                Split::Among { feature, set } => {
                    code_of(feature).is_some_and(|code| self.set(set).binary_search(&code).is_ok())
                }
            };
            node = if goes_left {
                self.left(node)
            } else {
                self.right(node)
            };
        }
    }

    /// What the leaf of a row of some columns holds, in a tree of quantities.
    pub(crate) fn step_of(&self, columns: &[CodeColumn], row: usize) -> f64 {
        self.value(self.leaf(|feature| {
            let column = &columns[feature as usize];
            let code = column.codes.get(row);
            let is_missing =
                column.kind == FeatureKind::Numeric && column.missing_code() == Some(code);
            (!is_missing).then_some(code)
        }))
    }

    /// Puts what each node of a tree of quantities predicts through a function.
    pub(crate) fn map_values(&mut self, convert: impl Fn(f64) -> f64) {
        let width = self.leaves.width();
        for statistics in self.statistics.chunks_exact_mut(width) {
            statistics[1] = convert(statistics[1]);
        }
    }

    /// The leaf of each row.
    pub fn apply(&self, matrix: &CodeMatrix) -> Vec<usize> {
        let columns = matrix.columns();
        let code_of = |feature: u32, row: usize| {
            let column = &columns[feature as usize];
            let code = column.codes.get(row);
            let is_missing = column.kind == FeatureKind::Numeric;
            let is_missing = is_missing && column.missing_code() == Some(code);
            (!is_missing).then_some(code)
        };
        (0..matrix.rows())
            .map(|row| self.leaf(|feature| code_of(feature, row)))
            .collect()
    }

    /// The class of each row: the heaviest class of its leaf, the first of them on a tie.
    ///
    /// # Panics
    ///
    /// If the tree tells quantities.
    pub fn predict(&self, matrix: &CodeMatrix) -> Vec<usize> {
        let leaves = self.apply(matrix).into_iter();
        leaves.map(|leaf| heaviest(self.counts(leaf))).collect()
    }

    /// The quantity of each row.
    ///
    /// # Panics
    ///
    /// If the tree tells classes.
    pub fn predict_values(&self, matrix: &CodeMatrix) -> Vec<f64> {
        let leaves = self.apply(matrix).into_iter();
        leaves.map(|leaf| self.value(leaf)).collect()
    }
}

/// The threshold between two neighbouring values, `lower < upper`: their midpoint, or `lower`
/// where rounding would put the midpoint on `upper` (scikit-learn's `BestSplitter`).
pub fn midpoint(lower: f64, upper: f64) -> f64 {
    let midpoint = lower / 2.0 + upper / 2.0;
    if midpoint < upper && midpoint.is_finite() {
        midpoint
    } else {
        lower
    }
}

/// The position of the largest number, the first of them on a tie.
pub(crate) fn heaviest(counts: &[f64]) -> usize {
    let mut best = 0;
    for (class, count) in counts.iter().enumerate() {
        if *count > counts[best] {
            best = class;
        }
    }
    best
}

//! The tree stores and predicts: flat arrays in preorder, splits in terms of codes.

use crate::codes::CodeMatrix;

/// What a node asks of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Split {
    /// Nothing: the node is a leaf.
    Leaf,
    /// Rows with `codes[feature] <= code` go left. The node's rows have no code between `code`
    /// and `next`, so the threshold in the data's units is the midpoint of their two values.
    LessOrEqual {
        /// Position of the feature.
        feature: u32,
        /// The largest code on the left.
        code: u32,
        /// The smallest code on the right.
        next: u32,
    },
    /// Rows with `codes[feature] = code` go left.
    Equal {
        /// Position of the feature.
        feature: u32,
        /// The category on the left.
        code: u32,
    },
}

/// A fitted classification tree on codes.
///
/// Nodes stand in preorder: node 0 is the root, a split's left child is the next node, and every
/// child comes after its parent.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    class_count: usize,
    splits: Vec<Split>,
    right: Vec<u32>,
    counts: Vec<f64>,
    depth: usize,
}

impl Tree {
    pub(crate) fn with_capacity(class_count: usize, nodes: usize) -> Self {
        Self {
            class_count,
            splits: Vec::with_capacity(nodes),
            right: Vec::with_capacity(nodes),
            counts: Vec::with_capacity(nodes * class_count),
            depth: 0,
        }
    }

    /// Takes all nodes away.
    pub(super) fn clear(&mut self, class_count: usize) {
        self.class_count = class_count;
        self.splits.clear();
        self.right.clear();
        self.counts.clear();
        self.depth = 0;
    }

    /// Appends a node and returns its position.
    pub(crate) fn push(&mut self, split: Split, counts: &[f64], depth: usize) -> u32 {
        debug_assert_eq!(counts.len(), self.class_count);
        let node = self.splits.len() as u32;
        self.splits.push(split);
        self.right.push(0);
        self.counts.extend_from_slice(counts);
        self.depth = self.depth.max(depth);
        node
    }

    pub(crate) fn set_right(&mut self, node: u32, right: u32) {
        self.right[node as usize] = right;
    }

    /// Appends a whole subtree, grown apart, and returns the position of its root.
    pub(crate) fn append(&mut self, subtree: &Tree) -> u32 {
        let offset = self.splits.len() as u32;
        self.splits.extend_from_slice(&subtree.splits);
        let children = subtree.splits.iter().zip(&subtree.right);
        self.right
            .extend(children.map(|(split, right)| match split {
                Split::Leaf => 0,
                _ => right + offset,
            }));
        self.counts.extend_from_slice(&subtree.counts);
        self.depth = self.depth.max(subtree.depth);
        offset
    }

    /// Number of classes.
    pub fn class_count(&self) -> usize {
        self.class_count
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

    /// The weight of each class among the training rows that reached the node.
    pub fn counts(&self, node: usize) -> &[f64] {
        &self.counts[node * self.class_count..][..self.class_count]
    }

    /// The leaf that a row ends in, the row given by its codes.
    pub fn leaf(&self, code_of: impl Fn(u32) -> u32) -> usize {
        let mut node = 0;
        loop {
            let goes_left = match self.splits[node] {
                Split::Leaf => return node,
                Split::LessOrEqual { feature, code, .. } => code_of(feature) <= code,
                Split::Equal { feature, code } => code_of(feature) == code,
            };
            node = if goes_left {
                self.left(node)
            } else {
                self.right(node)
            };
        }
    }

    /// The class of each row: the heaviest class of its leaf, the first of them on a tie.
    pub fn predict(&self, matrix: &CodeMatrix) -> Vec<usize> {
        let columns = matrix.columns();
        (0..matrix.rows())
            .map(|row| {
                let leaf = self.leaf(|feature| columns[feature as usize].codes.get(row));
                heaviest(self.counts(leaf))
            })
            .collect()
    }

    /// The share of the training weight that the tree classifies correctly; 1 without any rows.
    pub fn training_accuracy(&self) -> f64 {
        let (mut correct, mut total) = (0.0, 0.0);
        for node in 0..self.node_count() {
            if self.splits[node] == Split::Leaf {
                let counts = self.counts(node);
                correct += counts.iter().copied().fold(0.0, f64::max);
                total += counts.iter().sum::<f64>();
            }
        }
        if total > 0.0 { correct / total } else { 1.0 }
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

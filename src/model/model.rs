//! One entity's model: everything that a prediction needs, in the data's own units.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

/// A feature that a model's tree asks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFeature(
    /// The column's name.
    pub String,
    /// The categories that the tree asks about; nothing for a numeric feature.
    pub Option<Vec<String>>,
);

impl ModelFeature {
    /// The column's name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The categories that the tree asks about; nothing for a numeric feature.
    pub fn categories(&self) -> Option<&[String]> {
        self.1.as_deref()
    }
}

/// What a node asks, in the data's own units.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Test<'a> {
    /// `feature <= threshold` goes left.
    LessOrEqual {
        /// The column.
        feature: &'a str,
        /// The threshold.
        threshold: f64,
    },
    /// `feature = category` goes left.
    Equal {
        /// The column.
        feature: &'a str,
        /// The category.
        category: &'a str,
    },
    /// The node is a leaf, with the training weight of each class.
    Leaf(&'a [f64]),
}

/// A node that asks nothing.
pub(super) const LEAF: u32 = u32::MAX;

/// One entity's encoder and tree.
///
/// Nodes stand in preorder: node 0 is the root, the left child of a split is the next node.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    pub(super) key: String,
    pub(super) classes: Vec<String>,
    pub(super) features: Vec<ModelFeature>,
    /// By node: the position in `features`, or [`LEAF`].
    pub(super) feature: Vec<u32>,
    /// By node: the position of the threshold, of the category, or of the leaf.
    pub(super) operand: Vec<u32>,
    /// By node: the right child of a split; 0 for a leaf.
    pub(super) right: Vec<u32>,
    pub(super) thresholds: Vec<f64>,
    /// By leaf and class.
    pub(super) counts: Vec<f64>,
}

impl Model {
    /// The entity's key, as in the store.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The classes, in the order of probabilities and counts.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The features that the tree asks about.
    pub fn features(&self) -> &[ModelFeature] {
        &self.features
    }

    /// Number of nodes, leaves included.
    pub fn node_count(&self) -> usize {
        self.feature.len()
    }

    /// The left child of a split.
    pub fn left(&self, node: usize) -> usize {
        node + 1
    }

    /// The right child of a split.
    pub fn right(&self, node: usize) -> usize {
        self.right[node] as usize
    }

    /// What a node asks.
    pub fn test(&self, node: usize) -> Test<'_> {
        let operand = self.operand[node] as usize;
        if self.feature[node] == LEAF {
            let classes = self.classes.len();
            return Test::Leaf(&self.counts[operand * classes..][..classes]);
        }
        let ModelFeature(feature, categories) = &self.features[self.feature[node] as usize];
        match categories {
            None => Test::LessOrEqual {
                feature,
                threshold: self.thresholds[operand],
            },
            Some(categories) => Test::Equal {
                feature,
                category: &categories[operand],
            },
        }
    }

    /// The training weight of each class at every node, leaves and splits, node-major.
    pub fn node_counts(&self) -> Array2<f64> {
        let mut counts = Array2::zeros((self.node_count(), self.classes.len()));
        // Children come after their parent, so a pass from the end finds them summed up.
        for node in (0..self.node_count()).rev() {
            match self.test(node) {
                Test::Leaf(weights) => {
                    counts.row_mut(node).assign(&ndarray::aview1(weights));
                }
                _ => {
                    let sum = &counts.row(self.left(node)) + &counts.row(self.right(node));
                    counts.row_mut(node).assign(&sum);
                }
            }
        }
        counts
    }

    /// Depth of the deepest leaf; a tree of one leaf has depth 0.
    pub fn depth(&self) -> usize {
        let mut depths = vec![0; self.node_count()];
        for node in 0..self.node_count() {
            if self.feature[node] != LEAF {
                depths[self.left(node)] = depths[node] + 1;
                depths[self.right(node)] = depths[node] + 1;
            }
        }
        depths.into_iter().max().unwrap_or(0)
    }

    /// The training weight of each class in the leaf that a row ends in. `goes_left` says whether
    /// the row goes left at a question: the position of its feature, and the
    /// [threshold](Self::threshold) or the position of the category that it is about.
    pub(crate) fn leaf_counts(&self, goes_left: impl Fn(usize, usize) -> bool) -> &[f64] {
        let mut node = 0;
        loop {
            let operand = self.operand[node] as usize;
            if self.feature[node] == LEAF {
                let classes = self.classes.len();
                return &self.counts[operand * classes..][..classes];
            }
            node = if goes_left(self.feature[node] as usize, operand) {
                node + 1
            } else {
                self.right[node] as usize
            };
        }
    }

    /// The threshold of a question about a number.
    pub(crate) fn threshold(&self, operand: usize) -> f64 {
        self.thresholds[operand]
    }

    /// Bytes of memory that the model takes, as near as its own arrays tell.
    pub(crate) fn memory(&self) -> u64 {
        let text = |text: &String| size_of::<String>() + text.capacity();
        let texts = |texts: &[String]| texts.iter().map(text).sum::<usize>();
        let features = self.features.iter().map(|ModelFeature(name, categories)| {
            size_of::<ModelFeature>()
                + name.capacity()
                + texts(categories.as_deref().unwrap_or(&[]))
        });
        let nodes = size_of::<u32>()
            * (self.feature.capacity() + self.operand.capacity() + self.right.capacity());
        let numbers = size_of::<f64>() * (self.thresholds.capacity() + self.counts.capacity());
        let own = size_of::<Self>() + self.key.capacity() + texts(&self.classes);
        (own + features.sum::<usize>() + nodes + numbers) as u64
    }
}

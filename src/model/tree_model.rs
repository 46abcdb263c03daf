//! A tree in the data's own units.

use ndarray::Array2;
use serde::{Deserialize, Serialize};

use super::question::{Question, is_member};

/// A feature that a model's tree asks about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelFeature(
    /// The column's name.
    pub String,
    /// The categories that the tree asks about, a missing one last; nothing for a numeric feature.
    pub Option<Vec<Option<String>>>,
);

impl ModelFeature {
    /// The column's name.
    pub fn name(&self) -> &str {
        &self.0
    }

    /// The categories that the tree asks about, `None` for a missing one; nothing for a numeric
    /// feature.
    pub fn categories(&self) -> Option<&[Option<String>]> {
        self.1.as_deref()
    }
}

/// What a node asks, in the data's own units.
#[derive(Clone, Debug, PartialEq)]
pub enum Test<'a> {
    /// `feature <= threshold` goes left.
    LessOrEqual {
        /// The column.
        feature: &'a str,
        /// The threshold; infinite where every row that has a value goes left.
        threshold: f64,
        /// Whether a row without a value goes left.
        missing_left: bool,
    },
    /// `feature = category` goes left.
    Equal {
        /// The column.
        feature: &'a str,
        /// The category; nothing for a missing one.
        category: Option<&'a str>,
    },
    /// A category of `feature` that is among these goes left.
    Among {
        /// The column.
        feature: &'a str,
        /// The categories; `None` for a missing one.
        categories: Vec<Option<&'a str>>,
    },
    /// The node is a leaf.
    Leaf(Leaf<'a>),
}

/// What a leaf holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Leaf<'a> {
    /// The weight of each class. Of a model averaged over its prunings it is the training weight of
    /// the leaf, shared out by the probabilities of the classes.
    Classes(&'a [f64]),
    /// A quantity.
    Number {
        /// What is predicted.
        value: f64,
        /// The training weight of the leaf.
        weight: f64,
    },
}

/// A node that asks nothing.
pub(super) const LEAF: u32 = u32::MAX;

/// A tree and what it asks, in the data's own units.
///
/// Nodes stand in preorder: node 0 is the root, the left child of a split is the next node.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeModel {
    /// 0 where the tree tells a quantity.
    pub(super) class_count: usize,
    pub(super) features: Vec<ModelFeature>,
    /// By node: the position in `features`, or [`LEAF`].
    pub(super) feature: Vec<u32>,
    /// By node: the position of the threshold, of the category or, behind the feature's
    /// categories, of the set; or of the leaf.
    pub(super) operand: Vec<u32>,
    /// By node: the right child of a split; 0 for a leaf.
    pub(super) right: Vec<u32>,
    /// By node: whether a row without the number that a split asks for goes left.
    pub(super) missing_left: Vec<bool>,
    pub(super) thresholds: Vec<f64>,
    /// Bits by position among the categories of the split's feature, the lowest first.
    pub(super) sets: Vec<Vec<u8>>,
    /// By leaf and class, or by leaf: weights.
    pub(super) counts: Vec<f64>,
    /// By leaf, where the tree tells a quantity.
    pub(super) values: Vec<f64>,
}

impl TreeModel {
    /// The features that the tree asks about.
    pub fn features(&self) -> &[ModelFeature] {
        &self.features
    }

    /// Whether the tree tells a quantity, and not a class.
    pub fn is_regression(&self) -> bool {
        self.class_count == 0
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
        let Some((feature, question)) = self.question(node) else {
            return Test::Leaf(self.leaf(self.operand[node] as usize));
        };
        let ModelFeature(feature, categories) = &self.features[feature];
        let categories = categories.as_deref().unwrap_or_default();
        match question {
            Question::LessOrEqual {
                threshold,
                missing_left,
            } => Test::LessOrEqual {
                feature,
                threshold,
                missing_left,
            },
            Question::Equal(position) => Test::Equal {
                feature,
                category: categories[position].as_deref(),
            },
            Question::Among(set) => {
                let members = categories.iter().enumerate();
                let members = members.filter(|(position, _)| is_member(set, *position));
                Test::Among {
                    feature,
                    categories: members.map(|(_, category)| category.as_deref()).collect(),
                }
            }
        }
    }

    /// The position of the feature that a node asks about, and what it asks; nothing for a leaf.
    #[inline]
    fn question(&self, node: usize) -> Option<(usize, Question<'_>)> {
        let (feature, operand) = (self.feature[node], self.operand[node] as usize);
        if feature == LEAF {
            return None;
        }
        let feature = feature as usize;
        let question = match &self.features[feature].1 {
            None => Question::LessOrEqual {
                threshold: self.thresholds[operand],
                missing_left: self.missing_left[node],
            },
            Some(categories) => match operand.checked_sub(categories.len()) {
                None => Question::Equal(operand),
                Some(set) => Question::Among(&self.sets[set]),
            },
        };
        Some((feature, question))
    }

    /// What a leaf holds.
    pub(crate) fn leaf(&self, leaf: usize) -> Leaf<'_> {
        match self.values.get(leaf) {
            Some(&value) => Leaf::Number {
                value,
                weight: self.counts[leaf],
            },
            None => {
                let classes = self.class_count;
                Leaf::Classes(&self.counts[leaf * classes..][..classes])
            }
        }
    }

    /// What every node holds, leaves and splits, node-major: the weight of each class; or the weight
    /// and the mean of the leaves below it.
    pub fn node_counts(&self) -> Array2<f64> {
        let width = if self.is_regression() {
            2
        } else {
            self.class_count
        };
        let mut counts = Array2::zeros((self.node_count(), width));
        // Children come after their parent, so a pass from the end finds them summed up.
        for node in (0..self.node_count()).rev() {
            match self.test(node) {
                Test::Leaf(Leaf::Classes(weights)) => {
                    counts.row_mut(node).assign(&ndarray::aview1(weights));
                }
                Test::Leaf(Leaf::Number { value, weight }) => {
                    counts
                        .row_mut(node)
                        .assign(&ndarray::aview1(&[weight, value]));
                }
                _ => {
                    let [left, right] = [self.left(node), self.right(node)];
                    let mut sum = &counts.row(left) + &counts.row(right);
                    if self.is_regression() {
                        let share = counts[[left, 0]] / sum[0];
                        sum[1] = share * counts[[left, 1]] + (1.0 - share) * counts[[right, 1]];
                    }
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

    /// The leaf that a row ends in. `goes_left` says whether the row goes left at a question about
    /// the feature at a position.
    #[inline]
    pub(crate) fn leaf_of(&self, goes_left: impl Fn(usize, Question) -> bool) -> Leaf<'_> {
        let mut node = 0;
        while let Some((feature, question)) = self.question(node) {
            node = if goes_left(feature, question) {
                node + 1
            } else {
                self.right[node] as usize
            };
        }
        self.leaf(self.operand[node] as usize)
    }

    /// Whether the tree asks for sets of categories.
    pub(crate) fn has_sets(&self) -> bool {
        !self.sets.is_empty()
    }

    /// Bytes of memory that the tree's arrays take, as near as they tell.
    pub(super) fn memory(&self) -> usize {
        let text = |text: &String| size_of::<String>() + text.capacity();
        let category = |category: &Option<String>| category.as_ref().map_or(0, text);
        let features = self.features.iter().map(|ModelFeature(name, categories)| {
            let categories = categories.iter().flatten().map(category);
            size_of::<ModelFeature>() + name.capacity() + categories.sum::<usize>()
        });
        let nodes = size_of::<u32>()
            * (self.feature.capacity() + self.operand.capacity() + self.right.capacity())
            + self.missing_left.capacity();
        let numbers = size_of::<f64>()
            * (self.thresholds.capacity() + self.counts.capacity() + self.values.capacity());
        let sets = self
            .sets
            .iter()
            .map(|set| size_of::<Vec<u8>>() + set.capacity());
        sets.sum::<usize>() + features.sum::<usize>() + nodes + numbers
    }
}

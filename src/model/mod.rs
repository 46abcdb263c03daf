//! One entity's model: everything that a prediction needs, in the data's own units.

mod columns;
mod format;

use ndarray::Array2;
use polars::prelude::*;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::encode::{Encoder, Values};
use crate::tree::{Split, Tree, heaviest, midpoint};

pub(crate) use columns::{BoundModel, FrameColumn, MISSING, column, texts, unsupported};
pub use format::MODEL_VERSION;

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
const LEAF: u32 = u32::MAX;

/// One entity's encoder and tree.
///
/// Nodes stand in preorder: node 0 is the root, the left child of a split is the next node.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    key: String,
    classes: Vec<String>,
    features: Vec<ModelFeature>,
    /// By node: the position in `features`, or [`LEAF`].
    feature: Vec<u32>,
    /// By node: the position of the threshold, of the category, or of the leaf.
    operand: Vec<u32>,
    /// By node: the right child of a split; 0 for a leaf.
    right: Vec<u32>,
    thresholds: Vec<f64>,
    /// By leaf and class.
    counts: Vec<f64>,
}

impl Model {
    /// Puts what was learnt from one partition together: `names` are its features' columns, in the
    /// order of the encoder.
    pub fn new(key: &str, names: &[&str], encoder: &Encoder, tree: &Tree) -> Self {
        let mut asked = vec![LEAF; names.len()];
        let mut local: Vec<Vec<u32>> = vec![Vec::new(); names.len()];
        let mut thresholds = Vec::new();
        let threshold = |feature: u32, code: u32, next: u32| match &encoder.values()
            [feature as usize]
        {
            Values::Numbers(numbers) => midpoint(numbers[code as usize], numbers[next as usize]),
            Values::Categories { .. } => f64::NAN,
        };
        for node in 0..tree.node_count() {
            match tree.split(node) {
                Split::Leaf => {}
                Split::LessOrEqual {
                    feature,
                    code,
                    next,
                } => {
                    asked[feature as usize] = 0;
                    thresholds.push(threshold(feature, code, next));
                }
                Split::Equal { feature, code } => {
                    asked[feature as usize] = 0;
                    local[feature as usize].push(code);
                }
            }
        }
        thresholds.sort_unstable_by(f64::total_cmp);
        thresholds.dedup();
        let mut features = Vec::new();
        for (position, asked) in asked.iter_mut().enumerate() {
            if *asked == LEAF {
                continue;
            }
            *asked = features.len() as u32;
            let categories = match &encoder.values()[position] {
                Values::Numbers(_) => None,
                Values::Categories { codes, dictionary } => {
                    let local = &mut local[position];
                    local.sort_unstable();
                    local.dedup();
                    let text = |&code: &u32| dictionary[codes[code as usize] as usize].clone();
                    Some(local.iter().map(text).collect())
                }
            };
            features.push(ModelFeature(names[position].to_owned(), categories));
        }

        let nodes = tree.node_count();
        let mut model = Self {
            key: key.to_owned(),
            classes: encoder.classes().map(str::to_owned).collect(),
            features,
            feature: Vec::with_capacity(nodes),
            operand: Vec::with_capacity(nodes),
            right: Vec::with_capacity(nodes),
            thresholds,
            counts: Vec::with_capacity(tree.leaf_count() * tree.class_count()),
        };
        let mut leaves = 0;
        for node in 0..nodes {
            let (feature, operand) = match tree.split(node) {
                Split::Leaf => {
                    model.counts.extend_from_slice(tree.counts(node));
                    leaves += 1;
                    (LEAF, leaves - 1)
                }
                Split::LessOrEqual {
                    feature,
                    code,
                    next,
                } => {
                    let value = threshold(feature, code, next);
                    let position = model.thresholds.partition_point(|other| *other < value);
                    (asked[feature as usize], position as u32)
                }
                Split::Equal { feature, code } => {
                    let position = local[feature as usize].partition_point(|other| *other < code);
                    (asked[feature as usize], position as u32)
                }
            };
            model.feature.push(feature);
            model.operand.push(operand);
            model.right.push(if feature == LEAF {
                0
            } else {
                tree.right(node) as u32
            });
        }
        model
    }

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

    /// The class of each row of a frame: the most probable one, the first of them on a tie.
    ///
    /// A category that training did not see equals none that the tree asks for, and so does a
    /// missing one; a missing number is above every threshold.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`] for a feature that the frame lacks, [`Error::UnsupportedType`] for
    /// one whose column is of another kind than at training.
    ///
    /// [`Error::UnknownColumn`]: crate::Error::UnknownColumn
    /// [`Error::UnsupportedType`]: crate::Error::UnsupportedType
    pub fn predict(&self, frame: &DataFrame) -> Result<Vec<&str>> {
        let columns = self.columns(frame)?;
        let bound = self.bind(&columns)?;
        Ok((0..frame.height())
            .map(|row| heaviest(bound.leaf_counts(row)))
            .map(|class| self.classes[class].as_str())
            .collect())
    }

    /// The probability of each class in each row of a frame, rows by classes: the class's share of
    /// the training weight in the row's leaf.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn predict_proba(&self, frame: &DataFrame) -> Result<Array2<f64>> {
        let columns = self.columns(frame)?;
        let bound = self.bind(&columns)?;
        let mut probabilities = Array2::zeros((frame.height(), self.classes.len()));
        for (row, mut target) in probabilities.rows_mut().into_iter().enumerate() {
            let counts = bound.leaf_counts(row);
            let total: f64 = counts.iter().sum();
            target.assign(&ndarray::aview1(counts));
            target /= total;
        }
        Ok(probabilities)
    }

    fn columns(&self, frame: &DataFrame) -> Result<Vec<FrameColumn>> {
        self.features
            .iter()
            .map(|feature| match feature.categories() {
                None => FrameColumn::numbers(frame, feature.name()),
                Some(_) => FrameColumn::categories(frame, feature.name()),
            })
            .collect()
    }

    fn bind<'a>(&'a self, columns: &'a [FrameColumn]) -> Result<BoundModel<'a>> {
        let mut columns = columns.iter();
        BoundModel::new(self, |_| columns.next())
    }
}

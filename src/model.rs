//! One entity's model: everything that a prediction needs, in the data's own units.

use ciborium::tag::Captured;
use ndarray::Array2;
use polars::prelude::*;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::encode::{Encoder, Values, midpoint};
use crate::tree::{Split, Tree, heaviest};
use crate::{Error, Result};

/// The newest version of the model format that this program writes and reads.
pub const MODEL_VERSION: u64 = 1;

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

/// A feature's value in one row, as a model sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value {
    /// A number. NaN stands for a missing one and is never at or below a threshold.
    Number(f64),
    /// The position among the feature's categories; nothing for any other text or a missing one.
    Category(Option<u32>),
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

    /// The training weight of each class in the leaf that a row ends in. `value_of` gives the
    /// row's value of the feature at a position of [`features`](Self::features).
    pub fn leaf_counts(&self, value_of: impl Fn(usize) -> Value) -> &[f64] {
        let mut node = 0;
        loop {
            let operand = self.operand[node];
            if self.feature[node] == LEAF {
                let classes = self.classes.len();
                return &self.counts[operand as usize * classes..][..classes];
            }
            let goes_left = match value_of(self.feature[node] as usize) {
                Value::Number(number) => number <= self.thresholds[operand as usize],
                Value::Category(category) => category == Some(operand),
            };
            node = if goes_left {
                node + 1
            } else {
                self.right[node] as usize
            };
        }
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
    pub fn predict(&self, frame: &DataFrame) -> Result<Vec<&str>> {
        let columns = self.bind(frame)?;
        Ok((0..frame.height())
            .map(|row| heaviest(self.leaf_counts(|feature| columns[feature].value(row))))
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
        let columns = self.bind(frame)?;
        let mut probabilities = Array2::zeros((frame.height(), self.classes.len()));
        for (row, mut target) in probabilities.rows_mut().into_iter().enumerate() {
            let counts = self.leaf_counts(|feature| columns[feature].value(row));
            let total: f64 = counts.iter().sum();
            target.assign(&ndarray::aview1(counts));
            target /= total;
        }
        Ok(probabilities)
    }

    fn bind(&self, frame: &DataFrame) -> Result<Vec<BoundColumn>> {
        self.features
            .iter()
            .map(|feature| BoundColumn::new(frame, feature))
            .collect()
    }
}

/// A frame's column, as one model's feature.
enum BoundColumn {
    Numbers(Vec<f64>),
    Categories(Vec<Option<u32>>),
}

impl BoundColumn {
    fn new(frame: &DataFrame, feature: &ModelFeature) -> Result<Self> {
        let column = frame
            .column(feature.name())
            .map_err(|_| Error::UnknownColumn {
                role: "feature".into(),
                column: feature.name().into(),
                columns: frame
                    .get_column_names_owned()
                    .iter()
                    .map(|name| name.to_string())
                    .collect(),
            })?;
        let unsupported = || Error::UnsupportedType {
            column: feature.name().into(),
            dtype: column.dtype().to_string(),
            role: "the feature that the model was trained on",
            advice: "give the column the type that it had at training".into(),
        };
        let dtype = column.dtype();
        match feature.categories() {
            None => {
                if !(dtype.is_numeric()
                    || dtype.is_temporal()
                    || dtype.is_bool()
                    || dtype.is_null())
                {
                    return Err(unsupported());
                }
                let numbers = column
                    .to_physical_repr()
                    .cast(&DataType::Float64)
                    .map_err(|_| unsupported())?;
                let numbers = numbers.f64().map_err(|_| unsupported())?;
                Ok(Self::Numbers(
                    numbers
                        .iter()
                        .map(|number| number.unwrap_or(f64::NAN))
                        .collect(),
                ))
            }
            Some(categories) => {
                let texts = column.cast(&DataType::String).map_err(|_| unsupported())?;
                let texts = texts.str().map_err(|_| unsupported())?;
                let position = |text: &str| {
                    let found = categories.binary_search_by(|other| other.as_str().cmp(text));
                    found.ok().map(|position| position as u32)
                };
                Ok(Self::Categories(
                    texts.iter().map(|text| text.and_then(position)).collect(),
                ))
            }
        }
    }

    fn value(&self, row: usize) -> Value {
        match self {
            Self::Numbers(numbers) => Value::Number(numbers[row]),
            Self::Categories(categories) => Value::Category(categories[row]),
        }
    }
}

/// The model as CBOR; `store/model.cddl` is its specification.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    version: u64,
    key: String,
    classes: Vec<String>,
    features: Vec<ModelFeature>,
    feature: Array,
    operand: Array,
    right: Array,
    thresholds: Array,
    counts: Array,
}

/// A typed array (RFC 8746): tagged bytes, little-endian.
type Array = Captured<ByteBuf>;

const UINT8: u64 = 64;
const UINT16: u64 = 69;
const UINT32: u64 = 70;
const FLOAT32: u64 = 85;
const FLOAT64: u64 = 86;

impl Model {
    /// Appends the model's CBOR to `buffer`.
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        let splits = |values: &[u32]| -> Vec<u32> {
            let of_split = self.feature.iter().zip(values);
            of_split
                .filter(|(feature, _)| **feature != LEAF)
                .map(|(_, &value)| value)
                .collect()
        };
        let leaf = self.features.len() as u32;
        let feature: Vec<u32> = self
            .feature
            .iter()
            .map(|&feature| feature.min(leaf))
            .collect();
        let record = Record {
            version: MODEL_VERSION,
            key: self.key.clone(),
            classes: self.classes.clone(),
            features: self.features.clone(),
            feature: whole_array(&feature),
            operand: whole_array(&splits(&self.operand)),
            right: whole_array(&splits(&self.right)),
            thresholds: float_array(&self.thresholds),
            counts: count_array(&self.counts),
        };
        ciborium::into_writer(&record, buffer).expect("writing to memory does not fail");
    }

    /// Reads a model from exactly these bytes.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for bytes that are not a model of this version, or whose arrays do not
    /// make a tree. Nothing is allocated beyond what the bytes themselves hold.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let bad = |problem: &str| Error::BadModel(problem.to_owned());
        let mut rest = bytes;
        let record: Record = ciborium::from_reader(&mut rest)
            .map_err(|error| Error::BadModel(format!("not a model in CBOR: {error}")))?;
        if !rest.is_empty() {
            return Err(bad("bytes behind the end"));
        }
        if record.version != MODEL_VERSION {
            return Err(Error::BadModel(format!(
                "has version {}, this program reads version {MODEL_VERSION}",
                record.version
            )));
        }
        let mut feature = whole_numbers(&record.feature)?;
        let operands = whole_numbers(&record.operand)?;
        let rights = whole_numbers(&record.right)?;
        let thresholds = floats(&record.thresholds)?;
        let counts = floats(&record.counts)?;
        let classes = record.classes.len();
        let leaf = record.features.len() as u32;
        let splits = feature.iter().filter(|&&feature| feature != leaf).count();
        if feature.is_empty() || classes == 0 {
            return Err(bad("has no nodes or no classes"));
        }
        if operands.len() != splits || rights.len() != splits {
            return Err(bad("its arrays have different lengths"));
        }
        if counts.len() != (feature.len() - splits) * classes {
            return Err(bad("has not one count for each leaf and class"));
        }
        if !counts
            .iter()
            .all(|count| count.is_finite() && *count >= 0.0)
            || !thresholds.iter().all(|threshold| threshold.is_finite())
        {
            return Err(bad(
                "holds a number that is not finite, or a negative count",
            ));
        }
        if counts
            .chunks_exact(classes)
            .any(|leaf| !matches!(leaf.iter().sum::<f64>(), sum if sum > 0.0 && sum.is_finite()))
        {
            return Err(bad("has a leaf without training rows"));
        }
        for ModelFeature(_, categories) in &record.features {
            if !categories.iter().flatten().is_sorted_by(|a, b| a < b) {
                return Err(bad("has categories out of order"));
            }
        }

        let mut operand = Vec::with_capacity(feature.len());
        let mut right = Vec::with_capacity(feature.len());
        let mut of_splits = operands.into_iter().zip(rights);
        let nodes = feature.len() as u32;
        let mut leaves = 0;
        let mut waiting: Vec<u32> = Vec::new();
        for (node, feature) in (0..).zip(feature.iter_mut()) {
            if *feature > leaf {
                return Err(bad("asks for a feature that it does not have"));
            }
            if *feature == leaf {
                *feature = LEAF;
                operand.push(leaves);
                right.push(0);
                leaves += 1;
                // In preorder, the node behind a leaf is the right child that waits the shortest.
                match waiting.pop() {
                    Some(next) if next == node + 1 && next < nodes => {}
                    None if node + 1 == nodes => {}
                    _ => return Err(bad("its nodes do not make a tree")),
                }
                continue;
            }
            let (value, child) = of_splits.next().unwrap_or_default();
            let limit = match &record.features[*feature as usize].1 {
                None => thresholds.len(),
                Some(categories) => categories.len(),
            };
            if value as usize >= limit {
                return Err(bad(
                    "asks for a threshold or category that it does not have",
                ));
            }
            operand.push(value);
            right.push(child);
            waiting.push(child);
        }
        if !waiting.is_empty() {
            return Err(bad("its nodes do not make a tree"));
        }
        Ok(Self {
            key: record.key,
            classes: record.classes,
            features: record.features,
            feature,
            operand,
            right,
            thresholds,
            counts,
        })
    }
}

fn array<const N: usize>(tag: u64, items: impl Iterator<Item = [u8; N]>) -> Array {
    Captured(
        Some(tag),
        ByteBuf::from(items.flatten().collect::<Vec<u8>>()),
    )
}

fn whole_array(values: &[u32]) -> Array {
    let values_ = values.iter();
    match values.iter().max().copied().unwrap_or(0) {
        0..=0xFF => array(UINT8, values_.map(|&value| [value as u8])),
        0x100..=0xFFFF => array(UINT16, values_.map(|&value| (value as u16).to_le_bytes())),
        _ => array(UINT32, values_.map(|&value| value.to_le_bytes())),
    }
}

fn float_array(values: &[f64]) -> Array {
    if values.iter().all(|&value| f64::from(value as f32) == value) {
        array(
            FLOAT32,
            values.iter().map(|&value| (value as f32).to_le_bytes()),
        )
    } else {
        array(FLOAT64, values.iter().map(|&value| value.to_le_bytes()))
    }
}

/// Whole numbers where all counts are, floats where rows have weights.
fn count_array(values: &[f64]) -> Array {
    if values.iter().all(|&value| f64::from(value as u32) == value) {
        whole_array(&values.iter().map(|&value| value as u32).collect::<Vec<_>>())
    } else {
        array(FLOAT64, values.iter().map(|&value| value.to_le_bytes()))
    }
}

fn items<const N: usize>(bytes: &[u8]) -> Result<impl Iterator<Item = [u8; N]> + '_> {
    let (items, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(Error::BadModel(
            "an array's bytes are no multiple of its item".into(),
        ));
    }
    Ok(items.iter().copied())
}

fn whole_numbers(Captured(tag, bytes): &Array) -> Result<Vec<u32>> {
    Ok(match *tag {
        Some(UINT8) => bytes.iter().map(|&byte| byte.into()).collect(),
        Some(UINT16) => items(bytes)?
            .map(|item| u16::from_le_bytes(item).into())
            .collect(),
        Some(UINT32) => items(bytes)?.map(u32::from_le_bytes).collect(),
        _ => {
            return Err(Error::BadModel(
                "an array of whole numbers has another tag".into(),
            ));
        }
    })
}

fn floats(array: &Array) -> Result<Vec<f64>> {
    let Captured(tag, bytes) = array;
    Ok(match *tag {
        Some(FLOAT32) => items(bytes)?
            .map(|item| f32::from_le_bytes(item).into())
            .collect(),
        Some(FLOAT64) => items(bytes)?.map(f64::from_le_bytes).collect(),
        _ => whole_numbers(array)?.into_iter().map(f64::from).collect(),
    })
}

//! A model's bytes: CBOR (RFC 8949) whose arrays are typed (RFC 8746).

use ciborium::tag::Captured;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::decision::Decision;
use super::model::{Content, Model};

use super::question::is_member;
use super::tree_model::{LEAF, ModelFeature, TreeModel};
use crate::error::{Error, Result};

/// The newest version of the model format that this program writes and reads.
pub const MODEL_VERSION: u64 = 2;

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
    /// By split: a bit that says whether rows without the number go left, the lowest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<ByteBuf>,
    thresholds: Array,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sets: Vec<ByteBuf>,
    counts: Array,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    values: Option<Array>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
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
        let record = match &self.content {
            Content::Tree(tree) => tree.record(self),
            _ => unimplemented!("boosted models have no bytes yet"),
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
        let record = Record::read(bytes)?;
        let arrays = Arrays::of(&record)?;
        arrays.check(&record)?;
        let nodes = Nodes::in_preorder(&arrays, &record)?;
        Ok(Self {
            key: record.key,
            decision: record.decision,
            content: Content::Tree(TreeModel {
                class_count: record.classes.len(),
                features: record.features,
                feature: nodes.feature,
                operand: nodes.operand,
                right: nodes.right,
                missing_left: nodes.missing_left,
                thresholds: arrays.thresholds,
                sets: record.sets.into_iter().map(ByteBuf::into_vec).collect(),
                counts: arrays.counts,
                values: arrays.values,
            }),
            classes: record.classes.into(),
        })
    }
}

impl TreeModel {
    fn record(&self, model: &Model) -> Record {
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
        Record {
            version: MODEL_VERSION,
            key: model.key.clone(),
            classes: model.classes.to_vec(),
            features: self.features.clone(),
            feature: whole_array(&feature),
            operand: whole_array(&splits(&self.operand)),
            right: whole_array(&splits(&self.right)),
            missing: self.missing_bits(),
            thresholds: float_array(&self.thresholds),
            sets: self.sets.iter().cloned().map(ByteBuf::from).collect(),
            counts: count_array(&self.counts),
            values: self.is_regression().then(|| float_array(&self.values)),
            decision: model.decision,
        }
    }

    /// A bit for each split; nothing where none is set.
    fn missing_bits(&self) -> Option<ByteBuf> {
        let splits = self.feature.iter().zip(&self.missing_left);
        let splits = splits.filter(|(feature, _)| **feature != LEAF);
        let mut bits = Vec::new();
        for (split, _) in splits.enumerate().filter(|(_, (_, left))| **left) {
            bits.resize(split / 8 + 1, 0);
            bits[split / 8] |= 1 << (split % 8);
        }
        (!bits.is_empty()).then(|| bits.into())
    }
}

fn bad(problem: &str) -> Error {
    Error::BadModel(problem.to_owned())
}

impl Record {
    fn read(bytes: &[u8]) -> Result<Self> {
        let mut rest = bytes;
        let record: Record = ciborium::from_reader(&mut rest)
            .map_err(|error| Error::BadModel(format!("not a model in CBOR: {error}")))?;
        if !rest.is_empty() {
            return Err(bad("trailing bytes"));
        }
        if !(1..=MODEL_VERSION).contains(&record.version) {
            return Err(Error::BadModel(format!(
                "has version {}, this program reads version {MODEL_VERSION} and before",
                record.version
            )));
        }
        // A missing category stands last.
        let place = |category: &Option<String>| (category.is_none(), category.clone());
        for ModelFeature(_, categories) in &record.features {
            let categories = categories.iter().flatten();
            if !categories.is_sorted_by(|one, other| place(one) < place(other)) {
                return Err(bad("has categories out of order"));
            }
        }
        Ok(record)
    }
}

/// The arrays of a record as numbers.
struct Arrays {
    feature: Vec<u32>,
    operand: Vec<u32>,
    right: Vec<u32>,
    thresholds: Vec<f64>,
    counts: Vec<f64>,
    values: Vec<f64>,
}

impl Arrays {
    fn of(record: &Record) -> Result<Self> {
        Ok(Self {
            feature: whole_numbers(&record.feature)?,
            operand: whole_numbers(&record.operand)?,
            right: whole_numbers(&record.right)?,
            thresholds: floats(&record.thresholds)?,
            counts: floats(&record.counts)?,
            values: record.values.as_ref().map_or(Ok(Vec::new()), floats)?,
        })
    }

    fn check(&self, record: &Record) -> Result<()> {
        let leaf = record.features.len() as u32;
        let is_split = |feature: &&u32| **feature != leaf;
        let splits = self.feature.iter().filter(is_split).count();
        if self.feature.is_empty() || record.classes.is_empty() != record.values.is_some() {
            return Err(bad("has no nodes, or neither classes nor values"));
        }
        if self.operand.len() != splits || self.right.len() != splits {
            return Err(bad("its arrays have different lengths"));
        }
        if self.thresholds.iter().any(|threshold| threshold.is_nan()) {
            return Err(bad("holds a threshold that is not a number"));
        }
        let positive = record
            .decision
            .map_or(0, |decision| decision.positive as usize);
        if positive > 0 && positive >= record.classes.len() {
            return Err(bad("decides on a class that it does not have"));
        }
        self.check_leaves(record, self.feature.len() - splits)
    }

    fn check_leaves(&self, record: &Record, leaves: usize) -> Result<()> {
        let classes = record.classes.len();
        let of_values = if classes == 0 { leaves } else { 0 };
        if self.counts.len() != leaves * classes.max(1) || self.values.len() != of_values {
            return Err(bad("does not have a number for each leaf"));
        }
        let is_count = |count: &f64| count.is_finite() && *count >= 0.0;
        let mut values = self.values.iter();
        if !self.counts.iter().all(is_count) || !values.all(|value| value.is_finite()) {
            return Err(bad(
                "holds a number that is not finite, or a negative count",
            ));
        }
        let mut leaves = self.counts.chunks_exact(classes.max(1));
        let has_rows = |sum: f64| sum > 0.0 && sum.is_finite();
        match leaves.all(|leaf| has_rows(leaf.iter().sum())) {
            true => Ok(()),
            false => Err(bad("has a leaf without training rows")),
        }
    }
}

/// The nodes of a model, checked to make a tree.
struct Nodes {
    feature: Vec<u32>,
    operand: Vec<u32>,
    right: Vec<u32>,
    missing_left: Vec<bool>,
}

impl Nodes {
    fn in_preorder(arrays: &Arrays, record: &Record) -> Result<Self> {
        let features = &record.features;
        let missing = record.missing.as_deref().map_or(&[][..], |bits| bits);
        let count = arrays.feature.len();
        let mut nodes = Self {
            feature: Vec::with_capacity(count),
            operand: Vec::with_capacity(count),
            right: Vec::with_capacity(count),
            missing_left: Vec::with_capacity(count),
        };
        let leaf = features.len() as u32;
        let mut of_splits = arrays.operand.iter().zip(&arrays.right);
        let (mut leaves, mut splits) = (0, 0);
        let mut waiting: Vec<u32> = Vec::new();
        for (node, &feature) in (0..).zip(&arrays.feature) {
            if feature == leaf {
                nodes.push(LEAF, leaves, 0, false);
                leaves += 1;
                // In preorder, the node behind a leaf is the right child that waits the shortest.
                match waiting.pop() {
                    Some(next) if next == node + 1 && next < count as u32 => {}
                    None if node + 1 == count as u32 => {}
                    _ => return Err(bad("its nodes do not make a tree")),
                }
                continue;
            }
            let asked = features
                .get(feature as usize)
                .ok_or_else(|| bad("asks for a feature that it does not have"))?;
            let (&operand, &right) = of_splits.next().unwrap_or((&0, &0));
            let limit = asked
                .categories()
                .map_or(arrays.thresholds.len(), |categories| {
                    categories.len() + record.sets.len()
                });
            if operand as usize >= limit {
                return Err(bad(
                    "asks for a threshold, category or set that it does not have",
                ));
            }
            let missing_left = is_member(missing, splits);
            splits += 1;
            nodes.push(feature, operand, right, missing_left);
            waiting.push(right);
        }
        match waiting.is_empty() {
            true => Ok(nodes),
            false => Err(bad("its nodes do not make a tree")),
        }
    }

    fn push(&mut self, feature: u32, operand: u32, right: u32, missing_left: bool) {
        self.missing_left.push(missing_left);
        self.feature.push(feature);
        self.operand.push(operand);
        self.right.push(right);
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

/// Whole numbers where all counts are, floats where rows have weights or are shared out.
fn count_array(values: &[f64]) -> Array {
    match values.iter().all(|&value| f64::from(value as u32) == value) {
        true => whole_array(&values.iter().map(|&value| value as u32).collect::<Vec<_>>()),
        false => float_array(values),
    }
}

fn items<const N: usize>(bytes: &[u8]) -> Result<impl Iterator<Item = [u8; N]> + '_> {
    let (items, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(Error::BadModel(
            "an array's bytes are not a multiple of its item".into(),
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

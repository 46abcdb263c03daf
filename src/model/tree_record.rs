//! A model that is a tree, in CBOR (RFC 8949) whose arrays are typed (RFC 8746).

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::cbor::{bad, read};
use super::decision::Decision;
use super::model::{Content, Model};
use super::question::is_member;
use super::tree_model::{LEAF, ModelFeature, TreeModel};
use super::typed_array::{Array, count_array, float_array, floats, whole_array, whole_numbers};
use crate::error::{Error, Result};

/// The newest version of models that are trees.
const TREE_VERSION: u64 = 2;

/// A model that is a tree as CBOR; `store/model.cddl` is its specification.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TreeRecord {
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

impl TreeModel {
    pub(super) fn record(&self, model: &Model) -> TreeRecord {
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
        TreeRecord {
            version: TREE_VERSION,
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

impl TreeRecord {
    /// The model in exactly these bytes.
    pub fn decode(bytes: &[u8]) -> Result<Model> {
        let record = Self::read(bytes)?;
        let arrays = Arrays::of(&record)?;
        arrays.check(&record)?;
        let nodes = Nodes::in_preorder(&arrays, &record)?;
        Ok(Model {
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

    fn read(bytes: &[u8]) -> Result<Self> {
        let record: TreeRecord = read(bytes)?;
        if !(1..=TREE_VERSION).contains(&record.version) {
            return Err(Error::BadModel(format!(
                "has version {}, this program reads version {TREE_VERSION} and before",
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
    fn of(record: &TreeRecord) -> Result<Self> {
        Ok(Self {
            feature: whole_numbers(&record.feature)?,
            operand: whole_numbers(&record.operand)?,
            right: whole_numbers(&record.right)?,
            thresholds: floats(&record.thresholds)?,
            counts: floats(&record.counts)?,
            values: record.values.as_ref().map_or(Ok(Vec::new()), floats)?,
        })
    }

    fn check(&self, record: &TreeRecord) -> Result<()> {
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

    fn check_leaves(&self, record: &TreeRecord, leaves: usize) -> Result<()> {
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
    fn in_preorder(arrays: &Arrays, record: &TreeRecord) -> Result<Self> {
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

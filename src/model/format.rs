//! A model's bytes: CBOR (RFC 8949) whose arrays are typed (RFC 8746).

use ciborium::tag::Captured;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::model::{LEAF, Model, ModelFeature};
use crate::error::{Error, Result};

/// The newest version of the model format that this program writes and reads.
pub const MODEL_VERSION: u64 = 1;

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
        let record = Record::read(bytes)?;
        let arrays = Arrays::of(&record)?;
        arrays.check(&record)?;
        let nodes = Nodes::in_preorder(&arrays, &record.features)?;
        Ok(Self {
            key: record.key,
            classes: record.classes,
            features: record.features,
            feature: nodes.feature,
            operand: nodes.operand,
            right: nodes.right,
            thresholds: arrays.thresholds,
            counts: arrays.counts,
        })
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
        if record.version != MODEL_VERSION {
            return Err(Error::BadModel(format!(
                "has version {}, this program reads version {MODEL_VERSION}",
                record.version
            )));
        }
        for ModelFeature(_, categories) in &record.features {
            if !categories.iter().flatten().is_sorted_by(|a, b| a < b) {
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
}

impl Arrays {
    fn of(record: &Record) -> Result<Self> {
        Ok(Self {
            feature: whole_numbers(&record.feature)?,
            operand: whole_numbers(&record.operand)?,
            right: whole_numbers(&record.right)?,
            thresholds: floats(&record.thresholds)?,
            counts: floats(&record.counts)?,
        })
    }

    fn check(&self, record: &Record) -> Result<()> {
        let classes = record.classes.len();
        let leaf = record.features.len() as u32;
        let is_split = |feature: &&u32| **feature != leaf;
        let splits = self.feature.iter().filter(is_split).count();
        if self.feature.is_empty() || classes == 0 {
            return Err(bad("has no nodes or no classes"));
        }
        if self.operand.len() != splits || self.right.len() != splits {
            return Err(bad("its arrays have different lengths"));
        }
        if self.counts.len() != (self.feature.len() - splits) * classes {
            return Err(bad("does not have one count for each leaf and class"));
        }
        let is_count = |count: &f64| count.is_finite() && *count >= 0.0;
        let are_finite = self
            .thresholds
            .iter()
            .all(|threshold| threshold.is_finite());
        if !self.counts.iter().all(is_count) || !are_finite {
            return Err(bad(
                "holds a number that is not finite, or a negative count",
            ));
        }
        let mut leaves = self.counts.chunks_exact(classes);
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
}

impl Nodes {
    fn in_preorder(arrays: &Arrays, features: &[ModelFeature]) -> Result<Self> {
        let count = arrays.feature.len();
        let mut nodes = Self {
            feature: Vec::with_capacity(count),
            operand: Vec::with_capacity(count),
            right: Vec::with_capacity(count),
        };
        let leaf = features.len() as u32;
        let mut of_splits = arrays.operand.iter().zip(&arrays.right);
        let mut leaves = 0;
        let mut waiting: Vec<u32> = Vec::new();
        for (node, &feature) in (0..).zip(&arrays.feature) {
            if feature == leaf {
                nodes.push(LEAF, leaves, 0);
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
                .map_or(arrays.thresholds.len(), <[String]>::len);
            if operand as usize >= limit {
                return Err(bad(
                    "asks for a threshold or category that it does not have",
                ));
            }
            nodes.push(feature, operand, right);
            waiting.push(right);
        }
        match waiting.is_empty() {
            true => Ok(nodes),
            false => Err(bad("its nodes do not make a tree")),
        }
    }

    fn push(&mut self, feature: u32, operand: u32, right: u32) {
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

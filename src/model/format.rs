//! A model's bytes: CBOR (RFC 8949) whose arrays are typed (RFC 8746).

use ciborium::tag::Captured;
use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::{LEAF, Model, ModelFeature};
use crate::{Error, Result};

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

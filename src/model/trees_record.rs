//! Boosted trees and the bins of what they ask about, in CBOR.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::asked_codes::AskedCodes;
use super::binned_feature::{BinnedFeature, FeatureBins};
use super::cbor::bad;
use super::question::is_member;
use super::typed_array::{Array, float_array, floats, whole_array, whole_numbers};
use crate::codes::NumberBins;
use crate::ensemble::{AdditiveTrees, CodeTest};
use crate::error::Result;

/// A feature in bins.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FeatureRecord {
    name: String,
    /// Of numbers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    edges: Option<Array>,
    /// Of categories.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    categories: Option<Vec<String>>,
}

/// Trees, node after node in preorder.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TreesRecord {
    /// By score; nothing where all are 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    start: Option<Array>,
    /// By node: 0 for a leaf, else 1 and the position that is asked about.
    feature: Array,
    /// By split: the code, or 256 and the position of the set.
    operand: Array,
    /// By split: a bit that says whether rows without the number go left, the lowest first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    missing: Option<ByteBuf>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    sets: Vec<ByteBuf>,
    /// By leaf.
    values: Array,
}

/// Where the operands of sets begin.
const SETS: u32 = 256;

impl From<&BinnedFeature> for FeatureRecord {
    fn from(feature: &BinnedFeature) -> Self {
        let (edges, categories) = match &feature.bins {
            FeatureBins::Numbers(bins) => (Some(float_array(bins.edges())), None),
            FeatureBins::Categories(categories) => (None, Some(categories.clone())),
        };
        Self {
            name: feature.name.clone(),
            edges,
            categories,
        }
    }
}

impl FeatureRecord {
    pub fn feature(self) -> Result<BinnedFeature> {
        let bins = match (self.edges, self.categories) {
            (Some(edges), None) => FeatureBins::Numbers(NumberBins::from_edges(floats(&edges)?)),
            (None, Some(categories)) => FeatureBins::Categories(categories),
            _ => {
                return Err(bad(
                    "has a feature with neither edges nor categories, or both",
                ));
            }
        };
        let name = self.name;
        Ok(BinnedFeature { name, bins })
    }
}

impl From<&AdditiveTrees> for TreesRecord {
    fn from(trees: &AdditiveTrees) -> Self {
        let (mut feature, mut operand, mut missing) = (Vec::new(), Vec::new(), Vec::new());
        for test in trees.tests() {
            let (asked, asked_for, is_left) = match test {
                CodeTest::Leaf => {
                    feature.push(0);
                    continue;
                }
                CodeTest::LessOrEqual {
                    feature,
                    code,
                    missing,
                } => (feature, code.into(), missing.is_some()),
                CodeTest::Among { feature, set } => (feature, SETS + set, false),
            };
            if is_left {
                let split = operand.len();
                missing.resize(split / 8 + 1, 0);
                missing[split / 8] |= 1 << (split % 8);
            }
            feature.push(1 + u32::from(asked));
            operand.push(asked_for);
        }
        let values: Vec<f64> = trees.values().iter().copied().map(f64::from).collect();
        let starts = trees.start().iter().any(|&start| start != 0.0);
        Self {
            start: starts.then(|| float_array(trees.start())),
            feature: whole_array(&feature),
            operand: whole_array(&operand),
            missing: (!missing.is_empty()).then(|| missing.into()),
            sets: trees.sets().iter().map(set_bytes).collect(),
            values: float_array(&values),
        }
    }
}

impl TreesRecord {
    /// The trees of so many scores, which ask for these codes.
    pub fn trees(&self, asked: &AskedCodes, outputs: usize) -> Result<AdditiveTrees> {
        let start = self.start.as_ref().map(floats).transpose()?;
        let start = start.unwrap_or_else(|| vec![0.0; outputs]);
        let missing = self.missing.as_deref().map_or(&[][..], |bits| bits);
        let operands = whole_numbers(&self.operand)?;
        let mut operands = operands.into_iter().enumerate();
        let mut tests = Vec::new();
        for feature in whole_numbers(&self.feature)? {
            tests.push(match feature {
                0 => CodeTest::Leaf,
                _ => {
                    let lacking = || bad("has a split that asks for nothing");
                    let (split, operand) = operands.next().ok_or_else(lacking)?;
                    let feature = u16::try_from(feature - 1);
                    let feature = feature.map_err(|_| bad("asks for too many features"))?;
                    asked.test(feature, operand, is_member(missing, split))?
                }
            });
        }
        let sets = self.sets.iter().map(set).collect::<Result<_>>()?;
        let values = floats(&self.values)?.into_iter();
        let values = values.map(|value| value as f32).collect();
        match AdditiveTrees::from_preorder(start, tests, sets, values) {
            Some(trees) if operands.next().is_none() && trees.outputs() == outputs => Ok(trees),
            _ => Err(bad("its nodes do not make trees")),
        }
    }
}

impl AskedCodes {
    fn test(&self, feature: u16, operand: u32, missing_left: bool) -> Result<CodeTest> {
        match u8::try_from(operand) {
            Err(_) if missing_left => Err(bad("sends missing numbers left where it asks for none")),
            Err(_) => Ok(CodeTest::Among {
                feature,
                set: operand - SETS,
            }),
            Ok(code) => {
                let missing = self.missing(feature).filter(|_| missing_left);
                match missing_left && missing.is_none() {
                    true => Err(bad("sends missing numbers left where there are none")),
                    false => Ok(CodeTest::LessOrEqual {
                        feature,
                        code,
                        missing,
                    }),
                }
            }
        }
    }
}

/// A bit for each code, the lowest first; bytes of zeros at the end say nothing.
fn set_bytes(set: &[u64; 4]) -> ByteBuf {
    let mut bytes: Vec<u8> = set.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    bytes.into()
}

fn set(bytes: &ByteBuf) -> Result<[u64; 4]> {
    if bytes.len() > 32 {
        return Err(bad("has a set of more than 256 codes"));
    }
    let mut set = [0; 4];
    for (place, &byte) in bytes.iter().enumerate() {
        set[place / 8] |= u64::from(byte) << (8 * (place % 8));
    }
    Ok(set)
}

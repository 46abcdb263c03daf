//! What all entities share, in CBOR.

use serde::{Deserialize, Serialize};

use super::asked_codes::{AskedCodes, check_loss};
use super::cbor::bad;
use super::share_settings::ShareSettings;
use super::shared_model::{EntityNumber, Member, ParentLevel, SharedModel, SharedParts};
use super::trees_record::{FeatureRecord, TreesRecord};
use super::typed_array::{Array, float_array, floats};
use crate::codes::NumberBins;
use crate::ensemble::{AdditiveTrees, Loss};
use crate::error::Result;

/// What all entities share.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SharedRecord {
    version: u64,
    classes: Vec<String>,
    loss: Loss,
    features: Vec<FeatureRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<NumberRecord>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    categories: Vec<String>,
    members: Vec<MemberRecord>,
    unknown: Vec<TreesRecord>,
    score_bins: Vec<Array>,
    own: ShareSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    parents: Option<ParentsRecord>,
}

/// Their levels one after another.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ParentsRecord {
    keys: Vec<String>,
    levels: Array,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct NumberRecord {
    of_unknown: f64,
    prior_rows: f64,
    edges: Array,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct MemberRecord {
    name: String,
    weight: f64,
    trees: Vec<TreesRecord>,
}

impl SharedRecord {
    pub fn of(shared: &SharedModel, version: u64) -> Self {
        let parts = shared.parts();
        let trees = |trees: &[AdditiveTrees]| trees.iter().map(Into::into).collect();
        let number = |number: &EntityNumber| NumberRecord {
            of_unknown: number.of_unknown,
            prior_rows: number.prior_rows,
            edges: float_array(number.bins.edges()),
        };
        let member = |member: &Member| MemberRecord {
            name: member.name.clone(),
            weight: member.weight,
            trees: trees(&member.trees),
        };
        let score_bins = parts.score_bins.iter();
        Self {
            version,
            classes: parts.classes.to_vec(),
            loss: parts.loss,
            features: parts.features.iter().map(Into::into).collect(),
            numbers: parts.numbers.iter().map(number).collect(),
            categories: parts.categories.clone(),
            members: parts.members.iter().map(member).collect(),
            unknown: trees(&parts.unknown),
            score_bins: score_bins.map(|bins| float_array(bins.edges())).collect(),
            own: parts.own.clone(),
            parents: ParentsRecord::of(&parts.parents),
        }
    }

    /// What is shared, checked.
    pub fn shared(self) -> Result<SharedModel> {
        check_loss(self.loss, self.classes.len()).map_err(bad)?;
        let outputs = self.loss.outputs();
        let bins = |edges: &Array| Ok(NumberBins::from_edges(floats(edges)?));
        let features = self.features.into_iter().map(FeatureRecord::feature);
        let score_bins = self.score_bins.iter().map(bins);
        let numbers = self.numbers.iter().map(|number| {
            Ok(EntityNumber {
                of_unknown: number.of_unknown,
                prior_rows: number.prior_rows,
                bins: bins(&number.edges)?,
            })
        });
        let mut parts = SharedParts {
            classes: self.classes.into(),
            loss: self.loss,
            features: features.collect::<Result<_>>()?,
            numbers: numbers.collect::<Result<_>>()?,
            categories: self.categories,
            members: Vec::new(),
            unknown: Vec::new(),
            score_bins: score_bins.collect::<Result<_>>()?,
            own: self.own,
            parents: match self.parents {
                Some(parents) => parents.levels(outputs)?,
                None => Vec::new(),
            },
        };
        // Codes are bytes only where bins are few.
        parts.check_bins().map_err(bad)?;
        let trees = |trees: &[TreesRecord], asked: &AskedCodes| {
            let trees = trees.iter().map(|trees| trees.trees(asked, outputs));
            trees.collect::<Result<Vec<_>>>()
        };
        let asked = parts.asked_of_members();
        for member in self.members {
            parts.members.push(Member {
                name: member.name,
                weight: member.weight,
                trees: trees(&member.trees, &asked)?,
            });
        }
        parts.unknown = trees(&self.unknown, &AskedCodes::of_features(&parts.features))?;
        SharedModel::new(parts)
    }
}

impl ParentsRecord {
    fn of(parents: &[ParentLevel]) -> Option<Self> {
        let levels = parents.iter().flat_map(|parent| &parent.level);
        let levels: Vec<f64> = levels.copied().collect();
        let keys = parents.iter().map(|parent| parent.key.clone());
        (!parents.is_empty()).then(|| Self {
            keys: keys.collect(),
            levels: float_array(&levels),
        })
    }

    /// The parents, each with so many scores.
    fn levels(self, outputs: usize) -> Result<Vec<ParentLevel>> {
        let levels = floats(&self.levels)?;
        if levels.len() != self.keys.len() * outputs {
            return Err(bad("has not a level for each parent"));
        }
        let parents = self.keys.into_iter().zip(levels.chunks_exact(outputs));
        let parents = parents.map(|(key, level)| ParentLevel {
            key,
            level: level.to_vec(),
        });
        Ok(parents.collect())
    }
}

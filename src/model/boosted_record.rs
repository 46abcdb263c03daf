//! A model that is a boosted ensemble or a share, in CBOR.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::asked_codes::{AskedCodes, check_loss};
use super::binned_feature::BinnedFeature;
use super::cbor::bad;
use super::decision::Decision;
use super::ensemble::Ensemble;
use super::model::{Content, Model};
use super::share::{Share, Verdict};
use super::shared_model::SharedModel;
use super::trees_record::{FeatureRecord, TreesRecord};
use crate::ensemble::{AdditiveTrees, Loss};
use crate::error::Result;

/// A model that is a boosted ensemble or a share.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BoostedRecord {
    version: u64,
    key: String,
    /// Not of a share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    classes: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    boosted: Option<EnsembleRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    share: Option<ShareRecord>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    decision: Option<Decision>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct EnsembleRecord {
    loss: Loss,
    features: Vec<FeatureRecord>,
    trees: TreesRecord,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ShareRecord {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    numbers: Vec<f64>,
    level: Vec<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    trees: Option<TreesRecord>,
    rows: f64,
    spread: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<f64>,
    verdict: Verdict,
}

impl BoostedRecord {
    pub fn of_ensemble(version: u64, model: &Model, ensemble: &Ensemble) -> Self {
        Self {
            classes: model.classes.to_vec(),
            boosted: Some(EnsembleRecord {
                loss: ensemble.loss,
                features: ensemble.features.iter().map(Into::into).collect(),
                trees: (&ensemble.trees).into(),
            }),
            ..Self::of(version, model)
        }
    }

    pub fn of_share(version: u64, model: &Model, share: &Share) -> Self {
        Self {
            share: Some(ShareRecord {
                numbers: share.numbers.clone(),
                level: share.level.clone(),
                trees: (share.trees.tree_count() > 0).then(|| (&share.trees).into()),
                rows: share.rows,
                spread: share.spread,
                evidence: share.evidence,
                verdict: share.verdict,
            }),
            ..Self::of(version, model)
        }
    }

    fn of(version: u64, model: &Model) -> Self {
        Self {
            version,
            key: model.key.clone(),
            classes: Vec::new(),
            boosted: None,
            share: None,
            decision: model.decision,
        }
    }

    /// The model; `shared` is what all entities share.
    pub fn model(self, shared: Option<&Arc<SharedModel>>) -> Result<Model> {
        let (classes, content) = match (self.boosted, self.share) {
            (Some(boosted), None) => {
                let ensemble = boosted.ensemble(self.classes.len())?;
                ensemble.check(self.classes.len()).map_err(bad)?;
                (self.classes.into(), Content::Boosted(ensemble.into()))
            }
            (None, Some(share)) if self.classes.is_empty() => {
                let no_shared = || bad("is a share of a model, but its generation shares none");
                let shared = shared.ok_or_else(no_shared)?;
                let share = share.share(shared)?;
                share.check(shared).map_err(bad)?;
                let content = Content::Shared(shared.clone(), share);
                (shared.classes().clone(), content)
            }
            _ => return Err(bad("is neither boosted nor a share, or both")),
        };
        let decides = |decision: Decision| {
            (decision.positive as usize) < classes.len() && decision.threshold.is_finite()
        };
        if !self.decision.is_none_or(decides) {
            return Err(bad("decides on a class that it does not have"));
        }
        Ok(Model {
            key: self.key,
            classes,
            decision: self.decision,
            content,
        })
    }
}

impl EnsembleRecord {
    /// The ensemble of so many classes.
    fn ensemble(self, classes: usize) -> Result<Ensemble> {
        check_loss(self.loss, classes).map_err(bad)?;
        let features = self.features.into_iter().map(FeatureRecord::feature);
        let features = features.collect::<Result<Vec<_>>>()?;
        // Codes are bytes only where bins are few.
        features
            .iter()
            .try_for_each(BinnedFeature::check)
            .map_err(bad)?;
        let asked = AskedCodes::of_features(&features);
        let trees = self.trees.trees(&asked, self.loss.outputs())?;
        Ok(Ensemble {
            loss: self.loss,
            features,
            trees,
        })
    }
}

impl ShareRecord {
    fn share(self, shared: &SharedModel) -> Result<Share> {
        let outputs = shared.loss().outputs();
        let trees = match self.trees {
            Some(trees) => trees.trees(&shared.asked(), outputs)?,
            None => AdditiveTrees::new(vec![0.0; outputs]),
        };
        Ok(Share {
            numbers: self.numbers,
            level: self.level,
            trees,
            rows: self.rows,
            spread: self.spread,
            evidence: self.evidence,
            verdict: self.verdict,
        })
    }
}

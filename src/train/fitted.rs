//! What trainers fit.

use std::sync::Arc;

use crate::encode::Encoder;
use crate::model::{Ensemble, Fingerprint, Model, ModelSummary, Share, SharedModel};
use crate::tree::Tree;

/// What a trainer fitted to one partition, in terms of its codes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fitted {
    /// A tree of classes or of quantities.
    Tree(Tree),
    /// A boosted ensemble of the entity's own.
    Boosted {
        /// The ensemble, whose classes are those of the encoder.
        ensemble: Box<Ensemble>,
        /// As [`ModelSummary::training_score`].
        training_score: f64,
    },
    /// What an entity has of its own beside what all share.
    Share {
        /// What all share.
        shared: Arc<SharedModel>,
        /// What is the entity's own.
        share: Box<Share>,
        /// As [`ModelSummary::training_score`], by models that did not see the rows.
        training_score: f64,
    },
}

impl Fitted {
    /// The model of an entity: what was fitted, in the data's own units. `names` are the features'
    /// columns, in the order of the encoder.
    pub fn model(&self, key: &str, names: &[&str], encoder: &Encoder) -> Model {
        match self {
            Fitted::Tree(tree) => Model::new(key, names, encoder, tree),
            Fitted::Boosted { ensemble, .. } => {
                let classes: Vec<String> = encoder.classes().map(str::to_owned).collect();
                Model::boosted(key, classes, (**ensemble).clone())
            }
            Fitted::Share { shared, share, .. } => Model::shared(key, shared, (**share).clone()),
        }
    }

    /// What is noted of the model; `fingerprint` is that of the data and the trainer.
    pub(crate) fn summary(&self, fingerprint: Fingerprint) -> ModelSummary {
        match self {
            Fitted::Tree(tree) => ModelSummary {
                classes: tree.class_count() as u32,
                nodes: tree.node_count() as u32,
                depth: tree.depth() as u32,
                training_score: tree.training_score(),
                fingerprint,
            },
            Fitted::Boosted {
                ensemble,
                training_score,
            } => ModelSummary {
                classes: ensemble.class_count() as u32,
                nodes: ensemble.trees.node_count() as u32,
                depth: ensemble.trees.depth() as u32,
                training_score: *training_score,
                fingerprint,
            },
            Fitted::Share {
                shared,
                share,
                training_score,
            } => ModelSummary {
                classes: shared.classes().len() as u32,
                nodes: share.trees.node_count() as u32,
                depth: share.trees.depth() as u32,
                training_score: *training_score,
                fingerprint,
            },
        }
    }
}

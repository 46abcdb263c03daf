//! What trainers fit.

use crate::encode::Encoder;
use crate::model::{Fingerprint, Model, ModelSummary};
use crate::tree::Tree;

/// What a trainer fitted to one partition, in terms of its codes.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Fitted {
    /// A classification tree.
    Tree(Tree),
}

impl Fitted {
    /// The model of an entity: what was fitted, in the data's own units. `names` are the features'
    /// columns, in the order of the encoder.
    pub fn model(&self, key: &str, names: &[&str], encoder: &Encoder) -> Model {
        match self {
            Fitted::Tree(tree) => Model::new(key, names, encoder, tree),
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
        }
    }
}

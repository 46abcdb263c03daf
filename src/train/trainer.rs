//! The seam between the engine and whatever fits a tree.

use crate::encode::EncodedPartition;
use crate::tree::Tree;

/// Fits one tree to one encoded partition.
///
/// A trainer holds hyperparameters and nothing of a partition: the same partition always gives the
/// same tree, on whichever thread.
pub trait Trainer: Send + Sync {
    /// Fits the tree.
    ///
    /// # Errors
    ///
    /// [`TrainError`] for a partition that this trainer cannot learn from. It becomes the
    /// entity's status; the run goes on.
    fn train(&self, partition: &EncodedPartition) -> Result<Tree, TrainError>;

    /// Name and hyperparameters, as the manifest records them. Two trainers with equal
    /// descriptions give equal trees.
    fn description(&self) -> serde_json::Value;
}

/// Why one entity has no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrainError(pub String);

//! The seam between the engine and whatever fits models.

use super::fitted::Fitted;
use crate::encode::EncodedPartition;
use crate::error::ParamsError;
use crate::schema::Task;
use crate::tree::TreeScratch;

/// Fits one model to one encoded partition.
///
/// A trainer holds hyperparameters and nothing of a partition: the same partition always gives the
/// same model, on whichever thread and whatever is in the scratch memory.
pub trait Trainer: Send + Sync {
    /// Checks that the trainer can learn targets of a task, which have these classes over all
    /// entities, none where they are quantities; asked before the first partition.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] where it can learn none of them with its hyperparameters.
    fn check(&self, _task: Task, _classes: &[String]) -> Result<(), ParamsError> {
        Ok(())
    }

    /// Fits the model. `scratch` is memory of the thread, kept from entity to entity.
    ///
    /// # Errors
    ///
    /// [`TrainError`] for a partition that this trainer cannot learn from. It becomes the
    /// entity's status; the run goes on.
    fn train(
        &self,
        partition: &EncodedPartition,
        scratch: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError>;

    /// Name and hyperparameters, as the manifest records them. Two trainers with equal
    /// descriptions fit equal models.
    fn description(&self) -> serde_json::Value;
}

/// Buffers that a thread keeps from entity to entity, for trainers of all kinds; those that a
/// trainer does not use stay empty.
#[derive(Default)]
#[non_exhaustive]
pub struct TrainerScratch {
    /// For growing trees.
    pub tree: TreeScratch,
}

/// Why one entity has no model.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct TrainError(pub String);

impl TrainError {
    /// A trainer of classes got a quantity.
    pub(super) fn quantity(trainer: &str) -> Self {
        Self(format!("{trainer} cannot learn a quantity"))
    }

    /// A trainer got missing values that it cannot learn.
    pub(super) fn missing(trainer: &str, feature: &str) -> Self {
        Self(format!(
            "has missing values in '{feature}', which {trainer} cannot learn: leave such rows out, or the feature"
        ))
    }
}

impl Trainer for Box<dyn Trainer> {
    fn check(&self, task: Task, classes: &[String]) -> Result<(), ParamsError> {
        (**self).check(task, classes)
    }

    fn train(
        &self,
        partition: &EncodedPartition,
        scratch: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError> {
        (**self).train(partition, scratch)
    }

    fn description(&self) -> serde_json::Value {
        (**self).description()
    }
}

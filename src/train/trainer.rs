//! The seam between the engine and whatever fits models.

use std::borrow::Cow;
use std::sync::Arc;

use super::fitted::Fitted;
use crate::cancel::Cancel;
use crate::encode::EncodedPartition;
use crate::ensemble::OwnShareScratch;
use crate::error::{self, ParamsError};
use crate::model::SharedModel;
use crate::schema::{Feature, Task};
use crate::table::Table;
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

    /// Whether the models of all entities share something.
    fn is_shared(&self) -> bool {
        false
    }

    /// Fits what the models of all entities share, before any of them is trained; nothing where they
    /// share nothing.
    ///
    /// # Errors
    ///
    /// What is wrong with the rows, and [`Error::Interrupted`](crate::Error::Interrupted).
    fn prepare(&self, _input: &SharedInput) -> error::Result<Option<Prepared>> {
        Ok(None)
    }

    /// Takes up what an earlier run with the same trainer fitted for the models of all entities to
    /// share, instead of fitting it again; nothing where it cannot, or they share nothing.
    ///
    /// # Errors
    ///
    /// [`SpecError::SharedOfOtherClasses`](error::SpecError::SharedOfOtherClasses).
    fn resume(
        &self,
        _shared: Arc<SharedModel>,
        _input: &SharedInput,
    ) -> error::Result<Option<Prepared>> {
        Ok(None)
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

/// All rows that are trained on, for what entities share.
#[non_exhaustive]
pub struct SharedInput<'a> {
    /// The rows: one table, or one after another where memory is limited.
    pub tables: &'a Tables<'a>,
    /// Number of rows.
    pub rows: u64,
    /// Whether targets are classes or quantities.
    pub task: Task,
    /// The classes of all entities, none of quantities.
    pub classes: &'a [String],
    /// Number of columns of the key.
    pub key_columns: usize,
    /// The features, in the order of the tables' columns.
    pub features: &'a [Feature],
    /// A request to stop.
    pub cancel: &'a Cancel,
    /// What is made of the weights of an entity's rows.
    pub(super) weigh: Option<Arc<Weigh>>,
}

impl<'a> SharedInput<'a> {
    /// The rows of one table, which is all that `tables` gives; the keys are not looked into for
    /// parents.
    pub(crate) fn of_table(table: &'a Table, tables: &'a Tables<'a>, cancel: &'a Cancel) -> Self {
        Self {
            tables,
            rows: table.rows() as u64,
            task: table.task(),
            classes: table.classes(),
            key_columns: 1,
            features: table.features(),
            cancel,
            weigh: None,
        }
    }
}

/// All tables of a run, in the order of their keys.
pub type Tables<'a> = dyn Fn() -> Box<dyn Iterator<Item = error::Result<Cow<'a, Table>>> + 'a> + 'a;

/// Weighs the rows of an entity.
pub(super) type Weigh = dyn Fn(&EncodedPartition) -> Option<Vec<f64>> + Send + Sync;

/// What the models of all entities share, and what trains them beside it.
pub struct Prepared {
    /// What is shared.
    pub shared: Arc<SharedModel>,
    /// Trains the entities.
    pub trainer: Box<dyn Trainer>,
}

/// Buffers that a thread keeps from entity to entity, for trainers of all kinds; those that a
/// trainer does not use stay empty.
#[derive(Default)]
#[non_exhaustive]
pub struct TrainerScratch {
    /// For growing trees.
    pub tree: TreeScratch,
    /// A request to stop within an entity.
    pub(super) cancel: Cancel,
    /// For fitting shares.
    pub(crate) shares: OwnShareScratch,
}

impl TrainerScratch {
    /// Buffers for training that stops within an entity once that is requested, with a model that is
    /// of no use or none.
    pub(super) fn heeding(cancel: &Cancel) -> Self {
        Self {
            tree: TreeScratch::heeding(cancel),
            cancel: cancel.clone(),
            shares: OwnShareScratch::default(),
        }
    }
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

    fn is_shared(&self) -> bool {
        (**self).is_shared()
    }

    fn prepare(&self, input: &SharedInput) -> error::Result<Option<Prepared>> {
        (**self).prepare(input)
    }

    fn resume(
        &self,
        shared: Arc<SharedModel>,
        input: &SharedInput,
    ) -> error::Result<Option<Prepared>> {
        (**self).resume(shared, input)
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

//! What became of one entity.

use super::decision::Decided;
use crate::metrics::{Evaluation, Metrics};
use crate::model::ModelSummary;
use crate::store::{ContestScores, EntityRecord, EntityStatus, HoldoutScores};

/// What became of one entity.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub key: String,
    pub rows: usize,
    pub status: Status,
}

/// Whether an entity has a model.
#[derive(Clone, Debug)]
pub(crate) enum Status {
    Trained(Box<Trained>),
    /// It has too few rows.
    Skipped,
    /// It has none, for this reason.
    Failed(String),
}

/// One trained model and what is noted about it.
#[derive(Clone, Debug)]
pub(crate) struct Trained {
    /// The model in CBOR.
    pub bytes: Vec<u8>,
    pub summary: ModelSummary,
    /// How good the model is on the rows held out, where some were.
    pub held_out: Option<HeldOut>,
    /// What became of its decision, where the run has a rule for it.
    pub decided: Option<Decided>,
    /// How much each feature of the run matters to it, where that was asked for.
    pub importance: Option<Box<[f32]>>,
    /// How the model of an earlier generation compares, where there was a contest.
    pub contested: Option<Contested>,
}

/// The predictions for an entity's rows that were held out, and their figures.
#[derive(Clone, Debug)]
pub(crate) struct HeldOut {
    pub evaluation: Evaluation,
    pub metrics: Metrics,
}

/// How the two models of an entity did on the rows held out.
#[derive(Clone, Debug)]
pub(crate) struct Contested {
    /// The earlier model.
    pub champion: HeldOut,
    pub scores: ContestScores,
    /// Why there is no new model.
    pub error: Option<String>,
}

impl Outcome {
    /// What the store notes of the entity, and its model.
    pub fn into_record(self) -> (EntityRecord, Option<Vec<u8>>) {
        let bare = |status| EntityRecord::bare(self.key, self.rows as u64, status);
        match self.status {
            Status::Trained(trained) => trained.into_record(bare(EntityStatus::Trained)),
            Status::Skipped => (bare(EntityStatus::Skipped), None),
            Status::Failed(error) => {
                let mut record = bare(EntityStatus::Failed);
                record.error = Some(error);
                (record, None)
            }
        }
    }
}

impl Trained {
    /// A model of which nothing more is told.
    pub fn unjudged(bytes: Vec<u8>, summary: ModelSummary) -> Self {
        Self {
            bytes,
            summary,
            held_out: None,
            decided: None,
            importance: None,
            contested: None,
        }
    }

    fn into_record(self, record: EntityRecord) -> (EntityRecord, Option<Vec<u8>>) {
        let held_out = self.held_out.as_ref();
        let holdout = held_out.map(|held_out| HoldoutScores::from(&held_out.metrics));
        let contested = self.contested.as_ref();
        let record = EntityRecord {
            error: contested.and_then(|contested| contested.error.clone()),
            summary: Some(self.summary),
            holdout: holdout.map(Box::new),
            contest: contested.map(|contested| Box::new(contested.scores)),
            importance: self.importance,
            ..record
        };
        (record, Some(self.bytes))
    }
}

//! What became of one entity of a part, or of the part, as it goes from a worker to the commit.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use crate::error::{Error, Result};
use crate::metrics::EvaluationRecord;
use crate::model::ModelSummary;
use crate::schema::{LeftOut, Task};
use crate::store::{EntityRecord, EntityStatus};
use crate::train::decision::Decided;
use crate::train::outcome::{HeldOut, Outcome, Status, Trained};

/// A row of outcomes.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OutcomeRow {
    /// The digest of the plan.
    #[serde(with = "serde_bytes")]
    pub plan: [u8; 32],
    /// The part that it is of.
    pub part: String,
    pub content: OutcomeContent,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum OutcomeContent {
    Entity(Box<EntityOutcome>),
    Part(PartAccount),
}

/// What became of one entity.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EntityOutcome {
    pub key: String,
    pub status: EntityStatus,
    pub error: Option<String>,
    pub rows: u64,
    pub left_out: u64,
    pub model: Option<TrainedOutcome>,
}

/// A model, and what is noted of it.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TrainedOutcome {
    pub bytes: ByteBuf,
    pub summary: ModelSummary,
    pub held_out: Option<EvaluationRecord>,
    pub decided: Option<Decided>,
    pub importance: Option<Box<[f32]>>,
}

/// The rows of a part, once all of its entities are done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PartAccount {
    /// Entities of which an outcome was written.
    pub entities: u64,
    /// The rows of these, as their outcomes have them.
    pub entity_rows: u64,
    /// Rows of the part.
    pub rows_read: u64,
    pub left_out: LeftOut,
}

impl EntityOutcome {
    pub fn new(outcome: Outcome, left_out: u64) -> Self {
        let bare = |status, error| Self {
            key: outcome.key,
            status,
            error,
            rows: outcome.rows as u64,
            left_out,
            model: None,
        };
        match outcome.status {
            Status::Skipped => bare(EntityStatus::Skipped, None),
            Status::Failed(error) => bare(EntityStatus::Failed, Some(error)),
            Status::Trained(trained) => Self {
                model: Some(TrainedOutcome {
                    bytes: trained.bytes.into(),
                    summary: trained.summary,
                    held_out: trained
                        .held_out
                        .map(|held_out| (&held_out.evaluation).into()),
                    decided: trained.decided,
                    importance: trained.importance,
                }),
                ..bare(EntityStatus::Trained, None)
            },
        }
    }

    /// An entity that was not trained.
    pub fn untrained(record: EntityRecord, left_out: u64) -> Self {
        Self {
            key: record.key,
            status: record.status,
            error: record.error,
            rows: record.rows,
            left_out,
            model: None,
        }
    }

    /// What became of it, for those that were tried; `classes` and `task` are those of the plan.
    ///
    /// # Errors
    ///
    /// [`Error::Evaluation`] for figures that do not fit the plan.
    pub fn outcome(self, task: Task, classes: usize) -> Result<Outcome> {
        let status = match (self.status, self.model) {
            (EntityStatus::Trained, Some(model)) => {
                Status::Trained(Box::new(model.trained(task, classes)?))
            }
            (EntityStatus::Skipped, None) => Status::Skipped,
            (EntityStatus::Failed, None) => Status::Failed(self.error.unwrap_or_default()),
            _ => {
                let problem = format!("'{}' has a model without being trained, or none", self.key);
                return Err(Error::BadModel(problem));
            }
        };
        Ok(Outcome {
            key: self.key,
            rows: self.rows as usize,
            status,
        })
    }
}

impl TrainedOutcome {
    fn trained(self, task: Task, classes: usize) -> Result<Trained> {
        let held_out = self.held_out.map(|record| {
            let evaluation = record.evaluation(task, classes)?;
            let metrics = evaluation.metrics();
            Ok::<_, Error>(HeldOut {
                evaluation,
                metrics,
            })
        });
        Ok(Trained {
            held_out: held_out.transpose()?,
            decided: self.decided,
            importance: self.importance,
            ..Trained::unjudged(self.bytes.into_vec(), self.summary)
        })
    }
}

//! What is noted of a model beside its bytes.

use serde::{Deserialize, Serialize};

use crate::schema::Task;

/// Length of a fingerprint: the first bytes of a BLAKE3 digest.
pub const FINGERPRINT_BYTES: usize = 16;

/// A digest of all that decides about an entity's model.
pub type Fingerprint = [u8; FINGERPRINT_BYTES];

/// What is noted of a model, to be known without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Number of classes; 0 of a quantity.
    pub classes: u32,
    /// Number of nodes, leaves included.
    pub nodes: u32,
    /// Depth of the deepest leaf.
    pub depth: u32,
    /// How good the model is on its training rows: the share of their weight that is classified
    /// correctly, or the share of the spread of quantities, by the criterion of training, that the
    /// model explains. The latter is R² where it was trained by squared errors, as it is by default.
    // The name that journals of earlier versions have.
    #[serde(rename = "training_accuracy")]
    pub training_score: f64,
    /// A digest of the trainer and of all that it was given.
    #[serde(with = "serde_bytes")]
    pub fingerprint: Fingerprint,
}

impl ModelSummary {
    /// What the model predicts.
    #[must_use]
    pub fn task(&self) -> Task {
        match self.classes {
            0 => Task::Regression,
            _ => Task::Classification,
        }
    }

    /// The training score of a model of a task; nothing for one of another task.
    #[must_use]
    pub fn training_score_of(&self, task: Task) -> Option<f64> {
        (self.task() == task).then_some(self.training_score)
    }
}

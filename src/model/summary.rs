//! What is noted of a model beside its bytes.

use serde::{Deserialize, Serialize};

/// Length of a fingerprint: the first bytes of a BLAKE3 digest.
pub const FINGERPRINT_BYTES: usize = 16;

/// A digest of all that decides about an entity's model.
pub type Fingerprint = [u8; FINGERPRINT_BYTES];

/// What is noted of a model, to be known without decoding it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Number of classes.
    pub classes: u32,
    /// Number of nodes, leaves included.
    pub nodes: u32,
    /// Depth of the deepest leaf.
    pub depth: u32,
    /// The share of the training weight that the model classifies correctly.
    pub training_accuracy: f64,
    /// A digest of the trainer and of all that it was given.
    #[serde(with = "serde_bytes")]
    pub fingerprint: Fingerprint,
}

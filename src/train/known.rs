//! Models that need no training, for they were trained before on the very same data.

use super::Trained;
use super::engine::FINGERPRINT_BYTES;

/// A source of models that were trained before.
pub trait Known: Sync {
    /// The model of this fingerprint, as training would give it again.
    fn find(&self, fingerprint: &[u8; FINGERPRINT_BYTES]) -> Option<Trained>;
}

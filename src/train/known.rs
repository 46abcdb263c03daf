//! Models that need no training, for they were trained before on the very same data.

use super::Fingerprint;
use super::Trained;

/// A source of models that were trained before.
pub trait Known: Sync {
    /// The model of this fingerprint, as training would give it again.
    fn find(&self, fingerprint: &Fingerprint) -> Option<Trained>;
}

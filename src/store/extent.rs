//! Which bytes of a file a model is.

use serde::{Deserialize, Serialize};

/// Which bytes of a file a model is, and what they must be.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Extent {
    pub offset: u64,
    pub length: u32,
    /// BLAKE3.
    #[serde(with = "serde_bytes")]
    pub digest: [u8; 32],
}

impl Extent {
    /// That of a model which is written at this offset.
    pub fn of(offset: u64, model: &[u8]) -> Self {
        Self {
            offset,
            length: model.len() as u32,
            digest: *blake3::hash(model).as_bytes(),
        }
    }

    /// Whether these bytes are the model.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        *blake3::hash(bytes).as_bytes() == self.digest
    }
}

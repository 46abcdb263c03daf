//! A model's bytes: CBOR (RFC 8949) whose arrays are typed (RFC 8746).

use std::sync::Arc;

use super::boosted_record::BoostedRecord;
use super::cbor::{bad, read, version, write};
use super::model::{Content, Model};
use super::shared_model::SharedModel;
use super::shared_record::SharedRecord;
use super::tree_record::TreeRecord;
use crate::error::{Error, Result};

/// The newest version of the model format that this program writes and reads. Trees are written as
/// version 2.
pub const MODEL_VERSION: u64 = 3;

impl Model {
    /// Appends the model's CBOR to `buffer`; `store/model.cddl` is the specification. What all
    /// entities share is no part of it.
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        match &self.content {
            Content::Tree(tree) => write(&tree.record(self), buffer),
            Content::Boosted(ensemble) => {
                write(
                    &BoostedRecord::of_ensemble(MODEL_VERSION, self, ensemble),
                    buffer,
                );
            }
            Content::Shared(_, share) => {
                write(&BoostedRecord::of_share(MODEL_VERSION, self, share), buffer);
            }
        }
    }

    /// Reads a model from exactly these bytes. `shared` is what all entities of its generation
    /// share, where they do.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for bytes that are not a model of this version, whose arrays do not
    /// make trees, or that are a share of what is not given. Nothing is allocated beyond what the
    /// bytes themselves hold.
    pub fn decode(bytes: &[u8], shared: Option<&Arc<SharedModel>>) -> Result<Self> {
        match version(bytes) {
            Some(MODEL_VERSION) => read::<BoostedRecord>(bytes)?.model(shared),
            Some(version) if version > MODEL_VERSION => Err(newer(version)),
            _ => TreeRecord::decode(bytes),
        }
    }
}

impl SharedModel {
    /// Appends the CBOR of what is shared to `buffer`; `store/model.cddl` is the specification.
    pub fn encode(&self, buffer: &mut Vec<u8>) {
        write(&SharedRecord::of(self, MODEL_VERSION), buffer);
    }

    /// Reads what is shared from exactly these bytes.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for bytes that are none of this version, and as [`new`](Self::new).
    /// Nothing is allocated beyond what the bytes themselves hold.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        match version(bytes) {
            Some(MODEL_VERSION) => read::<SharedRecord>(bytes)?.shared(),
            Some(version) if version > MODEL_VERSION => Err(newer(version)),
            _ => Err(bad("is nothing that entities share")),
        }
    }
}

fn newer(version: u64) -> Error {
    Error::BadModel(format!(
        "has version {version}, this program reads version {MODEL_VERSION} and before"
    ))
}

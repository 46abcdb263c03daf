//! The journal of a run: every finished file and the models in it, so that the next run can take them
//! over.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::extent::Extent;
use super::layout::is_plain_name;
use crate::model::ModelSummary;

/// A model in a finished file.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct JournalModel {
    pub extent: Extent,
    pub summary: ModelSummary,
}

/// A finished file.
#[derive(Serialize, Deserialize)]
pub(super) struct JournalFile {
    pub file: String,
    pub models: Vec<JournalModel>,
}

impl JournalFile {
    /// The bytes to be appended to the journal: a digest and what it is of.
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::new();
        ciborium::into_writer(self, &mut payload).expect("writing to memory does not fail");
        let digest = blake3::hash(&payload);
        let frame = (ByteBuf::from(*digest.as_bytes()), ByteBuf::from(payload));
        let mut bytes = Vec::new();
        ciborium::into_writer(&frame, &mut bytes).expect("writing to memory does not fail");
        bytes
    }
}

/// What a journal names. It ends where it was cut off.
pub(super) fn decode(mut bytes: &[u8]) -> Vec<JournalFile> {
    let mut files = Vec::new();
    while let Ok((digest, payload)) = ciborium::from_reader::<(ByteBuf, ByteBuf), _>(&mut bytes) {
        if blake3::hash(&payload).as_bytes().as_slice() != digest.as_slice() {
            break;
        }
        match ciborium::from_reader::<JournalFile, _>(payload.as_slice()) {
            Ok(file) if is_plain_name(&file.file) => files.push(file),
            _ => break,
        }
    }
    files
}

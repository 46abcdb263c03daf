//! One item of CBOR (RFC 8949), read and written.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// What is in exactly these bytes.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    let mut rest = bytes;
    let record = ciborium::from_reader(&mut rest)
        .map_err(|error| Error::BadModel(format!("not a model in CBOR: {error}")))?;
    match rest.is_empty() {
        true => Ok(record),
        false => Err(bad("trailing bytes")),
    }
}

/// Appends a record to a buffer.
pub(super) fn write(record: &impl Serialize, buffer: &mut Vec<u8>) {
    ciborium::into_writer(record, buffer).expect("writing to memory does not fail");
}

/// The version of a record, which is a map of few fields, the first of them that.
pub(super) fn version(bytes: &[u8]) -> Option<u64> {
    let version = bytes.get(1..)?.strip_prefix(b"\x67version")?.first()?;
    (*version < 24).then(|| u64::from(*version))
}

pub(super) fn bad(problem: &str) -> Error {
    Error::BadModel(problem.to_owned())
}

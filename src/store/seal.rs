//! The digest of a manifest, within the manifest.
//!
//! It is the BLAKE3 digest of the file's bytes with 64 zeros in the place of its own 64 characters, so
//! that not a bit of the file is without it.

use memchr::memmem::rfind;
use serde::Serialize;
use serde_json::Value;

/// The field that has the digest.
const DIGEST: &str = "digest";

/// The fields of manifests of earlier versions, which have no digest.
const EARLIER: [&str; 3] = ["format_version", "current", "generations"];

/// What stands in the digest's place while it is calculated.
const BLANK: &str = "0000000000000000000000000000000000000000000000000000000000000000";

#[derive(Serialize)]
struct Sealed<'a, M> {
    #[serde(flatten)]
    manifest: &'a M,
    /// Comes last.
    digest: &'a str,
}

/// The text of a manifest with its digest.
pub(super) fn seal(manifest: &impl Serialize) -> serde_json::Result<String> {
    let blank = serde_json::to_string_pretty(&Sealed {
        manifest,
        digest: BLANK,
    })?;
    let digest = blake3::hash(blank.as_bytes()).to_hex();
    serde_json::to_string_pretty(&Sealed {
        manifest,
        digest: &digest,
    })
}

/// Whether a manifest, and the bytes that it was read from, are as they were written. One of an
/// earlier version has no digest to tell by.
pub(super) fn is_whole(manifest: &Value, bytes: &[u8]) -> bool {
    let Some(digest) = manifest.get(DIGEST) else {
        // Else the very name of the field may be what is damaged.
        let mut fields = manifest.as_object().into_iter().flat_map(|map| map.keys());
        return fields.all(|field| EARLIER.contains(&field.as_str()));
    };
    let digest = digest.as_str().unwrap_or_default().as_bytes();
    let Some(place) = rfind(bytes, digest).filter(|_| digest.len() == BLANK.len()) else {
        return false;
    };
    let mut hasher = blake3::Hasher::new();
    hasher.update(&bytes[..place]);
    hasher.update(BLANK.as_bytes());
    hasher.update(&bytes[place + digest.len()..]);
    hasher.finalize().to_hex().as_bytes() == digest
}

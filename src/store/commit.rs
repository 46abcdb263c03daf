//! The one step that makes a generation current.

use super::directory::{Location, Prepared};
use crate::error::Result;

/// Replaces a manifest: whoever opens the store from then on sees the new one.
///
/// A file system may tell of an error although it has done what was asked, so what is there is looked
/// at: an error means that the manifest is still the one before.
///
/// # Errors
///
/// As [`Directory::commit`](super::Directory::commit).
pub(super) fn replace(
    directory: &Location,
    prepared: Prepared,
    expected: Option<&[u8]>,
) -> Result<()> {
    let (name, bytes) = (prepared.name.clone(), prepared.bytes.clone());
    let Err(error) = directory.commit(prepared, expected) else {
        return Ok(());
    };
    match directory.read_if_there(&name) {
        Ok(Some(found)) if found == bytes => Ok(()),
        _ => Err(error),
    }
}

/// Waits until what was renamed outlasts a power cut. Where the system does not say so, all is done
/// nevertheless, and a warning tells of it.
pub(super) fn is_durable(directory: &Location) -> bool {
    let synced = directory.sync("");
    if let Err(error) = &synced {
        log::warn!("{error}; {NOT_DURABLE}");
    }
    synced.is_ok()
}

/// What an error after the commit means.
const NOT_DURABLE: &str = "the change is committed and everybody sees it, so do not run the same again; but a power cut may take it back, so check the disk";

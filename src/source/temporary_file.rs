//! Files that are there for as long as they are needed.

use std::fs::File;

use tempfile::{Builder, NamedTempFile};

use crate::error::{Error, Result};

/// A file in the directory for temporary files; it vanishes when it is dropped.
///
/// # Errors
///
/// [`Error::Io`].
pub(super) fn temporary() -> Result<NamedTempFile<File>> {
    let directory = std::env::temp_dir();
    let file = Builder::new().prefix("per-entity-").tempfile_in(&directory);
    file.map_err(Error::io(&directory))
}

//! Where files of rows lie while they are needed.

use std::fmt::Debug;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::Write;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;

use crate::error::{Error, Result};

/// A folder of its own for files of rows, which nobody needs once the run has ended.
pub trait Scratch: Debug + Send + Sync {
    /// How a file is called in messages.
    fn path(&self, file: &str) -> PathBuf;

    /// Makes the folder.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], also where it is there already.
    fn create(&self) -> Result<()>;

    /// Appends to a file, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    fn append(&self, file: &str, bytes: &[u8]) -> Result<()>;

    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`].
    fn read(&self, file: &str) -> Result<Vec<u8>>;

    /// Removes the folder and what is in it, as far as it can be removed.
    fn remove(&self);
}

/// A folder of the file system that nobody else may look into.
#[derive(Debug)]
pub struct ScratchFolder(PathBuf);

impl ScratchFolder {
    /// The folder at a path, where nothing is yet.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// A folder among the system's temporary ones.
    pub(crate) fn temporary() -> Self {
        let since_1970 = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
        let process = std::process::id();
        let name = format!("per-entity-{process}-{}", since_1970.as_nanos());
        Self(std::env::temp_dir().join(name))
    }
}

impl Scratch for ScratchFolder {
    fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }

    fn create(&self) -> Result<()> {
        let made = DirBuilder::new().mode(0o700).create(&self.0);
        made.map_err(Error::io(&self.0))
    }

    fn append(&self, file: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(file);
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        opened
            .and_then(|mut file| file.write_all(bytes))
            .map_err(Error::io(&path))
    }

    fn read(&self, file: &str) -> Result<Vec<u8>> {
        let path = self.path(file);
        fs::read(&path).map_err(Error::io(&path))
    }

    fn remove(&self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

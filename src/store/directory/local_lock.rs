//! One writer at a time: an advisory lock that the system drops with its holder, however it ends.

use std::fs::{File, Metadata, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::contract::WriteLock;
use super::regular_file::open_regular;
use crate::error::{Error, Result, StoreError};

/// The right to write to a store, until dropped.
pub(super) struct LocalLock {
    file: File,
}

impl LocalLock {
    /// Takes the lock of a file, which stays behind, empty, when nobody holds it. A holder that ended without giving it back is reported in the
    /// log.
    pub fn take(path: PathBuf) -> Result<Self> {
        let (file, holder) = loop {
            let (file, holder) = Self::try_take(&path)?;
            // A first run that failed removes what it made, and so the file that was just locked;
            // whoever comes next locks another one.
            if is_at(&file, &path) {
                break (file, holder);
            }
        };
        if !holder.trim().is_empty() {
            log::warn!(
                "{}: taken over from {}, which ended without finishing",
                path.display(),
                holder.trim()
            );
        }
        let host = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        let mut lock = Self { file };
        lock.write(&format!("process {} on {host}\n", std::process::id()))
            .map_err(Error::io(&path))?;
        Ok(lock)
    }

    /// The locked file, and what it says of its holder.
    fn try_take(path: &Path) -> Result<(File, String)> {
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).read(true).write(true);
        let mut file = open_regular(&mut options, path)?;
        let mut holder = String::new();
        // A lock file is a line; whatever else it holds is of no use.
        let _ = (&mut file).take(256).read_to_string(&mut holder);
        match file.try_lock() {
            Ok(()) => Ok((file, holder)),
            Err(TryLockError::WouldBlock) => Err(StoreError::Locked {
                path: path.to_path_buf(),
                holder: holder.trim().to_owned(),
            }
            .into()),
            Err(TryLockError::Error(error)) => Err(Error::io(path)(error)),
        }
    }

    fn write(&mut self, holder: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(holder.as_bytes())
    }
}

/// Whether an open file is the one that has its name now.
fn is_at(file: &File, path: &Path) -> bool {
    let identity = |metadata: Metadata| (metadata.dev(), metadata.ino());
    let own = file.metadata().map(identity);
    own.is_ok_and(|own| {
        std::fs::symlink_metadata(path)
            .map(identity)
            .is_ok_and(|at| at == own)
    })
}

impl WriteLock for LocalLock {}

impl Drop for LocalLock {
    fn drop(&mut self) {
        // An empty file says that the holder ended in order; the lock itself goes with the file.
        let _ = self.write("");
    }
}

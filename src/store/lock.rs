//! One writer at a time: an advisory lock that the system drops with its holder, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::{Error, Result};

/// The lock's file name. It stays behind, empty, when no run holds it.
pub(super) const LOCK: &str = ".lock";

/// The right to write to a store, until dropped.
pub(super) struct Lock {
    file: File,
}

impl Lock {
    /// Takes the lock of a store. A holder that ended without giving it back is reported in the
    /// log.
    pub fn take(directory: &Path) -> Result<Self> {
        let path: PathBuf = directory.join(LOCK);
        let mut file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(Error::io(&path))?;
        let mut holder = String::new();
        // A lock file is a line; whatever else it holds is of no use.
        let _ = (&mut file).take(256).read_to_string(&mut holder);
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder.trim().to_owned();
                return Err(Error::Locked { path, holder });
            }
            Err(TryLockError::Error(error)) => return Err(Error::io(&path)(error)),
        }
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

    fn write(&mut self, holder: &str) -> std::io::Result<()> {
        self.file.set_len(0)?;
        self.file.rewind()?;
        self.file.write_all(holder.as_bytes())
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // An empty file says that the holder ended in order; the lock itself goes with the file.
        let _ = self.write("");
    }
}

//! What a store needs of the place where it lies.

use std::fmt::Debug;
use std::path::PathBuf;
use std::time::Duration;

use rayon::prelude::*;

use crate::error::{Result, StoreError};

/// A tree of files in which a store can lie.
///
/// Names are relative to the store and have `/` between their parts: `manifest.json`,
/// `gen-000001/entities.parquet`; the empty name is the store itself. Errors name the place as
/// [`path`](Self::path) does.
///
/// What a reader relies on: a file that was [put](Self::put) is there as a whole or not at all, and
/// a [commit](Self::commit) replaces a file at once.
pub trait Directory: Debug + Send + Sync {
    /// How a file or folder is called in messages.
    fn path(&self, name: &str) -> PathBuf;

    /// Whether it lies on a disk of this machine, so that it may hold what is needed only while a
    /// run lasts and does not fit into memory.
    fn is_on_disk(&self) -> bool;

    /// Whether a folder takes another name at once, and with it what lies in it. Where it does not, a
    /// generation is written where it stays, in a folder whose name no other run has, and whoever
    /// writes does not rely on the [lock](Self::lock): the [commit](Self::commit) alone keeps two
    /// writers apart.
    fn renames_at_once(&self) -> bool {
        true
    }

    /// Makes the directory itself, durably. Says whether it was not there before.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn create(&self) -> Result<bool>;

    /// Removes the directory itself if it is empty.
    fn remove_if_empty(&self);

    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io) where it is not there, and
    /// [`StoreError::Damaged`] for what is not a plain file.
    fn open(&self, name: &str) -> Result<Box<dyn StoredFile>>;

    /// Reads a whole file.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    fn read(&self, name: &str) -> Result<Vec<u8>> {
        let file = self.open(name)?;
        file.read(0, file.length())
    }

    /// Reads a file that may not be there.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open) but for a missing file.
    fn read_if_there(&self, name: &str) -> Result<Option<Vec<u8>>> {
        match self.read(name) {
            Err(crate::error::Error::Io { cause, .. })
                if cause.kind() == std::io::ErrorKind::NotFound =>
            {
                Ok(None)
            }
            other => other.map(Some),
        }
    }

    /// Reads parts of files, in their order, as many at a time as is good.
    fn read_parts(&self, parts: &[FilePart]) -> Vec<Result<Vec<u8>>> {
        let parts = parts.par_iter();
        let read = |part: &FilePart| self.open(&part.name)?.read(part.offset, part.length);
        parts.map(read).collect()
    }

    /// What a folder holds, sorted by name; nothing where it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn list(&self, name: &str) -> Result<Vec<Entry>>;

    /// Whether a name is that of a folder.
    fn is_folder(&self, name: &str) -> bool;

    /// How long ago something was last written to a folder, where others may be writing to it now;
    /// nothing where the [lock](Self::lock) keeps them out.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn idle_for(&self, _folder: &str) -> Result<Option<Duration>> {
        Ok(None)
    }

    /// Makes a folder in one that is there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io), also where there is one already.
    fn create_folder(&self, name: &str) -> Result<()>;

    /// Writes a file, durably; leaves nothing of it where that fails. Where
    /// [folders are not renamed at once](Self::renames_at_once), that may go on when this returns;
    /// then what reads the file waits for it, and [`sync`](Self::sync), [`commit`](Self::commit) and
    /// the next file that is put tell of its errors.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn put(&self, name: &str, bytes: &[u8]) -> Result<()>;

    /// Appends to a file, which is made where it is not there.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn append(&self, name: &str, bytes: &[u8], durability: Durability) -> Result<()>;

    /// Waits until a file, or the list of what a folder holds, is durable.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io), also where somebody else took away what was put into the
    /// folder and that can be seen.
    fn sync(&self, name: &str) -> Result<()>;

    /// Gives a file, or a folder with everything in it, another name.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn rename(&self, from: &str, to: &str) -> Result<()>;

    /// Removes a file, or a folder with everything in it. What is not there is not an error.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn remove(&self, name: &str) -> Result<()>;

    /// Makes ready to replace a file: all that needs room.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    fn prepare(&self, name: &str, bytes: &[u8]) -> Result<Prepared>;

    /// Replaces a file at once, if it is still what was `expected`: these bytes, or not there. It is
    /// durable once the folder was [synced](Self::sync).
    ///
    /// # Errors
    ///
    /// [`StoreError::Changed`], and [`Error::Io`](crate::Error::Io).
    fn commit(&self, prepared: Prepared, expected: Option<&[u8]>) -> Result<()>;

    /// Takes the right to write, until what is returned is dropped.
    ///
    /// # Errors
    ///
    /// [`StoreError::Locked`] while somebody else has it, and [`Error::Io`](crate::Error::Io).
    fn lock(&self, name: &str) -> Result<Box<dyn WriteLock>>;
}

/// A part of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilePart {
    /// The file's name.
    pub name: String,
    /// Where the part begins.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
}

/// When what is appended has to be durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Before the call returns.
    Now,
    /// Whenever the system likes.
    Later,
}

/// A file that is open for reading.
pub trait StoredFile: Send + Sync {
    /// Its length in bytes.
    fn length(&self) -> u64;

    /// Reads `length` bytes from `offset` on.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] where the file has fewer, [`Error::Io`](crate::Error::Io).
    fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>>;
}

/// The right to write; it ends when this is dropped.
pub trait WriteLock: Send + Sync {}

/// A file or folder in a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// Its name in the folder.
    pub name: String,
    /// Whether it is a folder.
    pub is_folder: bool,
}

/// New content of a file, for [`Directory::commit`].
#[derive(Debug)]
pub struct Prepared {
    /// The file to be replaced.
    pub name: String,
    /// What it is to hold.
    pub bytes: Vec<u8>,
}

/// A part of a file, whose length is checked.
pub(super) fn check_range(path: PathBuf, size: u64, offset: u64, length: u64) -> Result<()> {
    if offset.checked_add(length).is_none_or(|end| end > size) {
        let problem = "the file is too short".into();
        return Err(StoreError::Damaged { path, problem }.into());
    }
    Ok(())
}

//! A file of rows that is read only if it is what was written.

use std::io::{Error as IoError, ErrorKind, Result as IoResult, Write};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use blake3::{Hash, Hasher};

use super::scratch::Scratch;
use crate::error::{Error, Result};

/// Bytes that are written together.
const WRITTEN_TOGETHER: usize = 1 << 18;

/// Writes a file, and notes what its content must be. Clones write to the same file.
#[derive(Clone)]
pub(super) struct ScratchWriter(Arc<Mutex<Writing>>);

struct Writing {
    scratch: Arc<dyn Scratch>,
    name: String,
    waiting: Vec<u8>,
    hasher: Hasher,
}

/// A file that was written, and the digest of its content.
#[derive(Debug)]
pub(super) struct ScratchFile {
    name: String,
    digest: Hash,
}

impl ScratchWriter {
    pub fn create(scratch: &Arc<dyn Scratch>, name: String) -> Result<Self> {
        scratch.append(&name, &[])?;
        Ok(Self(Arc::new(Mutex::new(Writing {
            scratch: scratch.clone(),
            name,
            waiting: Vec::new(),
            hasher: Hasher::new(),
        }))))
    }

    /// All is written.
    pub fn finish(mut self) -> IoResult<ScratchFile> {
        self.flush()?;
        let writing = self.writing();
        Ok(ScratchFile {
            name: writing.name.clone(),
            digest: writing.hasher.finalize(),
        })
    }

    fn writing(&self) -> MutexGuard<'_, Writing> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for ScratchWriter {
    fn write(&mut self, bytes: &[u8]) -> IoResult<usize> {
        let mut writing = self.writing();
        writing.waiting.extend_from_slice(bytes);
        match writing.waiting.len() < WRITTEN_TOGETHER {
            true => Ok(bytes.len()),
            false => writing.flush().map(|()| bytes.len()),
        }
    }

    fn flush(&mut self) -> IoResult<()> {
        self.writing().flush()
    }
}

impl Writing {
    fn flush(&mut self) -> IoResult<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        self.hasher.update(&self.waiting);
        let written = self.scratch.append(&self.name, &self.waiting);
        self.waiting.clear();
        // With the name of the file, and what to do.
        written.map_err(|error| IoError::other(error.to_string()))
    }
}

impl ScratchFile {
    /// The content, once it was found to be what was written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], also for a content that is another.
    pub fn read(&self, scratch: &dyn Scratch) -> Result<Vec<u8>> {
        let bytes = scratch.read(&self.name)?;
        if blake3::hash(&bytes) == self.digest {
            return Ok(bytes);
        }
        let problem = "the rows in it are not those that were written, so somebody changed it, or the disk is damaged; run the same again, or with another disk";
        let cause = IoError::new(ErrorKind::InvalidData, problem);
        Err(Error::io(scratch.path(&self.name))(cause))
    }
}

//! A file that bears its name only when it is whole, so that nobody takes a part for it.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// Writes beside a path, and takes its place in the end.
pub(super) struct PartialFile {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
}

impl PartialFile {
    pub fn create(path: &Path) -> Result<Self> {
        let mut partial = path.to_path_buf().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = create_anew(&partial).map_err(Error::io(&partial))?;
        Ok(Self {
            path: path.to_path_buf(),
            partial,
            file: BufWriter::with_capacity(1 << 20, file),
        })
    }

    /// Something failed, but what there is shall stay, under the name that it has.
    pub fn keep(mut self) {
        let _ = self.file.flush();
        log::warn!(
            "{} has the rows until here; it is not renamed to {}",
            self.partial.display(),
            self.path.display()
        );
    }

    /// All is written.
    pub fn finish(mut self) -> Result<()> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all())
            .and_then(|()| std::fs::rename(&self.partial, &self.path))
            .map_err(Error::io(&self.path))
    }

    /// Nothing is to be left.
    pub fn discard(self) {
        let _ = std::fs::remove_file(&self.partial);
    }
}

impl Write for PartialFile {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.file.flush()
    }
}

/// Makes a file that was not there, in the place of whatever has the name: the user did not choose
/// it, so it may be a link that somebody else put there.
fn create_anew(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => File::create_new(path),
    }
}

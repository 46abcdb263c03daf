//! A file that bears its name only when it is whole, so that nobody takes a part for it.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::cli::CliError;

/// Writes beside a path, and takes its place in the end.
pub struct PartialFile {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
}

impl PartialFile {
    pub fn create(path: &Path) -> Result<Self, CliError> {
        let mut partial = path.to_path_buf().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let file = File::create(&partial).map_err(|error| at(&partial, error))?;
        Ok(Self {
            path: path.to_path_buf(),
            partial,
            file: BufWriter::with_capacity(1 << 20, file),
        })
    }

    /// Where the bytes are until they are whole.
    pub fn partial(&self) -> &Path {
        &self.partial
    }

    /// All is written.
    pub fn finish(mut self) -> Result<(), CliError> {
        self.file
            .flush()
            .and_then(|()| self.file.get_ref().sync_all())
            .and_then(|()| std::fs::rename(&self.partial, &self.path))
            .map_err(|error| at(&self.path, error))
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

fn at(path: &Path, error: std::io::Error) -> CliError {
    CliError::Usage(format!("{}: {error}", path.display()))
}

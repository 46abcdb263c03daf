//! A file that bears its name only when it is whole, so that nobody takes a part for it.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use tempfile::Builder;

use crate::cloud::{Address, Bucket};
use crate::error::{Error, Result};

/// Writes beside a path, and takes its place in the end. What is to lie in a bucket is written to the
/// directory for temporary files, and sent in the end.
pub(super) struct PartialFile {
    path: PathBuf,
    partial: PathBuf,
    file: BufWriter<File>,
    address: Option<Address>,
}

impl PartialFile {
    pub fn create(path: &Path) -> Result<Self> {
        let address = Address::of(path);
        let (partial, file) = match &address {
            Some(address) => {
                Bucket::connect(address)?;
                temporary(path)?
            }
            None => {
                let mut partial = path.to_path_buf().into_os_string();
                partial.push(".partial");
                let partial = PathBuf::from(partial);
                let file = create_anew(&partial).map_err(Error::io(&partial))?;
                (partial, file)
            }
        };
        Ok(Self {
            path: path.to_path_buf(),
            partial,
            file: BufWriter::with_capacity(1 << 20, file),
            address,
        })
    }

    /// Something failed, but what there is shall stay, under the name that it has.
    pub fn keep(mut self) {
        let _ = self.file.flush();
        log::warn!(
            "{} has the rows until here, and {} has not",
            self.partial.display(),
            self.path.display()
        );
    }

    /// All is written.
    pub fn finish(mut self) -> Result<()> {
        if let Some(address) = &self.address {
            let sent = self.file.flush().map_err(Error::io(&self.partial));
            let sent = sent
                .and_then(|()| Bucket::connect(address))
                .and_then(|bucket| bucket.put_file(&address.key, self.file.get_ref()));
            match sent {
                Ok(()) => self.discard(),
                Err(_) => self.keep(),
            }
            return sent;
        }
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

/// A file of the run's own, for what is to lie at an address.
fn temporary(address: &Path) -> Result<(PathBuf, File)> {
    let directory = std::env::temp_dir();
    let file = Builder::new().prefix("per-entity-").tempfile_in(&directory);
    let file = file.map_err(Error::io(&directory))?;
    let (file, partial) = file
        .keep()
        .map_err(|error| Error::io(address)(error.error))?;
    Ok((partial, file))
}

/// Makes a file that was not there, in the place of whatever has the name: the user did not choose
/// it, so it may be a link that somebody else put there.
fn create_anew(path: &Path) -> std::io::Result<File> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => File::create_new(path),
    }
}

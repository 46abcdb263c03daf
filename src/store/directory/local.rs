//! A directory of the file system.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::contract::{Directory, Durability, Entry, Prepared, StoredFile, WriteLock, check_range};
use super::local_lock::LocalLock;
use super::regular_file::{create_anew, open_regular};
use crate::error::{Error, Result, StoreError};

/// A directory of the file system.
///
/// A file is replaced by a rename within its folder, which readers see as a whole; a lock is the
/// system's own, so that it ends with its holder, however that ends.
#[derive(Clone, Debug)]
pub struct LocalDirectory {
    root: PathBuf,
}

impl LocalDirectory {
    /// The directory at a path, which need not be there yet.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }
}

/// The name of a file's new content, until it takes the file's place.
fn prepared_name(name: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, file)) => format!("{folder}/.{file}"),
        None => format!(".{name}"),
    }
}

impl Directory for LocalDirectory {
    fn path(&self, name: &str) -> PathBuf {
        match name {
            "" => self.root.clone(),
            name => self.root.join(name),
        }
    }

    fn is_on_disk(&self) -> bool {
        true
    }

    fn create(&self) -> Result<bool> {
        let ancestors = self.root.ancestors();
        let missing = ancestors.take_while(|path| *path != Path::new("") && !path.exists());
        let missing: Vec<&Path> = missing.collect();
        fs::create_dir_all(&self.root).map_err(Error::io(&self.root))?;
        // The store's own too, where it is there: the run that made it may have been cut off.
        let made = missing.iter().copied().skip(1).chain([self.root.as_path()]);
        made.filter_map(Path::parent).try_for_each(sync_folder)?;
        Ok(!missing.is_empty())
    }

    fn remove_if_empty(&self) {
        // What others have put there meanwhile keeps the directory.
        let _ = fs::remove_dir(&self.root);
    }

    fn open(&self, name: &str) -> Result<Box<dyn StoredFile>> {
        let path = self.path(name);
        let file = open_regular(OpenOptions::new().read(true), &path)?;
        let length = file.metadata().map_err(Error::io(&path))?.len();
        Ok(Box::new(LocalFile { path, file, length }))
    }

    fn list(&self, name: &str) -> Result<Vec<Entry>> {
        let path = self.path(name);
        let entries = match fs::read_dir(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(Error::io(&path))?,
        };
        let mut found = entries
            .map(|entry| {
                let entry = entry?;
                Ok(Entry {
                    name: entry.file_name().to_string_lossy().into_owned(),
                    is_folder: entry.file_type()?.is_dir(),
                })
            })
            .collect::<std::io::Result<Vec<Entry>>>()
            .map_err(Error::io(&path))?;
        found.sort();
        Ok(found)
    }

    fn is_folder(&self, name: &str) -> bool {
        fs::symlink_metadata(self.path(name)).is_ok_and(|metadata| metadata.is_dir())
    }

    fn create_folder(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        fs::create_dir(&path).map_err(Error::io(&path))
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path(name);
        let write = || {
            let mut file = create_anew(&path)?;
            file.write_all(bytes)?;
            file.sync_all()
        };
        write().map_err(|error| {
            let _ = fs::remove_file(&path);
            Error::io(&path)(error)
        })
    }

    fn append(&self, name: &str, bytes: &[u8], durability: Durability) -> Result<()> {
        let path = self.path(name);
        let mut file = open_regular(OpenOptions::new().create(true).append(true), &path)?;
        let mut append = || {
            file.write_all(bytes)?;
            match durability {
                Durability::Now => file.sync_data(),
                Durability::Later => Ok(()),
            }
        };
        append().map_err(Error::io(&path))
    }

    fn sync(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        File::open(&path)
            .and_then(|file| file.sync_all())
            .map_err(Error::io(&path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let path = self.path(to);
        fs::rename(self.path(from), &path).map_err(Error::io(&path))
    }

    fn remove(&self, name: &str) -> Result<()> {
        let path = self.path(name);
        let removed = match self.is_folder(name) {
            true => fs::remove_dir_all(&path),
            false => fs::remove_file(&path),
        };
        match removed {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(Error::io(&path)(error)),
            _ => Ok(()),
        }
    }

    fn prepare(&self, name: &str, bytes: &[u8]) -> Result<Prepared> {
        self.put(&prepared_name(name), bytes)?;
        Ok(Prepared {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        })
    }

    fn commit(&self, prepared: Prepared, expected: Option<&[u8]>) -> Result<()> {
        let name = prepared.name.as_str();
        if self.read_if_there(name)?.as_deref() != expected {
            let path = self.path(name);
            return Err(StoreError::Changed { path }.into());
        }
        self.rename(&prepared_name(name), name)
    }

    fn lock(&self, name: &str) -> Result<Box<dyn WriteLock>> {
        Ok(Box::new(LocalLock::take(self.path(name))?))
    }
}

struct LocalFile {
    path: PathBuf,
    file: File,
    length: u64,
}

impl StoredFile for LocalFile {
    fn length(&self) -> u64 {
        self.length
    }

    fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        // A file that somebody shortens meanwhile must not be waited for.
        let size = self.file.metadata().map_err(Error::io(&self.path))?.len();
        check_range(self.path.clone(), size, offset, length)?;
        let mut bytes = vec![0; length as usize];
        self.file
            .read_exact_at(&mut bytes, offset)
            .map_err(Error::io(&self.path))?;
        Ok(bytes)
    }
}

/// Makes the list of what a folder holds durable, where it may be read.
fn sync_folder(path: &Path) -> Result<()> {
    let path = match path == Path::new("") {
        true => Path::new("."),
        false => path,
    };
    match File::open(path).and_then(|folder| folder.sync_all()) {
        Err(error) if error.kind() != ErrorKind::PermissionDenied => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

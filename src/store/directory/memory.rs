//! A directory in memory.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::contract::{Directory, Durability, Entry, Prepared, StoredFile, WriteLock, check_range};
use crate::error::{Error, Result, StoreError};

/// A directory in memory, for tests and for models that need not outlive the process. Clones are one
/// and the same directory.
///
/// ```
/// use per_entity::store::MemoryDirectory;
/// use per_entity::{CartTrainer, DatasetSpec, Store, Training};
/// use polars::prelude::*;
///
/// let frame = df!("store" => ["A", "A"], "hour" => [9, 17], "busy" => ["no", "yes"]).unwrap();
/// let directory = MemoryDirectory::new();
/// let spec = DatasetSpec::new(["store"], "busy");
/// Training::new(spec, CartTrainer::default()).run(frame, &directory)?;
/// assert_eq!(Store::open(&directory)?.model("A")?.classes(), ["no", "yes"]);
/// # Ok::<(), per_entity::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct MemoryDirectory {
    content: Arc<Mutex<Content>>,
}

#[derive(Debug, Default)]
struct Content {
    files: BTreeMap<String, Arc<Vec<u8>>>,
    folders: BTreeSet<String>,
    locked: HashSet<String>,
    exists: bool,
}

impl MemoryDirectory {
    /// A directory that is not there yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        // Every change is a single step, so a panic elsewhere leaves nothing half-done.
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, name: &str, kind: ErrorKind) -> Error {
        Error::io(self.path(name))(kind.into())
    }
}

/// What lies in a folder begins with this.
fn prefix(folder: &str) -> String {
    match folder {
        "" => String::new(),
        folder => format!("{folder}/"),
    }
}

impl Directory for MemoryDirectory {
    fn path(&self, name: &str) -> PathBuf {
        Path::new("(memory)").join(name)
    }

    fn is_on_disk(&self) -> bool {
        false
    }

    fn create(&self) -> Result<bool> {
        Ok(!std::mem::replace(&mut self.content().exists, true))
    }

    fn remove_if_empty(&self) {
        let mut content = self.content();
        if content.files.is_empty() && content.folders.is_empty() {
            content.exists = false;
        }
    }

    fn open(&self, name: &str) -> Result<Box<dyn StoredFile>> {
        match self.content().files.get(name) {
            Some(bytes) => Ok(Box::new(MemoryFile {
                path: self.path(name),
                bytes: bytes.clone(),
            })),
            None => Err(self.failed(name, ErrorKind::NotFound)),
        }
    }

    fn list(&self, name: &str) -> Result<Vec<Entry>> {
        let content = self.content();
        let prefix = prefix(name);
        let within = |path: &String| {
            let name = path.strip_prefix(&prefix)?;
            (!name.is_empty() && !name.contains('/')).then(|| name.to_owned())
        };
        let files = content.files.keys().map(|path| (path, false));
        let folders = content.folders.iter().map(|path| (path, true));
        let mut found: Vec<Entry> = files
            .chain(folders)
            .filter_map(|(path, is_folder)| {
                let name = within(path)?;
                Some(Entry { name, is_folder })
            })
            .collect();
        found.sort();
        Ok(found)
    }

    fn is_folder(&self, name: &str) -> bool {
        self.content().folders.contains(name)
    }

    fn create_folder(&self, name: &str) -> Result<()> {
        match self.content().folders.insert(name.to_owned()) {
            true => Ok(()),
            false => Err(self.failed(name, ErrorKind::AlreadyExists)),
        }
    }

    fn put(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let bytes = Arc::new(bytes.to_vec());
        self.content().files.insert(name.to_owned(), bytes);
        Ok(())
    }

    fn append(&self, name: &str, bytes: &[u8], _: Durability) -> Result<()> {
        let mut content = self.content();
        let file = content.files.entry(name.to_owned()).or_default();
        Arc::make_mut(file).extend_from_slice(bytes);
        Ok(())
    }

    fn sync(&self, _: &str) -> Result<()> {
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> Result<()> {
        let mut content = self.content();
        if let Some(bytes) = content.files.remove(from) {
            content.files.insert(to.to_owned(), bytes);
            return Ok(());
        }
        if !content.folders.remove(from) {
            drop(content);
            return Err(self.failed(from, ErrorKind::NotFound));
        }
        content.folders.insert(to.to_owned());
        let moved = |path: &str| Some(prefix(to) + path.strip_prefix(&prefix(from))?);
        let files = std::mem::take(&mut content.files).into_iter();
        content.files = files
            .map(|(path, bytes)| (moved(&path).unwrap_or(path), bytes))
            .collect();
        let folders = std::mem::take(&mut content.folders).into_iter();
        content.folders = folders.map(|path| moved(&path).unwrap_or(path)).collect();
        Ok(())
    }

    fn remove(&self, name: &str) -> Result<()> {
        let mut content = self.content();
        let prefix = prefix(name);
        let is_kept = |path: &str| path != name && !path.starts_with(&prefix);
        content.files.retain(|path, _| is_kept(path));
        content.folders.retain(|path| is_kept(path));
        Ok(())
    }

    fn prepare(&self, name: &str, bytes: &[u8]) -> Result<Prepared> {
        Ok(Prepared {
            name: name.to_owned(),
            bytes: bytes.to_vec(),
        })
    }

    fn commit(&self, prepared: Prepared, expected: Option<&[u8]>) -> Result<()> {
        let mut content = self.content();
        if content
            .files
            .get(&prepared.name)
            .map(|bytes| bytes.as_slice())
            != expected
        {
            let path = self.path(&prepared.name);
            return Err(StoreError::Changed { path }.into());
        }
        content.files.insert(prepared.name, prepared.bytes.into());
        Ok(())
    }

    fn lock(&self, name: &str) -> Result<Box<dyn WriteLock>> {
        if !self.content().locked.insert(name.to_owned()) {
            return Err(StoreError::Locked {
                path: self.path(name),
                holder: "in this process".into(),
            }
            .into());
        }
        Ok(Box::new(MemoryLock {
            directory: self.clone(),
            name: name.to_owned(),
        }))
    }
}

/// A file all of which is in memory.
pub(super) struct MemoryFile {
    pub path: PathBuf,
    pub bytes: Arc<Vec<u8>>,
}

impl StoredFile for MemoryFile {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn read(&self, offset: u64, length: u64) -> Result<Vec<u8>> {
        check_range(self.path.clone(), self.length(), offset, length)?;
        Ok(self.bytes[offset as usize..][..length as usize].to_vec())
    }
}

struct MemoryLock {
    directory: MemoryDirectory,
    name: String,
}

impl WriteLock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        self.directory.content().locked.remove(&self.name);
    }
}

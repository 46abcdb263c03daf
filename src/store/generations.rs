//! What is done with the generations of a store: going back, clearing up.

use std::path::PathBuf;

use super::directory::{Location, WriteLock};
use super::layout::{GENERATION, LOCK};
use super::manifest::Manifest;
use super::staging::leftovers;
use super::store::Store;
use crate::error::Result;

/// Makes an earlier or later generation the current one.
///
/// # Errors
///
/// [`StoreError::Missing`](crate::error::StoreError::Missing) where there is no store,
/// [`StoreError::UnknownGeneration`](crate::error::StoreError::UnknownGeneration),
/// [`StoreError::Damaged`](crate::error::StoreError::Damaged) for one that is damaged,
/// [`StoreError::Locked`](crate::error::StoreError::Locked) while another run writes,
/// [`Error::Io`](crate::Error::Io).
pub fn rollback(directory: impl Into<Location>, number: u64) -> Result<Manifest> {
    let mut open = OpenManifest::lock(directory.into())?;
    open.manifest.current = number;
    Store::at(open.directory.clone(), open.manifest.clone().into(), number)?;
    open.commit()
}

/// Removes all but the newest `keep` generations and the current one, and what interrupted runs
/// left. Returns the directories that were removed. Whoever reads one of them meanwhile gets an
/// error.
///
/// # Errors
///
/// As [`rollback`], but for generations that there are not.
pub fn prune(directory: impl Into<Location>, keep: usize) -> Result<Vec<PathBuf>> {
    let mut open = OpenManifest::lock(directory.into())?;
    let generations = &mut open.manifest.generations;
    let mut numbers: Vec<u64> = generations.iter().map(|g| g.number).collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    // The newest stays in any case, so that no number is given twice.
    numbers.truncate(keep.max(1));
    numbers.push(open.manifest.current);
    let before = generations.len();
    generations.retain(|generation| numbers.contains(&generation.number));
    // First no longer named, then removed: a reader never meets a name without a directory.
    if generations.len() < before {
        open.commit()?;
    }
    let mut removed = unnamed(&open.directory, &open.manifest)?;
    let interrupted = leftovers(&open.directory)?.into_iter();
    removed.extend(interrupted.map(|(_, folder)| folder));
    for folder in &removed {
        open.directory.remove(folder)?;
    }
    let paths = removed.iter().map(|folder| open.directory.path(folder));
    Ok(paths.collect())
}

/// A manifest that nobody else can write meanwhile.
struct OpenManifest {
    directory: Location,
    manifest: Manifest,
    bytes: Vec<u8>,
    _lock: Box<dyn WriteLock>,
}

impl OpenManifest {
    fn lock(directory: Location) -> Result<Self> {
        // Whether there is a store, before anything is written.
        Manifest::require(&directory)?;
        let lock = directory.lock(LOCK)?;
        let (manifest, bytes) = Manifest::require(&directory)?;
        Ok(Self {
            directory,
            manifest,
            bytes,
            _lock: lock,
        })
    }

    fn commit(&self) -> Result<Manifest> {
        let prepared = self.manifest.prepare(&self.directory)?;
        self.directory.commit(prepared, Some(&self.bytes))?;
        Ok(self.manifest.clone())
    }
}

/// The folders of generations that the manifest does not name.
pub(super) fn unnamed(directory: &Location, manifest: &Manifest) -> Result<Vec<String>> {
    let entries = directory.list("")?.into_iter();
    let folders = entries.filter(|entry| entry.is_folder);
    let names = folders.map(|entry| entry.name);
    let is_unnamed = |name: &String| name.starts_with(GENERATION) && !manifest.names(name);
    Ok(names.filter(is_unnamed).collect())
}

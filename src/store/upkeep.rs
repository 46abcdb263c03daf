//! What is done with the generations of a store: going back, clearing up, comparing.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::lock::Lock;
use super::staging::{leftovers, remove_directory};
use super::writer::write_manifest;
use super::{EntityRecord, Manifest, Store};
use crate::{Error, Result};

/// Makes an earlier or later generation the current one.
///
/// # Errors
///
/// [`Error::BadStore`] for a generation that there is not or that is damaged, [`Error::Locked`]
/// while another run writes, [`Error::Io`].
pub fn rollback(directory: &Path, number: u64) -> Result<Manifest> {
    let (_lock, mut manifest) = lock(directory)?;
    manifest.current = number;
    Store::at(directory.to_path_buf(), manifest.clone(), number)?;
    write_manifest(directory, &manifest)?;
    Ok(manifest)
}

/// Removes all but the newest `keep` generations and the current one, and what interrupted runs
/// left. Returns the directories that were removed. Whoever reads one of them meanwhile gets an
/// error.
///
/// # Errors
///
/// As [`rollback`].
pub fn prune(directory: &Path, keep: usize) -> Result<Vec<PathBuf>> {
    let (_lock, mut manifest) = lock(directory)?;
    let mut numbers: Vec<u64> = manifest
        .generations
        .iter()
        .map(|generation| generation.number)
        .collect();
    numbers.sort_unstable_by(|a, b| b.cmp(a));
    // The newest stays in any case, so that no number is given twice.
    numbers.truncate(keep.max(1));
    numbers.push(manifest.current);
    let before = manifest.generations.len();
    manifest
        .generations
        .retain(|generation| numbers.contains(&generation.number));
    // First no longer named, then removed: a reader never meets a name without a directory.
    if manifest.generations.len() < before {
        write_manifest(directory, &manifest)?;
    }
    let mut removed = unnamed(directory, &manifest)?;
    removed.extend(leftovers(directory)?.into_iter().map(|(_, path)| path));
    for path in &removed {
        remove_directory(path)?;
    }
    Ok(removed)
}

fn lock(directory: &Path) -> Result<(Lock, Manifest)> {
    // Whether there is a store, before anything is written.
    read(directory)?;
    let lock = Lock::take(directory)?;
    Ok((lock, read(directory)?))
}

pub(super) fn read(directory: &Path) -> Result<Manifest> {
    Manifest::read(directory)?.ok_or_else(|| {
        Error::bad_store(
            directory,
            "no store here (no manifest.json); train one first",
        )
    })
}

/// The directories of generations that the manifest does not name.
pub(super) fn unnamed(directory: &Path, manifest: &Manifest) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(Error::io(directory))? {
        let entry = entry.map_err(Error::io(directory))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let is_named = manifest
            .generations
            .iter()
            .any(|generation| generation.directory == name);
        if name.starts_with("gen-") && !is_named {
            found.push(entry.path());
        }
    }
    found.sort();
    Ok(found)
}

/// An entity in two generations.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What the first generation notes.
    pub before: EntityRecord,
    /// What the second generation notes.
    pub after: EntityRecord,
}

/// What sets one generation apart from another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Entities of the second generation only.
    pub added: Vec<EntityRecord>,
    /// Entities of the first generation only.
    pub dropped: Vec<EntityRecord>,
    /// Entities whose model or status differs.
    pub changed: Vec<Change>,
    /// How many entities are the same.
    pub unchanged: u64,
}

/// Compares two generations, entity by entity.
///
/// # Errors
///
/// As [`Store::records`].
pub fn difference(before: &Store, after: &Store) -> Result<Difference> {
    let mut old: HashMap<String, EntityRecord> = before
        .records()?
        .into_iter()
        .map(|record| (record.key.clone(), record))
        .collect();
    let mut difference = Difference::default();
    for after in after.records()? {
        let digest =
            |record: &EntityRecord| record.place.as_ref().map(|place| place.digest.clone());
        match old.remove(&after.key) {
            None => difference.added.push(after),
            Some(before) if before.status != after.status || digest(&before) != digest(&after) => {
                difference.changed.push(Change { before, after });
            }
            Some(_) => difference.unchanged += 1,
        }
    }
    difference.dropped = old.into_values().collect();
    difference.dropped.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(difference)
}

//! Where a generation is written before it is committed, and what an interrupted run left there.
//!
//! Each run writes to a folder of its own, `.staging-N`, with a journal in it. Where folders cannot be
//! renamed, that is the generation's own from the beginning.

use std::collections::HashSet;

use super::directory::{Durability, Location};
use super::journal::{JournalFile, JournalModel, decode};
use super::layout::{JOURNAL, staging_folder, unique_generation_folder};
use super::leftovers::{Leftovers, is_interrupted};
use super::manifest::Manifest;
use crate::error::{Error, Result};

/// The folder of a running writer, and those of runs that did not end in order.
pub(super) struct Staging {
    directory: Location,
    pub folder: String,
    /// Models that the journal names.
    pub models: usize,
    pub leftovers: Vec<String>,
}

impl Staging {
    /// Begins the folder of the generation to come. The caller holds the store's lock.
    pub fn create(directory: &Location, manifest: Option<&Manifest>) -> Result<Self> {
        let renames = directory.renames_at_once();
        let found = Leftovers::find(directory)?;
        let mut taken = found.names;
        let mut leftovers = found.staging;
        // Runs that ended between the renames of their folder and of the manifest.
        for folder in found.generations {
            let is_named = manifest.is_some_and(|manifest| manifest.names(&folder));
            if is_named || !is_interrupted(directory, &folder) {
                continue;
            }
            if !renames {
                leftovers.push(folder);
                continue;
            }
            let to = free_name(directory, &mut taken)?;
            directory.rename(&folder, &to)?;
            leftovers.push(to);
        }
        let folder = match renames {
            true => free_name(directory, &mut taken)?,
            false => {
                let first = Manifest::empty();
                let number = manifest.unwrap_or(&first).next_number(directory)?;
                unique_generation_folder(number)
            }
        };
        directory.create_folder(&folder)?;
        let staging = Self {
            directory: directory.clone(),
            folder,
            models: 0,
            leftovers,
        };
        directory.append(&staging.name(JOURNAL), &[], Durability::Later)?;
        Ok(staging)
    }

    /// A name in the folder.
    pub fn name(&self, file: &str) -> String {
        format!("{}/{file}", self.folder)
    }

    /// Writes a file, or takes over the same one from an interrupted run, and notes its models.
    pub fn write(&mut self, file: &str, bytes: &[u8], models: Vec<JournalModel>) -> Result<()> {
        let name = self.name(file);
        if !self.take_over(file, bytes, &name) {
            self.directory.put(&name, bytes)?;
        }
        let count = models.len();
        let entry = JournalFile {
            file: file.to_owned(),
            models,
        };
        // A file of its own for each model: what a power cut takes of the journal is trained again.
        let durability = match count {
            0 | 1 => Durability::Later,
            _ => Durability::Now,
        };
        self.directory
            .append(&self.name(JOURNAL), &entry.encode(), durability)?;
        self.models += count;
        Ok(())
    }

    /// Moving a finished pack needs no room on a disk that may have been full.
    fn take_over(&self, file: &str, bytes: &[u8], name: &str) -> bool {
        if !self.directory.renames_at_once() {
            return false;
        }
        self.leftovers.iter().any(|leftover| {
            let old = format!("{leftover}/{file}");
            let same = self.directory.open(&old).is_ok_and(|old| {
                old.length() == bytes.len() as u64
                    && old.read(0, old.length()).is_ok_and(|held| held == bytes)
            });
            same && self.directory.sync(&old).is_ok() && self.directory.rename(&old, name).is_ok()
        })
    }

    /// What the journals of interrupted runs name, each with its folder.
    pub fn interrupted(&self) -> impl Iterator<Item = (&str, JournalFile)> {
        self.leftovers.iter().flat_map(|folder| {
            let bytes = self.directory.read(&format!("{folder}/{JOURNAL}"));
            let files = bytes.map_or(Vec::new(), |bytes| decode(&bytes));
            files.into_iter().map(|file| (folder.as_str(), file))
        })
    }

    /// Removes the journal of a committed generation and all that interrupted runs left. Where no
    /// lock tells that they are interrupted, they stay.
    pub fn clear(&self, committed: &str) {
        // The generation is committed; what cannot be removed is an orphan that `verify` lists.
        let _ = self.directory.remove(&format!("{committed}/{JOURNAL}"));
        if self.directory.renames_at_once() {
            for leftover in &self.leftovers {
                let _ = self.directory.remove(leftover);
            }
        }
    }
}

/// The name of a staging folder that nothing has, whatever is in the way.
fn free_name(directory: &Location, taken: &mut HashSet<String>) -> Result<String> {
    let mut names = (1..u32::MAX).map(staging_folder);
    let free = names.find(|name| taken.insert(name.clone()));
    free.ok_or_else(|| {
        let problem = "no name is left for another staging folder; remove some of them";
        Error::bad_store(directory.path(""), problem)
    })
}

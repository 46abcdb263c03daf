//! Reads all that a store holds and compares it with what the store says of it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::directory::Location;
use super::leftovers::Leftovers;
use super::manifest::{Generation, Manifest};
use super::record::EntityRecord;
use super::store::Store;
use crate::error::{Error, Result};

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verification {
    /// Generations that were read.
    pub generations: u64,
    /// Models whose digest matched and that were decoded.
    pub models: u64,
    /// What is damaged, and where.
    pub problems: Vec<String>,
    /// Files and directories that nothing names. They do no harm.
    pub orphans: Vec<PathBuf>,
}

/// Checks every digest and decodes every model of all generations of a store.
///
/// # Errors
///
/// [`StoreError::Missing`](crate::error::StoreError::Missing) where there is no manifest, and
/// [`StoreError::Damaged`](crate::error::StoreError::Damaged) where it cannot be read; all else that
/// is wrong is in the [`Verification`].
pub fn verify(directory: impl Into<Location>) -> Result<Verification> {
    let directory = directory.into();
    let (manifest, _) = Manifest::require(&directory)?;
    let manifest = Arc::new(manifest);
    let mut report = Verification::default();
    for generation in &manifest.generations {
        let mut found = Verification::of(&directory, &manifest, generation);
        if !found.problems.is_empty() && !is_named(&directory, generation)? {
            // It was removed on purpose while it was read.
            found = Verification::default();
        }
        report.add(found);
    }
    let found = Leftovers::find(&directory)?;
    // Read again, for a generation may have been committed meanwhile.
    let (manifest, _) = Manifest::require(&directory)?;
    let unnamed = found.generations.into_iter();
    let unnamed = unnamed.filter(|folder| !manifest.names(folder));
    let orphans = unnamed.chain(found.staging);
    report
        .orphans
        .extend(orphans.map(|name| directory.path(&name)));
    Ok(report)
}

/// Whether the manifest, as it is now, lists a generation.
fn is_named(directory: &Location, generation: &Generation) -> Result<bool> {
    let (manifest, _) = Manifest::require(directory)?;
    Ok(manifest.names(&generation.directory))
}

/// Refuses a generation that is not whole.
pub(super) fn check_whole(directory: &Location, manifest: &Manifest, number: u64) -> Result<()> {
    let manifest = Arc::new(manifest.clone());
    let store = Store::at(directory.clone(), manifest.clone(), number)?;
    let found = Verification::of(directory, &manifest, store.generation());
    let Some(first) = found.problems.first() else {
        return Ok(());
    };
    let problems = found.problems.len();
    let problem =
        format!("{problems} problems, the first of them: {first}; choose another generation");
    Err(Error::bad_store(store.path(), problem))
}

impl Verification {
    /// What there is of one generation.
    fn of(directory: &Location, manifest: &Arc<Manifest>, generation: &Generation) -> Self {
        let mut report = Self {
            generations: 1,
            ..Self::default()
        };
        let store = Store::at(directory.clone(), manifest.clone(), generation.number);
        if let Err(error) = store.and_then(|store| report.generation(&store, generation)) {
            report.problems.push(error.to_string());
        }
        report
    }

    fn add(&mut self, other: Self) {
        self.generations += other.generations;
        self.models += other.models;
        self.problems.extend(other.problems);
        self.orphans.extend(other.orphans);
    }

    fn generation(&mut self, store: &Store, generation: &Generation) -> Result<()> {
        let records = store.records()?;
        let mut files = HashSet::from([generation.entities_file.name.as_str()]);
        if let Some(pooled) = &generation.pooled {
            files.insert(pooled.name.as_str());
            match store.pooled() {
                Ok(_) => self.models += 1,
                Err(error) => self.problems.push(error.to_string()),
            }
        }
        if let Some(shared) = &generation.shared {
            files.insert(shared.file.name.as_str());
            match store.shared() {
                Ok(_) => self.models += 1,
                Err(error) => self.problems.push(error.to_string()),
            }
        }
        let parents = store.parents()?;
        if let Some(noted) = &generation.parents {
            files.insert(noted.file.name.as_str());
            let trained = self.models(store, &parents, &mut files);
            if trained != noted.trained {
                self.problems.push(format!(
                    "{}: lists {trained} models of parents, the manifest says {}",
                    store.path().display(),
                    noted.trained
                ));
            }
        }
        let trained = self.models(store, &records, &mut files);
        if records.len() as u64 != generation.entities || trained != generation.trained {
            self.problems.push(format!(
                "{}: lists {} entities with {trained} models, the manifest says {} with {}",
                store.path().display(),
                records.len(),
                generation.entities,
                generation.trained
            ));
        }
        for entry in store.files()? {
            if !files.contains(entry.as_str()) {
                self.orphans.push(store.path().join(entry));
            }
        }
        Ok(())
    }

    /// Decodes the models of some records, and notes their files. Returns how many there should be.
    fn models<'a>(
        &mut self,
        store: &Store,
        records: &'a [EntityRecord],
        files: &mut HashSet<&'a str>,
    ) -> u64 {
        // Where what they share is damaged, that is told once, and only their digests are checked.
        let is_decoded = store.shared().is_ok();
        let mut trained = 0;
        for record in records {
            let Some(file) = record.file() else { continue };
            files.insert(file);
            trained += 1;
            let model = match is_decoded {
                true => store.model_of(record).map(drop),
                false => store.model_bytes_of(record).map(drop),
            };
            match model {
                Ok(()) => self.models += u64::from(is_decoded),
                Err(error) => self.problems.push(error.to_string()),
            }
        }
        trained
    }
}

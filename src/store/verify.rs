//! Reads all that a store holds and compares it with what the store says of it.

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::Arc;

use super::directory::Location;
use super::generations::unnamed;
use super::manifest::{Generation, Manifest};
use super::record::EntityRecord;
use super::staging::leftovers;
use super::store::Store;
use crate::error::Result;

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
        report.generations += 1;
        let store = Store::at(directory.clone(), manifest.clone(), generation.number);
        if let Err(error) = store.and_then(|store| report.generation(&store, generation)) {
            report.problems.push(error.to_string());
        }
    }
    let mut orphans = unnamed(&directory, &manifest)?;
    let interrupted = leftovers(&directory)?.into_iter();
    orphans.extend(interrupted.map(|(_, folder)| folder));
    let paths = orphans.iter().map(|name| directory.path(name));
    report.orphans.extend(paths);
    Ok(report)
}

impl Verification {
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

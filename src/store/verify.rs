//! Reads all that a store holds and compares it with what the store says of it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::staging::leftovers;
use super::upkeep::{read, unnamed};
use super::{Generation, Store};
use crate::{Error, Result};

/// What [`verify`] found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Report {
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
/// [`Error::BadStore`] where there is no manifest or it cannot be read; all else that is wrong is
/// in the [`Report`].
pub fn verify(directory: &Path) -> Result<Report> {
    let manifest = read(directory)?;
    let mut report = Report::default();
    for generation in &manifest.generations {
        report.generations += 1;
        let store = Store::at(directory.to_path_buf(), manifest.clone(), generation.number);
        if let Err(error) = store.and_then(|store| report.generation(&store, generation)) {
            report.problems.push(error.to_string());
        }
    }
    report.orphans.extend(unnamed(directory, &manifest)?);
    let staging = leftovers(directory)?.into_iter();
    report.orphans.extend(staging.map(|(_, path)| path));
    Ok(report)
}

impl Report {
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
        let mut trained = 0;
        for record in &records {
            let Some(file) = record.file() else { continue };
            files.insert(file);
            trained += 1;
            match store.model_of(record) {
                Ok(_) => self.models += 1,
                Err(error) => self.problems.push(error.to_string()),
            }
        }
        if records.len() as u64 != generation.entities || trained != generation.trained {
            self.problems.push(format!(
                "{}: lists {} entities with {trained} models, the manifest says {} with {}",
                store.path().display(),
                records.len(),
                generation.entities,
                generation.trained
            ));
        }
        let path = store.path();
        for entry in std::fs::read_dir(&path).map_err(Error::io(&path))? {
            let entry = entry.map_err(Error::io(&path))?;
            if !files.contains(entry.file_name().to_string_lossy().as_ref()) {
                self.orphans.push(entry.path());
            }
        }
        Ok(())
    }
}

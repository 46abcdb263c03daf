//! What lies in a store's directory: folders that are generations' or staging folders by their
//! names, and whatever else.

use std::collections::HashSet;

use super::directory::Location;
use super::layout::{GENERATION, JOURNAL, STAGING, is_generation_folder, is_staging_folder};
use crate::error::Result;

/// What lies in a store's directory.
#[derive(Default)]
pub(super) struct Leftovers {
    /// All names.
    pub names: HashSet<String>,
    /// Folders whose names are exactly those of generations, whether the manifest names them or
    /// not.
    pub generations: Vec<String>,
    /// Folders whose names are exactly those of staging folders.
    pub staging: Vec<String>,
    /// What begins like one of these and is none.
    pub alike: Vec<String>,
}

impl Leftovers {
    /// Lists the directory.
    pub fn find(directory: &Location) -> Result<Self> {
        let mut found = Self::default();
        for entry in directory.list("")? {
            let name = entry.name.clone();
            if entry.is_folder && is_generation_folder(&name) {
                found.generations.push(name);
            } else if entry.is_folder && is_staging_folder(&name) {
                found.staging.push(name);
            } else if name.starts_with(GENERATION) || name.starts_with(STAGING) {
                found.alike.push(name);
            }
            found.names.insert(entry.name);
        }
        Ok(found)
    }
}

/// Whether a folder with a generation's name is what a run left that ended before the manifest named
/// it: it still has the run's journal. Others are not touched.
pub(super) fn is_interrupted(directory: &Location, folder: &str) -> bool {
    directory.open(&format!("{folder}/{JOURNAL}")).is_ok()
}

//! Rows that do not fit into memory, in the staging folder of the generation that is trained on them.

use std::path::PathBuf;

use crate::error::Result;
use crate::store::{Durability, Location};
use crate::table::Scratch;

/// A folder of a store's directory, for rows that do not fit into memory.
#[derive(Debug)]
pub(super) struct StagedScratch {
    pub directory: Location,
    pub folder: String,
}

impl StagedScratch {
    fn name(&self, file: &str) -> String {
        format!("{}/{file}", self.folder)
    }
}

impl Scratch for StagedScratch {
    fn path(&self, file: &str) -> PathBuf {
        self.directory.path(&self.name(file))
    }

    fn create(&self) -> Result<()> {
        self.directory.create_folder(&self.folder)
    }

    fn append(&self, file: &str, bytes: &[u8]) -> Result<()> {
        self.directory
            .append(&self.name(file), bytes, Durability::Later)
    }

    fn read(&self, file: &str) -> Result<Vec<u8>> {
        self.directory.read(&self.name(file))
    }

    fn remove(&self) {
        // What cannot be removed now is removed with the rest of an interrupted run.
        let _ = self.directory.remove(&self.folder);
    }
}

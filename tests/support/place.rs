//! A place of a test's own.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use per_entity::store::Store;
use tempfile::TempDir;

use super::SAMPLE;
use super::program::{Finished, finish, per_entity};

/// A directory that vanishes with the test, for its files and stores.
pub struct Place(TempDir);

impl Place {
    /// An empty one.
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// One with the file `sample.csv`: 2,000 made-up rows in Adult's shape, of all education
    /// levels.
    pub fn with_sample() -> Self {
        let place = Self::new();
        fs::copy(SAMPLE, place.path("sample.csv")).unwrap();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        fs::write(self.path(name), content).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A command of `per-entity` in this place, as one would type it.
    pub fn command(&self, arguments: &str) -> Command {
        let mut command = per_entity(arguments);
        command.current_dir(self.0.path());
        command
    }

    /// Runs a command of `per-entity` in this place, as one would type it:
    /// `place.run("train --input sample.csv --output-dir models")`.
    pub fn run(&self, arguments: &str) -> Finished {
        finish(&mut self.command(arguments))
    }

    /// The store of this name.
    pub fn store(&self, name: &str) -> Store {
        Store::open(self.path(name)).unwrap()
    }
}

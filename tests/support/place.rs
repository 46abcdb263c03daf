//! A place of a test's own.

use std::fs;
use std::path::PathBuf;

use per_entity::store::Store;
use tempfile::TempDir;

use super::program::{Finished, run};

/// A directory that vanishes with the test, for its files and stores.
pub struct Place(TempDir);

impl Place {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// A path as an argument.
    pub fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    /// Writes a file and returns its path as an argument.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        fs::write(self.path(name), content).unwrap();
        self.text(name)
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// Makes up so many rows, and returns the file's path as an argument.
    pub fn generate(&self, name: &str, rows: u64, more: &[&str]) -> String {
        let (path, rows) = (self.text(name), rows.to_string());
        let own = ["generate", "--rows", &rows, "--output", &path];
        run(&[&own[..], more].concat()).succeeded();
        path
    }

    /// Trains into a store of this name.
    pub fn train(&self, store: &str, arguments: &[&str]) -> Finished {
        let store = self.text(store);
        run(&[&["train", "--output-dir", &store], arguments].concat())
    }

    pub fn store(&self, name: &str) -> Store {
        Store::open(self.path(name)).unwrap()
    }
}

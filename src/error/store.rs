//! What can be wrong with a store.

use std::path::PathBuf;

/// A store that cannot be read or written, or does not have what is wanted of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A directory without a store.
    #[error("{}: no store here (no manifest.json); train one first", path.display())]
    Missing {
        /// The directory.
        path: PathBuf,
    },
    /// A directory that is neither empty nor a store.
    #[error("{}: is not empty and not a store (it has no manifest.json); give another directory", path.display())]
    Foreign {
        /// The directory.
        path: PathBuf,
    },
    /// A store, or a part of one, that is damaged.
    #[error("{}: {problem}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A store written by a newer version.
    #[error("{}: has format version {found}, this program reads up to {supported}; use a newer per-entity", path.display())]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The newest version that can be read.
        supported: u64,
    },
    /// Another process writes to the store.
    #[error("{}: another run is writing to this store ({holder}); wait for it to end", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// The store was changed while it was written to.
    #[error("{}: was changed by somebody else meanwhile; nothing was committed, run the same again", path.display())]
    Changed {
        /// The manifest.
        path: PathBuf,
    },
    /// A store that has given the largest number there is to a generation.
    #[error("{}: no number is left for another generation; train into another directory", path.display())]
    NoNumberLeft {
        /// The store.
        path: PathBuf,
    },
    /// A generation that the store does not have.
    #[error("{}: has no generation {number}; it has {}", path.display(), numbers(.generations))]
    UnknownGeneration {
        /// The store.
        path: PathBuf,
        /// The number.
        number: u64,
        /// The numbers that there are.
        generations: Vec<u64>,
    },
    /// An entity that the store does not have.
    #[error("no entity '{key}' in the store")]
    UnknownEntity {
        /// The key.
        key: String,
    },
    /// An entity without a model.
    #[error("entity '{key}' has no model: {reason}")]
    NoModel {
        /// The key.
        key: String,
        /// Its status or error.
        reason: String,
    },
}

fn numbers(generations: &[u64]) -> String {
    let texts: Vec<String> = generations.iter().map(u64::to_string).collect();
    texts.join(", ")
}

//! A directory of generations: each one complete and immutable, named by `manifest.json` when it
//! is whole and not before.
//!
//! ```text
//! models/
//!   manifest.json        which generation is current, and what each one is
//!   gen-000001/
//!     entities.parquet   one row per entity: what became of it, and where its model lies
//!     Bachelors.cbor     one model a file, or packs of many models
//!     ~shared.cbor       what the models of all entities share, where they do
//!     parents.parquet    the same for parents of entities, where they were trained
//! ```

mod commit;
mod diff;
mod directory;
mod entities_table;
mod extent;
mod file_name;
mod generations;
mod importances;
mod index;
mod journal;
mod layout;
mod leftovers;
mod manifest;
mod prior_models;
mod record;
mod run;
mod seal;
mod staging;
#[allow(clippy::module_inception)]
mod store;
mod verify;
mod writer;

pub use diff::{Change, Difference, difference};
pub use directory::{
    Directory, Durability, Entry, FilePart, LocalDirectory, Location, MemoryDirectory,
    ObjectDirectory, Prepared, StoredFile, WriteLock,
};
pub use generations::{Pruned, prune, rollback};
pub use importances::Importances;
pub(crate) use index::Index;
pub use layout::{ENTITIES, MANIFEST};
pub use manifest::{FORMAT_VERSION, FileDigest, Generation, Manifest, Parents, SharedFile};
pub(crate) use prior_models::{CurrentModels, PriorModelIndex};
pub use record::{ContestScores, EntityRecord, EntityStatus, HoldoutScores, Winner};
pub use run::{ContestRun, DecisionRun, HoldoutRun, Run};
pub use store::Store;
pub use verify::{Verification, verify};
pub use writer::ModelsPerFile;
pub(crate) use writer::Writer;

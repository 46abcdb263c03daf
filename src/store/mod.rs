//! A directory of generations: each one complete and immutable, named by `manifest.json` when it
//! is whole and not before.
//!
//! ```text
//! models/
//!   manifest.json        which generation is current, and what each one is
//!   gen-000001/
//!     entities.parquet   one row per entity: what became of it, and where its model lies
//!     Bachelors.cbor     one model a file, or packs of many models
//! ```

mod earlier;
mod file_name;
mod lock;
mod manifest;
mod reader;
mod staging;
mod upkeep;
mod verify;
mod writer;

pub use earlier::{Earlier, Reigning};
pub use manifest::{ContestRun, FORMAT_VERSION, FileDigest, Generation, HoldoutRun, Manifest, Run};
pub(crate) use reader::Index;
pub use reader::{EntityRecord, Store};
pub use upkeep::{Change, Difference, difference, prune, rollback};
pub use verify::{Report, verify};
pub use writer::{ModelsPerFile, Writer};

/// The manifest's file name.
pub const MANIFEST: &str = "manifest.json";

/// The name of the table of entities in a generation.
pub const ENTITIES: &str = "entities.parquet";

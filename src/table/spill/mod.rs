//! Rows that do not fit into memory: written to files by ranges of keys, and read one range at a
//! time.
//!
//! The rows of each key are counted first, incomplete ones too. Keys in their order then fill
//! *buckets*, so many that the rows of each fit, and the rows are written bucket by bucket in the
//! order of the input. So entities come in the same order with the same rows as in one table, and
//! give the same models.

mod bucket_file;
mod memory_limit;
mod plan;
mod scratch;
mod scratch_file;
mod spilled;
mod spilled_key;
mod spiller;

pub use memory_limit::MemoryLimit;
pub use scratch::{Scratch, ScratchFolder};
pub use spilled::Spilled;
pub use spilled_key::SpilledKey;

//! What a store stands on: a tree of files with a commit that is all or nothing.

mod contract;
mod local;
mod local_lock;
mod location;
mod memory;
mod regular_file;

pub use contract::{Directory, Durability, Entry, Prepared, StoredFile, WriteLock};
pub use local::LocalDirectory;
pub use location::Location;
pub use memory::MemoryDirectory;

#[cfg(test)]
mod tests;

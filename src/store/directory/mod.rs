//! What a store stands on: a tree of files with a commit that is all or nothing.

mod block_cache;
mod contract;
mod local;
mod local_lock;
mod location;
mod memory;
mod object;
mod object_versions;
mod regular_file;
mod uploads;

pub use contract::{Directory, Durability, Entry, FilePart, Prepared, StoredFile, WriteLock};
pub use local::LocalDirectory;
pub use location::Location;
pub use memory::MemoryDirectory;
pub use object::ObjectDirectory;

#[cfg(test)]
mod tests;

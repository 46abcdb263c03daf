//! Where a store lies, however it is said.

use std::fmt::{Debug, Formatter};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use super::contract::Directory;
use super::local::LocalDirectory;
use super::memory::MemoryDirectory;
use super::object::ObjectDirectory;

/// Where a store lies: a path, an address such as `s3://bucket/models` ([`ObjectDirectory`]), a
/// [`MemoryDirectory`], or any other [`Directory`]. Functions take whatever can be turned into it.
#[derive(Clone)]
pub struct Location(Arc<dyn Directory>);

impl Location {
    /// A directory of any kind.
    pub fn new(directory: impl Directory + 'static) -> Self {
        Self(Arc::new(directory))
    }
}

impl<P: AsRef<Path>> From<P> for Location {
    fn from(path: P) -> Self {
        match ObjectDirectory::at(path.as_ref()) {
            Some(directory) => Self::new(directory),
            None => Self::new(LocalDirectory::new(path.as_ref())),
        }
    }
}

impl From<MemoryDirectory> for Location {
    fn from(directory: MemoryDirectory) -> Self {
        Self::new(directory)
    }
}

impl From<&MemoryDirectory> for Location {
    fn from(directory: &MemoryDirectory) -> Self {
        Self::new(directory.clone())
    }
}

impl From<ObjectDirectory> for Location {
    fn from(directory: ObjectDirectory) -> Self {
        Self::new(directory)
    }
}

impl From<&Location> for Location {
    fn from(location: &Location) -> Self {
        location.clone()
    }
}

impl Deref for Location {
    type Target = dyn Directory;

    fn deref(&self) -> &Self::Target {
        &*self.0
    }
}

impl Debug for Location {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        self.0.fmt(formatter)
    }
}

//! Where predictions go.

use std::io::Write;
use std::path::PathBuf;

/// Where predictions go.
pub enum Destination {
    /// A file, which bears its name only when it is whole.
    File(PathBuf),
    /// Whatever can be written to.
    Writer(Box<dyn Write>),
}

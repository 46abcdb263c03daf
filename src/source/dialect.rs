//! How a CSV file is written, every choice made.

use super::limits::ReadLimits;

/// How a CSV file is written, every choice made.
#[derive(Clone, Debug)]
pub(super) struct Dialect {
    /// Column names of a file without header.
    pub columns: Vec<String>,
    pub separator: u8,
    pub comment: Option<String>,
    pub limits: ReadLimits,
}

impl Dialect {
    pub fn is_comment(&self, line: &[u8]) -> bool {
        let prefix = self.comment.as_deref();
        prefix.is_some_and(|prefix| line.starts_with(prefix.as_bytes()))
    }
}

//! A key whose rows are in files.

/// A key and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpilledKey {
    /// The key, as a table has it.
    pub key: String,
    /// Its rows, without those left out.
    pub rows: u64,
    /// The bytes that its rows would take, where these are too many even for a table of their own.
    pub too_large: Option<u64>,
    pub(super) bucket: usize,
}

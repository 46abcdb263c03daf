//! What became of rows.

use std::fmt::{self, Display, Formatter};

/// Bad rows that an account names.
const NAMED: usize = 10;

/// What became of the rows that [`Predictor::predict_rows`](crate::Predictor::predict_rows) read.
/// Those that were not written are among the bad ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RowAccount {
    /// Rows that were read; neither headers, comments nor blank lines.
    pub read: u64,
    /// Rows that were written.
    pub written: u64,
    /// Rows that could not be read or predicted, written or not.
    pub bad: u64,
    /// The first ten of them.
    pub first_bad: Vec<BadRow>,
    /// Rows of NDJSON that were written as CSV without some of their fields, which the header, made
    /// from the first row, does not have.
    pub cut: u64,
    /// Columns that the store asks for and no row had.
    pub never_given: Vec<String>,
}

/// A row that could not be read or predicted; as text, `stdin:17: why`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// What it came from: a file, or the name of a reader.
    pub input: String,
    /// The line on which it begins, from 1.
    pub line: u64,
    /// What is wrong with it, and what to do.
    pub reason: String,
}

impl RowAccount {
    pub(super) fn note_bad(&mut self, row: BadRow) {
        self.bad += 1;
        if self.first_bad.len() < NAMED {
            self.first_bad.push(row);
        }
    }
}

impl Display for BadRow {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.input, self.line, self.reason)
    }
}

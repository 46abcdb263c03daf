//! How much memory a process may take, and what of it is for what.

use polars::prelude::len;

use super::input::Input;
use super::load::count;
use super::query::Query;
use crate::error::{Result, SpecError};
use crate::schema::{ByteSize, FeatureKind};

/// How many bytes of memory a process may take, shared out among those who hold much: tables of
/// rows, models, and batches of rows on their way.
///
/// | share | bytes |
/// | --- | --- |
/// | reading and writing | 512 MiB |
/// | [rows in a table](Self::check_rows) | the rest |
/// | [models that are held](Self::models), where no table is | half of the rest |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryBudget(u64);

/// What reading and writing take beside the rows themselves.
const READING: u64 = 512 << 20;

/// The least that must be left for rows.
const LEAST: u64 = 128 << 20;

/// What an entity takes beside its rows: its key, and what is noted about its model.
const ENTITY: u64 = 300;

/// What a value takes at most while a batch of rows is read, predicted and written.
const VALUE_ON_ITS_WAY: u64 = 128;

impl MemoryBudget {
    /// A budget of so many bytes for the whole process.
    ///
    /// # Errors
    ///
    /// [`SpecError::MemoryLimit`] for fewer bytes than reading needs.
    pub fn new(ByteSize(bytes): ByteSize) -> Result<Self> {
        if bytes < READING + LEAST {
            let least = (READING + LEAST) >> 20;
            return Err(SpecError::MemoryLimit {
                mebibytes: bytes >> 20,
                least,
            }
            .into());
        }
        Ok(Self(bytes))
    }

    /// Whether a query's rows fit into tables, all of them at once. `copies` is how many times they
    /// are held.
    ///
    /// # Errors
    ///
    /// [`SpecError::RowsExceedMemory`] where they do not, with the bytes that would do, and
    /// [`Error::Polars`](crate::error::Error::Polars) where they cannot be counted.
    pub fn check_rows(self, input: &Input, query: &Query, copies: u64) -> Result<()> {
        let rows = copies * rows_of(input, query)?;
        if rows <= self.rows(query) {
            return Ok(());
        }
        let needed = READING + rows * bytes_per_row(query);
        Err(SpecError::RowsExceedMemory {
            mebibytes: self.0 >> 20,
            needed: (needed >> 20) + 1,
        }
        .into())
    }

    /// Bytes for models that are held between batches of rows.
    #[must_use]
    pub fn models(self) -> u64 {
        (self.0 - READING) / 2
    }

    /// Values, all columns together, of a batch of rows that is predicted.
    #[must_use]
    pub fn batch_values(self) -> usize {
        (READING / 2 / VALUE_ON_ITS_WAY) as usize
    }

    /// Rows of a query that fit into one table.
    pub(super) fn rows(self, query: &Query) -> u64 {
        (self.0 - READING) / bytes_per_row(query)
    }

    /// The same while there are so many entities in all.
    pub(super) fn rows_beside(self, entities: u64, query: &Query) -> u64 {
        let left = (self.0 - READING).saturating_sub(entities * ENTITY);
        left.max(LEAST) / bytes_per_row(query)
    }
}

/// How many rows an input has, which a query may leave out some of.
pub(super) fn rows_of(input: &Input, query: &Query) -> Result<u64> {
    match input.whole_rows() {
        Some(rows) => Ok(rows),
        None => count(&query.frame.clone().select([len()])),
    }
}

/// What a row takes at most in a table and while the table is sorted.
pub(super) fn bytes_per_row(query: &Query) -> u64 {
    let feature = |kind| match kind {
        FeatureKind::Numeric => 8,
        FeatureKind::Categorical => 4,
    };
    let features: u64 = query.features.iter().map(|f| feature(f.kind)).sum();
    let weight = 8 * u64::from(query.weight.is_some());
    let discrete = 12 * (query.key.len() as u64 + 1);
    discrete + weight + features + 4 * query.carried as u64
}

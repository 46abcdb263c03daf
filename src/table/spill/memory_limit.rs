//! How many rows may be in memory at once.

use std::sync::Arc;

use polars::prelude::len;

use super::scratch::Scratch;
use crate::error::{Result, SpecError};
use crate::schema::FeatureKind;
use crate::table::input::Input;
use crate::table::load::count;
use crate::table::query::Query;

/// How many rows may be in memory at once, and where the others go: files in a folder that is made,
/// and removed in the end.
#[derive(Clone, Debug)]
pub struct MemoryLimit {
    size: Size,
    pub(super) scratch: Arc<dyn Scratch>,
}

#[derive(Clone, Copy, Debug)]
enum Size {
    Bytes(u64),
    Rows(u64),
}

/// What reading and writing take beside the rows themselves.
const RESERVED: u64 = 512 << 20;

/// The least that a limit must leave for rows.
const LEAST: u64 = 128 << 20;

impl MemoryLimit {
    /// A limit of so many bytes for the whole process, some 512 MiB of which are for reading and
    /// writing. What a row takes is estimated from the query's columns.
    ///
    /// # Errors
    ///
    /// As [`check`](Self::check).
    pub fn new(bytes: u64, scratch: impl Scratch + 'static) -> Result<Self> {
        Self::check(bytes)?;
        Ok(Self {
            size: Size::Bytes(bytes),
            scratch: Arc::new(scratch),
        })
    }

    /// Whether a limit is one that a run can keep.
    ///
    /// # Errors
    ///
    /// [`SpecError::MemoryLimit`] for fewer bytes than any run needs.
    pub fn check(bytes: u64) -> Result<()> {
        if bytes < RESERVED + LEAST {
            let least = (RESERVED + LEAST) >> 20;
            return Err(SpecError::MemoryLimit {
                mebibytes: bytes >> 20,
                least,
            }
            .into());
        }
        Ok(())
    }

    /// A limit of so many rows in a table, whatever memory they take.
    pub fn of_rows(rows: u64, scratch: impl Scratch + 'static) -> Self {
        Self {
            size: Size::Rows(rows),
            scratch: Arc::new(scratch),
        }
    }

    /// Whether the rows of a query may be too many for one table.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`](crate::error::Error::Polars) where they cannot be counted.
    pub fn is_exceeded(&self, input: &Input, query: &Query) -> Result<bool> {
        let rows = match input.whole_rows() {
            Some(rows) => rows,
            None => count(&query.frame.clone().select([len()]))?,
        };
        Ok(rows > self.rows(query))
    }

    /// Rows that fit into one table while there are so many entities in all.
    pub(super) fn rows_beside(&self, entities: u64, query: &Query) -> u64 {
        match self.size {
            Size::Bytes(bytes) => {
                let left = (bytes - RESERVED).saturating_sub(entities * ENTITY);
                left.max(LEAST) / bytes_per_row(query)
            }
            Size::Rows(rows) => rows,
        }
    }

    /// Rows that fit into one table.
    fn rows(&self, query: &Query) -> u64 {
        match self.size {
            Size::Bytes(bytes) => (bytes - RESERVED) / bytes_per_row(query),
            Size::Rows(rows) => rows,
        }
    }
}

/// What an entity takes beside its rows: its key, and what is noted about its model.
const ENTITY: u64 = 300;

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

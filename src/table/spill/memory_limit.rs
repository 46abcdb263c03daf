//! How many rows may be in memory at once.

use std::sync::Arc;

use super::scratch::Scratch;
use crate::error::Result;
use crate::table::input::Input;
use crate::table::memory_budget::{MemoryBudget, rows_of};
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
    Bytes(MemoryBudget),
    Rows(u64),
}

impl MemoryLimit {
    /// As many rows as the budget has for them. What a row takes is estimated from the query's
    /// columns.
    pub fn new(budget: MemoryBudget, scratch: impl Scratch + 'static) -> Self {
        Self {
            size: Size::Bytes(budget),
            scratch: Arc::new(scratch),
        }
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
        let fitting = match self.size {
            Size::Bytes(budget) => budget.rows(query),
            Size::Rows(rows) => rows,
        };
        Ok(rows_of(input, query)? > fitting)
    }

    /// Rows that fit into one table while there are so many entities in all.
    pub(super) fn rows_beside(&self, entities: u64, query: &Query) -> u64 {
        match self.size {
            Size::Bytes(budget) => budget.rows_beside(entities, query),
            Size::Rows(rows) => rows,
        }
    }
}

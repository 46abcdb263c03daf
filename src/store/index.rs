//! The records of a store, to be found by their keys.

use polars::prelude::*;

use super::entities_table::records;
use super::record::EntityRecord;

/// The records of a store, to be found by their keys.
pub(crate) struct Index {
    table: DataFrame,
    /// The table's rows in the order of their keys.
    sorted: Vec<u32>,
}

impl Index {
    pub(super) fn new(table: DataFrame) -> PolarsResult<Self> {
        let keys = table.column("key")?.str()?;
        let mut sorted: Vec<u32> = (0..table.height() as u32).collect();
        sorted.sort_unstable_by_key(|&row| keys.get(row as usize));
        Ok(Self { table, sorted })
    }

    /// What the store notes about those of the keys that it has.
    pub fn records_of(&self, keys: &[&str]) -> PolarsResult<Vec<EntityRecord>> {
        let of_row = self.table.column("key")?.str()?;
        let rows = keys.iter().filter_map(|key| {
            let by_key = |row: &u32| of_row.get(*row as usize).cmp(&Some(key));
            let found = self.sorted.binary_search_by(by_key).ok()?;
            Some(self.sorted[found])
        });
        let rows = IdxCa::from_vec("rows".into(), rows.collect());
        records(&self.table.take(&rows)?)
    }
}

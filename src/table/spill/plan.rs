//! Which rows go to which file.

use super::memory_limit::MemoryLimit;
use super::spilled_key::SpilledKey;
use crate::error::Result;
use crate::table::key_counter::Counter;
use crate::table::key_positions::Positions;
use crate::table::query::Query;

/// Which bucket the rows of each key go to.
pub(super) struct Plan {
    /// By the physical values of the key's columns: the position of the key.
    pub positions: Positions,
    /// In their order.
    pub keys: Vec<SpilledKey>,
    pub buckets: usize,
    pub key_columns: usize,
}

impl Plan {
    /// Counts the rows of each key, and fills buckets with keys in their order.
    pub fn new(query: &Query, limit: &MemoryLimit) -> Result<Self> {
        let Counter {
            mut positions,
            mut keys,
        } = Counter::count(query)?;
        let order = query.key_order();
        let mut sorted: Vec<u32> = (0..keys.len() as u32).collect();
        let key = |position: u32| keys[position as usize].0.as_str();
        sorted.sort_by(|&one, &other| order.compare(key(one), key(other)));

        let together = limit.rows_beside(keys.len() as u64, query) / 2;
        let (mut buckets, mut filled) = (0, u64::MAX);
        let mut places = vec![0; keys.len()];
        let mut planned = Vec::with_capacity(keys.len());
        for position in sorted {
            let (key, rows) = std::mem::take(&mut keys[position as usize]);
            if filled.saturating_add(rows) > together {
                buckets += 1;
                filled = 0;
            }
            filled += rows;
            places[position as usize] = planned.len() as u32;
            planned.push(SpilledKey {
                key,
                rows: 0,
                too_large: None,
                bucket: buckets - 1,
            });
        }
        positions.replace(&places);
        Ok(Self {
            positions,
            keys: planned,
            buckets,
            key_columns: query.key.len(),
        })
    }
}

//! Positions of keys, to be found by the physical values of their columns.

use polars::prelude::*;

/// The positions of keys, by the physical values of their columns. There may be millions, most
/// often of one column.
pub(super) enum Positions {
    Single(PlHashMap<i64, u32>),
    Composite(PlHashMap<Vec<i64>, u32>),
}

impl Positions {
    pub fn new(key_columns: usize) -> Self {
        match key_columns {
            1 => Self::Single(PlHashMap::new()),
            _ => Self::Composite(PlHashMap::new()),
        }
    }

    pub fn get(&self, key: &[i64]) -> Option<u32> {
        match self {
            Self::Single(positions) => positions.get(&key[0]).copied(),
            Self::Composite(positions) => positions.get(key).copied(),
        }
    }

    pub fn insert(&mut self, key: &[i64], position: u32) {
        match self {
            Self::Single(positions) => positions.insert(key[0], position),
            Self::Composite(positions) => positions.insert(key.to_vec(), position),
        };
    }

    /// Replaces each position by the place that is given for it.
    pub fn replace(&mut self, places: &[u32]) {
        let replace = |position: &mut u32| *position = places[*position as usize];
        match self {
            Self::Single(positions) => positions.values_mut().for_each(replace),
            Self::Composite(positions) => positions.values_mut().for_each(replace),
        }
    }
}

/// Whole numbers as they are, categories by their codes; any number for a null.
pub(super) fn raw_values(column: &Column) -> PolarsResult<Vec<i64>> {
    let physical = column.to_physical_repr().cast(&DataType::Int64)?;
    let physical = physical.i64()?;
    Ok(physical
        .iter()
        .map(|value| value.unwrap_or_default())
        .collect())
}

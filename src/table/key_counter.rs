//! Counts the rows of each key.

use polars::prelude::*;

use super::key_positions::{Positions, raw_values};
use super::query::Query;
use super::stream::stream;
use crate::error::Result;
use crate::schema::key_text;

/// The keys without a null, in the order of their first rows, and the rows of each.
pub(super) struct Counter {
    pub positions: Positions,
    pub keys: Vec<(String, u64)>,
}

impl Counter {
    pub fn new(key_columns: usize) -> Self {
        Self {
            positions: Positions::new(key_columns),
            keys: Vec::new(),
        }
    }

    pub fn count(query: &Query) -> Result<Self> {
        let names = query.key.iter().map(|(name, _)| col(name.as_str()));
        let keys = query.frame.clone().select(names.collect::<Vec<_>>());
        let counter = Self::new(query.key.len());
        let take = |counter: &mut Self, batch| counter.take(&batch).map(|()| false);
        stream(keys, counter, take, "cannot count the rows of each key")
    }

    /// Takes in rows that have the columns of the key alone.
    pub fn take(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let batch = batch.drop_nulls::<String>(None)?;
        let raw = batch
            .columns()
            .iter()
            .map(raw_values)
            .collect::<PolarsResult<Vec<_>>>()?;
        let mut new = Vec::new();
        let mut key = vec![0; raw.len()];
        for row in 0..batch.height() {
            for (value, raw) in key.iter_mut().zip(&raw) {
                *value = raw[row];
            }
            let next = self.keys.len();
            let position = match self.positions.get(&key) {
                Some(position) => position as usize,
                None => {
                    self.positions.insert(&key, next as u32);
                    self.keys.push(Default::default());
                    new.push(row as IdxSize);
                    next
                }
            };
            self.keys[position].1 += 1;
        }
        let first = self.keys.len() - new.len();
        let new = batch.take(&IdxCa::from_vec(PlSmallStr::EMPTY, new))?;
        for (key, text) in self.keys[first..].iter_mut().zip(key_texts(&new)?) {
            key.0 = text;
        }
        Ok(())
    }
}

/// The text of the key in each row.
fn key_texts(keys: &DataFrame) -> PolarsResult<Vec<String>> {
    let texts = keys
        .columns()
        .iter()
        .map(|column| column.cast(&DataType::String))
        .collect::<PolarsResult<Vec<Column>>>()?;
    let texts = texts
        .iter()
        .map(Column::str)
        .collect::<PolarsResult<Vec<_>>>()?;
    let values = |row: usize| {
        texts
            .iter()
            .map(move |text| text.get(row).unwrap_or_default())
    };
    let rows = 0..keys.height();
    Ok(match texts.as_slice() {
        [text] => rows
            .map(|row| text.get(row).unwrap_or_default().to_owned())
            .collect(),
        _ => rows.map(|row| key_text(values(row))).collect(),
    })
}

//! Which entity each row belongs to, and where the rows of each entity go.

use rayon::prelude::*;

use super::dictionary::Dictionary;
use crate::codes::Order;
use crate::schema::key_text;

/// The entities of the table: their keys in order, their rows, and how rows get there.
pub(super) struct Entities {
    pub keys: Vec<String>,
    pub offsets: Vec<usize>,
    pub order: Order,
}

impl Entities {
    pub fn of(keys: Vec<Dictionary>, rows: usize) -> Self {
        let (entity_of_row, keys) = Self::number(keys, rows);
        let mut offsets = vec![0usize; keys.len() + 1];
        let mut sorted = true;
        let mut last = 0;
        for &entity in &entity_of_row {
            offsets[entity as usize + 1] += 1;
            sorted &= entity >= last;
            last = entity;
        }
        for entity in 0..keys.len() {
            offsets[entity + 1] += offsets[entity];
        }
        let order = if sorted {
            Order::Sorted
        } else {
            let mut next: Vec<u32> = offsets.iter().map(|&offset| offset as u32).collect();
            let mut destinations = entity_of_row;
            for row in &mut destinations {
                let destination = &mut next[*row as usize];
                *row = *destination;
                *destination += 1;
            }
            Order::Moved(destinations)
        };
        Self {
            keys,
            offsets,
            order,
        }
    }

    /// The entity of every row, and the keys in the order of the entities.
    fn number(keys: Vec<Dictionary>, rows: usize) -> (Vec<u32>, Vec<String>) {
        let mut combined: Vec<u64> = vec![0; rows];
        if let [key] = keys.as_slice() {
            let entities = (0..rows).map(|row| key.positions[key.codes.get(row) as usize]);
            let entities = entities.collect();
            let [key] = <[Dictionary; 1]>::try_from(keys).unwrap_or_default();
            return (entities, key.texts);
        }
        // Digits of a mixed-radix number, most significant first; made dense after each digit, so
        // that it never outgrows 64 bits.
        let mut tuples: Vec<Vec<u32>> = vec![Vec::new()];
        for key in &keys {
            let radix = key.texts.len() as u64;
            for (row, combined) in combined.iter_mut().enumerate() {
                let digit = key.positions[key.codes.get(row) as usize];
                *combined = *combined * radix + u64::from(digit);
            }
            let mut distinct = combined.clone();
            distinct.par_sort_unstable();
            distinct.dedup();
            combined.par_iter_mut().for_each(|value| {
                *value = distinct.partition_point(|other| *other < *value) as u64;
            });
            tuples = distinct
                .iter()
                .map(|value| {
                    let mut tuple = tuples[(value / radix) as usize].clone();
                    tuple.push((value % radix) as u32);
                    tuple
                })
                .collect();
        }
        let texts = tuples
            .iter()
            .map(|tuple| {
                let values = tuple.iter().zip(&keys);
                key_text(values.map(|(&digit, key)| key.texts[digit as usize].as_str()))
            })
            .collect();
        (
            combined.into_iter().map(|entity| entity as u32).collect(),
            texts,
        )
    }
}

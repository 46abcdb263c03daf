//! The rows that a shared model is trained on: all, or those of a sample of entities.

use std::borrow::Cow;

use rayon::prelude::*;

use super::binner::Binner;
use super::entity_rows::{EntityRows, text_hash};
use super::params::SharedParams;
use crate::codes::{CodeColumn, Codes};
use crate::encode::{EncodedPartition, EncoderScratch};
use crate::ensemble::{Loss, MOST_CATEGORIES, SharedRows};
use crate::error::Result;
use crate::table::{Partition, Table};
use crate::train::trainer::SharedInput;

/// The rows that a shared model is trained on.
pub(super) struct Sample<'a> {
    tables: Vec<Cow<'a, Table>>,
    /// The share of entities that are drawn.
    share: f64,
    /// The most rows of one entity.
    most: usize,
    seed: u64,
    folds: usize,
}

impl<'a> Sample<'a> {
    /// Draws entities, where there are more rows than are allowed: each is in with the same
    /// probability, and large ones with that share of their rows.
    pub fn draw(input: &SharedInput<'a>, params: &SharedParams, folds: usize) -> Result<Self> {
        let share = (params.rows as f64 / input.rows.max(1) as f64).min(1.0);
        let mut sample = Self {
            tables: Vec::new(),
            share,
            most: usize::MAX,
            seed: params.seed,
            folds,
        };
        for table in (input.tables)() {
            input.cancel.check()?;
            let table = table?;
            let table = match share < 1.0 {
                true => {
                    sample.most = params.rows.div_ceil(LARGE_PARTS);
                    Cow::Owned(sample.of_table(&table))
                }
                false => table,
            };
            sample.tables.push(table);
        }
        Ok(sample)
    }

    fn of_table(&self, table: &Table) -> Table {
        let mut keep = vec![false; table.rows()];
        for partition in table.partitions() {
            let is_in = self.is_drawn(&partition);
            keep[partition.range()].fill(is_in);
        }
        table.filter(&keep)
    }

    /// Whether an entity is in the sample.
    fn is_drawn(&self, partition: &Partition) -> bool {
        let draw = text_hash(self.seed ^ DRAWS, partition.key()) >> 11;
        let draw = draw as f64 / (1_u64 << 53) as f64;
        draw < self.share || partition.rows() > self.most
    }

    /// Bins of all rows.
    pub fn binner(&self) -> Binner {
        Binner::new(&self.tables)
    }

    /// The rows in bins, and the keys of their entities in the order of these.
    pub fn rows(
        &self,
        input: &SharedInput,
        binner: &Binner,
        loss: Loss,
    ) -> (SharedRows, Vec<String>) {
        let partitions: Vec<Partition> = self
            .tables
            .iter()
            .flat_map(|table| table.partitions())
            .filter(|partition| partition.rows() > 0)
            .collect();
        let weigh = &input.weigh;
        let entities: Vec<EntityRows> = partitions
            .par_iter()
            .map_init(EncoderScratch::default, |scratch, partition| {
                let encoded = EncodedPartition::new(partition, scratch);
                let weights = weigh.as_ref().and_then(|weigh| weigh(&encoded));
                let encoded = match weights {
                    Some(weights) => encoded.reweighted(weights),
                    None => encoded,
                };
                let large = (self.share * partition.rows() as f64) as usize;
                let most = match partition.rows() > self.most {
                    true => large.max(self.most),
                    false => usize::MAX,
                };
                EntityRows::new(binner, &encoded, self.folds, self.seed, most)
            })
            .collect();
        let keys: Vec<String> = partitions.iter().map(|p| p.key().to_owned()).collect();
        (self.together(entities, binner, loss, &keys), keys)
    }

    /// The rows of entities one after another.
    fn together(
        &self,
        entities: Vec<EntityRows>,
        binner: &Binner,
        loss: Loss,
        keys: &[String],
    ) -> SharedRows {
        let mut offsets = vec![0];
        let mut entity = Vec::new();
        for (place, rows) in entities.iter().enumerate() {
            entity.extend(std::iter::repeat_n(place as u32, rows.len()));
            offsets.push(entity.len());
        }
        let features = (0..binner.features().len())
            .into_par_iter()
            .map(|position| {
                let mut codes = Vec::with_capacity(entity.len());
                for rows in &entities {
                    let own = &rows.columns[position].codes;
                    own.for_each(0..own.len(), |code| codes.push(code as u8));
                }
                CodeColumn {
                    codes: Codes::U8(codes),
                    ..entities[0].columns[position]
                }
            });
        let has_weights = entities.iter().any(|rows| rows.weights.is_some());
        SharedRows {
            features: match entities.is_empty() {
                true => Vec::new(),
                false => features.collect(),
            },
            targets: entities
                .iter()
                .flat_map(|rows| &rows.targets)
                .copied()
                .collect(),
            weights: has_weights.then(|| {
                let weights = entities.iter().filter_map(|rows| rows.weights.as_ref());
                weights.flatten().copied().collect()
            }),
            loss,
            category: categories(keys),
            entity,
            offsets,
            fold: entities
                .iter()
                .flat_map(|rows| &rows.fold)
                .copied()
                .collect(),
            folds: self.folds,
        }
    }
}

/// An entity of more than one of so many parts of all rows is large.
const LARGE_PARTS: usize = 50;

/// What tells the draws of entities from other digests of their keys.
const DRAWS: u64 = 0x7361_6d70_6c65;

/// The category of each entity: the position of its key among all, where they are not too many.
fn categories(keys: &[String]) -> Option<Vec<u8>> {
    if keys.len() > MOST_CATEGORIES {
        return None;
    }
    let sorted = sorted(keys);
    let place = |key: &String| sorted.partition_point(|other| *other < key) as u8;
    Some(keys.iter().map(place).collect())
}

/// Keys in the order of their bytes.
pub(super) fn sorted(keys: &[String]) -> Vec<&String> {
    let mut sorted: Vec<&String> = keys.iter().collect();
    sorted.sort_unstable();
    sorted
}

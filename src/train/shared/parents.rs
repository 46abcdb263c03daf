//! The levels of parents: what is added to scores of entities that are not known, but whose key begins
//! with values that are.

use std::collections::HashMap;

use rayon::prelude::*;

use crate::ensemble::{AdditiveTrees, EntityEffects, ScoredRows, SharedRows};
use crate::model::{MAX_PARENTS, ParentLevel};
use crate::schema::key_prefix;

/// Steps towards the levels.
const STEPS: usize = 3;

/// Rows that one thread scores at a time.
const BLOCK: usize = 1_024;

/// The level of each parent, by what the models for unknown entities leave over of its rows, each row
/// scored by the one that did not see it where there are as many as folds. It is estimated along the
/// key, each on what the level of the values before leaves over, and is the sum of both; how much it
/// is pulled towards that is told by how much parents differ. `keys` are those of the entities. Of too
/// many parents those of the most rows are kept, in the order of their keys.
pub(super) fn parent_levels(
    rows: &SharedRows,
    keys: &[String],
    key_columns: usize,
    unknown: &[AdditiveTrees],
) -> Vec<ParentLevel> {
    let outputs = rows.loss.outputs();
    let mut levels: Vec<(usize, ParentLevel)> = Vec::new();
    if key_columns < 2 || keys.is_empty() {
        return Vec::new();
    }
    let mut scores = scores(rows, unknown);
    let mut of_entity = vec![0.0; keys.len() * outputs];
    for values in 1..key_columns {
        let parents = Parents::of(keys, values);
        let effects = parents.effects(rows, &scores);
        for (level, &parent) in of_entity.chunks_exact_mut(outputs).zip(&parents.of_entity) {
            add(level, effects.of(parent as usize));
        }
        for (score, &entity) in scores.chunks_exact_mut(outputs).zip(&rows.entity) {
            add(
                score,
                effects.of(parents.of_entity[entity as usize] as usize),
            );
        }
        let of_parent = parents.keys.iter().zip(parents.rows(rows));
        levels.extend(of_parent.map(|(&(key, first), rows)| {
            let level = of_entity[first * outputs..][..outputs].to_vec();
            let key = key.to_owned();
            (rows, ParentLevel { key, level })
        }));
    }
    levels.sort_by(|(rows, one), (others, other)| others.cmp(rows).then(one.key.cmp(&other.key)));
    levels.truncate(MAX_PARENTS);
    let mut levels: Vec<ParentLevel> = levels.into_iter().map(|(_, level)| level).collect();
    levels.sort_by(|one, other| one.key.cmp(&other.key));
    levels
}

/// The parents of so many first values of the key.
struct Parents<'a> {
    /// The key of each, and its first entity.
    keys: Vec<(&'a str, usize)>,
    /// The parent of each entity.
    of_entity: Vec<u32>,
}

impl<'a> Parents<'a> {
    fn of(entities: &'a [String], values: usize) -> Self {
        let mut known: HashMap<&str, u32> = HashMap::new();
        let mut keys = Vec::new();
        let of_entity = entities.iter().enumerate().map(|(entity, key)| {
            let parent = key_prefix(key, values);
            *known.entry(parent).or_insert_with(|| {
                keys.push((parent, entity));
                keys.len() as u32 - 1
            })
        });
        let of_entity = of_entity.collect();
        Self { keys, of_entity }
    }

    /// What is best added to the scores of all rows of each.
    fn effects(&self, rows: &SharedRows, scores: &[f64]) -> EntityEffects {
        let of_row = rows
            .entity
            .iter()
            .map(|&entity| self.of_entity[entity as usize]);
        let of_row: Vec<u32> = of_row.collect();
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let scored = ScoredRows {
            loss: rows.loss,
            data: rows.data(),
            entity: &of_row,
            rows: &all,
            scores,
        };
        let mut effects = EntityEffects::new(self.keys.len(), rows.loss.outputs());
        effects.estimate(scored);
        effects.refresh(scored, STEPS);
        effects
    }

    /// The number of rows of each.
    fn rows(&self, rows: &SharedRows) -> Vec<usize> {
        let mut counts = vec![0; self.keys.len()];
        for (ends, &parent) in rows.offsets.windows(2).zip(&self.of_entity) {
            counts[parent as usize] += ends[1] - ends[0];
        }
        counts
    }
}

/// By row and output: what the models for unknown entities say.
fn scores(rows: &SharedRows, unknown: &[AdditiveTrees]) -> Vec<f64> {
    let (outputs, width) = (rows.loss.outputs(), rows.features.len().max(1));
    let mut scores = vec![0.0; rows.len() * outputs];
    let blocks = scores.par_chunks_mut(BLOCK * outputs).enumerate();
    blocks.for_each(|(block, scores)| {
        let first = block * BLOCK;
        for (fold, model) in unknown.iter().enumerate() {
            let is_told = |row: &usize| unknown.len() == 1 || usize::from(rows.fold[*row]) == fold;
            let told = first..first + scores.len() / outputs;
            let told: Vec<usize> = told.filter(is_told).collect();
            let mut codes = vec![0; told.len() * width];
            for (&row, codes) in told.iter().zip(codes.chunks_exact_mut(width)) {
                for (code, column) in codes.iter_mut().zip(&rows.features) {
                    *code = column.codes.get(row) as u8;
                }
            }
            let mut sums = vec![0.0; told.len() * outputs];
            model.add(&codes, width, 1.0, &mut sums);
            for (&row, sums) in told.iter().zip(sums.chunks_exact(outputs)) {
                scores[(row - first) * outputs..][..outputs].copy_from_slice(sums);
            }
        }
    });
    scores
}

fn add(sums: &mut [f64], others: &[f64]) {
    for (sum, other) in sums.iter_mut().zip(others) {
        *sum += other;
    }
}

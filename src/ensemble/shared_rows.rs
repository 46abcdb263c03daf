//! The rows that a shared model is trained on.

use super::Loss;
use super::booster::BoostedRows;
use crate::codes::CodeColumn;

/// Rows of many entities in bins, sorted by entity, each with its fold.
pub(crate) struct SharedRows {
    /// The features in bins of a byte.
    pub features: Vec<CodeColumn>,
    /// A number, or the position of a class.
    pub targets: Vec<f64>,
    /// `None` where all rows count the same.
    pub weights: Option<Vec<f64>>,
    pub loss: Loss,
    /// The entity of each row, ascending.
    pub entity: Vec<u32>,
    /// The category of each entity; nothing where they are too many for it.
    pub category: Option<Vec<u8>>,
    /// Where the rows of each entity begin, and where those of the last end.
    pub offsets: Vec<usize>,
    /// The fold of each row, below `folds`.
    pub fold: Vec<u8>,
    pub folds: usize,
}

impl SharedRows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.entity.len()
    }

    /// Number of entities.
    pub fn entities(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Brings weights to a mean of 1, for a row of mean weight is to count as one; returns what they
    /// are multiplied by.
    pub fn scale_weights(&mut self) -> f64 {
        let rows = self.len() as f64;
        let Some(weights) = &mut self.weights else {
            return 1.0;
        };
        let largest = weights.iter().copied().fold(0.0, f64::max);
        // Sums of the largest weights have no room.
        let mean = weights.iter().map(|weight| weight / largest).sum::<f64>() / rows * largest;
        let scale = mean.recip();
        if !(scale > 0.0 && scale.is_finite()) {
            return 1.0;
        }
        weights.iter_mut().for_each(|weight| *weight *= scale);
        scale
    }

    /// Targets and weights.
    pub fn data(&self) -> BoostedRows<'_> {
        BoostedRows {
            targets: &self.targets,
            weights: self.weights.as_deref(),
        }
    }

    /// The rows of all folds but some.
    pub fn without(&self, folds: &[u8]) -> Vec<u32> {
        let rows = self.fold.iter().zip(0..);
        let kept = rows.filter(|(fold, _)| !folds.contains(fold));
        kept.map(|(_, row)| row).collect()
    }

    /// The rows of some entities, drawn at random until there are about so many; all where there are
    /// no more.
    pub fn sample(&self, most: usize, seed: u64) -> Option<Self> {
        if self.len() <= most {
            return None;
        }
        let mut order: Vec<(u64, usize)> = (0..self.entities())
            .map(|entity| (scrambled(seed ^ entity as u64), entity))
            .collect();
        order.sort_unstable();
        let mut count = 0;
        let fitting = order.iter().take_while(|(_, entity)| {
            count += self.offsets[entity + 1] - self.offsets[*entity];
            count <= most
        });
        let mut entities: Vec<usize> = fitting.map(|&(_, entity)| entity).collect();
        entities.sort_unstable();
        // Entities that are too large for it give every so many of their rows.
        match entities.len() * 2 < self.entities() && entities.len() < 20 {
            true => Some(self.thinned(most)),
            false => Some(self.of_entities(&entities)),
        }
    }

    fn of_entities(&self, entities: &[usize]) -> Self {
        let ranges = entities
            .iter()
            .map(|&entity| self.offsets[entity]..self.offsets[entity + 1]);
        self.of_rows(ranges.flatten().map(|row| row as u32).collect())
    }

    /// About so many rows, of all entities alike.
    fn thinned(&self, most: usize) -> Self {
        let step = self.len().div_ceil(most.max(1));
        self.of_rows((0..self.len() as u32).step_by(step).collect())
    }

    /// Some rows, ascending; entities without any are left out.
    fn of_rows(&self, rows: Vec<u32>) -> Self {
        let pick = |values: &Vec<f64>| rows.iter().map(|&row| values[row as usize]).collect();
        let mut offsets = vec![];
        let mut entity = Vec::with_capacity(rows.len());
        let mut kept: Vec<u32> = Vec::new();
        for (place, &row) in rows.iter().enumerate() {
            let own = self.entity[row as usize];
            if kept.last() != Some(&own) {
                offsets.push(place);
                kept.push(own);
            }
            entity.push(offsets.len() as u32 - 1);
        }
        offsets.push(rows.len());
        Self {
            features: self.features.iter().map(|c| c.gather(&rows)).collect(),
            targets: pick(&self.targets),
            weights: self.weights.as_ref().map(pick),
            loss: self.loss,
            category: self
                .category
                .as_ref()
                .map(|all| kept.iter().map(|&entity| all[entity as usize]).collect()),
            entity,
            offsets,
            fold: rows.iter().map(|&row| self.fold[row as usize]).collect(),
            folds: self.folds,
        }
    }
}

/// The finalizer of SplitMix64 (Steele, Lea and Flood 2014).
pub(crate) fn scrambled(number: u64) -> u64 {
    let mut bits = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

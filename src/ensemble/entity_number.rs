//! Entities as a number: the mean target of each, shrunk towards that of all (Micci-Barreca 2001).
//!
//! A row is given the mean of its entity's other rows only, or the number would tell its target.

use super::Loss;
use super::moments::{EntitySums, Moments};
use super::shared_rows::SharedRows;
use crate::codes::{CodeColumn, NumberBins};

/// The entities' numbers of one output: targets, or which rows are of one class.
pub(crate) struct EntityNumber {
    /// By entity and fold.
    sums: Vec<EntitySums>,
    folds: usize,
    moments: Moments,
    bins: NumberBins,
}

/// The most bins that numbers of entities have.
const MOST_BINS: usize = 250;

impl EntityNumber {
    /// The entities as a number of each output: their mean target, or their share of a class.
    pub fn of_outputs(rows: &SharedRows) -> Vec<Self> {
        let is_class = matches!(rows.loss, Loss::Softmax(_));
        (0..rows.loss.outputs())
            .map(|output| {
                Self::new(rows, |row| match is_class {
                    true => f64::from(rows.targets[row] == output as f64),
                    false => rows.targets[row],
                })
            })
            .collect()
    }

    /// The numbers of all entities; `value_of` gives what a row counts as.
    fn new(rows: &SharedRows, value_of: impl Fn(usize) -> f64) -> Self {
        let folds = rows.folds;
        let mut sums = vec![EntitySums::default(); rows.entities() * folds];
        for (row, (&entity, &fold)) in rows.entity.iter().zip(&rows.fold).enumerate() {
            let place = entity as usize * folds + usize::from(fold);
            sums[place].add(value_of(row), rows.data().weight(row));
        }
        let whole: Vec<EntitySums> = sums.chunks_exact(folds).map(total).collect();
        let moments = Moments::of(&whole);
        let bins = bins(&whole, &moments);
        Self {
            sums,
            folds,
            moments,
            bins,
        }
    }

    /// Where the bins of the numbers end.
    pub fn bins(&self) -> &NumberBins {
        &self.bins
    }

    /// The number of an entity that is not known.
    pub fn of_unknown(&self) -> f64 {
        self.moments.mean
    }

    /// What an entity with these rows is given.
    pub fn moments(&self) -> &Moments {
        &self.moments
    }

    /// The column of bins for a model that is trained without the rows of some folds: each row is given
    /// its entity's number by the rows of the other folds, and of these without its own.
    pub fn column(&self, rows: &SharedRows, without: &[u8]) -> CodeColumn {
        let own_sums = |entity: usize| &self.sums[entity * self.folds..][..self.folds];
        let numbers = rows.entity.iter().zip(&rows.fold).map(|(&entity, &fold)| {
            let others = own_sums(entity as usize).iter().zip(0_u8..);
            let others = others.filter(|(_, other)| *other != fold && !without.contains(other));
            let (weight, sum) = others.fold((0.0, 0.0), |(weight, sum), (sums, _)| {
                (weight + sums.weight, sum + sums.sum)
            });
            self.moments.shrunk(weight, sum)
        });
        self.bins.column(numbers)
    }
}

fn plus(one: EntitySums, other: EntitySums) -> EntitySums {
    EntitySums {
        weight: one.weight + other.weight,
        sum: one.sum + other.sum,
        squares: one.squares + other.squares,
    }
}

fn total(folds: &[EntitySums]) -> EntitySums {
    folds.iter().copied().fold(EntitySums::default(), plus)
}

/// Bins that end in the middle between the numbers of entities, so that what a row's own fold
/// changes stays within a bin; beyond so many entities they share bins by their rows.
fn bins(entities: &[EntitySums], moments: &Moments) -> NumberBins {
    let present = entities.iter().filter(|entity| entity.weight > 0.0);
    let mut numbers: Vec<(f64, f64)> = present
        .map(|entity| (moments.shrunk(entity.weight, entity.sum), entity.weight))
        .collect();
    numbers.sort_unstable_by(|one, other| {
        let order = one.0.total_cmp(&other.0);
        order.then(one.1.total_cmp(&other.1))
    });
    let total: f64 = numbers.iter().map(|(_, weight)| weight).sum();
    let bins = numbers.len().clamp(1, MOST_BINS);
    let share = total / bins as f64;
    let (mut gathered, mut full) = (0.0, 1.0);
    let mut edges = Vec::with_capacity(bins);
    for pair in numbers.windows(2) {
        let [(lower, weight), (upper, _)] = [pair[0], pair[1]];
        gathered += weight;
        if upper > lower && (numbers.len() <= MOST_BINS || gathered >= full * share) {
            edges.push(lower / 2.0 + upper / 2.0);
            while gathered >= full * share {
                full += 1.0;
            }
        }
    }
    NumberBins::from_edges(edges)
}

//! Absolute errors: medians are predicted, and how far rows are from them on both sides of a split.
//!
//! Sums do not tell a median, so rows change sides one by one: of each side a tree of sums over the
//! outcomes in their order (Fenwick 1994) tells median and error, both in logarithmic time. The rows
//! of the tree are sorted by their numbers before it is grown: those of a node are then in order,
//! and sums do not hang on the order in which rows came.

use super::RegressionCriterion;
use super::quantities::Center;
use super::regression::MeanScore;
use super::statistic::{NodeRows, Statistic};

/// Quantities whose absolute errors are made small, in ascending order; those of a node are measured
/// from their median. Rows that all count the same have weights of 1.
pub(super) struct Deviations;

impl Statistic for Deviations {
    type Criterion = RegressionCriterion;
    type Outcome = f64;
    type Unit = Center;
    type Slot = f64;
    type Sum = f64;
    type Score = MeanScore;
    type Sides = Sides;

    const WEIGHTED: bool = true;
    const WHOLE: bool = false;
    const BY_ROWS: bool = true;

    #[inline(always)]
    fn add(slots: &mut [f64], start: usize, outcome: f64, weight: f64) {
        slots[start] += weight;
        slots[start + 1] += weight * outcome;
    }

    fn sum(slot: f64) -> f64 {
        slot
    }

    fn measure(numbers: &mut [f64], weights: &[f64], _: Center) -> Center {
        Center::measure(median(numbers, weights), numbers)
    }

    fn rank_rows(sides: &mut Sides, node: &NodeRows<Self>) {
        sides.rank(node);
    }

    fn begin(sides: &mut Sides, node: &NodeRows<Self>) {
        sides.begin(node);
    }

    fn move_left(sides: &mut Sides, position: usize, node: &NodeRows<Self>) {
        sides.move_left(position, node);
    }

    fn score(
        _: RegressionCriterion,
        _: &[f64],
        _: &[f64],
        _: Center,
        sides: &Sides,
    ) -> Option<MeanScore> {
        let [left, right] = [&sides.left, &sides.right].map(|side| side.median(&sides.distinct));
        let weights = [left.weight, right.weight];
        let error = left.error + right.error;
        (right.weight > 0.0).then(|| MeanScore::absolute(weights, error, sides.error))
    }

    fn beats(_: RegressionCriterion, one: &MeanScore, other: &MeanScore) -> bool {
        one.beats(other)
    }

    fn weights(score: &MeanScore) -> [f64; 2] {
        score.weights()
    }

    fn decrease(_: RegressionCriterion, score: &MeanScore, node: &NodeRows<Self>) -> f64 {
        score.absolute_error_decrease(error(node))
    }

    fn rank(_: RegressionCriterion, slots: &[f64], _: Center, _: usize, _: usize) -> f64 {
        slots[1] / slots[0]
    }

    fn describe(_: RegressionCriterion, node: &NodeRows<Self>, statistics: &mut Vec<f64>) {
        statistics.clear();
        statistics.extend([node.total_weight(), node.unit.number, error(node)]);
    }
}

/// The rows of a node on both sides of a split, by the ranks of their outcomes.
#[derive(Default)]
pub(super) struct Sides {
    /// The outcomes of the node, ascending, each once.
    distinct: Vec<f64>,
    /// By position in the node.
    ranks: Vec<u32>,
    /// The error of the node.
    error: f64,
    left: Ranked,
    right: Ranked,
    all: Ranked,
}

impl Sides {
    /// Ranks the rows of a node.
    fn rank(&mut self, node: &NodeRows<Deviations>) {
        self.error = error(node);
        self.ranks.clear();
        self.distinct.clear();
        for &outcome in node.outcomes {
            if self.distinct.last() != Some(&outcome) {
                self.distinct.push(outcome);
            }
            self.ranks.push(self.distinct.len() as u32 - 1);
        }
        self.all.clear(self.distinct.len());
        for (position, &rank) in self.ranks.iter().enumerate() {
            let weight = node.weight(position);
            self.all.add(rank, weight, weight * node.outcomes[position]);
        }
    }

    /// Begins with all rows on the right.
    fn begin(&mut self, _: &NodeRows<Deviations>) {
        self.left.clear(self.distinct.len());
        self.right.clone_from(&self.all);
    }

    fn move_left(&mut self, position: usize, node: &NodeRows<Deviations>) {
        let (rank, weight) = (self.ranks[position], node.weight(position));
        let weighted = weight * node.outcomes[position];
        self.left.add(rank, weight, weighted);
        self.right.add(rank, -weight, -weighted);
    }
}

/// The weighted median of one side, and how far its rows are from it in all.
#[derive(Clone, Copy, Debug)]
struct Median {
    weight: f64,
    error: f64,
}

/// The weighted median of numbers in ascending order; the mean of the two in the middle where there
/// are two.
fn median(numbers: &[f64], weights: &[f64]) -> f64 {
    let half = weights.iter().sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (position, (&lower, weight)) in numbers.iter().zip(weights).enumerate() {
        below += weight;
        if below >= half {
            let upper = numbers.get(position + 1).filter(|_| below == half);
            return upper.map_or(lower, |upper| lower / 2.0 + upper / 2.0);
        }
    }
    numbers.last().copied().unwrap_or(0.0)
}

/// How far the rows of a node are from their median in all.
fn error(node: &NodeRows<Deviations>) -> f64 {
    let rows = node.outcomes.iter().zip(node.weights);
    rows.map(|(outcome, weight)| weight * outcome.abs()).sum()
}

/// Weights and weighted outcomes by rank, as sums over stretches of ranks (Fenwick 1994).
#[derive(Clone, Default)]
struct Ranked {
    /// Behind rank `r`, the sums of the `r + 1` with its lowest bit set last ranks.
    sums: Vec<[f64; 2]>,
    total: [f64; 2],
}

impl Ranked {
    fn clear(&mut self, ranks: usize) {
        self.sums.clear();
        self.sums.resize(ranks, [0.0; 2]);
        self.total = [0.0; 2];
    }

    fn add(&mut self, rank: u32, weight: f64, weighted: f64) {
        self.total = [self.total[0] + weight, self.total[1] + weighted];
        let mut place = rank as usize + 1;
        while let Some(sums) = self.sums.get_mut(place - 1) {
            sums[0] += weight;
            sums[1] += weighted;
            place += place & place.wrapping_neg();
        }
    }

    /// Descends to the first rank at which half of the weight is reached.
    fn median(&self, distinct: &[f64]) -> Median {
        let [weight, weighted] = self.total;
        let mut below = [0.0; 2];
        let mut rank = 0;
        let mut step = self.sums.len().next_power_of_two();
        while step > 0 {
            if let Some(sums) = self.sums.get(rank + step - 1)
                && below[0] + sums[0] < weight / 2.0
            {
                rank += step;
                below = [below[0] + sums[0], below[1] + sums[1]];
            }
            step /= 2;
        }
        let outcome = distinct[rank.min(distinct.len() - 1)];
        let error =
            outcome * below[0] - below[1] + (weighted - below[1]) - outcome * (weight - below[0]);
        Median { weight, error }
    }
}

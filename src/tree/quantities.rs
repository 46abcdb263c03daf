//! Quantities: weight and sum are summed up, and means predicted.
//!
//! Without sample weights quantities are whole multiples of a power of two, and their sums exact:
//! the same in whatever order rows come, and after a subtraction too.

use std::cmp::Ordering;

use super::RegressionCriterion;
use super::regression::{MeanScore, half_deviance};
use super::statistic::{NodeRows, Statistic};

/// Quantities of rows that all count the same.
pub(super) struct Quantities;

/// Quantities of rows with sample weights.
pub(super) struct WeightedQuantities;

/// Slots of either: the weight, and the sum of the outcomes.
pub(super) const WIDTH: usize = 2;

/// Bits of the largest outcome.
const BITS: i32 = 62;

/// Bits that the smallest outcome keeps at least, where some are lost.
const FEWEST_BITS: i32 = 32;

/// What outcomes are multiples of.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Step(f64);

impl Step {
    /// The largest power of two that all numbers are multiples of, unless they then had too many
    /// bits: so that the largest of them has as many as there are. Nothing where too little is then
    /// left of the smallest ones.
    fn of(numbers: impl Iterator<Item = f64>) -> Option<Self> {
        let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
        let mut smallest = i32::MAX;
        for number in numbers.filter(|number| *number != 0.0) {
            let bits = number.to_bits();
            let exponent = ((bits >> 52) & 0x7FF) as i32;
            let fraction = bits & ((1 << 52) - 1);
            // Of a subnormal number the leading one is not left out.
            let (mantissa, exponent) = match exponent {
                0 => (fraction, -1074),
                _ => (fraction | 1 << 52, exponent - 1075),
            };
            lowest = lowest.min(exponent + mantissa.trailing_zeros() as i32);
            let size = exponent + 64 - mantissa.leading_zeros() as i32;
            highest = highest.max(size);
            smallest = smallest.min(size);
        }
        if lowest == i32::MAX {
            return Some(Self(1.0));
        }
        let step = lowest.max(highest - BITS).max(-1022);
        let is_fine = step == lowest || smallest - step >= FEWEST_BITS;
        is_fine.then(|| Self(power_of_two(step)))
    }

    fn outcome(self, number: f64) -> i64 {
        (number / self.0).round_ties_even() as i64
    }
}

pub(super) fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The outcomes of numbers, of which those of `rows` are wanted; nothing where these are of too
/// different sizes.
pub(super) fn outcomes(numbers: &[f64], rows: &[u32], outcomes: &mut Vec<i64>) -> Option<Step> {
    let step = Step::of(rows.iter().map(|&row| numbers[row as usize]))?;
    outcomes.clear();
    outcomes.extend(numbers.iter().map(|&number| step.outcome(number)));
    Some(step)
}

/// What the weighted outcomes of a node are measured from: so that sums do not lose the digits in
/// which its numbers differ.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Center {
    pub number: f64,
    /// Whether the lowest number is 0: then a side may have none but zeros.
    has_zeros: bool,
}

impl Center {
    /// The number that is nearest to the mean, the lower one of two: differences from it have no
    /// more digits than the numbers.
    fn near(mean: f64, numbers: &[f64]) -> f64 {
        let distance = |number: f64| (number - mean).abs();
        let nearest = numbers.iter().copied().reduce(|one, other| {
            let order = distance(other).total_cmp(&distance(one));
            match order.then(other.total_cmp(&one)) {
                Ordering::Less => other,
                _ => one,
            }
        });
        nearest.unwrap_or(0.0)
    }

    /// Measures numbers from one of them, or from between two.
    pub fn measure(center: f64, numbers: &mut [f64]) -> Self {
        let lowest = numbers.iter().copied().reduce(f64::min);
        numbers.iter_mut().for_each(|number| *number -= center);
        Self {
            number: center,
            has_zeros: lowest == Some(0.0),
        }
    }
}

/// A side whose share of a node's sum is below this may have none of it but for rounding.
const LEAST_SHARE: f64 = 1e-12;

impl Statistic for Quantities {
    type Criterion = RegressionCriterion;
    type Outcome = i64;
    type Unit = Step;
    type Slot = i128;
    type Sum = i128;
    type Score = MeanScore;
    type Sides = ();

    const WEIGHTED: bool = false;
    const WHOLE: bool = true;

    #[inline(always)]
    fn add(slots: &mut [i128], start: usize, outcome: i64, _: f64) {
        slots[start] += 1;
        slots[start + 1] += i128::from(outcome);
    }

    #[inline(always)]
    fn sum(slot: i128) -> i128 {
        slot
    }

    #[inline(always)]
    fn rows(slots: &[i128]) -> usize {
        slots[0] as usize
    }

    #[inline(always)]
    fn score(
        criterion: RegressionCriterion,
        left: &[i128],
        totals: &[i128],
        Step(step): Step,
        (): &(),
    ) -> Option<MeanScore> {
        let [left_rows, right_rows] = [left[0], totals[0] - left[0]];
        let difference = left[1] * totals[0] - totals[1] * left_rows;
        if criterion == RegressionCriterion::Poisson {
            let sums = [left[1], totals[1] - left[1]];
            let weights = [left_rows as f64, right_rows as f64];
            let gap = difference as f64 / totals[1] as f64;
            let excesses = [gap / weights[0], -gap / weights[1]];
            let mean = totals[1] as f64 / totals[0] as f64 * step;
            return (sums[0] > 0 && sums[1] > 0)
                .then(|| MeanScore::poisson(weights, excesses, mean));
        }
        Some(MeanScore::exact(left_rows, right_rows, difference))
    }

    #[inline(always)]
    fn beats(_: RegressionCriterion, one: &MeanScore, other: &MeanScore) -> bool {
        one.beats(other)
    }

    fn weights(score: &MeanScore) -> [f64; 2] {
        score.weights()
    }

    fn decrease(criterion: RegressionCriterion, score: &MeanScore, node: &NodeRows<Self>) -> f64 {
        let Step(step) = node.unit;
        match criterion {
            RegressionCriterion::Poisson => score.decrease(),
            _ => score.decrease() * step * step,
        }
    }

    fn rank(_: RegressionCriterion, slots: &[i128], _: Step, _: usize, _: usize) -> f64 {
        slots[1] as f64 / slots[0] as f64
    }

    fn describe(criterion: RegressionCriterion, node: &NodeRows<Self>, statistics: &mut Vec<f64>) {
        let Step(step) = node.unit;
        let [rows, sum] = [node.totals[0] as f64, node.totals[1] as f64];
        let mean = sum / rows * step;
        let error = match criterion {
            RegressionCriterion::Poisson => {
                // Sums of logarithms hang on their order.
                let mut outcomes = node.outcomes.to_vec();
                outcomes.sort_unstable();
                let numbers = outcomes.iter().map(|&outcome| outcome as f64 * step);
                poisson_error(numbers.map(|number| (number - mean, 1.0)), mean)
            }
            _ => squared_error(node.outcomes, node.totals) * step * step,
        };
        statistics.clear();
        statistics.extend([rows, mean, error]);
    }
}

impl Statistic for WeightedQuantities {
    type Criterion = RegressionCriterion;
    type Outcome = f64;
    type Unit = Center;
    type Slot = f64;
    type Sum = f64;
    type Score = MeanScore;
    type Sides = ();

    const WEIGHTED: bool = true;
    const WHOLE: bool = false;

    #[inline(always)]
    fn add(slots: &mut [f64], start: usize, outcome: f64, weight: f64) {
        slots[start] += weight;
        slots[start + 1] += weight * outcome;
    }

    #[inline(always)]
    fn sum(slot: f64) -> f64 {
        slot
    }

    fn measure(numbers: &mut [f64], weights: &[f64], _: Center) -> Center {
        let weight: f64 = weights.iter().sum();
        let rows = numbers.iter().zip(weights);
        let mean: f64 = rows.map(|(number, part)| number * (part / weight)).sum();
        Center::measure(Center::near(mean, numbers), numbers)
    }

    #[inline(always)]
    fn score(
        criterion: RegressionCriterion,
        left: &[f64],
        totals: &[f64],
        Center {
            number: center,
            has_zeros,
        }: Center,
        (): &(),
    ) -> Option<MeanScore> {
        let weights = [left[0], totals[0] - left[0]];
        if weights[1] <= 0.0 {
            // Weights so small that the sum of the node's has lost them.
            return None;
        }
        let mean = totals[1] / totals[0];
        let gaps = [
            left[1] / weights[0] - mean,
            (totals[1] - left[1]) / weights[1] - mean,
        ];
        if criterion != RegressionCriterion::Poisson {
            return Some(MeanScore::weighted(weights, gaps[0]));
        }
        let mean = center + mean;
        let excesses = gaps.map(|gap| gap / mean);
        let is_zero = |side: usize| {
            let share = weights[side] / totals[0] * (1.0 + excesses[side]);
            has_zeros && share < LEAST_SHARE
        };
        (!is_zero(0) && !is_zero(1)).then(|| MeanScore::poisson(weights, excesses, mean))
    }

    #[inline(always)]
    fn beats(_: RegressionCriterion, one: &MeanScore, other: &MeanScore) -> bool {
        one.beats(other)
    }

    fn weights(score: &MeanScore) -> [f64; 2] {
        score.weights()
    }

    fn decrease(_: RegressionCriterion, score: &MeanScore, _: &NodeRows<Self>) -> f64 {
        score.decrease()
    }

    fn rank(_: RegressionCriterion, slots: &[f64], _: Center, _: usize, _: usize) -> f64 {
        slots[1] / slots[0]
    }

    fn describe(criterion: RegressionCriterion, node: &NodeRows<Self>, statistics: &mut Vec<f64>) {
        let center = node.unit.number;
        let [weight, mean] = [node.totals[0], node.totals[1] / node.totals[0]];
        let rows = node.outcomes.iter().zip(node.weights);
        let rows = rows.map(|(outcome, &weight)| (outcome - mean, weight));
        let error = match criterion {
            RegressionCriterion::Poisson => poisson_error(rows, center + mean),
            _ => rows.map(|(gap, weight)| weight * gap.powi(2)).sum(),
        };
        statistics.clear();
        statistics.extend([weight, center + mean, error]);
    }
}

/// Bits of a deviation whose square is summed up.
const SQUARED_BITS: u32 = 47;

/// The sum of the squared deviations from the mean, in squared steps: the same in whatever order the
/// outcomes come, for it is made of whole numbers.
fn squared_error(outcomes: &[i64], totals: &[i128]) -> f64 {
    let mean = (totals[1].div_euclid(totals[0].max(1))) as i64;
    let deviations = || outcomes.iter().map(|&outcome| outcome.abs_diff(mean));
    let bits = 64 - deviations().max().unwrap_or(0).leading_zeros();
    let shift = bits.saturating_sub(SQUARED_BITS);
    let squares = deviations().map(|deviation| u128::from(deviation >> shift).pow(2));
    let squares: u128 = squares.sum();
    // The mean was rounded down to a whole number.
    let rest = (totals[1] - i128::from(mean) * totals[0]) as f64;
    let unit = power_of_two(2 * shift as i32);
    (squares as f64 * unit - rest * rest / totals[0] as f64).max(0.0)
}

/// The sum of `y ln(y / mean)` over numbers, given how far each is from the mean, and its weight.
fn poisson_error(gaps: impl Iterator<Item = (f64, f64)>, mean: f64) -> f64 {
    if mean <= 0.0 {
        return 0.0;
    }
    let parts = gaps.map(|(gap, weight)| weight * half_deviance(gap / mean));
    parts.sum::<f64>() * mean
}

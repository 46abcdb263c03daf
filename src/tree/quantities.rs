//! Quantities: weight and sum are summed up, and means predicted.
//!
//! Without sample weights quantities are whole multiples of a power of two, and their sums exact:
//! the same in whatever order rows come, and after a subtraction too.

use super::RegressionCriterion;
use super::node_rows::NodeRows;
use super::regression::MeanScore;
use super::statistic::Statistic;

/// Quantities of rows that all count the same.
pub(super) struct Quantities;

/// Quantities of rows with sample weights.
pub(super) struct WeightedQuantities;

/// Slots of either: the weight, and the sum of the outcomes.
pub(super) const WIDTH: usize = 2;

/// Bits of the largest outcome.
const BITS: i32 = 62;

/// What outcomes are multiples of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step(f64);

impl Step {
    /// The largest power of two that all numbers are multiples of, unless they then had too many
    /// bits: so that the largest of them has as many as there are.
    pub fn of(numbers: impl Iterator<Item = f64>) -> Self {
        let (mut lowest, mut highest) = (i32::MAX, i32::MIN);
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
            highest = highest.max(exponent + 64 - mantissa.leading_zeros() as i32);
        }
        match lowest {
            i32::MAX => Self(1.0),
            // No number is as small as the smallest step of all is.
            _ => Self(power_of_two(lowest.max(highest - BITS).max(-1022))),
        }
    }

    fn outcome(self, number: f64) -> i64 {
        (number / self.0).round_ties_even() as i64
    }
}

fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

/// The outcomes of numbers, of which those of `rows` are wanted.
pub(super) fn outcomes(numbers: &[f64], rows: &[u32], outcomes: &mut Vec<i64>) -> Step {
    let step = Step::of(rows.iter().map(|&row| numbers[row as usize]));
    outcomes.clear();
    outcomes.extend(numbers.iter().map(|&number| step.outcome(number)));
    step
}

/// What weighted outcomes are measured from: so that sums do not lose the digits in which the
/// numbers differ.
#[derive(Clone, Copy, Debug)]
pub(super) struct Center(f64);

impl Center {
    /// The number that an outcome stands for.
    pub fn number(self, outcome: f64) -> f64 {
        self.0 + outcome
    }
}

/// As [`outcomes`], with sample weights.
pub(super) fn weighted_outcomes(numbers: &[f64], rows: &[u32], outcomes: &mut Vec<f64>) -> Center {
    let of_rows = || rows.iter().map(|&row| numbers[row as usize]);
    let low = of_rows().fold(f64::INFINITY, f64::min);
    let high = of_rows().fold(f64::NEG_INFINITY, f64::max);
    let center = if low <= high {
        low / 2.0 + high / 2.0
    } else {
        0.0
    };
    outcomes.clear();
    outcomes.extend(numbers.iter().map(|number| number - center));
    Center(center)
}

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
    fn add(slots: &mut [i128], outcome: i64, _: f64) {
        slots[0] += 1;
        slots[1] += i128::from(outcome);
    }

    #[inline(always)]
    fn sum(slot: i128) -> i128 {
        slot
    }

    #[inline(always)]
    fn rows(slots: &[i128]) -> usize {
        slots[0] as usize
    }

    fn of_label(_: u32) -> Option<i64> {
        None
    }

    fn is_pure_in_sum(_: &[i128]) -> bool {
        false
    }

    fn is_pure(node: &NodeRows<Self>) -> bool {
        node.outcomes.iter().all(|&other| other == node.outcomes[0])
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
        if criterion == RegressionCriterion::Poisson {
            let sums = [left[1], totals[1] - left[1]].map(|sum| sum as f64 * step);
            return MeanScore::poisson([left_rows as f64, right_rows as f64], sums);
        }
        let difference = left[1] * totals[0] - totals[1] * left_rows;
        Some(MeanScore::exact(left_rows, right_rows, difference))
    }

    #[inline(always)]
    fn beats(_: RegressionCriterion, one: &MeanScore, other: &MeanScore) -> bool {
        one.beats(other)
    }

    fn is_perfect(_: RegressionCriterion, _: &MeanScore) -> bool {
        false
    }

    fn weights(score: &MeanScore) -> [f64; 2] {
        score.weights()
    }

    fn decrease(
        criterion: RegressionCriterion,
        score: &MeanScore,
        node: &NodeRows<Self>,
        Step(step): Step,
    ) -> f64 {
        let [rows, sum] = [node.totals[0] as f64, node.totals[1] as f64 * step];
        match criterion {
            RegressionCriterion::Poisson => score.poisson_decrease(rows, sum),
            _ => score.squared_error_decrease() * step * step,
        }
    }

    fn orders(_: usize) -> usize {
        1
    }

    fn rank(slots: &[i128], _: usize) -> f64 {
        slots[1] as f64 / slots[0] as f64
    }

    fn describe(
        criterion: RegressionCriterion,
        node: &NodeRows<Self>,
        Step(step): Step,
        statistics: &mut Vec<f64>,
    ) {
        let [rows, sum] = [node.totals[0] as f64, node.totals[1] as f64];
        let mean = sum / rows * step;
        let error = match criterion {
            RegressionCriterion::Poisson => {
                let parts = node.outcomes.iter().map(|&outcome| outcome as f64 * step);
                poisson_error(parts.map(|outcome| (outcome, 1.0)), mean)
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
    fn add(slots: &mut [f64], outcome: f64, weight: f64) {
        slots[0] += weight;
        slots[1] += weight * outcome;
    }

    #[inline(always)]
    fn sum(slot: f64) -> f64 {
        slot
    }

    fn rows(_: &[f64]) -> usize {
        0
    }

    fn of_label(_: u32) -> Option<f64> {
        None
    }

    fn is_pure_in_sum(_: &[f64]) -> bool {
        false
    }

    fn is_pure(node: &NodeRows<Self>) -> bool {
        node.outcomes.iter().all(|&other| other == node.outcomes[0])
    }

    #[inline(always)]
    fn score(
        criterion: RegressionCriterion,
        left: &[f64],
        totals: &[f64],
        Center(center): Center,
        (): &(),
    ) -> Option<MeanScore> {
        let weights = [left[0], totals[0] - left[0]];
        if weights[1] <= 0.0 {
            // Weights so small that the sum of the node's has lost them.
            return None;
        }
        if criterion == RegressionCriterion::Poisson {
            let sums = [left[1], totals[1] - left[1]];
            let sums = [0, 1].map(|side| sums[side] + weights[side] * center);
            return MeanScore::poisson(weights, sums);
        }
        let difference = left[1] * totals[0] - totals[1] * left[0];
        Some(MeanScore::weighted(weights, difference))
    }

    #[inline(always)]
    fn beats(_: RegressionCriterion, one: &MeanScore, other: &MeanScore) -> bool {
        one.beats(other)
    }

    fn is_perfect(_: RegressionCriterion, _: &MeanScore) -> bool {
        false
    }

    fn weights(score: &MeanScore) -> [f64; 2] {
        score.weights()
    }

    fn decrease(
        criterion: RegressionCriterion,
        score: &MeanScore,
        node: &NodeRows<Self>,
        Center(center): Center,
    ) -> f64 {
        let [weight, sum] = [node.totals[0], node.totals[1] + node.totals[0] * center];
        match criterion {
            RegressionCriterion::Poisson => score.poisson_decrease(weight, sum),
            _ => score.squared_error_decrease(),
        }
    }

    fn orders(_: usize) -> usize {
        1
    }

    fn rank(slots: &[f64], _: usize) -> f64 {
        slots[1] / slots[0]
    }

    fn describe(
        criterion: RegressionCriterion,
        node: &NodeRows<Self>,
        center: Center,
        statistics: &mut Vec<f64>,
    ) {
        let [weight, mean] = [node.totals[0], node.totals[1] / node.totals[0]];
        let rows = node.outcomes.iter().zip(node.weights);
        let error = match criterion {
            RegressionCriterion::Poisson => {
                let parts = rows.map(|(&outcome, &weight)| (center.number(outcome), weight));
                poisson_error(parts, center.number(mean))
            }
            _ => rows
                .map(|(outcome, weight)| weight * (outcome - mean).powi(2))
                .sum(),
        };
        statistics.clear();
        statistics.extend([weight, center.number(mean), error]);
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

/// The sum of `y ln(y / mean)` over outcomes and their weights.
fn poisson_error(rows: impl Iterator<Item = (f64, f64)>, mean: f64) -> f64 {
    let errors = rows.map(|(outcome, weight)| match outcome > 0.0 {
        true => weight * outcome * (outcome / mean).ln(),
        false => 0.0,
    });
    errors.sum::<f64>().max(0.0)
}

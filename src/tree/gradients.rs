//! Gradients and hessians of a loss: what trees are grown of that are added up.
//!
//! They are whole multiples of a power of two, and their sums exact: the same in whatever order
//! rows come, on any number of threads, and after a subtraction too.

use super::quantities::power_of_two;
use super::statistic::{NodeRows, Statistic};

/// The first and the second derivative of a row's loss, negated and not, by its score; in steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Gradient {
    gradient: i32,
    hessian: i32,
}

/// What gradients and hessians are multiples of.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Steps {
    gradient: f64,
    hessian: f64,
}

/// The most bits of a gradient or hessian, the sign aside.
const BITS: i32 = 30;

/// Low bits of a slot, in which rows are counted; the gradients of these are in the other ones.
const ROW_BITS: i32 = 28;

/// A tree is grown on fewer rows.
const MOST_ROWS: usize = 1 << ROW_BITS;

impl Steps {
    /// The steps in which the largest gradient and the largest hessian of so many rows have as many
    /// bits as sums leave room for. Both are finite.
    fn of(largest_gradient: f64, largest_hessian: f64, rows: usize) -> Self {
        assert!(
            rows < MOST_ROWS,
            "a tree is grown on less than {MOST_ROWS} rows"
        );
        let bits_of_rows = (usize::BITS - rows.leading_zeros()) as i32;
        let bits = (63 - ROW_BITS - bits_of_rows).min(BITS);
        Self {
            gradient: step(largest_gradient, bits),
            hessian: step(largest_hessian, BITS),
        }
    }
}

/// The largest power of two that leaves a number its bits.
fn step(largest: f64, bits: i32) -> f64 {
    if largest <= 0.0 {
        return 1.0;
    }
    let exponent = ((largest.to_bits() >> 52) & 0x7FF) as i32 - 1023;
    power_of_two((exponent + 1 - bits).clamp(-1022, 1022))
}

/// A number with which another one has no room for fractions: what is left of that is a whole
/// number, ties rounded to even.
const NO_FRACTIONS: f64 = 6_755_399_441_055_744.0;

/// Brings the derivatives of all rows into steps: each is the negative first and the second one.
pub(crate) fn in_steps(
    derivatives: impl ExactSizeIterator<Item = [f64; 2]> + Clone,
    rows: &mut Vec<Gradient>,
) -> Steps {
    let largest = derivatives.clone().fold([0.0; 2], |most: [f64; 2], row| {
        [most[0].max(row[0].abs()), most[1].max(row[1])]
    });
    let steps = Steps::of(largest[0], largest[1], derivatives.len());
    // Of powers of two the reciprocals are exact.
    let [by_gradient, by_hessian] = [steps.gradient.recip(), steps.hessian.recip()];
    let whole = |number: f64| (number + NO_FRACTIONS - NO_FRACTIONS) as i32;
    rows.clear();
    rows.extend(derivatives.map(|[gradient, hessian]| Gradient {
        gradient: whole(gradient * by_gradient),
        hessian: whole(hessian * by_hessian),
    }));
    steps
}

/// How splits are scored by gradients and hessians (Friedman 2001; Chen and Guestrin 2016, section
/// 2.2): the loss falls by half of `G² / (H + l2)` of both sides, less that of the node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct GradientCriterion {
    /// What is added to the hessian of every leaf.
    pub l2: f64,
    /// What is added beside it for a set of several categories (Ke et al. 2017).
    pub category_l2: f64,
    /// What is added to the hessian of a category when they are ordered by their gradients.
    pub category_smoothing: f64,
    /// The fewest rows of a category in a node for it to be in a set, where they are many.
    pub min_samples_category: usize,
    /// The least hessian of a leaf.
    pub min_hessian_leaf: f64,
}

/// Up to so many categories, sets of them need no extra regularization.
const FEW_CATEGORIES: usize = 4;

/// Slots: gradient and rows in one, and the hessian.
pub(super) const WIDTH: usize = 2;

/// Rows told by the derivatives of their loss.
pub(super) struct Gradients;

/// What a split gains, and the rows on both sides.
#[derive(Clone, Copy)]
pub(super) struct Gain {
    /// `G² / (H + l2)`, summed over both sides.
    sides: f64,
    rows: [f64; 2],
}

impl Gain {
    /// By how much the loss falls, given the node's sums.
    pub fn decrease(&self, criterion: GradientCriterion, totals: &[i64], steps: Steps) -> f64 {
        0.5 * (self.sides - strength(totals, steps, criterion.l2))
    }
}

/// The gradient and the hessian of sums.
fn sums(sums: &[i64], steps: Steps) -> [f64; 2] {
    [
        (sums[0] >> ROW_BITS) as f64 * steps.gradient,
        sums[1] as f64 * steps.hessian,
    ]
}

/// The rows behind sums.
#[inline(always)]
fn row_count(sums: &[i64]) -> usize {
    (sums[0] & (MOST_ROWS as i64 - 1)) as usize
}

/// `G² / (H + l2)`.
#[inline(always)]
fn strength(slots: &[i64], steps: Steps, l2: f64) -> f64 {
    let [gradient, hessian] = sums(slots, steps);
    let hessian = hessian + l2;
    if hessian > 0.0 {
        gradient * gradient / hessian
    } else {
        0.0
    }
}

impl GradientCriterion {
    /// By how much the best step of all rows behind sums lets their loss fall; of steps in both
    /// directions not less than a rounding error of it.
    pub(super) fn worth(self, totals: &[i64], steps: Steps) -> f64 {
        0.5 * strength(totals, steps, self.l2)
    }

    #[inline(always)]
    fn gain(self, left: &[i64], totals: &[i64], steps: Steps, l2: f64) -> Option<Gain> {
        let right = [0, 1].map(|slot| totals[slot] - left[slot]);
        let least = self.min_hessian_leaf;
        if least > 0.0 {
            let hessian = |side: &[i64]| side[1] as f64 * steps.hessian;
            if hessian(left) < least || hessian(&right) < least {
                return None;
            }
        }
        Some(Gain {
            sides: strength(left, steps, l2) + strength(&right, steps, l2),
            rows: [row_count(left), row_count(&right)].map(|rows| rows as f64),
        })
    }
}

impl Statistic for Gradients {
    type Criterion = GradientCriterion;
    type Outcome = Gradient;
    type Unit = Steps;
    type Slot = i64;
    type Sum = i64;
    type Score = Gain;
    type Sides = ();

    const WEIGHTED: bool = false;
    const WHOLE: bool = true;

    #[inline(always)]
    fn add(slots: &mut [i64], start: usize, outcome: Gradient, _: f64) {
        let slots = &mut slots[start..][..WIDTH];
        slots[0] += (i64::from(outcome.gradient) << ROW_BITS) + 1;
        slots[1] += i64::from(outcome.hessian);
    }

    #[inline(always)]
    fn sum(slot: i64) -> i64 {
        slot
    }

    #[inline(always)]
    fn rows(slots: &[i64]) -> usize {
        row_count(slots)
    }

    fn is_pure(_: &NodeRows<Self>) -> bool {
        false
    }

    #[inline(always)]
    fn score(
        criterion: GradientCriterion,
        left: &[i64],
        totals: &[i64],
        steps: Steps,
        (): &(),
    ) -> Option<Gain> {
        criterion.gain(left, totals, steps, criterion.l2)
    }

    fn score_set(
        criterion: GradientCriterion,
        left: &[i64],
        totals: &[i64],
        steps: Steps,
        (): &(),
        categories: usize,
    ) -> Option<Gain> {
        let extra = match categories <= FEW_CATEGORIES {
            true => 0.0,
            false => criterion.category_l2,
        };
        criterion.gain(left, totals, steps, criterion.l2 + extra)
    }

    #[inline(always)]
    fn beats(_: GradientCriterion, one: &Gain, other: &Gain) -> bool {
        one.sides > other.sides
    }

    fn weights(score: &Gain) -> [f64; 2] {
        score.rows
    }

    fn decrease(criterion: GradientCriterion, score: &Gain, node: &NodeRows<Self>) -> f64 {
        score.decrease(criterion, node.totals, node.unit)
    }

    /// Rare categories are in no set, so they are either in front or behind all others.
    fn orders(_: usize, categories: usize) -> usize {
        if categories <= FEW_CATEGORIES { 1 } else { 2 }
    }

    fn rank(
        criterion: GradientCriterion,
        slots: &[i64],
        steps: Steps,
        order: usize,
        categories: usize,
    ) -> f64 {
        if categories > FEW_CATEGORIES && row_count(slots) < criterion.min_samples_category {
            return f64::INFINITY;
        }
        let [gradient, hessian] = sums(slots, steps);
        let smoothed = (hessian + criterion.category_smoothing).max(f64::MIN_POSITIVE);
        let sign = if order == 0 { 1.0 } else { -1.0 };
        sign * gradient / smoothed
    }

    fn describe(criterion: GradientCriterion, node: &NodeRows<Self>, statistics: &mut Vec<f64>) {
        let [gradient, hessian] = sums(node.totals, node.unit);
        let step = gradient / (hessian + criterion.l2).max(f64::MIN_POSITIVE);
        statistics.clear();
        statistics.extend([row_count(node.totals) as f64, step, hessian]);
    }
}

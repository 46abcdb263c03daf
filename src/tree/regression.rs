//! The criteria for quantities: how much closer to their means rows are on both sides of a split.

use serde::{Deserialize, Serialize};

/// What splits decrease where the target is a quantity.
///
/// Formulas: Breiman, Friedman, Olshen and Stone, *Classification and Regression Trees* (1984),
/// chapter 8; for `Poisson`, Chaudhuri et al., *Generalized regression trees* (1995).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RegressionCriterion {
    /// The mean of `(y - mean)²`; a leaf predicts the mean.
    #[default]
    SquaredError,
    /// The mean of `|y - median|`; a leaf predicts the median, the mean of the two in the middle
    /// where there are two.
    AbsoluteError,
    /// The mean of `y ln(y / mean)`, half the Poisson deviance; a leaf predicts the mean. For
    /// counts and other targets that are not negative; a side of a split never has a sum of 0.
    Poisson,
}

impl RegressionCriterion {
    /// All names, in words.
    pub const NAMES: &str = "squared-error, absolute-error or poisson";

    /// The name, as specifications have it.
    pub fn name(self) -> &'static str {
        match self {
            RegressionCriterion::SquaredError => "squared-error",
            RegressionCriterion::AbsoluteError => "absolute-error",
            RegressionCriterion::Poisson => "poisson",
        }
    }
}

/// A split's score by the means of its sides: the larger, the larger the decrease.
#[derive(Clone, Copy, Debug)]
pub(super) struct MeanScore {
    value: f64,
    /// Scores are told apart where they differ by more than this.
    slack: f64,
    weights: [f64; 2],
    /// The value as a fraction, where it is exact: its numerator's root and its denominator.
    fraction: Option<(u128, u128)>,
}

/// Difference, by their size, below which floating-point scores are not told apart.
const RESOLUTION: f64 = 1e-12;

impl MeanScore {
    /// The squared error, of sides of so many rows.
    ///
    /// With `W` the weights and `S` the sums, of the left side and of all rows, the decrease times
    /// `W` is `(S_left W - S W_left)² / (W W_left W_right)`; the first of these is `difference`.
    #[inline(always)]
    pub fn exact(left: i128, right: i128, difference: i128) -> Self {
        let weights = [left as f64, right as f64];
        let denominator = (left as u128) * (right as u128);
        let square = difference as f64 * difference as f64;
        let value = square / (weights[0] * weights[1] * (weights[0] + weights[1]));
        Self {
            fraction: Some((difference.unsigned_abs(), denominator)),
            ..Self::new(value, weights)
        }
    }

    /// As [`exact`](Self::exact), of sides of these weights, `gap` being how far the mean of the
    /// left one is from that of all rows: no product of several weights overflows or vanishes.
    #[inline(always)]
    pub fn weighted(weights: [f64; 2], gap: f64) -> Self {
        let share = (weights[0] + weights[1]) / weights[1];
        Self::new(gap * gap * weights[0] * share, weights)
    }

    /// Half the Poisson deviance, of sides of these weights whose means are larger than that of all
    /// rows by so large a part of it. The decrease times `W` is `S_left ln (mean_left / mean) +
    /// S_right ln (mean_right / mean)`.
    #[inline(always)]
    pub fn poisson(weights: [f64; 2], excesses: [f64; 2], mean: f64) -> Self {
        let parts = [0, 1].map(|side| weights[side] * half_deviance(excesses[side]));
        Self::new((parts[0] + parts[1]) * mean, weights)
    }

    /// The absolute error, of sides of these weights with so much left in all of the node's.
    pub fn absolute(weights: [f64; 2], error: f64, of_node: f64) -> Self {
        Self {
            slack: RESOLUTION * of_node,
            ..Self::new(-error, weights)
        }
    }

    #[inline(always)]
    fn new(value: f64, weights: [f64; 2]) -> Self {
        Self {
            value,
            slack: RESOLUTION * value,
            weights,
            fraction: None,
        }
    }

    /// Whether it is truly larger than another score of the same node. Those too close for floating
    /// point are compared as fractions where they are exact; otherwise they are a tie.
    #[inline(always)]
    pub fn beats(&self, other: &Self) -> bool {
        let difference = self.value - other.value;
        let slack = self.slack.max(other.slack);
        if difference.abs() > slack {
            return difference > 0.0;
        }
        self.beats_exactly(other).unwrap_or(false)
    }

    #[cold]
    fn beats_exactly(&self, other: &Self) -> Option<bool> {
        let ((one, below), (two, below_other)) = (self.fraction?, other.fraction?);
        let one = one.checked_mul(one)?.checked_mul(below_other)?;
        let two = two.checked_mul(two)?.checked_mul(below)?;
        Some(one > two)
    }

    /// The weights of the left and of the right side.
    pub fn weights(&self) -> [f64; 2] {
        self.weights
    }

    /// The node's weight times the decrease of its squared error or of half its Poisson deviance.
    pub fn decrease(&self) -> f64 {
        self.value
    }

    /// The decrease of the node's absolute error, which is `error` before the split.
    pub fn absolute_error_decrease(&self, error: f64) -> f64 {
        error + self.value
    }
}

/// `(1 + x) ln(1 + x) - x`: with `x` by what part of the mean a number is larger than it, the share
/// of the number in half the Poisson deviance, by the mean. The second term adds up to nothing over
/// all numbers; without it there would be digits lost where `x` is small.
pub(super) fn half_deviance(excess: f64) -> f64 {
    let x = excess;
    if x <= -1.0 {
        1.0
    } else if x.abs() < 1e-3 {
        x * x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 12.0 - x * (0.05 - x / 30.0))))
    } else {
        (1.0 + x) * x.ln_1p() - x
    }
}

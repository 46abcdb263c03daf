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
    /// `W` is `(S_left W - S W_left)² / (W W_left W_right)`; the first of these is `difference`,
    /// and the `W` in the denominator is the same for all splits of a node.
    #[inline(always)]
    pub fn exact(left: i128, right: i128, difference: i128) -> Self {
        let weights = [left as f64, right as f64];
        let denominator = (left as u128) * (right as u128);
        Self {
            fraction: Some((difference.unsigned_abs(), denominator)),
            ..Self::weighted(weights, difference as f64)
        }
    }

    /// As [`exact`](Self::exact), of sides of these weights.
    #[inline(always)]
    pub fn weighted(weights: [f64; 2], difference: f64) -> Self {
        let value = difference * difference / (weights[0] * weights[1]);
        Self {
            value,
            slack: RESOLUTION * value,
            weights,
            fraction: None,
        }
    }

    /// Half the Poisson deviance, of sides of these weights and sums. The decrease times `W` is
    /// `S_left ln mean_left + S_right ln mean_right - S ln mean`; the last of these is the same for
    /// all splits of a node.
    #[inline(always)]
    pub fn poisson(weights: [f64; 2], sums: [f64; 2]) -> Option<Self> {
        if sums[0] <= 0.0 || sums[1] <= 0.0 {
            return None;
        }
        let parts = [0, 1].map(|side| sums[side] * (sums[side] / weights[side]).ln());
        Some(Self {
            value: parts[0] + parts[1],
            slack: RESOLUTION * (parts[0].abs() + parts[1].abs() + sums[0] + sums[1]),
            weights,
            fraction: None,
        })
    }

    /// The absolute error, of sides of these weights with so much of it left in all.
    pub fn absolute(weights: [f64; 2], error: f64) -> Self {
        Self {
            value: -error,
            slack: RESOLUTION * error,
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

    /// The node's weight times the decrease of its squared error.
    pub fn squared_error_decrease(&self) -> f64 {
        self.value / (self.weights[0] + self.weights[1])
    }

    /// The decrease of the node's absolute error, which is `error` before the split.
    pub fn absolute_error_decrease(&self, error: f64) -> f64 {
        error + self.value
    }

    /// The node's weight times the decrease of half its Poisson deviance, given its weight and sum.
    pub fn poisson_decrease(&self, weight: f64, sum: f64) -> f64 {
        self.value - sum * (sum / weight).ln()
    }
}

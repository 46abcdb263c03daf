//! The criterion scores: how impure a node is, and which of two splits is the better one.

use serde::{Deserialize, Serialize};

/// The impurity measure that splits decrease.
///
/// Formulas: Breiman, Friedman, Olshen and Stone, *Classification and Regression Trees* (1984),
/// chapter 4; with `p_k` a class's share of the node's weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Criterion {
    /// `1 - sum p_k²`.
    #[default]
    Gini,
    /// `-sum p_k log2 p_k`, in bits (Shannon 1948).
    Entropy,
}

impl Criterion {
    /// All names, in words.
    pub const NAMES: &str = "gini or entropy";

    /// The name, as specifications have it.
    pub fn name(self) -> &'static str {
        match self {
            Criterion::Gini => "gini",
            Criterion::Entropy => "entropy",
        }
    }

    /// The impurity of a node with these class weights; 0 for a node without weight.
    pub fn impurity(self, counts: &[f64]) -> f64 {
        let total: f64 = counts.iter().sum();
        if total <= 0.0 {
            return 0.0;
        }
        match self {
            Criterion::Gini => 1.0 - counts.iter().map(|c| (c / total).powi(2)).sum::<f64>(),
            Criterion::Entropy => counts
                .iter()
                .filter(|&&c| c > 0.0)
                .map(|c| c / total)
                .map(|p| -p * p.log2())
                .sum(),
        }
    }
}

/// What a criterion needs to know of one side of a split.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Side {
    /// Weight of the side.
    pub weight: f64,
    /// Gini: the sum of the squared class weights. Entropy: the sum of `w_k log2 w_k`.
    pub purity: f64,
}

impl Side {
    /// Both sides of a split: the left one's weights, and the rest of the node's `totals`.
    #[inline(always)]
    pub fn both(criterion: Criterion, left: &[f64], totals: &[f64]) -> (Side, Side) {
        let (mut on_left, mut on_right) = (Side::default(), Side::default());
        for (&left, &total) in left.iter().zip(totals) {
            on_left.add(criterion, left);
            on_right.add(criterion, total - left);
        }
        (on_left, on_right)
    }

    #[inline(always)]
    fn add(&mut self, criterion: Criterion, weight: f64) {
        self.weight += weight;
        self.purity += match criterion {
            Criterion::Gini => weight * weight,
            Criterion::Entropy => weight_log(weight),
        };
    }

    /// Whether the side has a single class; to be asked only where weights are whole numbers.
    fn is_pure(self, criterion: Criterion) -> bool {
        let mut pure = Side::default();
        pure.add(criterion, self.weight);
        self.purity == pure.purity
    }

    /// The side's share in the score.
    ///
    /// With `W` the weight of the node, `W * impurity` is `W - sum w_k² / W` (Gini) and
    /// `W log2 W - sum w_k log2 w_k` (entropy). Up to the sign and to the `W` of Gini, which is the
    /// same for all splits of a node, that is this score.
    #[inline]
    fn score(self, criterion: Criterion) -> f64 {
        if self.weight <= 0.0 {
            // Weights so small that the sum of the node's has lost them.
            return 0.0;
        }
        match criterion {
            Criterion::Gini => self.purity / self.weight,
            Criterion::Entropy => self.purity - weight_log(self.weight),
        }
    }
}

/// `w log2 w`, continued by 0 at 0.
#[inline]
fn weight_log(weight: f64) -> f64 {
    if weight > 0.0 {
        weight * weight.log2()
    } else {
        0.0
    }
}

/// A split's score: the larger, the larger the impurity decrease.
#[derive(Clone, Copy, Debug)]
pub(super) struct Score {
    value: f64,
    left: Side,
    right: Side,
}

/// Difference, by the weight of the node, below which floating-point scores are not told apart.
const RESOLUTION: f64 = 1e-12;

/// Up to this many rows, `rows³ * rows²` fits in 128 bits and Gini scores compare exactly.
const EXACT_ROWS: f64 = (1 << 25) as f64;

impl Score {
    #[inline]
    pub fn new(criterion: Criterion, left: Side, right: Side) -> Self {
        Self {
            value: left.score(criterion) + right.score(criterion),
            left,
            right,
        }
    }

    /// Whether `self` is truly larger than `other`, a score of the same node.
    ///
    /// `whole` says that all weights are whole numbers (no sample weights): then two Gini scores
    /// too close for floating point are compared as fractions. Otherwise they are a tie.
    #[inline]
    pub fn beats(self, other: Score, criterion: Criterion, whole: bool) -> bool {
        let difference = self.value - other.value;
        let slack = RESOLUTION * (self.left.weight + self.right.weight);
        if difference < -slack {
            return false;
        }
        if difference > slack {
            return true;
        }
        whole && criterion == Criterion::Gini && self.beats_exactly(other)
    }

    /// Whether both sides have a single class; to be asked only where weights are whole numbers.
    pub fn is_perfect(&self, criterion: Criterion) -> bool {
        self.left.is_pure(criterion) && self.right.is_pure(criterion)
    }

    /// The weights of the left and of the right side.
    pub fn weights(&self) -> [f64; 2] {
        [self.left.weight, self.right.weight]
    }

    /// The node's weight times the decrease of its impurity.
    pub fn impurity_decrease(&self, criterion: Criterion, totals: &[f64]) -> f64 {
        let node = Side::both(criterion, totals, totals).0;
        self.value - node.score(criterion)
    }

    #[cold]
    fn beats_exactly(self, other: Score) -> bool {
        if self.left.weight + self.right.weight > EXACT_ROWS {
            return self.value > other.value;
        }
        let whole = |number: f64| u128::from(number as u64);
        let fraction = |score: Score| {
            let [left, right] = [score.left, score.right];
            (
                whole(left.purity) * whole(right.weight) + whole(right.purity) * whole(left.weight),
                whole(left.weight) * whole(right.weight),
            )
        };
        let (numerator, denominator) = fraction(self);
        let (other_numerator, other_denominator) = fraction(other);
        numerator * other_denominator > other_numerator * denominator
    }
}

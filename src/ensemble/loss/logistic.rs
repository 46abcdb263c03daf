//! The log loss of two classes.

use super::function::{LEAST, LossFunction};
use super::squared::mean;

#[derive(Clone, Copy)]
pub(crate) struct Logistic;

impl LossFunction for Logistic {
    fn start(self, rows: &mut dyn Iterator<Item = (f64, f64)>) -> Vec<f64> {
        let share = mean(rows).clamp(LEAST, 1.0 - LEAST);
        vec![(share / (1.0 - share)).ln()]
    }

    #[inline]
    fn of(self, target: f64, scores: &[f64]) -> f64 {
        // ln(1 + e^score) - target * score, without overflow
        let score = scores[0];
        score.max(0.0) - target * score + (-score.abs()).exp().ln_1p()
    }

    #[inline]
    fn derive(self, target: f64, scores: &[f64], derivatives: &mut [[f64; 2]]) {
        let probability = probability(scores[0]);
        derivatives[0] = [
            target - probability,
            (probability * (1.0 - probability)).max(1e-6),
        ];
    }
}

#[inline]
pub(super) fn probability(score: f64) -> f64 {
    1.0 / (1.0 + (-score).exp())
}

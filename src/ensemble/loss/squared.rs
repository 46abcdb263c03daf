//! Half the squared error.

use super::function::LossFunction;

#[derive(Clone, Copy)]
pub(crate) struct Squared;

impl LossFunction for Squared {
    fn start(self, rows: &mut dyn Iterator<Item = (f64, f64)>) -> Vec<f64> {
        vec![mean(rows)]
    }

    #[inline]
    fn of(self, target: f64, scores: &[f64]) -> f64 {
        0.5 * (target - scores[0]).powi(2)
    }

    #[inline]
    fn derive(self, target: f64, scores: &[f64], derivatives: &mut [[f64; 2]]) {
        derivatives[0] = [target - scores[0], 1.0];
    }
}

/// The weighted mean of targets; 0 of none.
pub(super) fn mean(rows: &mut dyn Iterator<Item = (f64, f64)>) -> f64 {
    let (mut sum, mut total) = (0.0, 0.0);
    for (target, weight) in rows {
        sum += weight * target;
        total += weight;
    }
    if total > 0.0 { sum / total } else { 0.0 }
}

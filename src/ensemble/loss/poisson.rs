//! Counts after Poisson, whose logarithms of means are scores.

use super::function::{LEAST, LossFunction};
use super::squared::mean;

#[derive(Clone, Copy)]
pub(crate) struct Poisson;

/// What hessians are larger by, so that no step is too long (LightGBM's `poisson_max_delta_step`).
const STEP_LIMIT: f64 = 0.7;

impl LossFunction for Poisson {
    fn start(self, rows: &mut dyn Iterator<Item = (f64, f64)>) -> Vec<f64> {
        vec![mean(rows).max(LEAST).ln()]
    }

    #[inline]
    fn of(self, target: f64, scores: &[f64]) -> f64 {
        scores[0].exp() - target * scores[0]
    }

    #[inline]
    fn derive(self, target: f64, scores: &[f64], derivatives: &mut [[f64; 2]]) {
        let mean = scores[0].exp();
        derivatives[0] = [target - mean, mean * STEP_LIMIT.exp()];
    }
}

//! The log loss of several classes, each with a score.

use super::function::{LEAST, LossFunction};

#[derive(Clone, Copy)]
pub(crate) struct Softmax {
    pub classes: usize,
}

impl LossFunction for Softmax {
    fn outputs(self) -> usize {
        self.classes
    }

    fn start(self, rows: &mut dyn Iterator<Item = (f64, f64)>) -> Vec<f64> {
        let mut weights = vec![0.0; self.classes];
        let mut total = 0.0;
        for (target, weight) in rows {
            weights[target as usize] += weight;
            total += weight;
        }
        let share = |weight: f64| if total > 0.0 { weight / total } else { 1.0 };
        weights
            .into_iter()
            .map(|weight| share(weight).max(LEAST).ln())
            .collect()
    }

    #[inline]
    fn of(self, target: f64, scores: &[f64]) -> f64 {
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = scores.iter().map(|score| (score - most).exp()).sum();
        most + sum.ln() - scores[target as usize]
    }

    /// Hessians are larger by `classes / (classes - 1)`, as in LightGBM: the scores of a row move
    /// together (Friedman, Hastie and Tibshirani 2000, algorithm 6).
    #[inline]
    fn derive(self, target: f64, scores: &[f64], derivatives: &mut [[f64; 2]]) {
        let classes = self.classes as f64;
        let factor = classes / (classes - 1.0).max(1.0);
        let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let mut sum = 0.0;
        for (derivative, score) in derivatives.iter_mut().zip(scores) {
            derivative[0] = (score - most).exp();
            sum += derivative[0];
        }
        for (class, derivative) in derivatives.iter_mut().enumerate() {
            let probability = derivative[0] / sum;
            let truth = f64::from(class == target as usize);
            *derivative = [
                truth - probability,
                (factor * probability * (1.0 - probability)).max(1e-6),
            ];
        }
    }
}

/// The probability of each class.
pub(super) fn probabilities(scores: &[f64], probabilities: &mut [f64]) {
    let most = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mut sum = 0.0;
    for (probability, score) in probabilities.iter_mut().zip(scores) {
        *probability = (score - most).exp();
        sum += *probability;
    }
    probabilities
        .iter_mut()
        .for_each(|probability| *probability /= sum);
}

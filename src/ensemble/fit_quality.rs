//! How good scores are, by the figures that are noted of every model.

use super::Loss;
use super::booster::BoostedRows;
use super::moments::EntitySums;
use crate::tree::heaviest;

impl Loss {
    /// The share of the rows' weight that is classified correctly, or of their spread that is
    /// explained, `1 - sum w (y - prediction)² / sum w (y - mean)²`; 1 without any rows or spread.
    pub(crate) fn score(self, data: BoostedRows, scores: &[f64]) -> f64 {
        let mut spread = EntitySums::default();
        let mut sum = 0.0;
        for (row, scores) in scores.chunks_exact(self.outputs()).enumerate() {
            let (target, weight) = (data.targets[row], data.weight(row));
            spread.add(target, weight);
            sum += weight
                * match self {
                    Loss::Squared | Loss::Absolute => (target - scores[0]).powi(2),
                    Loss::Poisson => (target - scores[0].exp()).powi(2),
                    Loss::Logistic => f64::from((scores[0] > 0.0) == (target == 1.0)),
                    Loss::Softmax(_) => f64::from(heaviest(scores) == target as usize),
                };
        }
        if matches!(self, Loss::Logistic | Loss::Softmax(_)) {
            return if spread.weight > 0.0 {
                sum / spread.weight
            } else {
                1.0
            };
        }
        let total = spread.squares - spread.sum * spread.sum / spread.weight.max(f64::MIN_POSITIVE);
        if total > 0.0 { 1.0 - sum / total } else { 1.0 }
    }
}

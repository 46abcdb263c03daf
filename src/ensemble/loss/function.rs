//! What boosting asks of a loss.

/// A loss of a row's target, given its scores.
pub(crate) trait LossFunction: Copy + Send + Sync {
    /// Scores of a row.
    fn outputs(self) -> usize {
        1
    }

    /// The scores that are best where all rows have the same, given their targets, each with its
    /// weight.
    fn start(self, rows: &mut dyn Iterator<Item = (f64, f64)>) -> Vec<f64>;

    /// The loss of a row.
    fn of(self, target: f64, scores: &[f64]) -> f64;

    /// By score: the negative first derivative, and the second one.
    fn derive(self, target: f64, scores: &[f64], derivatives: &mut [[f64; 2]]);

    /// The step of a leaf, given its rows' targets, scores and weights, where it is not that of
    /// their derivatives.
    fn step(self, _rows: &mut dyn Iterator<Item = [f64; 3]>) -> Option<f64> {
        None
    }
}

/// A number that is close to 0 is not taken for one where it divides.
pub(super) const LEAST: f64 = 1e-12;

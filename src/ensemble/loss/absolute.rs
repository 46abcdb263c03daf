//! The absolute error.

use super::function::LossFunction;

#[derive(Clone, Copy)]
pub(crate) struct Absolute;

impl LossFunction for Absolute {
    fn start(self, rows: &mut dyn Iterator<Item = (f64, f64)>) -> Vec<f64> {
        vec![median(rows.collect())]
    }

    #[inline]
    fn of(self, target: f64, scores: &[f64]) -> f64 {
        (target - scores[0]).abs()
    }

    #[inline]
    fn derive(self, target: f64, scores: &[f64], derivatives: &mut [[f64; 2]]) {
        let error = target - scores[0];
        let sign = if error == 0.0 { 0.0 } else { error.signum() };
        derivatives[0] = [sign, 1.0];
    }

    /// The median of what is left (Friedman 2001, section 4.3).
    fn step(self, rows: &mut dyn Iterator<Item = [f64; 3]>) -> Option<f64> {
        let errors = rows.map(|[target, score, weight]| (target - score, weight));
        Some(median(errors.collect()))
    }
}

/// The weighted median: the mean of both numbers in the middle; 0 of none.
fn median(mut rows: Vec<(f64, f64)>) -> f64 {
    rows.sort_unstable_by(|one, other| {
        let order = one.0.total_cmp(&other.0);
        order.then(one.1.total_cmp(&other.1))
    });
    let half = rows.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut below = 0.0;
    for (position, &(number, weight)) in rows.iter().enumerate() {
        below += weight;
        if below > half {
            return number;
        }
        if below == half
            && let Some((next, _)) = rows.get(position + 1)
        {
            return number / 2.0 + next / 2.0;
        }
    }
    rows.last().map_or(0.0, |(number, _)| *number)
}

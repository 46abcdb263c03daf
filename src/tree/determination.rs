//! How much of the spread of quantities a tree explains.

use std::cmp::Ordering;

use super::{TrainingRows, Tree};

impl Tree {
    /// The coefficient of determination on training rows, `1 - sum w (y - prediction)² / sum w
    /// (y - mean)²`; 1 where all are the same. Rows are summed up in the order of their numbers, so
    /// that the order in which they come does not matter.
    pub(super) fn determination(&self, training: &TrainingRows, numbers: &[f64]) -> f64 {
        let mut positions = Vec::new();
        training.rows_into(&mut positions);
        let leaves = self.apply(training.matrix);
        let row = |&position: &u32| {
            let position = position as usize;
            let weight = training.weights.map_or(1.0, |weights| weights[position]);
            [numbers[position], self.value(leaves[position]), weight]
        };
        let mut rows: Vec<[f64; 3]> = positions.iter().map(row).collect();
        rows.sort_unstable_by(|one, other| {
            let orders = one
                .iter()
                .zip(other)
                .map(|(one, other)| one.total_cmp(other));
            orders.fold(Ordering::Equal, Ordering::then)
        });
        let total: f64 = rows.iter().map(|[_, _, weight]| weight).sum();
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            let terms = rows.iter();
            terms
                .map(|&[number, prediction, weight]| weight / total * of(number, prediction))
                .sum()
        };
        let mean = sum(&|number, _| number);
        let spread = sum(&|number, _| (number - mean).powi(2));
        match spread > 0.0 {
            true => 1.0 - sum(&|number, prediction| (number - prediction).powi(2)) / spread,
            false => 1.0,
        }
    }
}

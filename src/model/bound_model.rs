//! A model and what it asks of some rows: what all that predicts goes through.

use std::sync::Arc;

use super::bound_ensemble::BoundEnsemble;
use super::bound_tree::BoundTree;
use super::decision::{Decision, decide};
use super::tree_model::Leaf;

/// A model, the columns that it asks about, and its classes among all.
pub(crate) struct BoundModel<'a> {
    pub(super) bound: Bound<'a>,
    /// By class of the model: its position among all.
    pub(super) places: Arc<[u32]>,
    /// Numbers of a prediction: the probability of each of all classes, or a quantity.
    pub(super) width: usize,
    pub(super) decision: Option<Decision>,
}

/// A model by what it predicts by.
pub(super) enum Bound<'a> {
    Tree(BoundTree<'a>),
    Ensemble(BoundEnsemble<'a>),
}

impl BoundModel<'_> {
    /// Predicts as many rows as there is room for: `numbers` has, for each, one for each of all
    /// classes, and is given the probabilities of those that the model has; or one for each, the
    /// quantity. `classes` has one for each row, and is given the position of the class that is
    /// predicted; of a quantity nothing. `row_of` gives the row that a feature, by its position
    /// among those of the model, takes its value for a row from.
    pub fn predict(
        &self,
        row_of: impl Fn(usize, usize) -> usize,
        numbers: &mut [f64],
        classes: &mut [u32],
    ) {
        let rows = numbers.len() / self.width;
        match &self.bound {
            Bound::Tree(tree) => {
                let outputs = numbers.chunks_exact_mut(self.width).zip(classes);
                for (row, (numbers, class)) in outputs.enumerate() {
                    match tree.leaf(|feature| row_of(feature, row)) {
                        Leaf::Number { value, .. } => numbers[0] = value,
                        Leaf::Classes(weights) => {
                            let total = weights.iter().sum();
                            *class = self.write(weights, total, numbers);
                        }
                    }
                }
            }
            Bound::Ensemble(ensemble) if self.places.is_empty() => {
                ensemble.predict(rows, row_of, |row, prediction| numbers[row] = prediction[0]);
            }
            Bound::Ensemble(ensemble) => {
                ensemble.predict(rows, row_of, |row, probabilities| {
                    let numbers = &mut numbers[row * self.width..][..self.width];
                    classes[row] = self.write(probabilities, 1.0, numbers);
                });
            }
        }
    }

    /// Writes the probability of each class of the model; returns the one that is predicted.
    #[inline]
    fn write(&self, weights: &[f64], total: f64, numbers: &mut [f64]) -> u32 {
        for (&place, weight) in self.places.iter().zip(weights) {
            numbers[place as usize] = weight / total;
        }
        self.places[decide(self.decision, weights, total)]
    }
}

//! How much worse a model becomes where one feature tells it nothing.

use std::ops::Range;

use super::random::{hash, uniform};
use super::scorer::Scorer;
use crate::error::Result;
use crate::model::Model;

/// How often the values of a feature are shuffled.
const SHUFFLES: u64 = 5;

impl Scorer<'_> {
    /// The permutation importance of each feature of a model, in its order: by how much the mean
    /// loss of some rows increases where the feature's values are shuffled among them, the mean of
    /// five shuffles. The loss is 1 for a class that is not the true one and else 0, of a quantity
    /// the squared error. Nothing where there are no rows.
    ///
    /// Breiman 2001, "Random forests", section 10; Fisher, Rudin & Dominici 2019, "All models are
    /// wrong, but many are useful".
    ///
    /// The shuffles depend on the seed, the model's key, the feature's name and the number of rows.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn permutation_importances(
        &self,
        model: &Model,
        rows: Range<usize>,
        seed: u64,
    ) -> Result<Option<Vec<f64>>> {
        if rows.is_empty() {
            return Ok(None);
        }
        let bound = self.bind(model)?;
        let own = self.loss(&bound, rows.clone(), |_, row| row)?;
        let key = hash(seed, model.key());
        let features = model.feature_names().into_iter().enumerate();
        let importances = features.map(|(feature, name)| {
            let stream = key ^ hash(seed, name).rotate_left(32);
            let mut increase = 0.0;
            for shuffle in 0..SHUFFLES {
                let shuffled = shuffled(rows.clone(), stream, shuffle);
                let value_of = |asked: usize, row: usize| match asked == feature {
                    true => shuffled[row - rows.start],
                    false => row,
                };
                increase += self.loss(&bound, rows.clone(), value_of)? - own;
            }
            Ok(increase / (SHUFFLES * rows.len() as u64) as f64)
        });
        importances.collect::<Result<_>>().map(Some)
    }
}

/// Rows in an order drawn by Fisher and Yates' method (Durstenfeld 1964, algorithm 235).
fn shuffled(rows: Range<usize>, stream: u64, shuffle: u64) -> Vec<usize> {
    let mut shuffled: Vec<usize> = rows.collect();
    let count = shuffled.len() as u64;
    for last in (1..shuffled.len()).rev() {
        let draw = uniform(stream, shuffle * count + last as u64);
        let other = (draw * (last + 1) as f64) as usize;
        shuffled.swap(last, other);
    }
    shuffled
}

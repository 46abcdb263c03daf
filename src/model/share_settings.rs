//! How entities' shares are fitted, so that later runs fit them alike.

use serde::{Deserialize, Serialize};

/// How entities' own shares are fitted beside what all share. Predictions need none of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ShareSettings {
    /// By score: what is added to the hessian of an entity, which pulls its level towards none.
    pub precisions: Vec<f64>,
    /// The variance of what shared scores leave over within entities; 1 of classes.
    pub variance: f64,
    /// What weights of rows are multiplied by, so that they are 1 in the mean.
    pub weight_scale: f64,
    /// Own trees one after another for each score; 0 where entities have none.
    pub tree_rounds: usize,
    /// What is added to the hessian of a leaf, in rows.
    pub tree_prior_rows: f64,
    /// How much a split must be better for each that there was to choose from.
    pub tree_split_penalty: f64,
}

/// No entity has more own trees of a score.
const MOST_ROUNDS: usize = 16;

impl ShareSettings {
    /// Whether shares of so many scores can be fitted so.
    pub(super) fn check(&self, outputs: usize) -> Result<(), &'static str> {
        let is_positive = |&number: &f64| number > 0.0 && number.is_finite();
        let others = [self.variance, self.tree_prior_rows, self.tree_split_penalty];
        let fits = self.precisions.len() == outputs
            && self.precisions.iter().all(is_positive)
            && is_positive(&self.weight_scale)
            && others
                .iter()
                .all(|&number| number >= 0.0 && number.is_finite())
            && self.tree_rounds <= MOST_ROUNDS;
        match fits {
            true => Ok(()),
            false => Err("does not tell how shares are fitted"),
        }
    }
}

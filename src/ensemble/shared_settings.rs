//! How a shared model is trained.

use crate::tree::{CategorySplits, GradientCriterion, GradientTreeParams};

/// How a shared model is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct SharedSettings {
    pub max_rounds: usize,
    pub patience: usize,
    /// The share of a loss by which it must fall to count as fallen.
    pub least_fall: f64,
    pub learning_rate: f64,
    /// Of about so many rows each tree is grown, where there are more: of parts that take turns.
    pub rows_per_tree: usize,
    /// The most leaves of a tree; nothing for as many as the member has.
    pub max_leaves: Option<usize>,
    pub min_samples_leaf: usize,
    pub l2: f64,
    pub category_l2: f64,
    pub category_smoothing: f64,
    pub folds: usize,
    /// Whether one model, trained on all rows, stands for those of the folds.
    pub refit: bool,
    /// Whether members are mixed, or the best of them is taken.
    pub stack: bool,
}

impl SharedSettings {
    /// Trees of a member of so many leaves.
    pub fn tree(&self, max_leaves: usize) -> GradientTreeParams {
        GradientTreeParams {
            criterion: GradientCriterion {
                l2: self.l2,
                category_l2: self.category_l2,
                category_smoothing: self.category_smoothing,
                min_samples_category: self.min_samples_leaf.min(10),
                min_hessian_leaf: 1e-3,
            },
            max_leaves: self.max_leaves.unwrap_or(max_leaves),
            max_depth: None,
            min_samples_leaf: self.min_samples_leaf,
            category_splits: CategorySplits::Set,
        }
    }
}

impl Default for SharedSettings {
    fn default() -> Self {
        Self {
            max_rounds: 1500,
            patience: 50,
            least_fall: 1e-6,
            learning_rate: 0.1,
            rows_per_tree: 200_000,
            max_leaves: None,
            min_samples_leaf: 20,
            l2: 0.0,
            category_l2: 10.0,
            category_smoothing: 10.0,
            folds: 5,
            refit: false,
            stack: true,
        }
    }
}

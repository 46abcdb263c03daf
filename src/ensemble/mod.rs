//! Trees that are added up: boosting on bins, and what makes it fit many entities.

mod additive_trees;
mod loss;

pub use additive_trees::{AdditiveNode, AdditiveTrees, CodeTest};
pub use loss::Loss;

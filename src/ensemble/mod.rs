//! Trees that are added up: boosting on bins, and what makes it fit many entities.

mod additive_trees;
mod booster;
mod code_test;
mod cross_fit;
mod entity_effects;
mod entity_number;
mod estimator;
mod fit_quality;
mod leaf_masks;
mod loss;
mod member;
mod mixture;
mod moments;
mod own_share;
mod own_tree_test;
mod shared_fit;
mod shared_rows;
mod shared_settings;

pub use additive_trees::AdditiveTrees;
pub(crate) use booster::BoostedRows;
pub use code_test::{AdditiveNode, CodeTest};
pub(crate) use entity_effects::{EntityEffects, ScoredRows};
pub use estimator::{
    Classes, GradientBoostingClassifier, GradientBoostingParams, GradientBoostingRegressor,
    GradientBoostingValidParams, Quantities,
};
pub use loss::Loss;
pub(crate) use member::MOST_CATEGORIES;
pub(crate) use moments::EntitySums;
pub(crate) use own_share::{OwnRows, OwnShare, OwnShareScratch, OwnShareSettings, OwnTreeSettings};
pub(crate) use shared_fit::{SharedFit, boost_alone};
pub(crate) use shared_rows::{SharedRows, scrambled};
pub(crate) use shared_settings::SharedSettings;

#[cfg(test)]
mod tests;

//! Trees as linfa's estimators, on dense matrices of numbers.
//!
//! [`DecisionTree`] stands where `linfa_trees::DecisionTree` stood: put `per_entity::tree::estimator`
//! in the place of `linfa_trees` wherever it is imported. [`DecisionTreeRegressor`] is the same for
//! quantities. Both learn on which side of a split rows without a value (NaN) belong.
//!
//! What is not as in linfa-trees:
//!
//! | | linfa-trees 0.8 | here |
//! | --- | --- | --- |
//! | values that are close | are equal within 1e-5 | are told apart |
//! | neighbours that a threshold stands between | of all rows | of the rows of the node |
//! | a row on a threshold | goes left in fitting, right in predicting | goes left |
//! | siblings that predict the same class | are merged | stay, as their probabilities differ |
//! | classes that weigh the same | one of them at random | the first one |
//! | `min_weight_split` | counts rows | weighs them |
//! | `mean_impurity_decrease` | the mean over a feature's splits | the mean over all rows, as in scikit-learn |
//! | importances of a tree of one leaf | NaN | 0 |
//! | NaN in records | undefined | a missing value |
//! | no rows, infinite values, bad weights, targets or weights of another number than rows | a panic, or undefined | an error |

mod decision_tree;
mod fitted;
mod node;
mod params;
mod records;
mod regressor;
mod serialized;
mod tikz;

pub use super::Criterion as SplitQuality;
pub use decision_tree::DecisionTree;
pub use linfa::error::Result;
pub use node::{NodeIter, TreeNode};
pub use params::{DecisionTreeParams, DecisionTreeValidParams};
pub use regressor::DecisionTreeRegressor;
pub use tikz::Tikz;

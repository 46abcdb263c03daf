//! Exact trees (CART, Breiman et al. 1984) of classes and of quantities, on integer codes, and what
//! becomes of them: averaged over all their prunings, pruned, or left as they are.
//!
//! The words are scikit-learn's: a *criterion* scores, a *splitter* searches, a *builder* grows,
//! a *tree* stores and predicts; and LightGBM's: *histograms* and a *row partition* are what a
//! builder works on. A *statistic* is what it sums up of rows. Nothing here knows of frames or files:
//! codes in, arrays out.

mod averaging;
mod best_first;
mod builder;
mod category_splits;
mod cost_complexity;
mod criterion;
mod determination;
mod deviations;
pub mod estimator;
mod evidence;
mod fit;
mod gradients;
mod growth;
mod histogram;
mod importance;
mod labels;
mod node_buffers;
mod parallel;
mod params;
mod pruning;
mod quantities;
mod regression;
mod row_partition;
mod runs;
mod splitter;
mod statistic;
mod training_rows;
#[allow(clippy::module_inception)]
mod tree;

pub(crate) use averaging::average_steps;
pub(crate) use best_first::{GradientRows, GradientScratch, GradientTreeParams};
pub use category_splits::CategorySplits;
pub use cost_complexity::PrunedTree;
pub use criterion::Criterion;
pub use estimator::{DecisionTree, DecisionTreeRegressor};
pub use fit::TreeScratch;
pub(crate) use gradients::{Gradient, GradientCriterion, Steps, in_steps};
pub use params::{DecisionTreeParams, DecisionTreeValidParams};
pub use pruning::{Averaging, Pruning, PruningMethod};
pub use regression::RegressionCriterion;
pub use training_rows::{LARGEST_NUMBER, TrainingRows};
pub(crate) use tree::{Leaves, Node, heaviest};
pub use tree::{Split, Tree, midpoint};

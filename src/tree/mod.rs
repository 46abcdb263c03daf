//! Exact classification trees (CART, Breiman et al. 1984) on integer codes.
//!
//! The words are scikit-learn's: a *criterion* scores, a *splitter* searches, a *builder* grows,
//! a *tree* stores and predicts; and LightGBM's: *histograms* and a *row partition* are what a
//! builder works on. Nothing here knows of frames or files: codes in, arrays out.

mod builder;
mod criterion;
mod estimator;
mod fit;
mod histogram;
mod node_rows;
mod parallel;
mod params;
mod row_partition;
mod runs;
mod splitter;
mod training_rows;
#[allow(clippy::module_inception)]
mod tree;
mod weight;

pub use criterion::Criterion;
pub use estimator::DecisionTree;
pub use fit::TreeScratch;
pub use params::{DecisionTreeParams, DecisionTreeValidParams};
pub use training_rows::TrainingRows;
pub(crate) use tree::heaviest;
pub use tree::{Split, Tree, midpoint};

//! Exact classification trees (CART, Breiman et al. 1984) on integer codes.
//!
//! The words are scikit-learn's: a *criterion* scores, a *splitter* searches, a *builder* grows,
//! a *tree* stores and predicts. Nothing here knows of frames or files: codes in, arrays out.

mod builder;
mod criterion;
mod estimator;
mod histogram;
mod params;
mod splitter;
#[allow(clippy::module_inception)]
mod tree;

pub use builder::{SAMPLE_WEIGHTS, TreeScratch};
pub use criterion::Criterion;
pub use estimator::DecisionTree;
pub use params::{DecisionTreeParams, DecisionTreeValidParams, ParamsError};
pub(crate) use tree::heaviest;
pub use tree::{Split, Tree};

//! Models on rows whose truth is known: which rows are held out, and how models do on rows.

mod holdout;
mod permutation;
mod positive_class;
mod random;
mod scorer;

pub(crate) use positive_class::positive_class;
pub(crate) use scorer::{Constant, Prediction, ScoredModel, Scorer};

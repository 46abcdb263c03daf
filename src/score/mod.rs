//! Models on rows whose truth is known: which rows are held out, and how models do on rows.

mod holdout;
mod scorer;

pub(crate) use scorer::{Constant, Prediction, ScoredModel, Scorer};

//! Predicts rows of many entities, each by its own entity's model.

mod cache;
mod entities;
mod predictions;
mod predictor;

pub use predictor::{Answered, Predictor, Unknown};

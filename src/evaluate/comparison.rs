//! Ways to predict the same rows, side by side.

use serde::Serialize;

use super::strategies::{Gain, Strategies};
use super::way::Way;
use crate::schema::{Holdout, LeftOut};

/// Ways to predict the same rows, side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Rows trained on.
    pub train_rows: u64,
    /// Rows compared.
    pub test_rows: u64,
    /// Which rows of the input were compared and not trained on; nothing where these came from
    /// another input.
    pub held_out: Option<Holdout>,
    /// Rows left out of the input, or of both, by reason.
    pub left_out: LeftOut,
    /// Rows of another input, or held out, that are the same as rows trained on: the same key,
    /// target and features.
    pub shared_rows: u64,
    /// Rows not compared, because their entity has no model.
    pub rows_without_model: u64,
    /// Entities, sorted by key.
    pub entities: Vec<EntityComparison>,
    /// All rows together.
    pub overall: Strategies,
    /// How much better one way is than another on all rows, each two of them.
    pub gains: Vec<Gain>,
    /// The way to prefer: the simplest that no more elaborate one is better than and that is itself
    /// one model for all or better than these, by intervals that do not include 0. Nothing where
    /// differences are not defined.
    pub winner: Option<Way>,
    /// What it comes to, in a sentence.
    pub verdict: String,
}

/// The comparison on the rows of one entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityComparison {
    /// The key.
    pub key: String,
    /// Its rows.
    pub rows: u64,
    /// What each way gives.
    #[serde(flatten)]
    pub strategies: Strategies,
}

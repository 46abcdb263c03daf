//! How good the model of one entity is on some rows.

use serde::Serialize;

use super::fairness::Fairness;
use crate::metrics::{Calibration, ConfusionMatrix, Metrics};

/// How good the model of one entity is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityReport {
    /// The key.
    pub key: String,
    /// Rows of the input.
    pub rows: u64,
    /// Whether it has a model.
    pub model: ModelStatus,
    /// The figures, where there is a model.
    pub metrics: Option<Metrics>,
    /// The counts behind them, where there is a model of classes.
    pub confusion: Option<ConfusionMatrix>,
    /// Whether probabilities come true, where there are [`ENOUGH_ROWS`](super::ENOUGH_ROWS) of a
    /// model of classes.
    pub calibration: Option<Calibration>,
    /// The groups, where some were asked for.
    pub fairness: Option<Fairness>,
}

/// Whether an entity could be evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "status", content = "reason")]
pub enum ModelStatus {
    /// It was.
    Evaluated,
    /// The store does not know it.
    Unknown,
    /// It was skipped or failed at training, for this reason.
    Missing(String),
    /// Its model cannot be read, for this reason.
    Damaged(String),
}

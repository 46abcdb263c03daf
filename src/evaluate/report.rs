//! How good every model of a store is on some rows.

use std::collections::BTreeMap;

use serde::Serialize;

use super::entity_report::{EntityReport, ModelStatus};
use super::fairness::Fairness;
use super::standing_out::{Gap, Worst};
use crate::metrics::{Calibration, ConfusionMatrix, Overall};
use crate::schema::{LeftOut, Task};

/// How good the models are, per entity and together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What the models predict.
    pub task: Task,
    /// The classes, in the order of all figures by class; none of a quantity.
    pub classes: Vec<String>,
    /// The columns that groups are made by.
    pub group_by: Vec<String>,
    /// The class that groups are compared by; of a quantity they are compared by their errors.
    pub positive: Option<String>,
    /// Rows of entities with a model: those of all figures.
    pub rows: u64,
    /// Rows of entities without one.
    pub rows_without_model: u64,
    /// Rows left out before, by reason.
    pub left_out: LeftOut,
    /// Target values that training did not see, each with its rows; they count as wrong. Nothing of
    /// a quantity.
    pub unseen_targets: Option<BTreeMap<String, u64>>,
    /// All entities of the input, sorted by key.
    pub entities: Vec<EntityReport>,
    /// All entities together.
    pub overall: Overall,
    /// The confusion matrix of all rows; nothing of a quantity.
    pub confusion: Option<ConfusionMatrix>,
    /// Whether the probabilities of all rows come true; nothing of a quantity.
    pub calibration: Option<Calibration>,
    /// The groups over all entities.
    pub fairness: Option<Fairness>,
    /// The entities of the lowest accuracy, or of a quantity of the largest root mean squared
    /// error, worst first: of those with enough rows that are worse than all rows together.
    pub worst: Vec<Worst>,
    /// The entities of the largest gap between groups with enough rows, largest first.
    pub largest_gaps: Vec<Gap>,
}

impl Report {
    /// Entities whose model is damaged, each with what is wrong.
    pub fn damaged(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entities
            .iter()
            .filter_map(|entity| match &entity.model {
                ModelStatus::Damaged(reason) => Some((entity.key.as_str(), reason.as_str())),
                _ => None,
            })
    }

    /// The number of entities without a model, damaged ones included.
    pub fn without_model(&self) -> usize {
        let evaluated = |entity: &&EntityReport| entity.model != ModelStatus::Evaluated;
        self.entities.iter().filter(evaluated).count()
    }
}

//! What a store notes about one entity.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::extent::Extent;
use crate::metrics::{Metric, Metrics};
use crate::model::ModelSummary;
use crate::schema::Holdout;

/// Whether an entity has a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EntityStatus {
    /// It has.
    Trained,
    /// It has too few rows.
    Skipped,
    /// Its training failed.
    Failed,
    /// All of its rows were left out.
    Empty,
}

impl EntityStatus {
    /// All of them.
    pub const ALL: [EntityStatus; 4] = [Self::Trained, Self::Skipped, Self::Failed, Self::Empty];

    /// `trained`, `skipped`, `failed` or `empty`.
    pub fn name(self) -> &'static str {
        match self {
            EntityStatus::Trained => "trained",
            EntityStatus::Skipped => "skipped",
            EntityStatus::Failed => "failed",
            EntityStatus::Empty => "empty",
        }
    }
}

/// What a store notes about one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRecord {
    /// The key.
    pub key: String,
    /// Whether there is a model.
    pub status: EntityStatus,
    /// Why training failed; also where an earlier model stays for that reason.
    pub error: Option<String>,
    /// Number of rows.
    pub rows: u64,
    /// Rows that were left out.
    pub left_out: u64,
    /// What is noted of the model, where there is one.
    pub summary: Option<ModelSummary>,
    /// How good the model is on the rows held out, where some were.
    pub holdout: Option<Box<HoldoutScores>>,
    /// How an earlier model compares, where there was a contest.
    pub contest: Option<Box<ContestScores>>,
    /// How much each feature of the run matters to the model, where that was asked for; see
    /// [`ImportanceKind`](crate::schema::ImportanceKind).
    pub importance: Option<Box<[f32]>>,
    /// What was held out when the model was trained, as the table of entities has it.
    pub(crate) held_out: Option<Arc<str>>,
    /// Where the model lies.
    pub(crate) place: Option<Place>,
}

/// The figures of a model on the rows held out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct HoldoutScores {
    /// The rows.
    pub rows: u64,
    /// By position in [`Metric::ALL`]: nothing where the rows do not define the figure.
    pub scores: [Option<f64>; Metric::ALL.len()],
}

impl HoldoutScores {
    /// One of the figures.
    pub fn get(&self, metric: Metric) -> Option<f64> {
        let position = Metric::ALL.iter().position(|other| *other == metric)?;
        self.scores[position]
    }
}

impl From<&Metrics> for HoldoutScores {
    fn from(metrics: &Metrics) -> Self {
        Self {
            rows: metrics.rows(),
            scores: Metric::ALL.map(|metric| metric.of(metrics)),
        }
    }
}

/// How the models of two generations compare on the same rows held out.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ContestScores {
    /// Which model is kept; nothing where they are the same to the byte.
    pub winner: Option<Winner>,
    /// The metric of the earlier model, where the rows define it.
    pub champion: Option<f64>,
    /// The metric of the new model, where there is one and the rows define it.
    pub challenger: Option<f64>,
}

/// Which of two models is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// The earlier one.
    Champion,
    /// The new one.
    Challenger,
}

impl Winner {
    /// Both of them.
    pub const ALL: [Winner; 2] = [Self::Champion, Self::Challenger];

    /// `champion` or `challenger`.
    pub fn name(self) -> &'static str {
        match self {
            Winner::Champion => "champion",
            Winner::Challenger => "challenger",
        }
    }
}

/// Where a model lies in a generation.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub file: Arc<str>,
    pub extent: Extent,
}

impl EntityRecord {
    /// An entity of which nothing is known but its rows and what became of it.
    pub(crate) fn bare(key: String, rows: u64, status: EntityStatus) -> Self {
        Self {
            key,
            status,
            error: None,
            rows,
            left_out: 0,
            summary: None,
            holdout: None,
            contest: None,
            importance: None,
            held_out: None,
            place: None,
        }
    }

    /// Whether this is what an earlier generation notes of the entity, its model the same to the
    /// byte and at the same place. What is not noted again of a model that was kept, for its rows
    /// are not there, is no difference; nor is a contest.
    pub(super) fn repeats(&self, earlier: &Self) -> bool {
        let has_model = self.place.is_some();
        self.key == earlier.key
            && self.status == earlier.status
            && self.rows == earlier.rows
            && self.summary == earlier.summary
            && self.place == earlier.place
            && self.held_out == earlier.held_out
            && (self.error == earlier.error || has_model && self.error.is_none())
            && (self.holdout == earlier.holdout || self.holdout.is_none())
            && (self.importance == earlier.importance || self.importance.is_none())
    }

    /// Bytes of the model; 0 where there is none.
    pub fn model_bytes(&self) -> u64 {
        self.place
            .as_ref()
            .map_or(0, |place| place.extent.length.into())
    }

    /// The file of the model, in the generation's directory.
    pub fn file(&self) -> Option<&str> {
        self.place.as_ref().map(|place| &*place.file)
    }

    /// The figure of the model on the rows held out.
    pub fn holdout_score(&self, metric: Metric) -> Option<f64> {
        self.holdout.as_ref()?.get(metric)
    }

    /// Which rows the model was not trained on, so that it can be judged by them: those that were
    /// held out of the run that trained it, or found it unchanged. A model that stayed through
    /// later runs has its own. Nothing where none were held out, or where it is not noted.
    pub fn held_out(&self) -> Option<Holdout> {
        serde_json::from_str(self.held_out.as_deref()?).ok()
    }

    /// The file of the model and where in it the model begins.
    pub(crate) fn place(&self) -> Option<(&str, u64)> {
        let place = self.place.as_ref()?;
        Some((&place.file, place.extent.offset))
    }

    /// Which bytes of its file the model is.
    pub(super) fn extent(&self) -> Option<&Extent> {
        self.place.as_ref().map(|place| &place.extent)
    }

    /// Whether the model of the next record lies right behind this one's.
    pub(super) fn adjoins(&self, next: &Self) -> bool {
        let end = self
            .place()
            .map(|(file, offset)| (file, offset.checked_add(self.model_bytes())));
        end == next.place().map(|(file, offset)| (file, Some(offset)))
    }

    /// Why there is no model, where there is none.
    pub(crate) fn why_untrained(&self) -> &str {
        let skipped = "it was skipped, for too few rows";
        self.error.as_deref().unwrap_or(skipped)
    }
}

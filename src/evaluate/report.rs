//! How good every model of a store is on some rows.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::metrics::{ConfusionMatrix, Disparity, GroupCounts, Metrics, Overall, wilson_interval};
use crate::schema::LeftOut;

/// An entity stands out only with at least so many rows, and a group only counts then.
pub const ENOUGH_ROWS: u64 = 30;

/// Entities that stand out, by each measure.
const STANDING_OUT: usize = 3;

/// Standard normal deviates of an interval with a confidence of 95 %.
const DEVIATES: f64 = 1.959_963_984_540_054;

/// How good the models are, per entity and together.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The classes, in the order of all figures by class.
    pub classes: Vec<String>,
    /// The columns that groups are made by.
    pub group_by: Vec<String>,
    /// The class that groups are compared by.
    pub positive: Option<String>,
    /// Rows of entities with a model: those of all figures.
    pub rows: u64,
    /// Rows of entities without one.
    pub rows_without_model: u64,
    /// Rows left out before, by reason.
    pub left_out: LeftOut,
    /// Target values that training did not see, each with its rows; they count as wrong.
    pub unseen_targets: BTreeMap<String, u64>,
    /// All entities of the input, sorted by key.
    pub entities: Vec<EntityReport>,
    /// All entities together.
    pub overall: Overall,
    /// The confusion matrix of all rows.
    pub confusion: ConfusionMatrix,
    /// The groups over all entities.
    pub fairness: Option<Fairness>,
    /// The entities of the lowest accuracy, worst first: of those with enough rows and an accuracy
    /// below that of all rows.
    pub worst: Vec<Worst>,
    /// The entities of the largest parity gap between groups with enough rows, largest first.
    pub largest_gaps: Vec<Gap>,
}

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
    /// The counts behind them.
    pub confusion: Option<ConfusionMatrix>,
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

/// The groups of some rows, and how far apart they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// The groups, sorted by their values.
    pub groups: Vec<Group>,
    /// How far apart they are.
    pub disparity: Disparity,
}

/// One group's rates. See the methods of the same names of [`GroupCounts`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// One value for each column that groups are made by.
    pub values: Vec<String>,
    /// Its rows.
    pub rows: u64,
    /// The share of rows predicted as positive.
    pub selection_rate: Option<f64>,
    /// The share of positive rows predicted as positive.
    pub true_positive_rate: Option<f64>,
    /// The share of other rows predicted as positive.
    pub false_positive_rate: Option<f64>,
    /// The share of rows whose class was predicted.
    pub accuracy: Option<f64>,
    /// What the rates are made of.
    pub counts: GroupCounts,
}

/// An entity of low accuracy.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// The key.
    pub key: String,
    /// Rows of the input.
    pub rows: u64,
    /// The share of them that was predicted.
    pub accuracy: f64,
    /// The lower end of the accuracy's 95 % interval, after Wilson.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// An entity whose groups are far apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// The key.
    pub key: String,
    /// The demographic parity difference of its groups with enough rows.
    pub difference: f64,
    /// The group that is predicted as positive most often.
    pub most: Vec<String>,
    /// The group that is least often.
    pub least: Vec<String>,
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

impl Fairness {
    /// The groups of the highest and the lowest selection rate among those with enough rows.
    pub(super) fn extremes(&self) -> Option<(&Group, &Group)> {
        let rate = |group: &&Group| group.selection_rate.unwrap_or_default();
        let enough = || self.groups.iter().filter(|group| group.rows >= ENOUGH_ROWS);
        let most = enough().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        let least = enough().min_by(|a, b| rate(a).total_cmp(&rate(b)))?;
        Some((most, least))
    }
}

/// `overall` is the accuracy that an entity must be below to stand out.
pub(super) fn worst(entities: &[EntityReport], overall: Option<f64>) -> Vec<Worst> {
    let mut worst: Vec<Worst> = entities
        .iter()
        .filter(|entity| entity.rows >= ENOUGH_ROWS)
        .filter_map(|entity| {
            let confusion = entity.confusion.as_ref()?;
            let (low, high) = wilson_interval(confusion.correct(), confusion.total(), DEVIATES);
            Some(Worst {
                key: entity.key.clone(),
                rows: entity.rows,
                accuracy: confusion.accuracy()?,
                low,
                high,
            })
        })
        .filter(|worst| Some(worst.accuracy) < overall)
        .collect();
    worst.sort_by(|a, b| a.accuracy.total_cmp(&b.accuracy));
    worst.truncate(STANDING_OUT);
    worst
}

/// The entities whose groups are farthest apart.
pub(super) fn largest_gaps(entities: &[EntityReport]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = entities
        .iter()
        .filter_map(|entity| {
            let (most, least) = entity.fairness.as_ref()?.extremes()?;
            Some(Gap {
                key: entity.key.clone(),
                difference: most.selection_rate? - least.selection_rate?,
                most: most.values.clone(),
                least: least.values.clone(),
            })
        })
        .filter(|gap| gap.difference > 0.0)
        .collect();
    gaps.sort_by(|a, b| b.difference.total_cmp(&a.difference));
    gaps.truncate(STANDING_OUT);
    gaps
}

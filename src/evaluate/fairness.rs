//! The groups of some rows, and how far apart they are.

use std::collections::BTreeMap;

use serde::Serialize;

use super::confidence::ENOUGH_ROWS;
use crate::metrics::{Disparity, ErrorDisparity, GroupCounts, GroupErrors};
use crate::score::Prediction;

/// The groups of some rows, and how far apart they are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Fairness {
    /// The groups, sorted by their values.
    pub groups: Vec<Group>,
    /// How far apart they are.
    pub disparity: GroupDisparity,
}

/// One group.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Group {
    /// One value for each column that groups are made by.
    pub values: Vec<String>,
    /// Its rows.
    pub rows: u64,
    /// How good predictions are for it.
    #[serde(flatten)]
    pub figures: GroupFigures,
}

/// The figures of one group. See the methods of the same names of [`GroupCounts`] and
/// [`GroupErrors`]. In JSON, just those of the one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum GroupFigures {
    /// Of classes, one of which is worth having.
    Classification {
        /// The share of rows predicted as positive.
        selection_rate: Option<f64>,
        /// The share of positive rows predicted as positive.
        true_positive_rate: Option<f64>,
        /// The share of other rows predicted as positive.
        false_positive_rate: Option<f64>,
        /// The share of rows whose class was predicted.
        accuracy: Option<f64>,
        /// What the rates are made of.
        counts: GroupCounts,
    },
    /// Of a quantity, in its units.
    Regression {
        /// The mean error: above 0 where predictions are too high on average.
        mean_error: Option<f64>,
        /// The mean size of the errors.
        mean_absolute_error: Option<f64>,
        /// The root of the mean squared error.
        root_mean_squared_error: Option<f64>,
    },
}

/// How far apart groups are. In JSON, just the figures of the one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum GroupDisparity {
    /// By the rates of a class.
    Classification(Disparity),
    /// By the errors of a quantity.
    Regression(ErrorDisparity),
}

impl Fairness {
    /// The groups of the highest and the lowest [`level`](Group::level) among those with enough
    /// rows.
    pub(super) fn extremes(&self) -> Option<(&Group, &Group)> {
        let level = |group: &&Group| group.level().unwrap_or_default();
        let enough = || self.groups.iter().filter(|group| group.rows >= ENOUGH_ROWS);
        let most = enough().max_by(|a, b| level(a).total_cmp(&level(b)))?;
        let least = enough().min_by(|a, b| level(a).total_cmp(&level(b)))?;
        Some((most, least))
    }
}

impl Group {
    /// By what groups are far apart: how often they are predicted as positive, or how much too
    /// high.
    pub(super) fn level(&self) -> Option<f64> {
        match self.figures {
            GroupFigures::Classification { selection_rate, .. } => selection_rate,
            GroupFigures::Regression { mean_error, .. } => mean_error,
        }
    }
}

/// What the rows of each group add up to, by the codes of the columns that groups are made by.
#[derive(Clone)]
pub(super) enum Groups {
    Classification {
        positive: usize,
        counts: BTreeMap<Vec<u32>, GroupCounts>,
    },
    Regression(BTreeMap<Vec<u32>, GroupErrors>),
}

impl Groups {
    /// No groups yet, to be compared by a class.
    pub fn by_class(positive: usize) -> Self {
        Self::Classification {
            positive,
            counts: BTreeMap::new(),
        }
    }

    /// No groups yet, to be compared by errors.
    pub fn by_errors() -> Self {
        Self::Regression(BTreeMap::new())
    }

    /// The class that they are compared by; nothing of a quantity.
    pub fn positive(&self) -> Option<usize> {
        match self {
            Self::Classification { positive, .. } => Some(*positive),
            Self::Regression(_) => None,
        }
    }

    /// Adds a row of a group. All rows are of one task.
    pub fn push(&mut self, group: Vec<u32>, row: Prediction) {
        match (self, row) {
            (Self::Classification { positive, counts }, Prediction::Class { truth, predicted }) => {
                let counts = counts.entry(group).or_default();
                counts.push(truth, predicted, *positive);
            }
            (Self::Regression(errors), Prediction::Number { truth, predicted }) => {
                errors.entry(group).or_default().push(truth, predicted);
            }
            (Self::Classification { .. }, Prediction::Number { .. })
            | (Self::Regression(_), Prediction::Class { .. }) => {}
        }
    }

    /// Adds the rows of other groups, compared by the same.
    pub fn merge(&mut self, other: &Self) {
        match (self, other) {
            (Self::Classification { counts, .. }, Self::Classification { counts: other, .. }) => {
                for (group, other) in other {
                    counts.entry(group.clone()).or_default().merge(other);
                }
            }
            (Self::Regression(errors), Self::Regression(other)) => {
                for (group, other) in other {
                    errors.entry(group.clone()).or_default().merge(other);
                }
            }
            (Self::Classification { .. }, Self::Regression(_))
            | (Self::Regression(_), Self::Classification { .. }) => {}
        }
    }

    /// The figures; `values` says what the codes stand for.
    pub fn fairness(&self, values: impl Fn(&[u32]) -> Vec<String>) -> Fairness {
        match self {
            Self::Classification { counts, .. } => Fairness {
                groups: counts
                    .iter()
                    .map(|(group, counts)| Group {
                        values: values(group),
                        rows: counts.rows(),
                        figures: counts.into(),
                    })
                    .collect(),
                disparity: GroupDisparity::Classification(Disparity::between_groups(
                    counts.values(),
                )),
            },
            Self::Regression(errors) => Fairness {
                groups: errors
                    .iter()
                    .map(|(group, errors)| Group {
                        values: values(group),
                        rows: errors.rows,
                        figures: errors.into(),
                    })
                    .collect(),
                disparity: GroupDisparity::Regression(ErrorDisparity::between_groups(
                    errors.values(),
                )),
            },
        }
    }
}

impl From<&GroupCounts> for GroupFigures {
    fn from(counts: &GroupCounts) -> Self {
        Self::Classification {
            selection_rate: counts.selection_rate(),
            true_positive_rate: counts.true_positive_rate(),
            false_positive_rate: counts.false_positive_rate(),
            accuracy: counts.accuracy(),
            counts: *counts,
        }
    }
}

impl From<&GroupErrors> for GroupFigures {
    fn from(errors: &GroupErrors) -> Self {
        Self::Regression {
            mean_error: errors.mean_error(),
            mean_absolute_error: errors.mean_absolute_error(),
            root_mean_squared_error: errors.root_mean_squared_error(),
        }
    }
}

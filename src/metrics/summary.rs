//! The means of entities' figures.

use serde::{Deserialize, Serialize};

use super::classification::ClassificationMetrics;
use super::metric::Metric;
use super::regression::RegressionMetrics;
use crate::schema::Task;

/// The mean of a score over entities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// The mean over the entities for which the score is defined; `None` if there are none.
    pub value: Option<f64>,
    /// The number of entities in the mean.
    pub defined: u64,
    /// The number of entities left out, because the score is undefined on their rows.
    pub undefined: u64,
}

/// The means of entities' scores of classes. See the fields of the same names in
/// [`ClassificationMetrics`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassificationSummary {
    /// The mean of [`ClassificationMetrics::accuracy`].
    pub accuracy: Mean,
    /// The mean of [`ClassificationMetrics::balanced_accuracy`].
    pub balanced_accuracy: Mean,
    /// The mean of [`ClassificationMetrics::precision`].
    pub precision: Mean,
    /// The mean of [`ClassificationMetrics::recall`].
    pub recall: Mean,
    /// The mean of [`ClassificationMetrics::f1`].
    pub f1: Mean,
    /// The mean of [`ClassificationMetrics::roc_auc`].
    pub roc_auc: Mean,
    /// The mean of [`ClassificationMetrics::roc_auc_weighted`].
    pub roc_auc_weighted: Mean,
    /// The mean of [`ClassificationMetrics::log_loss`].
    pub log_loss: Mean,
    /// The mean of [`ClassificationMetrics::brier_score`].
    pub brier_score: Mean,
}

/// The means of entities' scores of a quantity. See the fields of the same names in
/// [`RegressionMetrics`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct RegressionSummary {
    /// The mean of [`RegressionMetrics::mean_absolute_error`].
    pub mean_absolute_error: Mean,
    /// The mean of [`RegressionMetrics::root_mean_squared_error`].
    pub root_mean_squared_error: Mean,
    /// The mean of [`RegressionMetrics::r2`].
    pub r2: Mean,
    /// The mean of [`RegressionMetrics::mean_error`].
    pub mean_error: Mean,
}

/// The means of entities' scores, be it of classes or of a quantity. In JSON, just the means of
/// the one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "the means of figures of classes or of a quantity"
)]
pub enum MetricSummary {
    /// Of classes.
    Classification(ClassificationSummary),
    /// Of a quantity.
    Regression(RegressionSummary),
}

impl MetricSummary {
    /// What was predicted.
    #[must_use]
    pub fn task(&self) -> Task {
        match self {
            Self::Classification(_) => Task::Classification,
            Self::Regression(_) => Task::Regression,
        }
    }

    /// The mean of a figure; nothing for one of another task.
    #[must_use]
    pub fn get(&self, metric: Metric) -> Option<Mean> {
        match self {
            Self::Classification(summary) => match metric {
                Metric::Accuracy => Some(summary.accuracy),
                Metric::BalancedAccuracy => Some(summary.balanced_accuracy),
                Metric::Precision => Some(summary.precision),
                Metric::Recall => Some(summary.recall),
                Metric::F1 => Some(summary.f1),
                Metric::RocAuc => Some(summary.roc_auc),
                Metric::LogLoss => Some(summary.log_loss),
                Metric::BrierScore => Some(summary.brier_score),
                _ => None,
            },
            Self::Regression(summary) => match metric {
                Metric::MeanAbsoluteError => Some(summary.mean_absolute_error),
                Metric::RootMeanSquaredError => Some(summary.root_mean_squared_error),
                Metric::R2 => Some(summary.r2),
                _ => None,
            },
        }
    }

    /// The means of figures of classes, where it is these.
    #[must_use]
    pub fn as_classification(&self) -> Option<&ClassificationSummary> {
        match self {
            Self::Classification(summary) => Some(summary),
            Self::Regression(_) => None,
        }
    }

    /// The means of figures of a quantity, where it is these.
    #[must_use]
    pub fn as_regression(&self) -> Option<&RegressionSummary> {
        match self {
            Self::Regression(summary) => Some(summary),
            Self::Classification(_) => None,
        }
    }
}

impl ClassificationMetrics {
    pub(super) const SCORES: usize = 9;

    /// In the order of [`ClassificationSummary::from_scores`].
    pub(super) fn scores(&self) -> [Option<f64>; Self::SCORES] {
        [
            self.accuracy,
            self.balanced_accuracy,
            self.precision,
            self.recall,
            self.f1,
            self.roc_auc,
            self.roc_auc_weighted,
            self.log_loss,
            self.brier_score,
        ]
    }
}

impl ClassificationSummary {
    /// In the order of [`ClassificationMetrics::scores`].
    pub(super) fn from_scores(scores: [Mean; ClassificationMetrics::SCORES]) -> Self {
        let [
            accuracy,
            balanced_accuracy,
            precision,
            recall,
            f1,
            roc_auc,
            roc_auc_weighted,
            log_loss,
            brier_score,
        ] = scores;
        Self {
            accuracy,
            balanced_accuracy,
            precision,
            recall,
            f1,
            roc_auc,
            roc_auc_weighted,
            log_loss,
            brier_score,
        }
    }
}

impl RegressionMetrics {
    pub(super) const SCORES: usize = 4;

    /// In the order of [`RegressionSummary::from_scores`].
    pub(super) fn scores(&self) -> [Option<f64>; Self::SCORES] {
        [
            self.mean_absolute_error,
            self.root_mean_squared_error,
            self.r2,
            self.mean_error,
        ]
    }
}

impl RegressionSummary {
    /// In the order of [`RegressionMetrics::scores`].
    pub(super) fn from_scores(scores: [Mean; RegressionMetrics::SCORES]) -> Self {
        let [mean_absolute_error, root_mean_squared_error, r2, mean_error] = scores;
        Self {
            mean_absolute_error,
            root_mean_squared_error,
            r2,
            mean_error,
        }
    }
}

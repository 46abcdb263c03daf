//! One figure out of many, by which models are compared.

use serde::{Deserialize, Serialize};

use super::evaluation::Metrics;
use crate::schema::Task;

/// A figure by which models are compared; the field of the same name of
/// [`ClassificationMetrics`](super::ClassificationMetrics) or
/// [`RegressionMetrics`](super::RegressionMetrics).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Metric {
    /// Higher is better.
    #[default]
    Accuracy,
    /// Higher is better.
    BalancedAccuracy,
    /// Higher is better.
    Precision,
    /// Higher is better.
    Recall,
    /// Higher is better.
    F1,
    /// Higher is better.
    RocAuc,
    /// Lower is better.
    LogLoss,
    /// Lower is better.
    BrierScore,
    /// Of a quantity; lower is better.
    MeanAbsoluteError,
    /// Of a quantity; lower is better.
    RootMeanSquaredError,
    /// Of a quantity; higher is better.
    R2,
}

impl Metric {
    /// All of them, in the order in which they are shown: those of classes, then those of a
    /// quantity.
    pub const ALL: [Metric; 11] = [
        Metric::Accuracy,
        Metric::BalancedAccuracy,
        Metric::Precision,
        Metric::Recall,
        Metric::F1,
        Metric::RocAuc,
        Metric::LogLoss,
        Metric::BrierScore,
        Metric::MeanAbsoluteError,
        Metric::RootMeanSquaredError,
        Metric::R2,
    ];

    /// Those of a task, in the order in which they are shown.
    pub fn all_of(task: Task) -> impl Iterator<Item = Metric> {
        Self::ALL
            .into_iter()
            .filter(move |metric| metric.task() == task)
    }

    /// By which models of a task are compared unless something else is asked for: the accuracy, or
    /// the root mean squared error, which is what trees keep small unless told otherwise.
    pub fn default_of(task: Task) -> Self {
        match task {
            Task::Classification => Metric::Accuracy,
            Task::Regression => Metric::RootMeanSquaredError,
        }
    }

    /// What models are of that have this figure.
    pub fn task(self) -> Task {
        match self {
            Metric::MeanAbsoluteError | Metric::RootMeanSquaredError | Metric::R2 => {
                Task::Regression
            }
            _ => Task::Classification,
        }
    }

    /// The figure among others; nothing where the rows do not define it, or where the others are
    /// of another [`task`](Self::task).
    pub fn of(self, metrics: &Metrics) -> Option<f64> {
        match metrics {
            Metrics::Classification(metrics) => match self {
                Metric::Accuracy => metrics.accuracy,
                Metric::BalancedAccuracy => metrics.balanced_accuracy,
                Metric::Precision => metrics.precision,
                Metric::Recall => metrics.recall,
                Metric::F1 => metrics.f1,
                Metric::RocAuc => metrics.roc_auc,
                Metric::LogLoss => metrics.log_loss,
                Metric::BrierScore => metrics.brier_score,
                _ => None,
            },
            Metrics::Regression(metrics) => match self {
                Metric::MeanAbsoluteError => metrics.mean_absolute_error,
                Metric::RootMeanSquaredError => metrics.root_mean_squared_error,
                Metric::R2 => metrics.r2,
                _ => None,
            },
        }
    }

    /// By how much the second value is worse than the first, in the metric's units; negative where
    /// it is better.
    pub fn loss(self, first: f64, second: f64) -> f64 {
        match self {
            Metric::LogLoss
            | Metric::BrierScore
            | Metric::MeanAbsoluteError
            | Metric::RootMeanSquaredError => second - first,
            _ => first - second,
        }
    }

    /// The metric's name in tables and JSON.
    pub fn key(self) -> &'static str {
        match self {
            Metric::Accuracy => "accuracy",
            Metric::BalancedAccuracy => "balanced_accuracy",
            Metric::Precision => "precision",
            Metric::Recall => "recall",
            Metric::F1 => "f1",
            Metric::RocAuc => "roc_auc",
            Metric::LogLoss => "log_loss",
            Metric::BrierScore => "brier_score",
            Metric::MeanAbsoluteError => "mean_absolute_error",
            Metric::RootMeanSquaredError => "root_mean_squared_error",
            Metric::R2 => "r2",
        }
    }

    /// The metric's name with hyphens, as manifests have it.
    pub fn slug(self) -> &'static str {
        match self {
            Metric::BalancedAccuracy => "balanced-accuracy",
            Metric::RocAuc => "roc-auc",
            Metric::LogLoss => "log-loss",
            Metric::BrierScore => "brier-score",
            Metric::MeanAbsoluteError => "mean-absolute-error",
            Metric::RootMeanSquaredError => "root-mean-squared-error",
            Metric::Accuracy | Metric::Precision | Metric::Recall | Metric::F1 | Metric::R2 => {
                self.key()
            }
        }
    }

    /// The metric's name in words.
    pub fn name(self) -> &'static str {
        match self {
            Metric::Accuracy => "accuracy",
            Metric::BalancedAccuracy => "balanced accuracy",
            Metric::Precision => "precision",
            Metric::Recall => "recall",
            Metric::F1 => "F1",
            Metric::RocAuc => "ROC AUC",
            Metric::LogLoss => "log loss",
            Metric::BrierScore => "Brier score",
            Metric::MeanAbsoluteError => "mean absolute error",
            Metric::RootMeanSquaredError => "root mean squared error",
            Metric::R2 => "R²",
        }
    }
}

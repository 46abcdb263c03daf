//! One figure out of many, by which models are compared.

use serde::{Deserialize, Serialize};

use super::classification::Metrics;

/// A figure by which models are compared; the field of [`Metrics`] of the same name.
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
}

impl Metric {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Metric; 8] = [
        Metric::Accuracy,
        Metric::BalancedAccuracy,
        Metric::Precision,
        Metric::Recall,
        Metric::F1,
        Metric::RocAuc,
        Metric::LogLoss,
        Metric::BrierScore,
    ];

    /// The figure among others; nothing where the rows do not define it.
    pub fn of(self, metrics: &Metrics) -> Option<f64> {
        match self {
            Metric::Accuracy => metrics.accuracy,
            Metric::BalancedAccuracy => metrics.balanced_accuracy,
            Metric::Precision => metrics.precision,
            Metric::Recall => metrics.recall,
            Metric::F1 => metrics.f1,
            Metric::RocAuc => metrics.roc_auc,
            Metric::LogLoss => metrics.log_loss,
            Metric::BrierScore => metrics.brier_score,
        }
    }

    /// By how much the second value is worse than the first, in the metric's units; negative where
    /// it is better.
    pub fn loss(self, first: f64, second: f64) -> f64 {
        match self {
            Metric::LogLoss | Metric::BrierScore => second - first,
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
        }
    }

    /// The metric's name with hyphens, as manifests have it.
    pub fn slug(self) -> &'static str {
        match self {
            Metric::BalancedAccuracy => "balanced-accuracy",
            Metric::RocAuc => "roc-auc",
            Metric::LogLoss => "log-loss",
            Metric::BrierScore => "brier-score",
            Metric::Accuracy | Metric::Precision | Metric::Recall | Metric::F1 => self.key(),
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
        }
    }
}

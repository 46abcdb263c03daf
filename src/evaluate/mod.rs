//! How good the models are: on one entity, over all of them, and between groups of people.
//!
//! Predictions go in one row at a time, and numbers come out; nothing here prints.
//!
//! - [`evaluate`] gives the [`Report`] of a store's models on some rows; [`compare`] says whether
//!   one tree per entity is better than one for all.
//! - [`Evaluation`] takes the truth and the predicted probabilities of one entity's rows and
//!   gives its [`Metrics`]; [`Pool`] gives the [`Overall`] of many entities.
//! - [`ConfusionMatrix`] counts what was predicted for what.
//! - [`GroupCounts`] and [`Disparity`] compare groups (sex, race, …) on one positive class.
//! - [`wilson_interval`] and [`paired_bootstrap`] say how sure an accuracy, and a difference
//!   of two accuracies on the same rows, can be.
//!
//! Classes are indices, `0..class_count`. A figure without a definition on the rows at hand is
//! `None`, and `null` in JSON: never 0, and never not-a-number.
//!
//! # Classes that the model never saw
//! A test row may belong to a class that was not among the training rows. Its truth is then
//! `None`. All such rows together count as *one more class*, to which the model gives the
//! probability 0 and which it never predicts. Every figure is what scikit-learn says of these
//! `class_count + 1` classes: the rows are wrong for sure, they are false positives of the
//! class that was predicted, and they bring a recall and an F1 of 0 into the averages.

mod compare;
mod confusion;
mod fairness;
mod interval;
mod judge;
mod metric;
mod metrics;
mod overall;
mod report;

pub use compare::{Comparison, EntityComparison, Scores, Strategies, compare};
pub use confusion::ConfusionMatrix;
pub use fairness::{Disparity, GroupCounts};
pub use interval::{BootstrapInterval, PairedOutcomes, paired_bootstrap, wilson_interval};
pub(crate) use judge::Judge;
pub use metric::Metric;
pub use metrics::{Averages, ClassMetrics, Evaluation, EvaluationError, Metrics, PrecisionRecall};
pub use overall::{Mean, MetricSummary, Overall, Pool};
pub use report::{
    ENOUGH_ROWS, EntityReport, EvaluateOptions, Fairness, Gap, Group, ModelStatus, Report, Worst,
    evaluate, evaluate_table,
};

//! Figures of predictions: pure, from truths and predictions to numbers.
//!
//! - [`ClassificationEvaluation`] takes the truth and the predicted probabilities of one entity's
//!   rows and gives their [`ClassificationMetrics`] and [`Calibration`];
//!   [`RegressionEvaluation`] takes true and predicted quantities and gives
//!   [`RegressionMetrics`]. [`Evaluation`] and [`Metrics`] are either of the two, and [`Pool`]
//!   gives the [`Overall`] of many entities.
//! - [`ConfusionMatrix`] counts what was predicted for what.
//! - [`GroupCounts`] and [`Disparity`] compare groups (sex, race, …) on one positive class,
//!   [`GroupErrors`] and [`ErrorDisparity`] on the errors of a quantity.
//! - [`wilson_interval`] says how sure an accuracy can be; [`paired_bootstrap`], a difference of
//!   two accuracies on the same rows; and [`paired_interval`], one of two mean losses.
//! - [`ThresholdMetric`] finds the probability from which on a class is best predicted.
//! - [`Metric`] names one figure; every list of them is made from it.
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

mod calibration;
mod classification;
mod confusion;
mod evaluation;
mod evaluation_record;
mod extremes;
mod fairness;
mod group_errors;
mod interval;
mod metric;
mod moments;
mod overall;
mod quantile;
mod regression;
mod summary;
mod threshold;

pub use calibration::{Calibration, CalibrationBin};
pub use classification::{
    Averages, ClassMetrics, ClassificationEvaluation, ClassificationMetrics, PrecisionRecall,
};
pub use confusion::ConfusionMatrix;
pub use evaluation::{Evaluation, Metrics};
pub(crate) use evaluation_record::EvaluationRecord;
pub use fairness::{Disparity, GroupCounts};
pub use group_errors::{ErrorDisparity, GroupErrors};
pub use interval::{
    DifferenceInterval, PairedLosses, PairedOutcomes, paired_bootstrap, paired_interval,
    wilson_interval,
};
pub use metric::Metric;
pub use overall::{Overall, Pool};
pub use regression::{ErrorQuantiles, RegressionEvaluation, RegressionMetrics};
pub use summary::{ClassificationSummary, Mean, MetricSummary, RegressionSummary};
pub use threshold::ThresholdMetric;

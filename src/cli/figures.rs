//! How figures look and what they are called where there is little room.

use per_entity::metrics::Metric;
use per_entity::model::ModelSummary;
use per_entity::schema::Task;

use super::output::percent;

/// A share, in percent where that is usual, or an error in the target's units.
pub fn figure(metric: Metric, value: f64) -> String {
    match metric {
        Metric::MeanAbsoluteError | Metric::RootMeanSquaredError => quantity(value),
        Metric::LogLoss | Metric::BrierScore | Metric::R2 => format!("{value:.4}"),
        _ => percent(value),
    }
}

/// A metric's name as the heading of a column.
pub fn heading(metric: Metric) -> &'static str {
    match metric {
        Metric::BalancedAccuracy => "balanced",
        Metric::BrierScore => "Brier",
        Metric::MeanAbsoluteError => "MAE",
        Metric::RootMeanSquaredError => "RMSE",
        _ => metric.name(),
    }
}

/// What says how good models are on the rows that they were trained on.
pub fn training_metric(task: Task) -> Metric {
    match task {
        Task::Classification => Metric::Accuracy,
        Task::Regression => Metric::R2,
    }
}

/// How good a model is on the rows that it was trained on.
pub fn training_figure(summary: Option<&ModelSummary>) -> Option<String> {
    let summary = summary?;
    let metric = training_metric(summary.task());
    Some(figure(metric, summary.training_score))
}

/// A number in the target's units, to five significant digits, whatever the units are.
pub fn quantity(value: f64) -> String {
    let digits_before = value.abs().log10().floor();
    if value == 0.0 {
        "0".into()
    } else if (-4.0..15.0).contains(&digits_before) {
        format!("{value:.*}", (4.0 - digits_before).max(0.0) as usize)
    } else {
        format!("{value:.4e}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_have_five_significant_digits_in_all_units() {
        for (value, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1234.5678, "1234.6"),
            (-12_345_678.9, "-12345679"),
            (0.012_345_678, "0.012346"),
            (0.000_123_456, "0.00012346"),
            (1.234_567e-9, "1.2346e-9"),
            (-1.234_567e300, "-1.2346e300"),
        ] {
            assert_eq!(quantity(value), text);
        }
    }
}

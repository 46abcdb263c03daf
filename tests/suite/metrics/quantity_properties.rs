//! What holds of any predictions of quantities.

use per_entity::error::EvaluationError;
use per_entity::metrics::{
    ErrorDisparity, GroupErrors, PairedLosses, RegressionEvaluation, RegressionMetrics,
    paired_interval,
};
use proptest::prelude::*;
use serde_json::Value;

use super::values::{TOLERANCE, assert_close, json};

/// A truth and a prediction, in quarters so that there are ties and their sums are exact.
type Row = (f64, f64);

fn rows() -> impl Strategy<Value = Vec<Row>> {
    let quarters = || (-400..400).prop_map(|quarters| f64::from(quarters) / 4.0);
    prop::collection::vec((quarters(), quarters()), 0..50)
}

/// Among any numbers, infinite ones and none.
fn any_row() -> impl Strategy<Value = Row> {
    let number = || prop_oneof![prop::num::f64::ANY, -9.0..9.0];
    (number(), number())
}

fn evaluate(rows: &[Row]) -> RegressionEvaluation {
    let mut evaluation = RegressionEvaluation::new();
    for &(truth, prediction) in rows {
        evaluation.push(truth, prediction).unwrap();
    }
    evaluation
}

fn figures(rows: &[Row]) -> Value {
    json(&evaluate(rows).metrics())
}

fn split(rows: &[Row], cut: f64) -> (&[Row], &[Row]) {
    rows.split_at((cut * rows.len() as f64) as usize)
}

/// Of two models, up to 1.
fn squared_errors(rows: &[Row]) -> PairedLosses {
    let square = |error: f64| (error / 100.0).powi(2);
    rows.iter()
        .map(|&(first, second)| (square(first), square(second)))
        .collect()
}

proptest! {
    #[test]
    fn merging_is_pushing_one_after_the_other(rows in rows(), cut in 0.0..1.0) {
        let (head, tail) = split(&rows, cut);
        let mut merged = evaluate(head);
        merged.merge(&evaluate(tail));
        prop_assert_eq!(merged.rows(), rows.len() as u64);
        assert_close(&json(&merged.metrics()), &figures(&rows), "merged");
    }

    #[test]
    fn the_order_of_rows_does_not_matter(rows in rows(), turn in 0.0..1.0) {
        let (head, tail) = split(&rows, turn);
        let turned: Vec<Row> = tail.iter().chain(head).rev().copied().collect();
        assert_close(&figures(&turned), &figures(&rows), "turned");
    }

    /// In 64 bits, quarters are exact up to 2^51, so that a shift takes nothing away.
    #[test]
    fn a_shift_of_truths_and_predictions_changes_no_figure(
        rows in rows(),
        cut in 0.0..1.0,
        shift in prop_oneof![Just(1e9), Just(-1e12), Just(2_f64.powi(50))],
    ) {
        let shifted: Vec<Row> = rows
            .iter()
            .map(|(truth, prediction)| (truth + shift, prediction + shift))
            .collect();
        assert_close(&figures(&shifted), &figures(&rows), "shifted");
        let (head, tail) = split(&shifted, cut);
        let mut merged = evaluate(head);
        merged.merge(&evaluate(tail));
        assert_close(&json(&merged.metrics()), &figures(&rows), "shifted and merged");
    }

    #[test]
    fn the_figures_are_in_order(rows in rows().prop_filter("some", |rows| !rows.is_empty())) {
        let metrics = evaluate(&rows).metrics();
        let absolute = metrics.mean_absolute_error.unwrap();
        let squared = metrics.root_mean_squared_error.unwrap();
        prop_assert!(metrics.mean_error.unwrap().abs() <= absolute + TOLERANCE * absolute);
        prop_assert!(absolute <= squared + TOLERANCE * squared);
        prop_assert!(metrics.r2.is_none_or(|r2| r2 <= 1.0));
        prop_assert_eq!(metrics.r2.is_some(), rows.len() > 1);
        let quantiles = metrics.error_quantiles.unwrap();
        let quantiles = [
            quantiles.percentile_5,
            quantiles.percentile_25,
            quantiles.median,
            quantiles.percentile_75,
            quantiles.percentile_95,
        ];
        prop_assert!(quantiles.is_sorted(), "{quantiles:?}");
    }

    #[test]
    fn the_mean_truth_has_an_r2_of_0(rows in rows()) {
        let truths = rows.iter().map(|row| row.0);
        let mean = truths.clone().sum::<f64>() / rows.len() as f64;
        let predicted: Vec<Row> = truths.map(|truth| (truth, mean)).collect();
        let r2 = evaluate(&predicted).metrics().r2;
        let is_constant = rows.iter().all(|row| row.0 == rows[0].0);
        let expected = if is_constant { 1.0 } else { 0.0 };
        prop_assert!(r2.is_none_or(|r2| (r2 - expected).abs() < TOLERANCE), "{r2:?}");
    }

    #[test]
    fn any_numbers_are_taken_or_refused(rows in prop::collection::vec(any_row(), 0..8)) {
        let mut evaluation = RegressionEvaluation::new();
        let mut groups = GroupErrors::default();
        let mut losses = PairedLosses::default();
        for (truth, prediction) in rows {
            let before = json(&evaluation.metrics());
            match evaluation.push(truth, prediction) {
                Ok(()) => groups.push(truth, prediction),
                Err(error) => {
                    prop_assert!(matches!(error, EvaluationError::Quantity { .. }), "{}", error);
                    prop_assert!(!(prediction - truth).is_finite());
                    prop_assert_eq!(json(&evaluation.metrics()), before);
                }
            }
            losses.add(truth, prediction);
        }
        // No figure is infinite or not a number, for else it would be null where it is read.
        let metrics = evaluation.metrics();
        let again: RegressionMetrics = serde_json::from_value(json(&metrics)).unwrap();
        prop_assert_eq!(again, metrics);
        let figures = [
            groups.mean_error(),
            groups.mean_absolute_error(),
            groups.root_mean_squared_error(),
        ];
        prop_assert!(figures.into_iter().flatten().all(f64::is_finite));
        let interval = paired_interval(&losses, 1.96);
        prop_assert!(interval.is_none_or(|i| i.low <= i.difference && i.difference <= i.high));
    }

    #[test]
    fn errors_of_groups_are_those_of_an_evaluation(rows in rows(), cut in 0.0..1.0) {
        let errors = |rows: &[Row]| {
            let mut errors = GroupErrors::default();
            for &(truth, prediction) in rows {
                errors.push(truth, prediction);
            }
            errors
        };
        let (head, tail) = split(&rows, cut);
        let mut merged = errors(head);
        merged.merge(&errors(tail));
        let metrics = evaluate(&rows).metrics();
        let of_group = [
            merged.mean_error(),
            merged.mean_absolute_error(),
            merged.root_mean_squared_error(),
        ];
        let of_rows = [
            metrics.mean_error,
            metrics.mean_absolute_error,
            metrics.root_mean_squared_error,
        ];
        assert_close(&json(&of_group), &json(&of_rows), "a group");

        let disparity = ErrorDisparity::between_groups([&errors(head), &errors(tail)]);
        let both = !head.is_empty() && !tail.is_empty();
        prop_assert_eq!(disparity.mean_error_difference.is_some(), both);
        prop_assert!(disparity.mean_error_difference.is_none_or(|difference| difference >= 0.0));
    }

    #[test]
    fn a_paired_interval_turns_with_the_models(rows in rows(), cut in 0.0..1.0) {
        let interval = paired_interval(&squared_errors(&rows), 1.96);
        prop_assert_eq!(interval.is_some(), rows.len() > 1);
        let turned: Vec<Row> = rows.iter().map(|&(first, second)| (second, first)).collect();
        let turned = paired_interval(&squared_errors(&turned), 1.96);
        let ends = interval.map(|interval| [interval.difference, interval.low, interval.high]);
        let turned = turned.map(|turned| [-turned.difference, -turned.high, -turned.low]);
        assert_close(&json(&turned), &json(&ends), "turned");

        let (head, tail) = split(&rows, cut);
        let mut merged = squared_errors(head);
        merged.merge(&squared_errors(tail));
        let merged = json(&paired_interval(&merged, 1.96));
        assert_close(&merged, &json(&interval), "merged");
        let same: Vec<Row> = rows.iter().map(|&(first, _)| (first, first)).collect();
        if let Some(same) = paired_interval(&squared_errors(&same), 1.96) {
            prop_assert_eq!([same.low, same.difference, same.high], [0.0; 3]);
        }
    }
}

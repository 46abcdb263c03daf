//! The best threshold, against trying all of them.

use per_entity::metrics::{ClassificationEvaluation, Metric, Metrics, ThresholdMetric};
use proptest::prelude::*;

/// Probabilities in eighths so that ties occur, and whether the row is positive.
fn rows() -> impl Strategy<Value = Vec<(f64, bool)>> {
    let probability = (0_u32..=8).prop_map(|eighths| f64::from(eighths) / 8.0);
    prop::collection::vec((probability, any::<bool>()), 0..30)
}

/// The figure of all rows where those from a threshold on are predicted to be positive.
fn figure(metric: ThresholdMetric, rows: &[(f64, bool)], threshold: f64) -> f64 {
    let mut evaluation = ClassificationEvaluation::new(2);
    for &(probability, is_positive) in rows {
        let predicted = usize::from(probability >= threshold);
        let probabilities = [1.0 - probability, probability];
        let truth = Some(usize::from(is_positive));
        evaluation
            .push_decided(truth, &probabilities, predicted)
            .unwrap();
    }
    let metrics = Metrics::Classification(evaluation.metrics());
    let metric = match metric {
        ThresholdMetric::F1 => Metric::F1,
        ThresholdMetric::BalancedAccuracy => Metric::BalancedAccuracy,
    };
    metric.of(&metrics).unwrap()
}

proptest! {
    #[test]
    fn no_threshold_is_better_and_none_as_good_is_nearer_to_one_half(rows in rows()) {
        let positives = rows.iter().filter(|(_, is_positive)| *is_positive).count();
        for metric in ThresholdMetric::ALL {
            let Some(best) = metric.best(rows.clone()) else {
                prop_assert!(positives == 0 || positives == rows.len());
                continue;
            };
            prop_assert!(positives > 0 && positives < rows.len());
            prop_assert!(rows.iter().any(|(probability, _)| *probability == best));
            let highest = figure(metric, &rows, best);
            for &(other, _) in &rows {
                let of_other = figure(metric, &rows, other);
                prop_assert!(of_other <= highest + 1e-12, "{metric:?}: {other}, not {best}");
                let is_nearer = (other - 0.5).abs() < (best - 0.5).abs();
                prop_assert!(!(is_nearer && of_other > highest - 1e-12), "{metric:?}: {other}");
            }
        }
    }
}

#[test]
fn of_two_thresholds_that_are_as_near_the_lower_one_is_best() {
    // Balanced accuracy is 3/4 at 0.75 and at 0.25 alike.
    let rows = vec![(0.75, true), (0.25, true), (0.25, false), (0.125, false)];
    assert_eq!(ThresholdMetric::BalancedAccuracy.best(rows), Some(0.25));
}

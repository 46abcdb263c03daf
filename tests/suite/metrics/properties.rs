//! What holds of any predictions.

use per_entity::metrics::{
    ClassificationEvaluation, ConfusionMatrix, Disparity, GroupCounts, paired_bootstrap,
    wilson_interval,
};
use proptest::prelude::*;

use super::values::{TOLERANCE, assert_close, assert_same, json, paired};

/// One row of a property test: the truth and the probabilities, in quarters so that ties occur.
type Row = (Option<usize>, Vec<f64>);

fn row(class_count: usize) -> impl Strategy<Value = Row> {
    let truth = prop_oneof![
        9 => (0..class_count).prop_map(Some),
        1 => Just(None),
    ];
    let quarters = prop::collection::vec(0..class_count, 4);
    (truth, quarters).prop_map(move |(truth, quarters)| {
        let mut probabilities = vec![0.0; class_count];
        for class in quarters {
            probabilities[class] += 0.25;
        }
        (truth, probabilities)
    })
}

fn rows() -> impl Strategy<Value = (usize, Vec<Row>)> {
    (1_usize..6).prop_flat_map(|class_count| {
        let rows = prop::collection::vec(row(class_count), 0..40);
        (Just(class_count), rows)
    })
}

fn evaluate(class_count: usize, rows: &[Row]) -> ClassificationEvaluation {
    let mut evaluation = ClassificationEvaluation::new(class_count);
    for (truth, probabilities) in rows {
        evaluation.push(*truth, probabilities).unwrap();
    }
    evaluation
}

fn area_by_counting_pairs(rows: &[Row], class: usize) -> Option<f64> {
    let scores = |positive: bool| {
        let side = rows
            .iter()
            .filter(move |row| (row.0 == Some(class)) == positive);
        side.map(|row| row.1[class])
    };
    let (mut wins, mut pairs) = (0.0, 0.0);
    for positive in scores(true) {
        for negative in scores(false) {
            pairs += 1.0;
            wins += f64::from(u8::from(positive > negative));
            wins += 0.5 * f64::from(u8::from(positive == negative));
        }
    }
    (pairs > 0.0).then(|| wins / pairs)
}

proptest! {
    #[test]
    fn merging_is_pushing_one_after_the_other((class_count, rows) in rows(), cut in 0.0..1.0) {
        let cut = (cut * rows.len() as f64) as usize;
        let mut merged = evaluate(class_count, &rows[..cut]);
        merged.merge(&evaluate(class_count, &rows[cut..])).unwrap();
        let pushed = evaluate(class_count, &rows);
        prop_assert_eq!(merged.confusion(), pushed.confusion());
        assert_close(&json(&merged.metrics()), &json(&pushed.metrics()), "merged");
        let (merged, pushed) = (merged.calibration(), pushed.calibration());
        assert_close(&json(&merged), &json(&pushed), "merged");
    }

    #[test]
    fn the_order_of_rows_does_not_matter((class_count, mut rows) in rows()) {
        let metrics = evaluate(class_count, &rows).metrics();
        rows.reverse();
        let reversed = evaluate(class_count, &rows).metrics();
        assert_close(&json(&reversed), &json(&metrics), "reversed");
    }

    #[test]
    fn every_score_is_within_its_bounds((class_count, rows) in rows()) {
        let evaluation = evaluate(class_count, &rows);
        let metrics = evaluation.metrics();
        prop_assert_eq!(metrics.rows, rows.len() as u64);
        prop_assert_eq!(metrics.per_class.len(), class_count);
        let averages = [
            metrics.averages.micro,
            metrics.averages.macro_mean,
            metrics.averages.weighted_mean,
        ];
        let shares = [
            metrics.accuracy,
            metrics.balanced_accuracy,
            metrics.precision,
            metrics.recall,
            metrics.f1,
            metrics.roc_auc,
            metrics.roc_auc_weighted,
        ];
        let averages = averages
            .iter()
            .flat_map(|average| [average.precision, average.recall, average.f1]);
        for share in averages.chain(shares).flatten() {
            prop_assert!((0.0..=1.0 + TOLERANCE).contains(&share), "{share} in {metrics:?}");
        }
        let brier_limit = if class_count <= 2 { 1.0 } else { 2.0 };
        prop_assert!(metrics.brier_score.is_none_or(|score| (0.0..=brier_limit).contains(&score)));
        let loss_limit = -f64::EPSILON.ln() + TOLERANCE;
        prop_assert!(metrics.log_loss.is_none_or(|loss| (0.0..=loss_limit).contains(&loss)));
        prop_assert_eq!(metrics.averages.micro.precision, metrics.accuracy);
        prop_assert_eq!(metrics.accuracy.is_some(), !rows.is_empty());
    }

    #[test]
    fn calibration_accounts_for_every_row((class_count, rows) in rows()) {
        let evaluation = evaluate(class_count, &rows);
        let calibration = evaluation.calibration();
        let counted: u64 = calibration.bins.iter().map(|bin| bin.rows).sum();
        prop_assert_eq!(counted, rows.len() as u64);
        let error = calibration.expected_calibration_error;
        prop_assert!(error.is_none_or(|error| (0.0..=1.0).contains(&error)));
        for (position, bin) in calibration.bins.iter().enumerate() {
            let ends = position as f64 / 10.0 - TOLERANCE..=(position + 1) as f64 / 10.0 + TOLERANCE;
            prop_assert!(bin.mean_predicted.is_none_or(|mean| ends.contains(&mean)));
            prop_assert!(bin.observed_share.is_none_or(|share| (0.0..=1.0).contains(&share)));
        }
        if class_count > 2 {
            let observed = calibration.bins.iter().map(|bin| {
                bin.observed_share.unwrap_or_default() * bin.rows as f64
            });
            let correct = evaluation.confusion().correct() as f64;
            prop_assert!((observed.sum::<f64>() - correct).abs() < 1e-9);
        }
    }

    #[test]
    fn the_area_under_the_curve_is_the_share_of_pairs_in_order(
        rows in prop::collection::vec(row(2), 0..40),
    ) {
        let metrics = evaluate(2, &rows).metrics();
        assert_same(metrics.roc_auc, area_by_counting_pairs(&rows, 1), "class 1");
    }

    #[test]
    fn the_area_of_several_classes_is_the_mean_over_classes(
        rows in prop::collection::vec(row(4).prop_filter("seen", |row| row.0.is_some()), 0..40),
    ) {
        let areas: Option<Vec<f64>> = (0..4)
            .map(|class| area_by_counting_pairs(&rows, class))
            .collect();
        let mean = areas.map(|areas| areas.iter().sum::<f64>() / 4.0);
        assert_same(evaluate(4, &rows).metrics().roc_auc, mean, "macro mean");
    }

    #[test]
    fn a_confusion_matrix_accounts_for_every_row((class_count, rows) in rows()) {
        let evaluation = evaluate(class_count, &rows);
        let matrix: &ConfusionMatrix = evaluation.confusion();
        let sum = |count: &dyn Fn(usize) -> u64| (0..class_count).map(count).sum::<u64>();
        prop_assert_eq!(matrix.total(), rows.len() as u64);
        prop_assert_eq!(sum(&|class| matrix.predicted(class)), matrix.total());
        prop_assert_eq!(sum(&|class| matrix.support(class)), matrix.total() - matrix.unseen());
        prop_assert_eq!(sum(&|class| matrix.true_positives(class)), matrix.correct());
        let wrong = matrix.total() - matrix.correct();
        prop_assert_eq!(sum(&|class| matrix.false_positives(class)), wrong);
        let missed = sum(&|class| matrix.false_negatives(class));
        prop_assert_eq!(missed, wrong - matrix.unseen());
    }

    #[test]
    fn merged_groups_are_the_groups_of_all_rows(
        rows in prop::collection::vec((prop::option::of(0_usize..3), 0_usize..3), 0..40),
        cut in 0.0..1.0,
    ) {
        let counts = |rows: &[(Option<usize>, usize)]| {
            let mut counts = GroupCounts::default();
            for &(truth, predicted) in rows {
                counts.push(truth, predicted, 1);
            }
            counts
        };
        let (head, tail) = rows.split_at((cut * rows.len() as f64) as usize);
        let mut merged = counts(head);
        merged.merge(&counts(tail));
        prop_assert_eq!(merged, counts(&rows));
        prop_assert_eq!(merged.rows(), rows.len() as u64);

        let disparity = Disparity::between_groups([&counts(head), &counts(tail)]);
        let figures = [
            disparity.demographic_parity_difference,
            disparity.demographic_parity_ratio,
            disparity.true_positive_rate_difference,
            disparity.false_positive_rate_difference,
            disparity.equalized_odds_difference,
        ];
        for figure in figures.into_iter().flatten() {
            prop_assert!((0.0..=1.0).contains(&figure), "{disparity:?}");
        }
    }

    #[test]
    fn a_wilson_interval_contains_the_proportion(
        (successes, trials) in (1_u64..1_000_000).prop_flat_map(|trials| (0..=trials, Just(trials))),
        z in 0.01..10.0,
    ) {
        let (low, high) = wilson_interval(successes, trials, z);
        let proportion = successes as f64 / trials as f64;
        prop_assert!(0.0 <= low && low <= proportion && proportion <= high && high <= 1.0);

        let (mirrored_low, mirrored_high) = wilson_interval(trials - successes, trials, z);
        prop_assert!((low - (1.0 - mirrored_high)).abs() < TOLERANCE);
        prop_assert!((high - (1.0 - mirrored_low)).abs() < TOLERANCE);
    }

    #[test]
    fn a_bootstrap_interval_lies_among_the_possible_differences(
        pairs in prop::collection::vec(any::<(bool, bool)>(), 1..60),
        seed in any::<u64>(),
        confidence in 0.01..0.99,
    ) {
        let (first, second): (Vec<bool>, Vec<bool>) = pairs.into_iter().unzip();
        let interval = paired_bootstrap(paired(&first, &second), 100, confidence, seed).unwrap();
        prop_assert!(-1.0 <= interval.low && interval.low <= interval.high && interval.high <= 1.0);
        if first == second {
            prop_assert_eq!((interval.low, interval.difference, interval.high), (0.0, 0.0, 0.0));
        }
    }
}

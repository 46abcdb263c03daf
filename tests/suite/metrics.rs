//! The metrics agree with scikit-learn, Fairlearn and SciPy, and hold what they promise on any
//! predictions. `benches/python/record_metrics.py` made the golden file.

use per_entity::evaluate::{
    ConfusionMatrix, Disparity, Evaluation, EvaluationError, GroupCounts, Metrics, PairedOutcomes,
    Pool, paired_bootstrap, wilson_interval,
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::Value;

const TOLERANCE: f64 = 1e-12;

#[derive(Deserialize)]
struct Golden {
    cases: Vec<Case>,
    overall: Value,
    wilson: Vec<WilsonCase>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    classes: usize,
    truth: Vec<Option<usize>>,
    probabilities: Vec<Vec<f64>>,
    groups: Vec<usize>,
    positive: usize,
    metrics: Value,
    fairness: Option<Fairness>,
}

#[derive(Deserialize)]
struct Fairness {
    groups: Vec<GoldenGroup>,
    fairlearn: Differences,
    defined: Differences,
}

#[derive(Deserialize)]
struct GoldenGroup {
    group: usize,
    rows: f64,
    accuracy: Option<f64>,
    selection_rate: Option<f64>,
    true_positive_rate: Option<f64>,
    false_positive_rate: Option<f64>,
}

#[derive(Deserialize)]
struct Differences {
    demographic_parity_difference: Option<f64>,
    demographic_parity_ratio: Option<f64>,
    true_positive_rate_difference: Option<f64>,
    false_positive_rate_difference: Option<f64>,
    equalized_odds_difference: Option<f64>,
}

#[derive(Deserialize)]
struct WilsonCase {
    successes: u64,
    trials: u64,
    z: f64,
    low: f64,
    high: f64,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../golden/metrics.json")).expect("the golden file is valid")
}

impl Case {
    fn evaluation(&self) -> Evaluation {
        let mut evaluation = Evaluation::new(self.classes);
        self.push_into(&mut evaluation);
        evaluation
    }

    fn push_into(&self, evaluation: &mut Evaluation) -> Vec<usize> {
        let rows = self.truth.iter().zip(&self.probabilities);
        rows.map(|(&truth, probabilities)| {
            let predicted = evaluation.push(truth, probabilities);
            predicted.unwrap_or_else(|error| panic!("{}: {error}", self.name))
        })
        .collect()
    }

    fn group_counts(&self) -> Vec<GroupCounts> {
        let predicted = self.push_into(&mut Evaluation::new(self.classes));
        let group_count = self.groups.iter().max().map_or(0, |last| last + 1);
        let mut counts = vec![GroupCounts::default(); group_count];
        for ((&group, &truth), predicted) in self.groups.iter().zip(&self.truth).zip(predicted) {
            counts[group].push(truth, predicted, self.positive);
        }
        counts
    }
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).expect("metrics are representable in JSON")
}

/// Compares two JSON values, numbers to within the tolerance; `place` names case and field.
#[track_caller]
fn assert_close(actual: &Value, expected: &Value, place: &str) {
    match (actual, expected) {
        (Value::Object(fields), Value::Object(others)) => {
            let names = |object: &serde_json::Map<String, Value>| -> Vec<String> {
                let mut names: Vec<String> = object.keys().cloned().collect();
                names.sort();
                names
            };
            assert_eq!(names(fields), names(others), "{place}: the fields");
            for (name, value) in fields {
                assert_close(value, &others[name], &format!("{place}: {name}"));
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len(), "{place}: the length");
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                assert_close(item, other, &format!("{place}[{index}]"));
            }
        }
        (Value::Number(number), Value::Number(other)) => {
            let difference = number.as_f64().unwrap() - other.as_f64().unwrap();
            assert!(difference.abs() <= TOLERANCE, "{place}: {number}, {other}");
        }
        _ => assert_eq!(actual, expected, "{place}"),
    }
}

#[track_caller]
fn assert_same(actual: Option<f64>, expected: Option<f64>, place: &str) {
    assert_close(&json(&actual), &json(&expected), place);
}

#[test]
fn metrics_are_those_of_scikit_learn() {
    let golden = golden();
    assert!(golden.cases.len() >= 30, "the golden file has its cases");
    for case in &golden.cases {
        let metrics = case.evaluation().metrics();
        assert_close(&json(&metrics), &case.metrics, &case.name);
    }
}

#[test]
fn metrics_survive_json() {
    for case in &golden().cases {
        let metrics: Metrics = serde_json::from_value(case.metrics.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let again: Metrics = serde_json::from_value(json(&metrics)).unwrap();
        assert_eq!(again, metrics, "{}", case.name);
    }
}

#[test]
fn overall_is_the_pool_of_the_entities() {
    let golden = golden();
    let mut pool = Pool::new(2);
    for case in golden.cases.iter().filter(|case| case.classes == 2) {
        let evaluation = case.evaluation();
        pool.add(&evaluation, &evaluation.metrics()).unwrap();
    }
    let mut expected = golden.overall.clone();
    expected.as_object_mut().unwrap().remove("cases");
    assert_close(&json(&pool.overall()), &expected, "overall");
}

#[test]
fn group_rates_are_those_of_fairlearn() {
    for case in &golden().cases {
        let Some(fairness) = &case.fairness else {
            continue;
        };
        let counts = case.group_counts();
        for expected in &fairness.groups {
            let counts = &counts[expected.group];
            let place = format!("{}, group {}", case.name, expected.group);
            assert_eq!(counts.rows() as f64, expected.rows, "{place}: rows");
            assert_same(counts.accuracy(), expected.accuracy, &place);
            assert_same(counts.selection_rate(), expected.selection_rate, &place);
            let (actual, expected_rate) =
                (counts.true_positive_rate(), expected.true_positive_rate);
            assert_same(actual, expected_rate, &format!("{place}: true positives"));
            let (actual, expected_rate) =
                (counts.false_positive_rate(), expected.false_positive_rate);
            assert_same(actual, expected_rate, &format!("{place}: false positives"));
        }
    }
}

#[test]
fn disparities_are_those_of_fairlearn_where_every_rate_is_defined() {
    let mut compared = 0;
    for case in &golden().cases {
        let disparity = Disparity::between_groups(&case.group_counts());
        let Some(fairness) = &case.fairness else {
            continue;
        };
        if disparity.groups < 2 {
            continue;
        }
        let place = |name: &str| format!("{}: {name}", case.name);
        let fairlearn = &fairness.fairlearn;
        assert_same(
            disparity.demographic_parity_difference,
            fairlearn.demographic_parity_difference,
            &place("demographic parity difference"),
        );
        assert_same(
            disparity.demographic_parity_ratio,
            fairlearn.demographic_parity_ratio,
            &place("demographic parity ratio"),
        );
        if disparity.groups_without_positives + disparity.groups_without_negatives > 0 {
            continue;
        }
        assert_same(
            disparity.true_positive_rate_difference,
            fairlearn.true_positive_rate_difference,
            &place("true positive rate difference"),
        );
        assert_same(
            disparity.false_positive_rate_difference,
            fairlearn.false_positive_rate_difference,
            &place("false positive rate difference"),
        );
        assert_same(
            disparity.equalized_odds_difference,
            fairlearn.equalized_odds_difference,
            &place("equalized odds difference"),
        );
        compared += 1;
    }
    assert!(compared >= 10, "only {compared} cases compared in full");
}

#[test]
fn groups_without_a_rate_stay_out_of_its_comparison() {
    for case in &golden().cases {
        let disparity = Disparity::between_groups(&case.group_counts());
        let Some(fairness) = &case.fairness else {
            continue;
        };
        let comparable = |left_out: usize, difference: Option<f64>| {
            difference.filter(|_| disparity.groups - left_out >= 2)
        };
        let true_positive = comparable(
            disparity.groups_without_positives,
            fairness.defined.true_positive_rate_difference,
        );
        let false_positive = comparable(
            disparity.groups_without_negatives,
            fairness.defined.false_positive_rate_difference,
        );
        let place = |name: &str| format!("{}: {name}", case.name);
        assert_same(
            disparity.true_positive_rate_difference,
            true_positive,
            &place("true positive rate difference"),
        );
        assert_same(
            disparity.false_positive_rate_difference,
            false_positive,
            &place("false positive rate difference"),
        );
        assert_same(
            disparity.equalized_odds_difference,
            true_positive.zip(false_positive).map(|(a, b)| a.max(b)),
            &place("equalized odds difference"),
        );
    }
}

/// Where this crate and Fairlearn part: an undefined rate is 0 to Fairlearn, and one group is
/// perfectly fair.
#[test]
fn fairlearn_takes_undefined_rates_for_zero() {
    let golden = golden();
    let case = |name: &str| {
        let found = golden.cases.iter().find(|case| case.name == name);
        let case = found.unwrap_or_else(|| panic!("no golden case {name}"));
        let disparity = Disparity::between_groups(&case.group_counts());
        (disparity, &case.fairness.as_ref().unwrap().fairlearn)
    };

    let (disparity, fairlearn) = case("binary, a group without positives");
    assert_eq!(disparity.groups_without_positives, 1);
    assert_eq!(disparity.true_positive_rate_difference, Some(0.5));
    assert_eq!(fairlearn.true_positive_rate_difference, Some(1.0));

    let (disparity, fairlearn) = case("binary, positives in one of two groups");
    assert_eq!(disparity.equalized_odds_difference, None);
    assert_eq!(fairlearn.equalized_odds_difference, Some(0.5));

    let (disparity, fairlearn) = case("binary, one group");
    assert_eq!(disparity.demographic_parity_difference, None);
    assert_eq!(fairlearn.demographic_parity_difference, Some(0.0));
    assert_eq!(disparity.demographic_parity_ratio, None);
    assert_eq!(fairlearn.demographic_parity_ratio, Some(1.0));
}

#[test]
fn wilson_intervals_are_those_of_scipy() {
    for case in &golden().wilson {
        let (low, high) = wilson_interval(case.successes, case.trials, case.z);
        let place = format!("{} of {}, z {}", case.successes, case.trials, case.z);
        assert_same(Some(low), Some(case.low), &format!("{place}: low"));
        assert_same(Some(high), Some(case.high), &format!("{place}: high"));
    }
    assert_eq!(wilson_interval(0, 0, 1.96), (0.0, 1.0));
}

#[test]
fn a_wilson_interval_reaches_the_proportions_of_0_and_1_exactly() {
    for trials in 1..2_000 {
        assert_eq!(wilson_interval(0, trials, 1.96).0, 0.0, "0 of {trials}");
        assert_eq!(wilson_interval(trials, trials, 1.96).1, 1.0, "all {trials}");
    }
}

#[test]
fn certainty_costs_one_epsilon_of_log_loss() {
    let mut evaluation = Evaluation::new(2);
    evaluation.push(Some(1), &[0.0, 1.0]).unwrap();
    let loss = evaluation.metrics().log_loss.unwrap();
    assert!((loss / f64::EPSILON - 1.0).abs() < 1e-9, "{loss}");
}

#[test]
fn nothing_is_defined_without_rows() {
    for class_count in [0, 1, 2, 3] {
        let metrics = json(&Evaluation::new(class_count).metrics());
        for (name, value) in metrics.as_object().unwrap() {
            let expected = match name.as_str() {
                "rows" | "unseen" => value == 0,
                "averages" | "per_class" => true,
                _ => value.is_null(),
            };
            assert!(expected, "{class_count} classes: {name} is {value}");
        }
    }
    let overall = Pool::new(2).overall();
    assert_eq!(overall.macro_mean.accuracy.value, None);
    assert_eq!(overall.weighted_mean.accuracy.value, None);

    let empty = GroupCounts::default();
    let disparity = Disparity::between_groups([&empty, &empty]);
    assert_eq!(disparity.groups, 0);
    assert_eq!(disparity.demographic_parity_difference, None);
}

#[test]
fn bad_rows_are_refused_and_leave_no_trace() {
    let mut evaluation = Evaluation::new(2);
    let class_count = |expected, found| Err(EvaluationError::ClassCount { expected, found });
    assert_eq!(evaluation.push(Some(0), &[1.0]), class_count(2, 1));
    assert_eq!(
        evaluation.push(Some(0), &[0.2, 0.3, 0.5]),
        class_count(2, 3)
    );
    assert_eq!(Evaluation::new(0).push(None, &[]), class_count(1, 0));
    let truth = Err(EvaluationError::Truth {
        class: 2,
        class_count: 2,
    });
    assert_eq!(evaluation.push(Some(2), &[0.5, 0.5]), truth);
    let probability = |class, value| Err(EvaluationError::Probability { class, value });
    assert_eq!(evaluation.push(Some(0), &[1.5, 0.0]), probability(0, 1.5));
    assert_eq!(evaluation.push(Some(0), &[0.5, -0.5]), probability(1, -0.5));
    assert!(evaluation.push(Some(0), &[f64::NAN, 0.5]).is_err());
    assert_eq!(evaluation, Evaluation::new(2));

    let merged = evaluation.merge(&Evaluation::new(3));
    assert_eq!(merged.map(|()| 0), class_count(2, 3));
    let other = Evaluation::new(3);
    let added = Pool::new(2).add(&other, &other.metrics());
    assert_eq!(added.map(|()| 0), class_count(2, 3));
}

#[test]
fn the_first_of_equally_probable_classes_is_predicted() {
    let mut evaluation = Evaluation::new(3);
    assert_eq!(evaluation.push(Some(1), &[0.2, 0.4, 0.4]), Ok(1));
    assert_eq!(evaluation.push(None, &[0.0, 0.0, 1.0]), Ok(2));
    assert_eq!(evaluation.confusion().count(1, 1), 1);
    assert_eq!(evaluation.confusion().unseen(), 1);
}

fn paired(first: &[bool], second: &[bool]) -> PairedOutcomes {
    first.iter().copied().zip(second.iter().copied()).collect()
}

#[test]
fn the_bootstrap_agrees_with_the_normal_approximation() {
    let rows = 15_060;
    let first: Vec<bool> = (0..rows).map(|row| row % 100 < 82).collect();
    let second: Vec<bool> = (0..rows)
        .map(|row| !(10..30).contains(&(row % 100)))
        .collect();
    let interval = paired_bootstrap(paired(&first, &second), 2_000, 0.95, 7).unwrap();

    let share = |holds: fn(bool, bool) -> bool| {
        let pairs = first.iter().zip(&second);
        pairs.filter(|&(&one, &other)| holds(one, other)).count() as f64 / f64::from(rows)
    };
    let wins = share(|one, other| one && !other);
    let losses = share(|one, other| !one && other);
    let difference = wins - losses;
    let deviation = ((wins + losses - difference * difference) / f64::from(rows)).sqrt();
    assert!((interval.difference - difference).abs() < TOLERANCE);
    assert!((interval.low - (difference - 1.96 * deviation)).abs() < 0.2 * deviation);
    assert!((interval.high - (difference + 1.96 * deviation)).abs() < 0.2 * deviation);
}

#[test]
fn the_bootstrap_is_reproducible_and_depends_on_its_seed() {
    let first: Vec<bool> = (0..1_000).map(|row| row % 3 > 0).collect();
    let second: Vec<bool> = (0..1_000).map(|row| row % 7 > 1).collect();
    let interval = |seed| paired_bootstrap(paired(&first, &second), 500, 0.9, seed).unwrap();
    assert_eq!(interval(1), interval(1));
    assert_ne!(interval(1), interval(2));
}

#[test]
fn the_bootstrap_refuses_what_has_no_interval() {
    let bootstrap = |rows, wins, resamples, confidence| {
        let outcomes = PairedOutcomes {
            rows,
            wins,
            losses: 1,
        };
        paired_bootstrap(outcomes, resamples, confidence, 0).map(|_| ())
    };
    let outcomes = |rows, wins| {
        let losses = 1;
        Err(EvaluationError::Outcomes { rows, wins, losses })
    };
    assert_eq!(bootstrap(2, 2, 9, 0.9), outcomes(2, 2));
    assert_eq!(bootstrap(2, u64::MAX, 9, 0.9), outcomes(2, u64::MAX));
    let resamples = |rows, resamples| Err(EvaluationError::Resamples { rows, resamples });
    assert_eq!(bootstrap(0, 0, 9, 0.9), resamples(0, 9));
    assert_eq!(bootstrap(1, 0, 0, 0.9), resamples(1, 0));
    for confidence in [0.0, 1.0, -1.0, 95.0, f64::NAN] {
        let refused = bootstrap(1, 0, 9, confidence);
        let confidence_error = matches!(refused, Err(EvaluationError::Confidence(_)));
        assert!(confidence_error, "a confidence of {confidence}");
    }
}

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

fn evaluate(class_count: usize, rows: &[Row]) -> Evaluation {
    let mut evaluation = Evaluation::new(class_count);
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

//! What scikit-learn, Fairlearn, SciPy and NumPy say of classes. `benches/python/record_metrics.py` made the golden
//! file.

use per_entity::metrics::{
    ClassificationEvaluation, ClassificationMetrics, Disparity, Evaluation, GroupCounts, Pool,
    wilson_interval,
};
use serde::Deserialize;
use serde_json::Value;

use super::values::{GOLDEN, assert_close, assert_same, json};

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
    calibration: Value,
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
    serde_json::from_str(GOLDEN).expect("the golden file is valid")
}

impl Case {
    fn evaluation(&self) -> ClassificationEvaluation {
        let mut evaluation = ClassificationEvaluation::new(self.classes);
        self.push_into(&mut evaluation);
        evaluation
    }

    fn push_into(&self, evaluation: &mut ClassificationEvaluation) -> Vec<usize> {
        let rows = self.truth.iter().zip(&self.probabilities);
        rows.map(|(&truth, probabilities)| {
            let predicted = evaluation.push(truth, probabilities);
            predicted.unwrap_or_else(|error| panic!("{}: {error}", self.name))
        })
        .collect()
    }

    fn group_counts(&self) -> Vec<GroupCounts> {
        let predicted = self.push_into(&mut ClassificationEvaluation::new(self.classes));
        let group_count = self.groups.iter().max().map_or(0, |last| last + 1);
        let mut counts = vec![GroupCounts::default(); group_count];
        for ((&group, &truth), predicted) in self.groups.iter().zip(&self.truth).zip(predicted) {
            counts[group].push(truth, predicted, self.positive);
        }
        counts
    }
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
fn calibration_is_that_of_numpy() {
    for case in &golden().cases {
        let calibration = case.evaluation().calibration();
        assert_close(&json(&calibration), &case.calibration, &case.name);
    }
}

#[test]
fn metrics_survive_json() {
    for case in &golden().cases {
        let metrics: ClassificationMetrics = serde_json::from_value(case.metrics.clone())
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let again: ClassificationMetrics = serde_json::from_value(json(&metrics)).unwrap();
        assert_eq!(again, metrics, "{}", case.name);
    }
}

#[test]
fn overall_is_the_pool_of_the_entities() {
    let golden = golden();
    let mut pool = Pool::classification(2);
    for case in golden.cases.iter().filter(|case| case.classes == 2) {
        let evaluation = Evaluation::from(case.evaluation());
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

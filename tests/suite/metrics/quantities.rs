//! What scikit-learn, Fairlearn, SciPy and NumPy say of predicted quantities.

use per_entity::metrics::{
    ErrorDisparity, Evaluation, GroupErrors, PairedLosses, Pool, RegressionEvaluation,
    paired_interval,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Deserialize;
use serde_json::Value;

use super::values::{GOLDEN, assert_close, assert_same, json};

/// Standard normal deviates of an interval with a confidence of 95 %.
const DEVIATES: f64 = 1.959_963_984_540_054;

#[derive(Deserialize)]
struct Golden {
    quantities: Vec<Case>,
    overall_quantities: Value,
    paired: Vec<Value>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    truth: Vec<f64>,
    prediction: Vec<f64>,
    /// What another model predicts.
    other: Vec<f64>,
    groups: Vec<usize>,
    metrics: Value,
    group_errors: Option<GoldenGroups>,
}

#[derive(Deserialize)]
struct GoldenGroups {
    groups: Vec<GoldenGroup>,
    disparity: Value,
}

#[derive(Deserialize)]
struct GoldenGroup {
    rows: f64,
    mean_error: Option<f64>,
    mean_absolute_error: Option<f64>,
    root_mean_squared_error: Option<f64>,
}

fn golden() -> Golden {
    serde_json::from_str(GOLDEN).expect("the golden file is valid")
}

impl Case {
    fn rows(&self) -> impl Iterator<Item = (f64, f64)> {
        let truth = self.truth.iter().copied();
        truth.zip(self.prediction.iter().copied())
    }

    fn evaluation(&self) -> RegressionEvaluation {
        let mut evaluation = RegressionEvaluation::new();
        for (truth, prediction) in self.rows() {
            evaluation.push(truth, prediction).unwrap();
        }
        evaluation
    }

    fn groups(&self) -> Vec<GroupErrors> {
        let group_count = self.groups.iter().max().map_or(0, |last| last + 1);
        let mut groups = vec![GroupErrors::default(); group_count];
        for (&group, (truth, prediction)) in self.groups.iter().zip(self.rows()) {
            groups[group].push(truth, prediction);
        }
        groups
    }

    fn squared_errors(&self) -> PairedLosses {
        let others = self.other.iter();
        self.rows()
            .zip(others)
            .map(|((truth, first), second)| ((first - truth).powi(2), (second - truth).powi(2)))
            .collect()
    }
}

#[test]
fn metrics_of_quantities_are_those_of_scikit_learn() {
    let golden = golden();
    assert!(
        golden.quantities.len() >= 12,
        "the golden file has its cases"
    );
    for case in &golden.quantities {
        let metrics = case.evaluation().metrics();
        assert_close(&json(&metrics), &case.metrics, &case.name);
    }
}

#[test]
fn overall_quantities_are_the_pool_of_the_entities() {
    let golden = golden();
    let mut pool = Pool::regression();
    for case in &golden.quantities {
        let evaluation = Evaluation::from(case.evaluation());
        pool.add(&evaluation, &evaluation.metrics()).unwrap();
    }
    assert_close(
        &json(&pool.overall()),
        &golden.overall_quantities,
        "overall",
    );
}

#[test]
fn errors_of_groups_are_those_of_fairlearn() {
    for case in &golden().quantities {
        let Some(expected) = &case.group_errors else {
            continue;
        };
        let groups = case.groups();
        for (errors, expected) in groups.iter().zip(&expected.groups) {
            let place = format!("{}: a group", case.name);
            assert_eq!(errors.rows as f64, expected.rows, "{place}");
            assert_same(errors.mean_error(), expected.mean_error, &place);
            let absolute = errors.mean_absolute_error();
            assert_same(absolute, expected.mean_absolute_error, &place);
            let squared = errors.root_mean_squared_error();
            assert_same(squared, expected.root_mean_squared_error, &place);
        }
        let disparity = ErrorDisparity::between_groups(&groups);
        assert_close(&json(&disparity), &expected.disparity, &case.name);
    }
}

#[test]
fn paired_intervals_are_those_of_scipy() {
    let golden = golden();
    for (case, expected) in golden.quantities.iter().zip(&golden.paired) {
        let interval = paired_interval(&case.squared_errors(), DEVIATES);
        assert_close(&json(&interval), expected, &case.name);
    }
}

#[test]
fn a_paired_interval_covers_the_true_difference_as_often_as_it_says() {
    let mut random = ChaCha8Rng::seed_from_u64(1);
    let mut loss = || random.random_range(-1.0_f64..1.0).powi(2);
    let covered = (0..1_000).filter(|_| {
        // Of two models that are equally good.
        let losses: PairedLosses = (0..100).map(|_| (loss(), loss())).collect();
        let interval = paired_interval(&losses, DEVIATES).unwrap();
        interval.low <= 0.0 && 0.0 <= interval.high
    });
    let share = covered.count() as f64 / 1_000.0;
    assert!((0.93..=0.97).contains(&share), "{share}");
}

#[test]
fn truths_that_are_all_the_same_do_not_vary_by_the_rounding_of_their_mean() {
    let mut evaluation = RegressionEvaluation::new();
    for _ in 0..10 {
        evaluation.push(0.1, 0.2).unwrap();
    }
    assert_eq!(evaluation.metrics().r2, Some(0.0));
}

#[test]
fn json_of_a_quantity_has_its_names() {
    let mut evaluation = RegressionEvaluation::new();
    evaluation.push(1.0, 3.0).unwrap();
    let expected = serde_json::json!({
        "rows": 1,
        "mean_absolute_error": 2.0,
        "root_mean_squared_error": 2.0,
        "r2": null,
        "mean_error": 2.0,
        "error_quantiles": {
            "percentile_5": 2.0,
            "percentile_25": 2.0,
            "median": 2.0,
            "percentile_75": 2.0,
            "percentile_95": 2.0,
        },
    });
    assert_eq!(json(&Evaluation::from(evaluation).metrics()), expected);
}

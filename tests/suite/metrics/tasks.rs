//! Figures of classes and of quantities by one way, and never mixed up.

use per_entity::error::EvaluationError;
use per_entity::metrics::{
    ClassificationEvaluation, Evaluation, Metric, Metrics, Overall, Pool, RegressionEvaluation,
};
use per_entity::schema::Task;
use serde_json::Value;

use super::values::{GOLDEN, json};

fn of_classes() -> Evaluation {
    let mut rows = ClassificationEvaluation::new(2);
    rows.push(Some(0), &[0.8, 0.2]).unwrap();
    rows.push(Some(0), &[0.3, 0.7]).unwrap();
    rows.push(Some(1), &[0.4, 0.6]).unwrap();
    rows.into()
}

fn of_a_quantity() -> Evaluation {
    let mut rows = RegressionEvaluation::new();
    rows.push(1.0, 2.0).unwrap();
    rows.push(3.0, 3.0).unwrap();
    rows.into()
}

fn overall(evaluation: &Evaluation, mut pool: Pool) -> Overall {
    pool.add(evaluation, &evaluation.metrics()).unwrap();
    pool.overall()
}

#[test]
fn overall_figures_survive_json_as_what_they_are() {
    let overalls = [
        overall(&of_classes(), Pool::classification(2)),
        overall(&of_a_quantity(), Pool::regression()),
        Pool::classification(0).overall(),
        Pool::regression().overall(),
    ];
    for overall in overalls {
        let again: Overall = serde_json::from_value(json(&overall)).unwrap();
        assert_eq!(again, overall);
    }
}

#[test]
fn overall_figures_of_classes_are_read_as_they_were_written_before() {
    let golden: Value = serde_json::from_str(GOLDEN).unwrap();
    let overall: Overall = serde_json::from_value(golden["overall"].clone()).unwrap();
    assert_eq!(overall.task(), Task::Classification);
    assert_eq!(overall.micro.rows(), golden["overall"]["micro"]["rows"]);
    for (summary, name) in [
        (&overall.macro_mean, "macro_mean"),
        (&overall.weighted_mean, "weighted_mean"),
    ] {
        for metric in Metric::all_of(Task::Classification) {
            let mean = &golden["overall"][name][metric.key()];
            assert_eq!(json(&summary.get(metric).unwrap()), *mean, "{name}");
        }
    }
}

#[test]
fn damaged_figures_do_not_pass_for_those_of_the_other_task() {
    let metrics = json(&of_classes().metrics());
    for name in ["unseen", "averages", "per_class"] {
        let mut damaged = metrics.clone();
        damaged.as_object_mut().unwrap().remove(name);
        let read = serde_json::from_value::<Metrics>(damaged);
        let error = read.unwrap_err().to_string();
        assert!(error.contains("figures of classes"), "{name}: {error}");
    }
    assert!(serde_json::from_value::<Metrics>(serde_json::json!({ "rows": 3 })).is_err());
}

#[test]
fn classes_and_quantities_are_not_merged() {
    let refused = |expected, found| Err(EvaluationError::Task { expected, found });
    let (classes, quantity) = (of_classes(), of_a_quantity());
    let mut merged = classes.clone();
    let outcome = merged.merge(&quantity);
    assert_eq!(outcome, refused(Task::Classification, Task::Regression));
    assert_eq!(merged, classes);

    let mut pool = Pool::regression();
    for (evaluation, metrics) in [(&classes, &quantity), (&quantity, &classes)] {
        let added = pool.add(evaluation, &metrics.metrics());
        assert_eq!(added, refused(Task::Regression, Task::Classification));
    }
    assert_eq!(pool.overall(), Pool::regression().overall());
}

#[test]
fn each_metric_is_of_the_figures_of_its_task() {
    for (evaluation, pool) in [
        (of_classes(), Pool::classification(2)),
        (of_a_quantity(), Pool::regression()),
    ] {
        let overall = overall(&evaluation, pool);
        let figures = json(&evaluation.metrics());
        for metric in Metric::ALL {
            let figure = metric.of(&evaluation.metrics());
            let mean = overall.macro_mean.get(metric).and_then(|mean| mean.value);
            let is_its = metric.task() == evaluation.task();
            assert_eq!(figure.is_some(), is_its, "{}", metric.key());
            assert_eq!(mean, figure, "{}", metric.key());
            assert_eq!(figure, figures[metric.key()].as_f64(), "{}", metric.key());
        }
        let default = Metric::default_of(evaluation.task());
        assert_eq!(default.task(), evaluation.task());
    }
}

#[test]
fn errors_are_better_the_smaller_and_r2_the_larger() {
    assert!(Metric::MeanAbsoluteError.loss(1.0, 2.0) > 0.0);
    assert!(Metric::RootMeanSquaredError.loss(1.0, 2.0) > 0.0);
    assert!(Metric::R2.loss(1.0, 2.0) < 0.0);
}

#[test]
fn a_metric_is_stored_by_its_slug() {
    for metric in Metric::ALL {
        assert_eq!(json(&metric), metric.slug());
        assert_eq!(metric.slug().replace('-', "_"), metric.key());
    }
}

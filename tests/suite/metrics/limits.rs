//! The limits: no rows, certainty, what is refused.

use per_entity::error::EvaluationError;
use per_entity::metrics::{
    CalibrationBin, ClassificationEvaluation, Disparity, Evaluation, GroupCounts, Metric, Pool,
    wilson_interval,
};

use super::values::json;

#[test]
fn a_wilson_interval_reaches_the_proportions_of_0_and_1_exactly() {
    for trials in 1..2_000 {
        assert_eq!(wilson_interval(0, trials, 1.96).0, 0.0, "0 of {trials}");
        assert_eq!(wilson_interval(trials, trials, 1.96).1, 1.0, "all {trials}");
    }
}

#[test]
fn certainty_costs_one_epsilon_of_log_loss() {
    let mut evaluation = ClassificationEvaluation::new(2);
    evaluation.push(Some(1), &[0.0, 1.0]).unwrap();
    let loss = evaluation.metrics().log_loss.unwrap();
    assert!((loss / f64::EPSILON - 1.0).abs() < 1e-9, "{loss}");
}

#[test]
fn nothing_is_defined_without_rows() {
    for class_count in [0, 1, 2, 3] {
        let metrics = json(&ClassificationEvaluation::new(class_count).metrics());
        for (name, value) in metrics.as_object().unwrap() {
            let expected = match name.as_str() {
                "rows" | "unseen" => value == 0,
                "averages" | "per_class" => true,
                _ => value.is_null(),
            };
            assert!(expected, "{class_count} classes: {name} is {value}");
        }
    }
    for pool in [Pool::classification(2), Pool::regression()] {
        let overall = pool.overall();
        for metric in Metric::ALL {
            assert_eq!(metric.of(&overall.micro), None);
            for summary in [overall.macro_mean, overall.weighted_mean] {
                let mean = summary.get(metric);
                assert_eq!(mean.is_some(), metric.task() == overall.task());
                assert_eq!(mean.and_then(|mean| mean.value), None);
            }
        }
    }
    let calibration = ClassificationEvaluation::new(0).calibration();
    assert_eq!(calibration.expected_calibration_error, None);
    assert_eq!(calibration.bins, [CalibrationBin::default(); 10]);

    let empty = GroupCounts::default();
    let disparity = Disparity::between_groups([&empty, &empty]);
    assert_eq!(disparity.groups, 0);
    assert_eq!(disparity.demographic_parity_difference, None);
}

#[test]
fn bad_rows_are_refused_and_leave_no_trace() {
    let mut evaluation = ClassificationEvaluation::new(2);
    let class_count = |expected, found| Err(EvaluationError::ClassCount { expected, found });
    assert_eq!(evaluation.push(Some(0), &[1.0]), class_count(2, 1));
    assert_eq!(
        evaluation.push(Some(0), &[0.2, 0.3, 0.5]),
        class_count(2, 3)
    );
    assert_eq!(
        ClassificationEvaluation::new(0).push(None, &[]),
        class_count(1, 0)
    );
    let truth = Err(EvaluationError::Truth {
        class: 2,
        class_count: 2,
    });
    assert_eq!(evaluation.push(Some(2), &[0.5, 0.5]), truth);
    let probability = |class, value| Err(EvaluationError::Probability { class, value });
    assert_eq!(evaluation.push(Some(0), &[1.5, 0.0]), probability(0, 1.5));
    assert_eq!(evaluation.push(Some(0), &[0.5, -0.5]), probability(1, -0.5));
    assert!(evaluation.push(Some(0), &[f64::NAN, 0.5]).is_err());
    assert_eq!(evaluation, ClassificationEvaluation::new(2));

    let merged = evaluation.merge(&ClassificationEvaluation::new(3));
    assert_eq!(merged.map(|()| 0), class_count(2, 3));
    let other = Evaluation::classification(3);
    let added = Pool::classification(2).add(&other, &other.metrics());
    assert_eq!(added.map(|()| 0), class_count(2, 3));
}

#[test]
fn the_first_of_equally_probable_classes_is_predicted() {
    let mut evaluation = ClassificationEvaluation::new(3);
    assert_eq!(evaluation.push(Some(1), &[0.2, 0.4, 0.4]), Ok(1));
    assert_eq!(evaluation.push(None, &[0.0, 0.0, 1.0]), Ok(2));
    assert_eq!(evaluation.confusion().count(1, 1), 1);
    assert_eq!(evaluation.confusion().unseen(), 1);
}

#[test]
fn a_bin_contains_its_upper_end() {
    let mut evaluation = ClassificationEvaluation::new(2);
    let just_above = |edge: f64| f64::from_bits(edge.to_bits() + 1);
    for tenths in 0..10 {
        let edge = f64::from(tenths) / 10.0;
        for probability in [edge, just_above(edge)] {
            evaluation
                .push(Some(1), &[1.0 - probability, probability])
                .unwrap();
        }
    }
    evaluation.push(Some(1), &[0.0, 1.0]).unwrap();
    let rows = evaluation.calibration().bins.map(|bin| bin.rows);
    assert_eq!(rows, [3, 2, 2, 2, 2, 2, 2, 2, 2, 2]);
}

#[test]
fn a_row_of_an_unseen_class_never_comes_true() {
    for class_count in 1..4 {
        let mut certain = vec![0.0; class_count];
        certain[class_count - 1] = 1.0;
        let mut evaluation = ClassificationEvaluation::new(class_count);
        evaluation.push(None, &certain).unwrap();
        let calibration = evaluation.calibration();
        assert_eq!(calibration.bins[9].observed_share, Some(0.0));
        assert_eq!(calibration.expected_calibration_error, Some(1.0));
    }
}

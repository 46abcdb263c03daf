//! The paired bootstrap.

use per_entity::error::EvaluationError;
use per_entity::metrics::{PairedOutcomes, paired_bootstrap};

use super::values::{TOLERANCE, paired};

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

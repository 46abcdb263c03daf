//! Derivatives are those of the losses, and starts are where these are least.

use super::{Loss, LossFunction, with_loss};

const LOSSES: [Loss; 5] = [
    Loss::Squared,
    Loss::Absolute,
    Loss::Poisson,
    Loss::Logistic,
    Loss::Softmax(3),
];

fn derivatives(loss: Loss, target: f64, scores: &[f64]) -> Vec<[f64; 2]> {
    let mut derivatives = vec![[0.0; 2]; scores.len()];
    with_loss!(loss, loss => loss.derive(target, scores, &mut derivatives));
    derivatives
}

/// Scores of a row, not symmetric.
fn scores(loss: Loss, shift: f64) -> Vec<f64> {
    (0..loss.outputs())
        .map(|output| 0.3 + shift + 0.7 * output as f64)
        .collect()
}

#[test]
fn gradients_are_the_slopes_of_losses() {
    const STEP: f64 = 1e-6;
    for loss in LOSSES {
        for (target, shift) in [(0.0, 0.0), (1.0, -2.0), (1.0, 1.5)] {
            let at = scores(loss, shift);
            for (output, [gradient, hessian]) in derivatives(loss, target, &at).iter().enumerate() {
                let moved = |step: f64| {
                    let mut scores = at.clone();
                    scores[output] += step;
                    loss.of(target, &scores)
                };
                let slope = (moved(STEP) - moved(-STEP)) / (2.0 * STEP);
                assert!((gradient + slope).abs() < 1e-5, "{loss:?} {target}");
                assert!(*hessian > 0.0, "{loss:?}");
            }
        }
    }
}

#[test]
fn no_constant_loses_less_than_the_start() {
    let rows = [(1.0, 2.0), (0.0, 1.0), (1.0, 0.5), (2.0, 1.0), (1.0, 1.0)];
    for loss in LOSSES {
        let rows: Vec<(f64, f64)> = rows
            .iter()
            .map(|&(target, weight)| match loss {
                Loss::Logistic => (f64::min(target, 1.0), weight),
                _ => (target, weight),
            })
            .collect();
        let start = with_loss!(loss, loss => loss.start(&mut rows.iter().copied()));
        let total = |scores: &[f64]| -> f64 {
            let losses = rows
                .iter()
                .map(|&(target, weight)| weight * loss.of(target, scores));
            losses.sum()
        };
        for output in 0..loss.outputs() {
            for step in [-0.1, 0.1] {
                let mut moved = start.clone();
                moved[output] += step;
                assert!(total(&moved) >= total(&start) - 1e-12, "{loss:?}");
            }
        }
    }
}

#[test]
fn probabilities_sum_to_one_however_large_scores_are() {
    for (loss, scores) in [
        (Loss::Logistic, vec![800.0]),
        (Loss::Logistic, vec![-800.0]),
        (Loss::Softmax(3), vec![1e4, -1e4, 0.0]),
    ] {
        let mut probabilities = vec![0.0; scores.len().max(2)];
        loss.predict(&scores, &mut probabilities);
        assert!((probabilities.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(loss.of(1.0, &scores).is_finite());
    }
}

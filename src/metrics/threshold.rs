//! The probability from which on a class is best predicted.

use serde::{Deserialize, Serialize};

/// What a threshold is the best by: a figure of the positive class against all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ThresholdMetric {
    /// The harmonic mean of precision and recall, `2 TP / (2 TP + FP + FN)`.
    F1,
    /// The mean of the recall of the positive class and that of all others together,
    /// `(TP / P + TN / N) / 2`.
    BalancedAccuracy,
}

/// Predicted rows, by what they are.
#[derive(Clone, Copy, Default)]
struct Counts {
    positives: u64,
    others: u64,
}

impl ThresholdMetric {
    /// Both of them.
    pub const ALL: [ThresholdMetric; 2] = [Self::F1, Self::BalancedAccuracy];

    /// `f1` or `balanced-accuracy`.
    pub fn slug(self) -> &'static str {
        match self {
            Self::F1 => "f1",
            Self::BalancedAccuracy => "balanced-accuracy",
        }
    }

    /// The threshold with the highest figure, where rows whose probability is at least as high are
    /// predicted to be positive: of all probabilities of the rows, that one; on a tie the one
    /// nearest to 0.5, then the lower one. Rows are the probability of the positive class, from 0
    /// to 1, and whether it is the true one.
    ///
    /// Nothing unless some rows are positive and some are not.
    ///
    /// ```
    /// use per_entity::metrics::ThresholdMetric;
    ///
    /// let rows = vec![(0.1, false), (0.3, true), (0.4, false), (0.8, true)];
    /// assert_eq!(ThresholdMetric::F1.best(rows), Some(0.3));
    /// ```
    pub fn best(self, mut rows: Vec<(f64, bool)>) -> Option<f64> {
        let positives = rows.iter().filter(|(_, is_positive)| *is_positive).count() as u64;
        let all = Counts {
            positives,
            others: rows.len() as u64 - positives,
        };
        if all.positives == 0 || all.others == 0 {
            return None;
        }
        rows.sort_unstable_by(|(one, _), (other, _)| other.total_cmp(one));
        let mut predicted = Counts::default();
        let mut best: Option<(f64, f64)> = None;
        for tied in rows.chunk_by(|(one, _), (other, _)| one == other) {
            for (_, is_positive) in tied {
                predicted.positives += u64::from(*is_positive);
                predicted.others += u64::from(!is_positive);
            }
            let (probability, _) = tied[0];
            let figure = self.figure(predicted, all);
            // Probabilities fall, so of two that are as near the lower one comes later.
            let is_better = best.is_none_or(|(highest, threshold)| {
                let is_as_near = (probability - 0.5).abs() <= (threshold - 0.5).abs();
                figure > highest || figure == highest && is_as_near
            });
            if is_better {
                best = Some((figure, probability));
            }
        }
        best.map(|(_, threshold)| threshold)
    }

    /// The figure up to a factor, a quotient of whole numbers that is rounded once: equal figures
    /// are equal numbers.
    fn figure(self, predicted: Counts, all: Counts) -> f64 {
        match self {
            Self::F1 => {
                let sum = predicted.positives + predicted.others + all.positives;
                predicted.positives as f64 / sum as f64
            }
            Self::BalancedAccuracy => {
                let true_negatives = all.others - predicted.others;
                let product = |one: u64, other: u64| u128::from(one) * u128::from(other);
                let sum = product(predicted.positives, all.others)
                    + product(true_negatives, all.positives);
                sum as f64
            }
        }
    }
}

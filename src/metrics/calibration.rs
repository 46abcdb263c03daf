//! Whether what is predicted with a probability of 70 % is true of 70 % of the rows.

use serde::{Deserialize, Serialize};

use super::confusion::ratio;

/// How probabilities compare with what was observed, in ten bins by the predicted probability.
///
/// For two classes, the probability is that of class 1, and it is observed whether a row is of
/// that class. Otherwise the probability is that of the predicted class, the highest of each row,
/// and it is observed whether that class was right; such a probability is nowhere below 1 over the
/// number of classes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Calibration {
    /// The bins for probabilities above 0 up to 0.1, above 0.1 up to 0.2, and so on; 0 itself is
    /// in the first.
    pub bins: [CalibrationBin; 10],
    /// The mean over rows of how far apart the mean prediction and the observed share of their bin
    /// are, in 0..=1; `None` without rows. See M. P. Naeini, G. F. Cooper and M. Hauskrecht (2015),
    /// "Obtaining well calibrated probabilities using Bayesian binning", AAAI, for two classes, and
    /// C. Guo, G. Pleiss, Y. Sun and K. Q. Weinberger (2017), "On calibration of modern neural
    /// networks", ICML, equation 3, for more.
    pub expected_calibration_error: Option<f64>,
}

/// The rows whose predicted probability lies within one tenth. See
/// `sklearn.calibration.calibration_curve`, whose bins contain their lower ends instead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CalibrationBin {
    /// The number of rows.
    pub rows: u64,
    /// The mean of their predicted probabilities; `None` without rows.
    pub mean_predicted: Option<f64>,
    /// The share of them that came true; `None` without rows.
    pub observed_share: Option<f64>,
}

/// The upper ends of all bins but the last.
const INNER_EDGES: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/// What one bin is made of.
#[derive(Clone, Copy, Default)]
struct Counts {
    rows: u64,
    predicted_sum: f64,
    observed: u64,
}

impl Calibration {
    /// From each row's probability and whether it came true.
    pub(super) fn of(rows: impl Iterator<Item = (f64, bool)>) -> Self {
        let mut counts = [Counts::default(); 10];
        for (probability, is_observed) in rows {
            let bin = INNER_EDGES.partition_point(|&edge| edge < probability);
            counts[bin].rows += 1;
            counts[bin].predicted_sum += probability;
            counts[bin].observed += u64::from(is_observed);
        }
        let gap = |bin: &Counts| (bin.predicted_sum - bin.observed as f64).abs();
        let gaps: f64 = counts.iter().map(gap).sum();
        let rows: u64 = counts.iter().map(|bin| bin.rows).sum();
        Self {
            bins: counts.map(Counts::bin),
            expected_calibration_error: (rows > 0).then(|| gaps / rows as f64),
        }
    }
}

impl Counts {
    fn bin(self) -> CalibrationBin {
        CalibrationBin {
            rows: self.rows,
            mean_predicted: (self.rows > 0).then(|| self.predicted_sum / self.rows as f64),
            observed_share: ratio(self.observed, self.rows),
        }
    }
}

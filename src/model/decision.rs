//! How a class is decided on.

use serde::{Deserialize, Serialize};

use crate::tree::heaviest;

/// A class and the least probability with which it is predicted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// Position of the class.
    pub positive: u32,
    /// From this probability on the class is predicted, below it the most probable other one.
    pub threshold: f64,
}

/// The position of the most probable class, or what a decision makes of it; `total` is the sum of
/// the weights, of probabilities 1.
pub(super) fn decide(decision: Option<Decision>, weights: &[f64], total: f64) -> usize {
    let Some(Decision {
        positive,
        threshold,
    }) = decision
    else {
        return heaviest(weights);
    };
    let positive = positive as usize;
    // The very quotient that is given out as the probability: thresholds may be such.
    if weights[positive] / total >= threshold || weights.len() == 1 {
        return positive;
    }
    let mut best = usize::from(positive == 0);
    for (class, weight) in weights.iter().enumerate() {
        if class != positive && *weight > weights[best] {
            best = class;
        }
    }
    best
}

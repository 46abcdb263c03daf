//! Which sample weights there can be.

use std::ops::RangeInclusive;

/// The sample weights that a model can be trained with: the squares and sums of as many as there
/// can be rows neither overflow nor vanish.
pub const SAMPLE_WEIGHTS: RangeInclusive<f64> = 1e-100..=1e100;

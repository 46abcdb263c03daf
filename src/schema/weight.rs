//! Sample weights.

use std::ops::RangeInclusive;

/// The sample weights that a tree can be grown with: the squares and sums of as many as there can
/// be rows neither overflow nor vanish.
pub const SAMPLE_WEIGHTS: RangeInclusive<f64> = 1e-100..=1e100;

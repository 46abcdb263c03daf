//! How sure figures are, and how many rows they need to say something.

/// An entity stands out only with at least so many rows, and a group only counts then.
pub const ENOUGH_ROWS: u64 = 30;

/// The confidence of intervals.
pub(super) const CONFIDENCE: f64 = 0.95;

/// Standard normal deviates of an interval with that confidence.
pub(super) const DEVIATES: f64 = 1.959_963_984_540_054;

//! What rows count for: all the same, or by sample weights.

use std::ops::{AddAssign, SubAssign};

/// What a run sums up: rows where all rows count the same, sample weights otherwise.
pub(super) trait Weight: Copy + Default + AddAssign + SubAssign + Send + Sync {
    /// Whether sums are whole numbers.
    const WHOLE: bool;

    fn value(self) -> f64;

    /// The weight of the row at `position`; `weights` is empty where all rows count the same.
    fn of(weights: &[Self], position: usize) -> Self;

    /// The weight of some rows.
    fn total(weights: &[Self], rows: &[u32]) -> f64;

    /// The rows behind one run.
    fn rows(counts: &[Self], run_rows: &[u32], run: usize) -> usize;
}

impl Weight for u32 {
    const WHOLE: bool = true;

    #[inline(always)]
    fn value(self) -> f64 {
        self.into()
    }

    #[inline(always)]
    fn of(_: &[u32], _: usize) -> Self {
        1
    }

    fn total(_: &[u32], rows: &[u32]) -> f64 {
        rows.len() as f64
    }

    #[inline(always)]
    fn rows(counts: &[u32], _: &[u32], _: usize) -> usize {
        counts.iter().sum::<u32>() as usize
    }
}

impl Weight for f64 {
    const WHOLE: bool = false;

    #[inline(always)]
    fn value(self) -> f64 {
        self
    }

    #[inline(always)]
    fn of(weights: &[f64], position: usize) -> Self {
        weights[position]
    }

    fn total(weights: &[f64], rows: &[u32]) -> f64 {
        rows.iter().map(|&row| weights[row as usize]).sum()
    }

    #[inline(always)]
    fn rows(_: &[f64], run_rows: &[u32], run: usize) -> usize {
        run_rows[run] as usize
    }
}

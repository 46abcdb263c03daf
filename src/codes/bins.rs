//! Numbers gathered in bins, for learners that need not look at every value.

use super::{CodeColumn, Codes};
use crate::schema::FeatureKind;

/// The most bins of a feature: with one code more for missing values they fit into a byte.
pub const MAX_BINS: usize = 255;

/// Where the bins of a numeric feature end.
///
/// Bins are formed as LightGBM forms them (Ke et al. 2017): where there are more values than bins,
/// a value of at least an average bin's rows has a bin of its own, and the others share what is left
/// by their rows. So a long tail does not lose its bins to a few frequent values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NumberBins {
    /// The largest number of each bin but the last, or what lies between it and the next.
    edges: Vec<f64>,
}

impl NumberBins {
    /// The bins of these numbers, NaN for missing ones; at most `max_bins` of them.
    ///
    /// # Panics
    ///
    /// If `max_bins` is 0 or above [`MAX_BINS`].
    pub fn of(numbers: &[f64], max_bins: usize) -> Self {
        assert!((1..=MAX_BINS).contains(&max_bins), "1 to {MAX_BINS} bins");
        let mut sorted: Vec<f64> = numbers.iter().copied().filter(|n| !n.is_nan()).collect();
        // Both zeros are one value.
        sorted.iter_mut().for_each(|number| *number += 0.0);
        sorted.sort_unstable_by(f64::total_cmp);
        let runs = sorted.chunk_by(|one, other| one == other);
        let values: Vec<(f64, usize)> = runs.map(|run| (run[0], run.len())).collect();
        Self::of_counted(&values, max_bins)
    }

    /// The bins of ascending values, each with its rows.
    pub(crate) fn of_counted(values: &[(f64, usize)], max_bins: usize) -> Self {
        let ends = match values.len() <= max_bins {
            true => (0..values.len().saturating_sub(1)).collect(),
            false => shared_ends(values, max_bins),
        };
        let edge = |end: usize| middle(values[end].0, values[end + 1].0);
        Self::from_edges(ends.into_iter().map(edge).collect())
    }

    /// Bins that end at these numbers, which ascend.
    pub(crate) fn from_edges(edges: Vec<f64>) -> Self {
        Self { edges }
    }

    /// Where bins end, ascending: a number is in the first bin whose edge is not below it, and in the
    /// last one where there is none.
    pub fn edges(&self) -> &[f64] {
        &self.edges
    }

    /// Number of bins, 1 or more, which is the code of missing numbers.
    pub fn len(&self) -> usize {
        self.edges.len() + 1
    }

    /// Never: there is at least one bin.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// The bin of a number; of NaN the code of missing ones.
    #[inline]
    pub fn code(&self, number: f64) -> u8 {
        if number.is_nan() {
            return self.len() as u8;
        }
        self.edges.partition_point(|&edge| edge < number) as u8
    }

    /// The column of bins of these numbers.
    pub fn column(&self, numbers: impl Iterator<Item = f64>) -> CodeColumn {
        CodeColumn {
            kind: FeatureKind::Numeric,
            cardinality: self.len() as u32 + 1,
            missing: true,
            codes: Codes::U8(numbers.map(|number| self.code(number)).collect()),
        }
    }
}

/// The positions of values that end bins, where there are more values than bins.
fn shared_ends(values: &[(f64, usize)], max_bins: usize) -> Vec<usize> {
    let rows: usize = values.iter().map(|(_, rows)| rows).sum();
    let average = rows as f64 / max_bins as f64;
    let is_big = |position: usize| values[position].1 as f64 >= average;
    let (mut bins_left, mut rows_left) = (max_bins, rows);
    for position in (0..values.len()).filter(|&position| is_big(position)) {
        bins_left -= 1;
        rows_left -= values[position].1;
    }
    let mut share = rows_left as f64 / bins_left.max(1) as f64;
    let mut ends = Vec::with_capacity(max_bins);
    let mut gathered = 0;
    let all_but_last = &values[..values.len() - 1];
    for (position, &(_, value_rows)) in all_but_last.iter().enumerate() {
        gathered += value_rows;
        if !is_big(position) {
            rows_left -= value_rows;
        }
        let is_full = gathered as f64 >= share;
        let next_is_big = is_big(position + 1) && gathered as f64 >= (share / 2.0).max(1.0);
        if is_big(position) || is_full || next_is_big {
            ends.push(position);
            gathered = 0;
            if ends.len() == max_bins - 1 {
                break;
            }
            if !is_big(position) {
                bins_left = bins_left.saturating_sub(1);
                share = rows_left as f64 / bins_left.max(1) as f64;
            }
        }
    }
    ends
}

/// What lies between two neighbouring values, or the lower one where nothing does.
fn middle(lower: f64, upper: f64) -> f64 {
    let middle = lower / 2.0 + upper / 2.0;
    if middle < upper && middle >= lower {
        middle
    } else {
        lower
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_have_a_bin_each() {
        let bins = NumberBins::of(&[3.0, 1.0, f64::NAN, 2.0, 1.0], 255);
        assert_eq!(bins.edges(), [1.5, 2.5]);
        assert_eq!([0.0, 1.0, 2.0, 9.0].map(|n| bins.code(n)), [0, 0, 1, 2]);
        assert_eq!(bins.code(f64::NAN), 3);
    }

    #[test]
    fn a_frequent_value_has_a_bin_of_its_own_and_a_tail_keeps_its_bins() {
        let mut numbers = vec![0.0; 9_000];
        numbers.extend((1..=1_000).map(f64::from));
        let bins = NumberBins::of(&numbers, 11);
        assert_eq!(bins.len(), 11);
        assert_eq!(bins.code(0.0), 0);
        let tail: Vec<u8> = (1..=1_000).map(|n| bins.code(f64::from(n))).collect();
        for bin in 1..11 {
            assert_eq!(tail.iter().filter(|&&code| code == bin).count(), 100);
        }
    }

    #[test]
    fn numbers_without_room_between_them_stay_apart() {
        let upper = f64::from_bits(1.0_f64.to_bits() + 1);
        let bins = NumberBins::of(&[1.0, upper, f64::MAX, f64::MIN], 255);
        assert_eq!(
            [f64::MIN, 1.0, upper, f64::MAX].map(|n| bins.code(n)),
            [0, 1, 2, 3]
        );
    }
}

//! The splitter searches: the best split of one node on one feature, exactly.
//!
//! The node's rows are brought together as *runs*, the class weights of all rows that share a
//! code: by a histogram where the node has rows enough for the feature's codes, by a sort where it
//! has not. One pass over the runs then scores every split.

use std::ops::AddAssign;

use super::criterion::{Score, Side};
use super::{Criterion, Split};
use crate::encode::{CodeColumn, Codes, FeatureKind};

/// What a run sums up: rows where all rows count the same, sample weights otherwise.
pub(super) trait Weight: Copy + Default + AddAssign + Send + Sync {
    /// Whether sums are whole numbers.
    const WHOLE: bool;

    fn value(self) -> f64;

    /// The weight of the node's row at `position`.
    fn of(weights: &[f64], position: usize) -> Self;

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
    fn of(_: &[f64], _: usize) -> Self {
        1
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

    #[inline(always)]
    fn rows(_: &[f64], run_rows: &[u32], run: usize) -> usize {
        run_rows[run] as usize
    }
}

/// A node's rows, and what the search on every feature shares.
pub(super) struct NodeRows<'a> {
    /// Positions of the rows in the matrix.
    pub rows: &'a [u32],
    /// The class of each of `rows`.
    pub labels: &'a [u32],
    /// The weight of each of `rows`; empty where all rows count the same.
    pub weights: &'a [f64],
    /// The node's weight by class.
    pub totals: &'a [f64],
}

/// A split and its score.
#[derive(Clone, Copy, Debug)]
pub(super) struct ScoredSplit {
    pub split: Split,
    pub score: Score,
}

/// What the search on one feature found.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    /// All rows have the same code, so no node below can split on the feature either.
    Constant,
    /// No split leaves enough rows on both sides.
    Nothing,
    /// The best split, the lowest code on a tie.
    Best(ScoredSplit),
}

/// A histogram is built where it has at most this many slots per row of the node.
const HISTOGRAM_SLOTS_PER_ROW: usize = 4;

/// The runs of a node on one feature, and the buffers that make them; kept from node to node.
#[derive(Default)]
pub(super) struct Runs<W> {
    /// Weight by class, run after run.
    counts: Vec<W>,
    /// Rows of each run; kept only where weights are not rows.
    rows: Vec<u32>,
    /// The code of each run, ascending; empty where run `i` has code `i`.
    codes: Vec<u32>,
    /// A code in the high half, the position in the node in the low half.
    keys: Vec<u64>,
    /// A code, and the label in the low bits.
    packed: Vec<u32>,
    /// Weight by class on the left of the split at hand.
    left: Vec<f64>,
}

impl<W: Weight> Runs<W> {
    fn collect<C: Copy + Into<u32>>(&mut self, codes: &[C], cardinality: u32, node: &NodeRows) {
        let classes = node.totals.len();
        let slots = cardinality as usize * classes;
        self.counts.clear();
        self.rows.clear();
        self.codes.clear();
        if slots <= HISTOGRAM_SLOTS_PER_ROW * node.rows.len() {
            self.counts.resize(slots, W::default());
            self.histogram(codes, cardinality, classes, node);
        } else {
            self.sort(codes, cardinality, classes, node);
        }
    }

    fn histogram<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        cardinality: u32,
        classes: usize,
        node: &NodeRows,
    ) {
        if !W::WHOLE {
            self.rows.resize(cardinality as usize, 0);
        }
        for (position, (&row, &label)) in node.rows.iter().zip(node.labels).enumerate() {
            let code = codes[row as usize].into() as usize;
            self.counts[code * classes + label as usize] += W::of(node.weights, position);
            if !W::WHOLE {
                self.rows[code] += 1;
            }
        }
    }

    fn sort<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        cardinality: u32,
        classes: usize,
        node: &NodeRows,
    ) {
        let label_bits = usize::BITS - (classes - 1).leading_zeros();
        let packed = W::WHOLE && (cardinality - 1).leading_zeros() >= label_bits;
        if packed {
            self.sort_packed(codes, classes, label_bits, node);
        } else {
            self.sort_positions(codes, classes, node);
        }
    }

    /// Where rows count the same, code and label in one word are all that is to be sorted.
    fn sort_packed<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        label_bits: u32,
        node: &NodeRows,
    ) {
        self.packed.clear();
        let rows = node.rows.iter().zip(node.labels);
        self.packed
            .extend(rows.map(|(&row, &label)| codes[row as usize].into() << label_bits | label));
        self.packed.sort_unstable();
        let mask = (1 << label_bits) - 1;
        let mut last = None;
        for &key in &self.packed {
            let code = key >> label_bits;
            if last != Some(code) {
                last = Some(code);
                self.codes.push(code);
                self.counts
                    .resize(self.counts.len() + classes, W::default());
            }
            let run = self.counts.len() - classes;
            self.counts[run + (key & mask) as usize] += W::of(&[], 0);
        }
    }

    fn sort_positions<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        node: &NodeRows,
    ) {
        self.keys.clear();
        self.keys
            .extend(node.rows.iter().enumerate().map(|(position, &row)| {
                let code: u32 = codes[row as usize].into();
                u64::from(code) << 32 | position as u64
            }));
        self.keys.sort_unstable();
        let mut last = None;
        for &key in &self.keys {
            let (code, position) = ((key >> 32) as u32, key as u32 as usize);
            if last != Some(code) {
                last = Some(code);
                self.codes.push(code);
                self.counts
                    .resize(self.counts.len() + classes, W::default());
                if !W::WHOLE {
                    self.rows.push(0);
                }
            }
            let run = self.codes.len() - 1;
            self.counts[run * classes + node.labels[position] as usize] +=
                W::of(node.weights, position);
            if !W::WHOLE {
                self.rows[run] += 1;
            }
        }
    }
}

/// Searches for splits that leave at least `min_samples_leaf` rows on both sides.
#[derive(Clone, Copy)]
pub(super) struct Splitter {
    pub criterion: Criterion,
    pub min_samples_leaf: usize,
}

impl Splitter {
    /// The best split of a node on one feature.
    pub fn search<W: Weight>(
        &self,
        feature: u32,
        column: &CodeColumn,
        node: &NodeRows,
        runs: &mut Runs<W>,
    ) -> Found {
        match &column.codes {
            Codes::U8(codes) => runs.collect(contiguous(codes), column.cardinality, node),
            Codes::U16(codes) => runs.collect(contiguous(codes), column.cardinality, node),
            Codes::U32(codes) => runs.collect(contiguous(codes), column.cardinality, node),
        }
        match node.totals.len() {
            2 => self.scan::<W, 2>(feature, column.kind, node, runs),
            _ => self.scan::<W, 0>(feature, column.kind, node, runs),
        }
    }

    /// Scores every split between the runs. `CLASSES` is the number of classes where it is known
    /// to the compiler, else 0.
    fn scan<W: Weight, const CLASSES: usize>(
        &self,
        feature: u32,
        kind: FeatureKind,
        node: &NodeRows,
        runs: &mut Runs<W>,
    ) -> Found {
        let classes = if CLASSES == 0 {
            node.totals.len()
        } else {
            CLASSES
        };
        let totals = &node.totals[..classes];
        runs.left.clear();
        runs.left.resize(classes, 0.0);
        let left = &mut runs.left[..classes];
        let mut left_rows = 0;
        let mut last_code = 0;
        let mut best: Option<ScoredSplit> = None;
        for (run, counts) in runs.counts.chunks_exact(classes).enumerate() {
            let rows = W::rows(counts, &runs.rows, run);
            if rows == 0 {
                continue;
            }
            if rows == node.rows.len() {
                return Found::Constant;
            }
            let code = runs.codes.get(run).copied().unwrap_or(run as u32);
            if kind == FeatureKind::Categorical {
                for (left, count) in left.iter_mut().zip(counts) {
                    *left = count.value();
                }
                left_rows = rows;
            }
            let right_rows = node.rows.len() - left_rows;
            if left_rows > 0 && left_rows.min(right_rows) >= self.min_samples_leaf {
                let (left, right) = Side::both(self.criterion, left, totals);
                let score = Score::new(self.criterion, left, right);
                if best.is_none_or(|best| score.beats(&best.score, self.criterion, W::WHOLE)) {
                    let split = match kind {
                        FeatureKind::Categorical => Split::Equal { feature, code },
                        FeatureKind::Numeric => Split::LessOrEqual {
                            feature,
                            code: last_code,
                            next: code,
                        },
                    };
                    best = Some(ScoredSplit { split, score });
                }
            }
            if kind == FeatureKind::Numeric {
                for (left, count) in left.iter_mut().zip(counts) {
                    *left += count.value();
                }
                left_rows += rows;
                last_code = code;
            }
        }
        best.map_or(Found::Nothing, Found::Best)
    }
}

/// The codes of a column as a slice.
pub(super) fn contiguous<C>(codes: &ndarray::Array1<C>) -> &[C] {
    codes
        .as_slice()
        .expect("codes are collected from an iterator, hence contiguous")
}

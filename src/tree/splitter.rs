//! The splitter searches: the best split of one node on one feature, exactly.
//!
//! The node's rows are brought together as *runs*, the class weights of all rows that share a
//! code: by a histogram where the node has rows enough for the feature's codes, by a sort where it
//! has not. One pass over the runs then scores every split.

use std::ops::{AddAssign, SubAssign};

use super::criterion::{Score, Side};
use super::{Criterion, Split};
use crate::encode::{CodeColumn, Codes, FeatureKind};

/// What a run sums up: rows where all rows count the same, sample weights otherwise.
pub(super) trait Weight: Copy + Default + AddAssign + SubAssign + Send + Sync {
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
const HISTOGRAM_SLOTS_PER_ROW: usize = 8;

/// The runs of a node on one feature, and the buffers that make them; kept from node to node.
#[derive(Default)]
pub(super) struct Runs<W> {
    /// The code of each run, ascending.
    codes: Vec<u32>,
    /// Weight by class, run after run.
    counts: Vec<W>,
    /// Rows of each run; kept only where weights are not rows.
    rows: Vec<u32>,
    /// Codes to be sorted, each with its label in the low bits.
    labelled: Vec<u32>,
    /// Codes to be sorted, each with its position in the node in the low half.
    positioned: Vec<u64>,
    /// Weight by class on the left of the split at hand.
    left: Vec<f64>,
}

impl<W: Weight> Runs<W> {
    #[inline(always)]
    fn collect<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        cardinality: u32,
        classes: usize,
        node: &NodeRows,
    ) {
        let rows = node.rows.len();
        let by_histogram = cardinality as usize * classes <= HISTOGRAM_SLOTS_PER_ROW * rows;
        self.clear(
            if by_histogram {
                cardinality as usize
            } else {
                rows
            },
            classes,
        );
        let runs = if by_histogram {
            self.histogram(codes, classes, node)
        } else {
            self.sort(codes, cardinality, classes, node)
        };
        self.codes.truncate(runs);
        self.counts.truncate(runs * classes);
    }

    /// Takes runs from counts by code and class of rows that all count the same.
    #[inline(always)]
    fn copy(&mut self, by_code: &[W], classes: usize) {
        let codes = by_code.len() / classes;
        self.codes.resize(codes, 0);
        self.counts.resize(codes * classes, W::default());
        // A code without rows is overwritten by the next one.
        let mut runs = 0;
        for (code, by_class) in by_code.chunks_exact(classes).enumerate() {
            self.codes[runs] = code as u32;
            self.counts[runs * classes..][..classes].copy_from_slice(by_class);
            runs += usize::from(W::rows(by_class, &[], 0) > 0);
        }
        self.codes.truncate(runs);
        self.counts.truncate(runs * classes);
    }

    /// Makes room for this many runs, without any rows.
    fn clear(&mut self, runs: usize, classes: usize) {
        self.codes.resize(runs, 0);
        self.counts.clear();
        self.counts.resize(runs * classes, W::default());
        if !W::WHOLE {
            self.rows.clear();
            self.rows.resize(runs, 0);
        }
    }

    #[inline(always)]
    fn histogram<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        node: &NodeRows,
    ) -> usize {
        let (counts, run_rows) = (&mut self.counts[..], &mut self.rows[..]);
        for (position, (&row, &label)) in node.rows.iter().zip(node.labels).enumerate() {
            let code = codes[row as usize].into() as usize;
            counts[code * classes + label as usize] += W::of(node.weights, position);
            if !W::WHOLE {
                run_rows[code] += 1;
            }
        }
        // The runs close ranks: a code without rows is overwritten by the next one.
        let mut runs = 0;
        for code in 0..self.codes.len() {
            let rows = W::rows(&counts[code * classes..][..classes], run_rows, code);
            self.codes[runs] = code as u32;
            counts.copy_within(code * classes..(code + 1) * classes, runs * classes);
            if !W::WHOLE {
                run_rows[runs] = run_rows[code];
            }
            runs += usize::from(rows > 0);
        }
        runs
    }

    #[inline(always)]
    fn sort<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        cardinality: u32,
        classes: usize,
        node: &NodeRows,
    ) -> usize {
        let label_bits = usize::BITS - (classes - 1).leading_zeros();
        if W::WHOLE && (cardinality - 1).leading_zeros() >= label_bits {
            self.sort_labelled(codes, classes, label_bits, node)
        } else {
            self.sort_positioned(codes, classes, node)
        }
    }

    /// Where all rows count the same, code and label are all that is to be sorted.
    #[inline(always)]
    fn sort_labelled<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        label_bits: u32,
        node: &NodeRows,
    ) -> usize {
        let mut keys = std::mem::take(&mut self.labelled);
        keys.clear();
        let rows = node.rows.iter().zip(node.labels);
        keys.extend(rows.map(|(&row, &label)| codes[row as usize].into() << label_bits | label));
        keys.sort_unstable();
        let label_mask = (1 << label_bits) - 1;
        let mut run = 0;
        let mut last = keys[0] >> label_bits;
        for &key in &keys {
            let code = key >> label_bits;
            run += usize::from(code != last);
            last = code;
            self.codes[run] = code;
            self.counts[run * classes + (key & label_mask) as usize] += W::of(&[], 0);
        }
        self.labelled = keys;
        run + 1
    }

    fn sort_positioned<C: Copy + Into<u32>>(
        &mut self,
        codes: &[C],
        classes: usize,
        node: &NodeRows,
    ) -> usize {
        let mut keys = std::mem::take(&mut self.positioned);
        keys.clear();
        keys.extend(node.rows.iter().enumerate().map(|(position, &row)| {
            let code: u32 = codes[row as usize].into();
            u64::from(code) << 32 | position as u64
        }));
        keys.sort_unstable();
        let mut run = 0;
        let mut last = (keys[0] >> 32) as u32;
        for &key in &keys {
            let (code, position) = ((key >> 32) as u32, key as u32 as usize);
            run += usize::from(code != last);
            last = code;
            self.codes[run] = code;
            self.counts[run * classes + node.labels[position] as usize] +=
                W::of(node.weights, position);
            if !W::WHOLE {
                self.rows[run] += 1;
            }
        }
        self.positioned = keys;
        run + 1
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
        match node.totals.len() {
            2 => self.search_among::<W, 2>(feature, column, node, runs),
            _ => self.search_among::<W, 0>(feature, column, node, runs),
        }
    }

    /// As [`search`](Self::search), where the node's rows are counted by code and class.
    pub fn search_counted<W: Weight>(
        &self,
        feature: u32,
        column: &CodeColumn,
        counts: &[W],
        node: &NodeRows,
        runs: &mut Runs<W>,
    ) -> Found {
        match node.totals.len() {
            2 => {
                runs.copy(counts, 2);
                self.scan_kind(feature, column.kind, 2, node, runs)
            }
            classes => {
                runs.copy(counts, classes);
                self.scan_kind(feature, column.kind, classes, node, runs)
            }
        }
    }

    /// As [`search`](Self::search). `CLASSES` is the number of classes where it is known to the
    /// compiler, else 0.
    fn search_among<W: Weight, const CLASSES: usize>(
        &self,
        feature: u32,
        column: &CodeColumn,
        node: &NodeRows,
        runs: &mut Runs<W>,
    ) -> Found {
        let classes = if CLASSES == 0 {
            node.totals.len()
        } else {
            CLASSES
        };
        let cardinality = column.cardinality;
        match &column.codes {
            Codes::U8(codes) => runs.collect(contiguous(codes), cardinality, classes, node),
            Codes::U16(codes) => runs.collect(contiguous(codes), cardinality, classes, node),
            Codes::U32(codes) => runs.collect(contiguous(codes), cardinality, classes, node),
        }
        self.scan_kind(feature, column.kind, classes, node, runs)
    }

    /// As [`scan`](Self::scan), with the kind known to the compiler.
    #[inline(always)]
    fn scan_kind<W: Weight>(
        &self,
        feature: u32,
        kind: FeatureKind,
        classes: usize,
        node: &NodeRows,
        runs: &mut Runs<W>,
    ) -> Found {
        match kind {
            FeatureKind::Numeric => self.scan(feature, FeatureKind::Numeric, classes, node, runs),
            FeatureKind::Categorical => {
                self.scan(feature, FeatureKind::Categorical, classes, node, runs)
            }
        }
    }

    /// Scores every split between the runs.
    #[inline(always)]
    fn scan<W: Weight>(
        &self,
        feature: u32,
        kind: FeatureKind,
        classes: usize,
        node: &NodeRows,
        runs: &mut Runs<W>,
    ) -> Found {
        let run_count = runs.codes.len();
        if run_count == 1 {
            return Found::Constant;
        }
        let totals = &node.totals[..classes];
        runs.left.clear();
        runs.left.resize(classes, 0.0);
        let left = &mut runs.left[..classes];
        // Nothing is right of the last threshold, and the second of two categories is the first
        // one's complement.
        let splits = match kind {
            FeatureKind::Categorical if run_count > 2 => run_count,
            _ => run_count - 1,
        };
        let mut left_rows = 0;
        let mut best: Option<(usize, Score)> = None;
        for (run, counts) in runs.counts.chunks_exact(classes).take(splits).enumerate() {
            let rows = W::rows(counts, &runs.rows, run);
            match kind {
                FeatureKind::Categorical => {
                    left_rows = rows;
                    for (left, count) in left.iter_mut().zip(counts) {
                        *left = count.value();
                    }
                }
                FeatureKind::Numeric => {
                    left_rows += rows;
                    for (left, count) in left.iter_mut().zip(counts) {
                        *left += count.value();
                    }
                }
            }
            let right_rows = node.rows.len() - left_rows;
            if left_rows.min(right_rows) < self.min_samples_leaf {
                continue;
            }
            let (on_left, on_right) = Side::both(self.criterion, left, totals);
            let score = Score::new(self.criterion, on_left, on_right);
            if best.is_none_or(|(_, best)| score.beats(best, self.criterion, W::WHOLE)) {
                best = Some((run, score));
            }
        }
        best.map_or(Found::Nothing, |(run, score)| {
            let code = runs.codes[run];
            let split = match kind {
                FeatureKind::Categorical => Split::Equal { feature, code },
                FeatureKind::Numeric => Split::LessOrEqual {
                    feature,
                    code,
                    next: runs.codes[run + 1],
                },
            };
            Found::Best(ScoredSplit { split, score })
        })
    }
}

/// The codes of a column as a slice.
pub(super) fn contiguous<C>(codes: &ndarray::Array1<C>) -> &[C] {
    codes
        .as_slice()
        .expect("codes are collected from an iterator, hence contiguous")
}

//! The splitter searches: the best split of one node on one feature, exactly.
//!
//! One pass over the node's [`Runs`] scores every split between them.

use super::criterion::{Score, Side};
use super::node_rows::NodeRows;
use super::runs::Runs;
use super::weight::Weight;
use super::{Criterion, Split};
use crate::codes::{CodeColumn, with_codes};
use crate::schema::FeatureKind;

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
        node: &NodeRows<W>,
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
        node: &NodeRows<W>,
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
        node: &NodeRows<W>,
        runs: &mut Runs<W>,
    ) -> Found {
        let classes = if CLASSES == 0 {
            node.totals.len()
        } else {
            CLASSES
        };
        let cardinality = column.cardinality;
        with_codes!(&column.codes, codes => runs.collect(codes, cardinality, classes, node));
        self.scan_kind(feature, column.kind, classes, node, runs)
    }

    /// As [`scan`](Self::scan), with the kind known to the compiler.
    #[inline(always)]
    fn scan_kind<W: Weight>(
        &self,
        feature: u32,
        kind: FeatureKind,
        classes: usize,
        node: &NodeRows<W>,
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
        node: &NodeRows<W>,
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
            let split = split_at(run, &runs.codes, feature, kind);
            Found::Best(ScoredSplit { split, score })
        })
    }
}

/// The split of a category's run from the rest, or behind a run of numbers.
fn split_at(run: usize, codes: &[u32], feature: u32, kind: FeatureKind) -> Split {
    let code = codes[run];
    match kind {
        FeatureKind::Categorical => Split::Equal { feature, code },
        FeatureKind::Numeric => Split::LessOrEqual {
            feature,
            code,
            next: codes[run + 1],
        },
    }
}

//! The splitter searches: the best split of one node on one feature, exactly.
//!
//! One pass over the node's [`Runs`] scores every split between them. Where rows of the node lack
//! the value of a numeric feature, there are two passes: they go right in one and left in the
//! other.

use super::runs::Runs;
use super::statistic::{NodeRows, Statistic};
use super::{CategorySplits, Split};
use crate::codes::{CodeColumn, with_codes};
use crate::schema::FeatureKind;

/// A split and its score.
pub(super) struct ScoredSplit<S: Statistic> {
    pub split: Split,
    pub score: S::Score,
    /// How many splits there were to choose from on the feature, sets of categories included.
    pub candidates: u32,
}

impl<S: Statistic> Clone for ScoredSplit<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Statistic> Copy for ScoredSplit<S> {}

/// What the search on one feature found.
pub(super) struct Found<S: Statistic> {
    /// Whether all rows have the same code, so that no node below can split on the feature either.
    pub is_constant: bool,
    /// The best split, the lowest code on a tie; nothing where none leaves enough on both sides.
    /// Of a split that sets categories apart, they are in [`Runs::set`].
    pub best: Option<ScoredSplit<S>>,
}

/// Searches for splits that leave enough rows and enough weight on both sides.
pub(super) struct Splitter<S: Statistic> {
    pub criterion: S::Criterion,
    pub min_samples_leaf: usize,
    pub min_weight_leaf: f64,
    pub category_splits: CategorySplits,
}

impl<S: Statistic> Clone for Splitter<S> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S: Statistic> Copy for Splitter<S> {}

/// Beyond so many cuts between categories, sets are not counted further.
const MOST_CUTS: usize = 26;

/// The best of the splits so far, and where it is.
struct Best<S: Statistic> {
    score: Option<S::Score>,
    place: usize,
}

impl<S: Statistic> Splitter<S> {
    /// The best split of a node on one feature.
    pub fn search(
        &self,
        feature: u32,
        column: &CodeColumn,
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        match node.totals.len() {
            2 => self.search_among::<2>(feature, column, node, runs),
            _ => self.search_among::<0>(feature, column, node, runs),
        }
    }

    /// As [`search`](Self::search), where the node's rows are summed up by code.
    pub fn search_counted(
        &self,
        feature: u32,
        column: &CodeColumn,
        counts: &[S::Slot],
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        match node.totals.len() {
            2 => {
                runs.copy(counts, 2);
                self.scan(feature, column, 2, node, runs)
            }
            width => {
                runs.copy(counts, width);
                self.scan(feature, column, width, node, runs)
            }
        }
    }

    /// As [`search`](Self::search). `WIDTH` is the number of slots where it is known to the
    /// compiler, else 0.
    fn search_among<const WIDTH: usize>(
        &self,
        feature: u32,
        column: &CodeColumn,
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        let width = match WIDTH {
            0 => node.totals.len(),
            _ => WIDTH,
        };
        let cardinality = column.cardinality;
        with_codes!(&column.codes, codes => runs.collect(codes, cardinality, width, node));
        self.scan(feature, column, width, node, runs)
    }

    /// Scores the splits between the runs.
    #[inline(always)]
    fn scan(
        &self,
        feature: u32,
        column: &CodeColumn,
        width: usize,
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        if runs.codes.len() == 1 {
            return Found {
                is_constant: true,
                best: None,
            };
        }
        S::rank_rows(&mut runs.sides, node);
        match (column.kind, self.category_splits) {
            (FeatureKind::Numeric, _) => {
                let is_missing = runs.codes.last().copied() == column.missing_code();
                self.scan_numbers(feature, is_missing, width, node, runs)
            }
            (FeatureKind::Categorical, CategorySplits::One) => {
                self.scan_categories(feature, width, node, runs)
            }
            (FeatureKind::Categorical, CategorySplits::Set) => {
                self.scan_sets(feature, width, node, runs)
            }
        }
    }

    /// Scores every threshold; `is_missing` says that the last run is that of rows without a value.
    #[inline(always)]
    fn scan_numbers(
        &self,
        feature: u32,
        is_missing: bool,
        width: usize,
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        // Nothing is right of the last threshold.
        let thresholds = runs.codes.len() - 1 - usize::from(is_missing);
        let mut best = Best::new();
        self.scan_thresholds(0, thresholds, None, width, node, runs, &mut best);
        let mut candidates = thresholds;
        if is_missing {
            let last = Some(thresholds + 1);
            self.scan_thresholds(thresholds, thresholds, last, width, node, runs, &mut best);
            // All rows with a value go left, those without go right.
            let mut left_rows = 0;
            runs.begin(width, node);
            for run in 0..=thresholds {
                runs.move_left(run, width, &mut left_rows, node);
            }
            self.consider(
                2 * thresholds,
                &runs.left,
                left_rows,
                node,
                &runs.sides,
                &mut best,
            );
            candidates = 2 * thresholds + 1;
        }
        let codes = &runs.codes;
        Found::of(best.split(candidates, |place, [left, right]| {
            let (run, missing_left) = match place {
                place if place == 2 * thresholds => (thresholds, false),
                place if place >= thresholds => (place - thresholds, true),
                place => (place, !is_missing && left > right),
            };
            Split::LessOrEqual {
                feature,
                code: codes[run],
                next: codes[run + 1],
                missing_left,
            }
        }))
    }

    /// Scores the thresholds behind the first runs; the rows of `missing` go left in any case. The
    /// first threshold has the place `first`.
    #[inline(always)]
    #[allow(clippy::too_many_arguments)] // one loop, inlined where it is used
    fn scan_thresholds(
        &self,
        first: usize,
        thresholds: usize,
        missing: Option<usize>,
        width: usize,
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
        best: &mut Best<S>,
    ) {
        let mut left_rows = 0;
        runs.begin(width, node);
        if let Some(run) = missing {
            runs.move_left(run, width, &mut left_rows, node);
        }
        if S::BY_ROWS {
            for run in 0..thresholds {
                runs.move_left(run, width, &mut left_rows, node);
                self.consider(first + run, &runs.left, left_rows, node, &runs.sides, best);
            }
            return;
        }
        let Runs {
            slots,
            rows,
            left,
            sides,
            ..
        } = runs;
        let left = &mut left[..width];
        let runs_before = slots.chunks_exact(width).take(thresholds);
        for (run, slots) in runs_before.enumerate() {
            left_rows += rows_of::<S>(slots, rows, run);
            for (sum, &slot) in left.iter_mut().zip(slots) {
                *sum += S::sum(slot);
            }
            self.consider(first + run, left, left_rows, node, sides, best);
        }
    }

    /// Scores each category against the rest.
    #[inline(always)]
    fn scan_categories(
        &self,
        feature: u32,
        width: usize,
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        let run_count = runs.codes.len();
        // The second of two categories is the first one's complement.
        let splits = if run_count > 2 { run_count } else { 1 };
        let mut best = Best::new();
        runs.begin(width, node);
        for run in 0..splits {
            if S::BY_ROWS {
                let mut left_rows = 0;
                runs.begin(width, node);
                runs.move_left(run, width, &mut left_rows, node);
                self.consider(run, &runs.left, left_rows, node, &runs.sides, &mut best);
                continue;
            }
            let slots = &runs.slots[run * width..][..width];
            let left = &mut runs.left[..width];
            for (sum, &slot) in left.iter_mut().zip(slots) {
                *sum = S::sum(slot);
            }
            let rows = rows_of::<S>(slots, &runs.rows, run);
            self.consider(run, left, rows, node, &runs.sides, &mut best);
        }
        let codes = &runs.codes;
        Found::of(best.split(splits, |run, _| Split::Equal {
            feature,
            code: codes[run],
        }))
    }

    /// Scores sets of categories: those in front in an order by rank. Of two classes and of
    /// quantities the best of all sets is among them (Fisher 1958; Breiman et al. 1984, section
    /// 4.2.2); of more classes it is the best of the orders by each class.
    fn scan_sets(
        &self,
        feature: u32,
        width: usize,
        node: &NodeRows<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        let cuts = runs.codes.len() - 1;
        let orders = if cuts > 1 {
            S::orders(width, cuts + 1)
        } else {
            1
        };
        let rank = |order| {
            move |slots: &[S::Slot]| S::rank(self.criterion, slots, node.unit, order, cuts + 1)
        };
        let mut best = Best::new();
        for order in 0..orders {
            runs.order_by_rank(width, rank(order));
            runs.begin(width, node);
            let mut left_rows = 0;
            for cut in 0..cuts {
                let (rank, run) = runs.order[cut];
                if rank == f64::INFINITY {
                    break;
                }
                let run = run as usize;
                runs.move_left(run, width, &mut left_rows, node);
                if self.leaves_too_few(left_rows, node) {
                    continue;
                }
                let score = S::score_set(
                    self.criterion,
                    &runs.left[..width],
                    &node.totals[..width],
                    node.unit,
                    &runs.sides,
                    cuts + 1,
                );
                self.compare(order * cuts + cut, score, &mut best);
            }
        }
        if let Some(score) = &best.score {
            let (order, cut) = (best.place / cuts, best.place % cuts);
            if order + 1 < orders {
                runs.order_by_rank(width, rank(order));
            }
            runs.take_lighter(cut, S::weights(score));
        }
        // As many as there are sets, whichever of them are looked at.
        let sets = (1 << cuts.min(MOST_CUTS)) - 1;
        Found::of(best.split(sets, |_, _| Split::Among { feature, set: 0 }))
    }

    #[inline(always)]
    fn consider(
        &self,
        place: usize,
        left: &[S::Sum],
        left_rows: usize,
        node: &NodeRows<S>,
        sides: &S::Sides,
        best: &mut Best<S>,
    ) {
        if self.leaves_too_few(left_rows, node) {
            return;
        }
        let totals = &node.totals[..left.len()];
        let score = S::score(self.criterion, left, totals, node.unit, sides);
        self.compare(place, score, best);
    }

    #[inline(always)]
    fn leaves_too_few(&self, left_rows: usize, node: &NodeRows<S>) -> bool {
        left_rows.min(node.rows.len() - left_rows) < self.min_samples_leaf
    }

    #[inline(always)]
    fn compare(&self, place: usize, score: Option<S::Score>, best: &mut Best<S>) {
        let Some(score) = score else {
            return;
        };
        if self.min_weight_leaf > 0.0 {
            let [left, right] = S::weights(&score);
            if left.min(right) < self.min_weight_leaf {
                return;
            }
        }
        let is_better = match &best.score {
            None => true,
            Some(best) => S::beats(self.criterion, &score, best),
        };
        if is_better {
            best.score = Some(score);
            best.place = place;
        }
    }
}

impl<S: Statistic> Best<S> {
    fn new() -> Self {
        Self {
            score: None,
            place: 0,
        }
    }

    /// The split at the place, made by its place and the weights of its sides.
    fn split(
        self,
        candidates: usize,
        split: impl FnOnce(usize, [f64; 2]) -> Split,
    ) -> Option<ScoredSplit<S>> {
        let score = self.score?;
        Some(ScoredSplit {
            split: split(self.place, S::weights(&score)),
            score,
            candidates: candidates.try_into().unwrap_or(u32::MAX),
        })
    }
}

impl<S: Statistic> Found<S> {
    fn of(best: Option<ScoredSplit<S>>) -> Self {
        Self {
            is_constant: false,
            best,
        }
    }
}

/// The rows of a run.
#[inline(always)]
fn rows_of<S: Statistic>(slots: &[S::Slot], rows: &[u32], run: usize) -> usize {
    match S::WEIGHTED {
        true => rows[run] as usize,
        false => S::rows(slots),
    }
}

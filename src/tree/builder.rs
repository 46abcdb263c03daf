//! The builder grows: from all rows at the root down to the leaves, depth first.
//!
//! The rows of a node are a slice of one index buffer, which a split partitions in place and
//! stably. Every buffer is kept from node to node, and from tree to tree where the caller keeps a
//! [`TreeScratch`], so growing allocates only the tree itself. Where all rows count the same, a
//! node's [`Histograms`] come from its parent's, and only the smaller child's rows are counted.
//! Above [`PARALLEL_ROWS`] rows the top of the tree is grown node by node with all cores searching
//! features, and the subtrees below it are then grown side by side; the tree is the same.

use std::marker::PhantomData;
use std::mem;
use std::ops::{Range, RangeInclusive};

use rayon::prelude::*;

use super::histogram::{HistogramId, Histograms};
use super::splitter::{Found, NodeRows, Runs, ScoredSplit, Splitter, Weight, contiguous};
use super::{DecisionTreeValidParams, Split, Tree};
use crate::encode::{CodeColumn, CodeMatrix, Codes};

/// A matrix with more rows than this is worth more than one thread.
const PARALLEL_ROWS: usize = 1 << 15;

/// The most rows of a subtree that is grown apart; its codes fit into a core's second cache.
const GATHERED_ROWS: usize = 1 << 14;

/// The fewest rows of a node whose features are searched side by side.
const PARALLEL_NODE_ROWS: usize = 1 << 13;

/// The sample weights that a tree can be grown with: the squares and sums of as many as there can
/// be rows neither overflow nor vanish.
pub const SAMPLE_WEIGHTS: RangeInclusive<f64> = 1e-100..=1e100;

impl<L: Sync> DecisionTreeValidParams<L> {
    /// Grows a tree on encoded rows.
    ///
    /// `labels` holds one class below `class_count` for each row of `matrix`, `weights` one
    /// number of [`SAMPLE_WEIGHTS`] for each, or `None` where every row counts the same. At every
    /// node the split has the largest impurity decrease of all; ties go to the first feature, then
    /// to the lowest threshold or category. The tree is the same whatever the number of threads.
    /// Without rows it is a single leaf.
    ///
    /// # Panics
    ///
    /// If `labels` or `weights` have another length than the matrix, or a label is not below
    /// `class_count`.
    pub fn fit_codes(
        &self,
        matrix: &CodeMatrix,
        labels: &[u32],
        class_count: usize,
        weights: Option<&[f64]>,
    ) -> Tree {
        let mut scratch = TreeScratch::default();
        self.fit_codes_with(matrix, labels, class_count, weights, &mut scratch)
    }

    /// As [`fit_codes`](Self::fit_codes), with buffers that are kept from tree to tree: worth it
    /// for many small trees. What is in the buffers does not matter.
    ///
    /// # Panics
    ///
    /// As [`fit_codes`](Self::fit_codes).
    pub fn fit_codes_with(
        &self,
        matrix: &CodeMatrix,
        labels: &[u32],
        class_count: usize,
        weights: Option<&[f64]>,
        scratch: &mut TreeScratch,
    ) -> Tree {
        assert_eq!(labels.len(), matrix.rows(), "one label per row");
        let TreeScratch { whole, weighted } = scratch;
        match weights {
            None => Builder::<L, u32>::new(self, matrix, labels, class_count, &[]).grow(whole),
            Some(weights) => {
                assert_eq!(weights.len(), matrix.rows(), "one weight per row");
                Builder::<L, f64>::new(self, matrix, labels, class_count, weights).grow(weighted)
            }
        }
    }
}

/// Buffers for [`fit_codes_with`](DecisionTreeValidParams::fit_codes_with). They grow with the
/// largest matrix that they have served.
#[derive(Default)]
pub struct TreeScratch {
    whole: Scratch<u32>,
    weighted: Scratch<f64>,
}

/// Grows one tree from one matrix.
struct Builder<'a, L, W> {
    params: &'a DecisionTreeValidParams<L>,
    splitter: Splitter,
    columns: &'a [CodeColumn],
    labels: &'a [u32],
    weights: &'a [f64],
    class_count: usize,
    total_weight: f64,
    weight: PhantomData<fn() -> W>,
}

/// A node that waits to be grown.
struct Pending {
    /// The node's rows, as a range of the index buffer.
    rows: Range<usize>,
    /// The node's features that are not known to be constant, as a range of the feature arena.
    features: Range<usize>,
    depth: usize,
    /// The split whose right child the node is.
    parent: Option<u32>,
    histogram: Option<HistogramId>,
}

/// Buffers that are kept from node to node, and from tree to tree.
struct Scratch<W> {
    /// The index buffer.
    rows: Vec<u32>,
    tree: Tree,
    stack: Vec<Pending>,
    runs: Runs<W>,
    labels: Vec<u32>,
    weights: Vec<f64>,
    totals: Vec<f64>,
    parent_totals: Vec<f64>,
    histograms: Histograms<W>,
    /// Features of all nodes on the way from the root to the node at hand.
    arena: Vec<u32>,
    /// Rows that go right, while the others close ranks.
    right: Vec<u32>,
}

impl<W: Weight> Default for Scratch<W> {
    fn default() -> Self {
        Self {
            rows: Vec::new(),
            tree: Tree::with_capacity(0, 0),
            stack: Vec::new(),
            runs: Runs::default(),
            labels: Vec::new(),
            weights: Vec::new(),
            totals: Vec::new(),
            parent_totals: Vec::new(),
            histograms: Histograms::default(),
            arena: Vec::new(),
            right: Vec::new(),
        }
    }
}

impl<'a, L: Sync, W: Weight> Builder<'a, L, W> {
    fn new(
        params: &'a DecisionTreeValidParams<L>,
        matrix: &'a CodeMatrix,
        labels: &'a [u32],
        class_count: usize,
        weights: &'a [f64],
    ) -> Self {
        Self {
            params,
            splitter: Splitter {
                criterion: params.criterion,
                min_samples_leaf: params.min_samples_leaf,
            },
            columns: matrix.columns(),
            labels,
            weights,
            class_count,
            total_weight: if W::WHOLE {
                labels.len() as f64
            } else {
                weights.iter().sum()
            },
            weight: PhantomData,
        }
    }

    fn grow(&self, scratch: &mut Scratch<W>) -> Tree {
        let mut rows = mem::take(&mut scratch.rows);
        rows.clear();
        rows.extend(0..self.labels.len() as u32);
        let features = 0..self.columns.len() as u32;
        let tree = if rows.len() > PARALLEL_ROWS && rayon::current_num_threads() > 1 {
            self.grow_in_parallel(&mut rows, features.collect(), scratch)
        } else {
            self.grow_subtree(&mut rows, features, 0, scratch)
        };
        scratch.rows = rows;
        tree
    }

    /// Grows the subtree of `rows` on this thread.
    fn grow_subtree(
        &self,
        rows: &mut [u32],
        features: impl Iterator<Item = u32>,
        depth: usize,
        scratch: &mut Scratch<W>,
    ) -> Tree {
        scratch.tree.clear(self.class_count);
        scratch.arena.clear();
        scratch.arena.extend(features);
        scratch
            .histograms
            .lay_out(self.columns, self.class_count, rows.len());
        scratch.stack.clear();
        scratch.stack.push(Pending {
            rows: 0..rows.len(),
            features: 0..scratch.arena.len(),
            depth,
            parent: None,
            histogram: None,
        });
        while let Some(pending) = scratch.stack.pop() {
            let node_rows = &mut rows[pending.rows.clone()];
            // Whatever stands behind belongs to subtrees that are finished.
            scratch.arena.truncate(pending.features.end);
            self.load(node_rows, scratch);
            let mut histogram = pending.histogram;
            let split = if self.may_split(node_rows.len(), pending.depth, &scratch.totals) {
                self.search(node_rows, pending.features.clone(), &mut histogram, scratch)
            } else {
                None
            };
            let node =
                scratch
                    .tree
                    .push(split.unwrap_or(Split::Leaf), &scratch.totals, pending.depth);
            if let Some(parent) = pending.parent {
                scratch.tree.set_right(parent, node);
            }
            let Some(split) = split else {
                histogram.inspect(|&histogram| scratch.histograms.release(histogram));
                continue;
            };
            let left_rows = self.partition(node_rows, split, &mut scratch.right);
            let middle = pending.rows.start + left_rows;
            let features = pending.features.end..scratch.arena.len();
            let [left, right] = match histogram {
                Some(histogram) => {
                    let children = node_rows.split_at(left_rows);
                    let depth = pending.depth + 1;
                    self.hand_on(histogram, children, 0, &features, depth, scratch)
                }
                None => [None, None],
            };
            scratch.stack.push(Pending {
                rows: middle..pending.rows.end,
                features: features.clone(),
                depth: pending.depth + 1,
                parent: Some(node),
                histogram: right,
            });
            scratch.stack.push(Pending {
                rows: pending.rows.start..middle,
                features,
                depth: pending.depth + 1,
                parent: None,
                histogram: left,
            });
        }
        // A copy is no larger than it has to be.
        scratch.tree.clone()
    }

    /// Brings a node's labels and weights together, and sums them up by class.
    fn load(&self, rows: &[u32], scratch: &mut Scratch<W>) {
        let Scratch {
            labels,
            weights,
            totals,
            ..
        } = scratch;
        labels.clear();
        labels.extend(rows.iter().map(|&row| self.labels[row as usize]));
        weights.clear();
        if !W::WHOLE {
            weights.extend(rows.iter().map(|&row| self.weights[row as usize]));
        }
        totals.clear();
        totals.resize(self.class_count, 0.0);
        for (position, &label) in labels.iter().enumerate() {
            totals[label as usize] += W::of(weights, position).value();
        }
    }

    fn may_split(&self, rows: usize, depth: usize, totals: &[f64]) -> bool {
        let classes = totals.iter().filter(|&&total| total > 0.0).count();
        classes > 1
            && rows >= self.params.min_samples_split
            && rows / 2 >= self.params.min_samples_leaf
            && self.params.max_depth.is_none_or(|limit| depth < limit)
    }

    /// The best split of the loaded node. Appends the features that are not constant in it to the
    /// arena, where its children find theirs.
    fn search(
        &self,
        rows: &[u32],
        features: Range<usize>,
        histogram: &mut Option<HistogramId>,
        scratch: &mut Scratch<W>,
    ) -> Option<Split> {
        let Scratch {
            histograms,
            runs,
            arena,
            ..
        } = scratch;
        let node = NodeRows {
            rows,
            labels: &scratch.labels,
            weights: &scratch.weights,
            totals: &scratch.totals,
        };
        self.count_root(&arena[features.clone()], &node, histogram, histograms);
        let mut best = None;
        for position in features {
            let feature = arena[position];
            let found = self.search_feature(feature, &node, *histogram, histograms, runs);
            self.fold(&mut best, arena, feature, found);
            // Nothing is better, and leaves have no use for the other features.
            if W::WHOLE && best.is_some_and(|best| best.score.is_perfect(self.params.criterion)) {
                break;
            }
        }
        self.worthwhile(best, &scratch.totals)
    }

    /// The histograms of a node's children, from the node's own: the smaller child's rows are
    /// counted, the larger child gets the rest. Children of no more than `few` rows, and those that
    /// cannot be split or are not worth a histogram, get none.
    fn hand_on(
        &self,
        histogram: HistogramId,
        (left, right): (&[u32], &[u32]),
        few: usize,
        features: &Range<usize>,
        depth: usize,
        scratch: &mut Scratch<W>,
    ) -> [Option<HistogramId>; 2] {
        let left_is_smaller = left.len() < right.len();
        let (smaller, larger) = match left_is_smaller {
            true => (left, right),
            false => (right, left),
        };
        if larger.len() <= few || !scratch.histograms.is_worth(larger.len()) {
            scratch.histograms.release(histogram);
            return [None, None];
        }
        mem::swap(&mut scratch.totals, &mut scratch.parent_totals);
        self.load(smaller, scratch);
        let Scratch {
            histograms,
            totals,
            parent_totals,
            ..
        } = scratch;
        for (rest, part) in parent_totals.iter_mut().zip(&*totals) {
            *rest -= part;
        }
        let for_smaller = smaller.len() > few
            && histograms.is_worth(smaller.len())
            && self.may_split(smaller.len(), depth, totals);
        let for_larger = self.may_split(larger.len(), depth, parent_totals);
        let counted = (for_smaller || for_larger).then(|| {
            let node = NodeRows {
                rows: smaller,
                labels: &scratch.labels,
                weights: &scratch.weights,
                totals,
            };
            let features = &scratch.arena[features.clone()];
            histograms.count(self.columns, features, self.class_count, &node)
        });
        if let Some(counted) = counted.filter(|_| for_larger) {
            histograms.subtract(histogram, counted);
        } else {
            histograms.release(histogram);
        }
        if let Some(counted) = counted.filter(|_| !for_smaller) {
            histograms.release(counted);
        }
        let of_smaller = counted.filter(|_| for_smaller);
        let of_larger = for_larger.then_some(histogram);
        match left_is_smaller {
            true => [of_smaller, of_larger],
            false => [of_larger, of_smaller],
        }
    }

    /// Takes one feature's result into account; to be called in schema order.
    fn fold(
        &self,
        best: &mut Option<ScoredSplit>,
        kept: &mut Vec<u32>,
        feature: u32,
        found: Found,
    ) {
        if matches!(found, Found::Constant) {
            return;
        }
        kept.push(feature);
        if let Found::Best(candidate) = found
            && best.is_none_or(|best| {
                candidate
                    .score
                    .beats(best.score, self.params.criterion, W::WHOLE)
            })
        {
            *best = Some(candidate);
        }
    }

    /// The split, if it decreases the impurity enough.
    fn worthwhile(&self, best: Option<ScoredSplit>, totals: &[f64]) -> Option<Split> {
        let best = best?;
        if self.params.min_impurity_decrease > 0.0 {
            let decrease =
                best.score.impurity_decrease(self.params.criterion, totals) / self.total_weight;
            if decrease + f64::EPSILON < self.params.min_impurity_decrease {
                return None;
            }
        }
        Some(best.split)
    }

    /// Moves the rows that go left to the front and returns their number. Both sides keep their
    /// order.
    fn partition(&self, rows: &mut [u32], split: Split, right: &mut Vec<u32>) -> usize {
        match split {
            Split::Leaf => rows.len(),
            Split::LessOrEqual { feature, code, .. } => {
                partition_by(self.columns, feature, rows, right, |row_code| {
                    row_code <= code
                })
            }
            Split::Equal { feature, code } => {
                partition_by(self.columns, feature, rows, right, |row_code| {
                    row_code == code
                })
            }
        }
    }

    /// Grows the top of the tree one node at a time with all threads, then the subtrees below it
    /// at once.
    fn grow_in_parallel(
        &self,
        rows: &mut [u32],
        features: Vec<u32>,
        scratch: &mut Scratch<W>,
    ) -> Tree {
        let large = (rows.len() / 64).clamp(PARALLEL_NODE_ROWS, GATHERED_ROWS);
        scratch
            .histograms
            .lay_out(self.columns, self.class_count, rows.len());
        let mut top: Vec<TopNode> = Vec::new();
        let mut subtrees: Vec<Subtree> = Vec::new();
        let root = Subtree {
            rows: 0..rows.len(),
            features,
            depth: 0,
        };
        let mut stack = vec![(root, None, None)];
        while let Some((node, mut histogram, parent)) = stack.pop() {
            let split = if node.rows.len() > large {
                let node_rows = &rows[node.rows.clone()];
                self.search_in_parallel(node_rows, &node, &mut histogram, scratch)
            } else {
                None
            };
            let child = match split {
                None => {
                    histogram.inspect(|&histogram| scratch.histograms.release(histogram));
                    subtrees.push(node);
                    Child::Subtree(subtrees.len() - 1)
                }
                Some(split) => {
                    let position = top.len();
                    top.push(TopNode {
                        split,
                        totals: scratch.totals.clone(),
                        depth: node.depth,
                        children: [Child::Subtree(0); 2],
                    });
                    let node_rows = &mut rows[node.rows.clone()];
                    let left_rows = self.partition(node_rows, split, &mut scratch.right);
                    let kept = scratch.arena.clone();
                    let depth = node.depth + 1;
                    let histograms = match histogram {
                        Some(histogram) => {
                            let children = node_rows.split_at(left_rows);
                            let features = &(0..kept.len());
                            self.hand_on(histogram, children, large, features, depth, scratch)
                        }
                        None => [None, None],
                    };
                    let middle = node.rows.start + left_rows;
                    let children = [node.rows.start..middle, middle..node.rows.end];
                    for (side, rows) in children.into_iter().enumerate() {
                        let child = Subtree {
                            rows,
                            features: kept.clone(),
                            depth,
                        };
                        stack.push((child, histograms[side], Some((position, side))));
                    }
                    Child::Top(position)
                }
            };
            if let Some((parent, side)) = parent {
                let parent: &mut TopNode = &mut top[parent];
                parent.children[side] = child;
            }
        }
        let trees = self.grow_subtrees(rows, &subtrees);
        assemble(self.class_count, &top, &trees)
    }

    /// The best split of a large node, or nothing for a leaf. The arena then holds the features
    /// that are not constant in it.
    fn search_in_parallel(
        &self,
        rows: &[u32],
        node: &Subtree,
        histogram: &mut Option<HistogramId>,
        scratch: &mut Scratch<W>,
    ) -> Option<Split> {
        self.load(rows, scratch);
        if !self.may_split(rows.len(), node.depth, &scratch.totals) {
            return None;
        }
        let node_rows = NodeRows {
            rows,
            labels: &scratch.labels,
            weights: &scratch.weights,
            totals: &scratch.totals,
        };
        let histograms = &mut scratch.histograms;
        self.count_root(&node.features, &node_rows, histogram, histograms);
        let found: Vec<Found> = node
            .features
            .par_iter()
            .with_max_len(1)
            .map_init(Runs::<W>::default, |runs, &feature| {
                self.search_feature(feature, &node_rows, *histogram, histograms, runs)
            })
            .collect();
        let mut best = None;
        scratch.arena.clear();
        for (&feature, found) in node.features.iter().zip(found) {
            self.fold(&mut best, &mut scratch.arena, feature, found);
        }
        self.worthwhile(best, &scratch.totals)
    }

    /// Makes the histogram of a node that has none from its parent, if it is worth it.
    fn count_root(
        &self,
        features: &[u32],
        node: &NodeRows,
        histogram: &mut Option<HistogramId>,
        histograms: &mut Histograms<W>,
    ) {
        if histogram.is_none() && histograms.is_worth(node.rows.len()) {
            *histogram = Some(histograms.count(self.columns, features, self.class_count, node));
        }
    }

    /// The best split of a node on one feature: from its histogram, or from its rows where these
    /// are not counted.
    #[inline(always)]
    fn search_feature(
        &self,
        feature: u32,
        node: &NodeRows,
        histogram: Option<HistogramId>,
        histograms: &Histograms<W>,
        runs: &mut Runs<W>,
    ) -> Found {
        let column = &self.columns[feature as usize];
        match histogram.and_then(|histogram| histograms.of(histogram, feature)) {
            Some(counts) => self
                .splitter
                .search_counted(feature, column, counts, node, runs),
            None => self.splitter.search(feature, column, node, runs),
        }
    }

    fn grow_subtrees(&self, rows: &mut [u32], subtrees: &[Subtree]) -> Vec<Tree> {
        let mut order: Vec<usize> = (0..subtrees.len()).collect();
        order.sort_unstable_by_key(|&subtree| subtrees[subtree].rows.start);
        let mut rest = rows;
        let mut slices: Vec<(usize, &mut [u32])> = Vec::with_capacity(order.len());
        for subtree in order {
            let (rows, behind) = rest.split_at_mut(subtrees[subtree].rows.len());
            slices.push((subtree, rows));
            rest = behind;
        }
        slices.sort_unstable_by_key(|&(subtree, _)| subtree);
        slices
            .into_par_iter()
            .with_max_len(1)
            .map_init(Scratch::<W>::default, |scratch, (subtree, rows)| {
                let Subtree {
                    features, depth, ..
                } = &subtrees[subtree];
                let gathered = Gathered::new(self, rows, features);
                rows.iter_mut().zip(0..).for_each(|(row, own)| *row = own);
                gathered
                    .builder(self)
                    .grow_subtree(rows, features.iter().copied(), *depth, scratch)
            })
            .collect()
    }
}

/// A copy of some rows, so that what is read together lies together: the rows of a subtree are
/// scattered over columns that no cache holds.
struct Gathered {
    columns: Vec<CodeColumn>,
    labels: Vec<u32>,
    weights: Vec<f64>,
}

impl Gathered {
    /// Columns that are not among `features` are left empty.
    fn new<L, W>(builder: &Builder<L, W>, rows: &[u32], features: &[u32]) -> Self {
        let mut columns: Vec<CodeColumn> = builder
            .columns
            .iter()
            .map(|column| column.gather(&[]))
            .collect();
        for &feature in features {
            columns[feature as usize] = builder.columns[feature as usize].gather(rows);
        }
        let labels = rows.iter().map(|&row| builder.labels[row as usize]);
        let weights = match builder.weights {
            [] => Vec::new(),
            weights => rows.iter().map(|&row| weights[row as usize]).collect(),
        };
        Self {
            columns,
            labels: labels.collect(),
            weights,
        }
    }

    /// As the builder of all rows, for these.
    fn builder<'a, L, W>(&'a self, whole: &Builder<'a, L, W>) -> Builder<'a, L, W> {
        Builder {
            columns: &self.columns,
            labels: &self.labels,
            weights: &self.weights,
            ..*whole
        }
    }
}

/// A subtree to be grown apart.
struct Subtree {
    rows: Range<usize>,
    features: Vec<u32>,
    depth: usize,
}

/// A split near the root of a large tree.
struct TopNode {
    split: Split,
    totals: Vec<f64>,
    depth: usize,
    children: [Child; 2],
}

#[derive(Clone, Copy)]
enum Child {
    Top(usize),
    Subtree(usize),
}

/// Puts the top and the subtrees below it together in preorder.
fn assemble(class_count: usize, top: &[TopNode], subtrees: &[Tree]) -> Tree {
    let nodes = top.len() + subtrees.iter().map(Tree::node_count).sum::<usize>();
    let mut tree = Tree::with_capacity(class_count, nodes);
    let root = if top.is_empty() {
        Child::Subtree(0)
    } else {
        Child::Top(0)
    };
    let mut stack = vec![(root, None)];
    while let Some((child, parent)) = stack.pop() {
        let node = match child {
            Child::Subtree(subtree) => tree.append(&subtrees[subtree]),
            Child::Top(position) => {
                let top = &top[position];
                let node = tree.push(top.split, &top.totals, top.depth);
                stack.push((top.children[1], Some(node)));
                stack.push((top.children[0], None));
                node
            }
        };
        if let Some(parent) = parent {
            tree.set_right(parent, node);
        }
    }
    tree
}

fn partition_by(
    columns: &[CodeColumn],
    feature: u32,
    rows: &mut [u32],
    right: &mut Vec<u32>,
    goes_left: impl Fn(u32) -> bool,
) -> usize {
    match &columns[feature as usize].codes {
        Codes::U8(codes) => stable_partition(rows, right, contiguous(codes), goes_left),
        Codes::U16(codes) => stable_partition(rows, right, contiguous(codes), goes_left),
        Codes::U32(codes) => stable_partition(rows, right, contiguous(codes), goes_left),
    }
}

fn stable_partition<C: Copy + Into<u32>>(
    rows: &mut [u32],
    right: &mut Vec<u32>,
    codes: &[C],
    goes_left: impl Fn(u32) -> bool,
) -> usize {
    right.resize(rows.len(), 0);
    let (mut left_rows, mut right_rows) = (0, 0);
    for position in 0..rows.len() {
        let row = rows[position];
        let left = goes_left(codes[row as usize].into());
        // Both are written and one counts, so that there is no branch to mispredict.
        rows[left_rows] = row;
        right[right_rows] = row;
        left_rows += usize::from(left);
        right_rows += usize::from(!left);
    }
    rows[left_rows..].copy_from_slice(&right[..right_rows]);
    left_rows
}

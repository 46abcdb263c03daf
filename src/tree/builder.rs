//! The builder grows: from the rows at the root down to the leaves, depth first.
//!
//! Every buffer is kept from node to node, and from tree to tree where the caller keeps a
//! [`TreeScratch`](super::TreeScratch), so growing allocates only the tree itself. Where all rows
//! count the same, a node's [`Histograms`] come from its parent's, and only the smaller child's
//! rows are counted.

use std::ops::Range;

use super::histogram::{HistogramId, Histograms};
use super::node_rows::{NodeBuffers, NodeRows};
use super::row_partition::RowPartition;
use super::runs::Runs;
use super::splitter::{Found, ScoredSplit, Splitter};
use super::weight::Weight;
use super::{DecisionTreeValidParams, Split, TrainingRows, Tree};
use crate::codes::CodeColumn;

/// Grows one tree from some rows of one matrix.
pub(super) struct Builder<'a, W> {
    pub params: &'a DecisionTreeValidParams,
    pub splitter: Splitter,
    pub columns: &'a [CodeColumn],
    pub labels: &'a [u32],
    /// Empty where all rows count the same.
    pub weights: &'a [W],
    pub class_count: usize,
    pub total_weight: f64,
}

/// A node that waits to be grown.
struct Pending {
    /// The node's rows, as a range of the index buffer.
    rows: Range<usize>,
    /// The node's features that are not known to be constant, as a range of [`Scratch::features`].
    features: Range<usize>,
    depth: usize,
    /// The split whose right child the node is.
    parent: Option<u32>,
    histogram: Option<HistogramId>,
}

/// Buffers that are kept from node to node, and from tree to tree.
pub(super) struct Scratch<W> {
    tree: Tree,
    stack: Vec<Pending>,
    runs: Runs<W>,
    /// The node at hand.
    pub node: NodeBuffers<W>,
    /// The smaller child of the node at hand.
    child: NodeBuffers<W>,
    pub histograms: Histograms<W>,
    /// Features of all nodes on the way from the root to the node at hand; those of the root,
    /// before a tree is grown.
    pub features: Vec<u32>,
}

impl<W: Weight> Default for Scratch<W> {
    fn default() -> Self {
        Self {
            tree: Tree::with_capacity(0, 0),
            stack: Vec::new(),
            runs: Runs::default(),
            node: NodeBuffers::default(),
            child: NodeBuffers::default(),
            histograms: Histograms::default(),
            features: Vec::new(),
        }
    }
}

impl<'a, W: Weight> Builder<'a, W> {
    /// A builder of trees on `rows`.
    pub fn new(
        params: &'a DecisionTreeValidParams,
        training: &TrainingRows<'a>,
        weights: &'a [W],
        rows: &RowPartition,
    ) -> Self {
        Self {
            params,
            splitter: Splitter {
                criterion: params.criterion,
                min_samples_leaf: params.min_samples_leaf,
            },
            columns: training.matrix.columns(),
            labels: training.labels,
            weights,
            class_count: training.class_count,
            total_weight: W::total(weights, rows.of(&(0..rows.len()))),
        }
    }

    /// Grows the tree of `rows` and of the features in `scratch`, on this thread. Its root has the
    /// depth `depth`.
    pub fn grow(&self, depth: usize, rows: &mut RowPartition, scratch: &mut Scratch<W>) -> Tree {
        self.begin(depth, rows.len(), scratch);
        while let Some(mut pending) = scratch.stack.pop() {
            // Whatever stands behind belongs to subtrees that are finished.
            scratch.features.truncate(pending.features.end);
            let node_rows = rows.of(&pending.rows);
            self.load(node_rows, &mut scratch.node);
            let split = self.search(node_rows, &mut pending, scratch);
            let totals = &scratch.node.totals;
            let node = scratch
                .tree
                .push(split.unwrap_or(Split::Leaf), totals, pending.depth);
            if let Some(parent) = pending.parent {
                scratch.tree.set_right(parent, node);
            }
            if let Some(split) = split {
                self.push_children(node, pending, split, rows, scratch);
            } else if let Some(histogram) = pending.histogram {
                scratch.histograms.release(histogram);
            }
        }
        // A copy is no larger than it has to be.
        scratch.tree.clone()
    }

    /// Begins a tree with its root.
    fn begin(&self, depth: usize, rows: usize, scratch: &mut Scratch<W>) {
        let features = &scratch.features;
        scratch
            .histograms
            .lay_out(self.columns, features, self.class_count, rows);
        scratch.tree.clear(self.class_count);
        scratch.stack.clear();
        scratch.stack.push(Pending {
            rows: 0..rows,
            features: 0..features.len(),
            depth,
            parent: None,
            histogram: None,
        });
    }

    /// Has the children of a split wait, the left one before the right one.
    fn push_children(
        &self,
        node: u32,
        pending: Pending,
        split: Split,
        rows: &mut RowPartition,
        scratch: &mut Scratch<W>,
    ) {
        let [left, right] = rows.split(pending.rows, self.columns, split);
        let features = pending.features.end..scratch.features.len();
        let depth = pending.depth + 1;
        let [left_histogram, right_histogram] = match pending.histogram {
            Some(histogram) => {
                let children = [rows.of(&left), rows.of(&right)];
                self.child_histograms(histogram, children, 0, &features, depth, scratch)
            }
            None => [None, None],
        };
        scratch.stack.push(Pending {
            rows: right,
            features: features.clone(),
            depth,
            parent: Some(node),
            histogram: right_histogram,
        });
        scratch.stack.push(Pending {
            rows: left,
            features,
            depth,
            parent: None,
            histogram: left_histogram,
        });
    }

    /// Brings a node's labels and weights together, and sums them up by class.
    pub fn load(&self, rows: &[u32], node: &mut NodeBuffers<W>) {
        node.load(rows, self.labels, self.weights, self.class_count);
    }

    /// Whether a node of so many rows may be split.
    pub fn may_split(&self, rows: usize, depth: usize, totals: &[f64]) -> bool {
        let classes = totals.iter().filter(|&&total| total > 0.0).count();
        classes > 1
            && rows >= self.params.min_samples_split
            && rows / 2 >= self.params.min_samples_leaf
            && self.params.max_depth.is_none_or(|limit| depth < limit)
    }

    /// The best split of the loaded node. Appends the features that are not constant in it to
    /// [`Scratch::features`], where its children find theirs.
    fn search(
        &self,
        rows: &[u32],
        pending: &mut Pending,
        scratch: &mut Scratch<W>,
    ) -> Option<Split> {
        if !self.may_split(rows.len(), pending.depth, &scratch.node.totals) {
            return None;
        }
        let Scratch {
            histograms,
            runs,
            features,
            ..
        } = scratch;
        let node = scratch.node.of(rows);
        let histogram = &mut pending.histogram;
        let own_features = &features[pending.features.clone()];
        self.count_root(own_features, &node, histogram, histograms);
        let mut best = None;
        for position in pending.features.clone() {
            let feature = features[position];
            let found = self.search_feature(feature, &node, *histogram, histograms, runs);
            self.fold(&mut best, features, feature, found);
            // Nothing is better, and leaves have no use for the other features.
            if W::WHOLE && best.is_some_and(|best| best.score.is_perfect(self.params.criterion)) {
                break;
            }
        }
        self.worthwhile(best, &scratch.node.totals)
    }

    /// The histograms of the loaded node's children, from its own: the smaller child's rows are
    /// counted, the larger child gets the rest. Children of no more than `few` rows, and those that
    /// cannot be split or are not worth a histogram, get none. The node's totals are then those of
    /// the larger child, or still its own.
    pub fn child_histograms(
        &self,
        histogram: HistogramId,
        [left, right]: [&[u32]; 2],
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
        self.load(smaller, &mut scratch.child);
        let Scratch {
            histograms,
            node,
            child,
            ..
        } = scratch;
        for (rest, part) in node.totals.iter_mut().zip(&child.totals) {
            *rest -= part;
        }
        let for_smaller = smaller.len() > few
            && histograms.is_worth(smaller.len())
            && self.may_split(smaller.len(), depth, &child.totals);
        let for_larger = self.may_split(larger.len(), depth, &node.totals);
        let counted = (for_smaller || for_larger).then(|| {
            let features = &scratch.features[features.clone()];
            histograms.count(self.columns, features, self.class_count, &child.of(smaller))
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
    pub fn fold(
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
    pub fn worthwhile(&self, best: Option<ScoredSplit>, totals: &[f64]) -> Option<Split> {
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

    /// Makes the histogram of a node that has none from its parent, if it is worth it.
    pub fn count_root(
        &self,
        features: &[u32],
        node: &NodeRows<W>,
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
    pub fn search_feature(
        &self,
        feature: u32,
        node: &NodeRows<W>,
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
}

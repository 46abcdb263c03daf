//! The builder grows: from the rows at the root down to the leaves, depth first.
//!
//! Every buffer is kept from node to node, and from tree to tree where the caller keeps a
//! [`TreeScratch`](super::TreeScratch), so growing allocates only the tree itself. Where all rows
//! count the same, a node's [`Histograms`] come from its parent's, and only the smaller child's
//! rows are counted.

use std::ops::Range;

use super::growth::Growth;
use super::histogram::{HistogramId, Histograms};
use super::node_buffers::NodeBuffers;
use super::row_partition::RowPartition;
use super::runs::Runs;
use super::splitter::{Found, ScoredSplit, Splitter};
use super::statistic::{NodeRows, Statistic};
use super::tree::{Leaves, Node};
use super::{DecisionTreeValidParams, Split, Tree};
use crate::codes::CodeColumn;

/// Grows one tree from some rows of one matrix.
pub(super) struct Builder<'a, S: Statistic> {
    pub params: &'a DecisionTreeValidParams,
    pub growth: &'a Growth<'a>,
    pub splitter: Splitter<S>,
    /// What `outcomes` are measured by.
    pub unit: S::Unit,
    pub columns: &'a [CodeColumn],
    pub outcomes: &'a [S::Outcome],
    /// Empty where all rows count the same.
    pub weights: &'a [f64],
    /// Number of slots.
    pub width: usize,
    /// What each node of the tree holds.
    pub leaves: Leaves,
    pub total_weight: f64,
}

/// A split, and how many there were to choose from: as many as on its feature, times the features.
pub(super) type Chosen = Option<(Split, u32)>;

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
pub(super) struct Scratch<S: Statistic> {
    tree: Tree,
    stack: Vec<Pending>,
    runs: Runs<S>,
    /// The outcomes of all rows, where they are made for the tree.
    pub outcomes: Vec<S::Outcome>,
    /// The node at hand.
    pub node: NodeBuffers<S>,
    /// The smaller child of the node at hand.
    child: NodeBuffers<S>,
    pub histograms: Histograms<S>,
    /// Features of all nodes on the way from the root to the node at hand; those of the root,
    /// before a tree is grown.
    pub features: Vec<u32>,
    /// What the tree keeps of the node at hand.
    pub statistics: Vec<f64>,
    /// The categories that the best split of the node at hand sets apart.
    pub set: Vec<u32>,
}

impl<S: Statistic> Default for Scratch<S> {
    fn default() -> Self {
        Self {
            tree: Tree::with_capacity(Leaves::Classes(0), 0),
            stack: Vec::new(),
            runs: Runs::default(),
            outcomes: Vec::new(),
            statistics: Vec::new(),
            set: Vec::new(),
            node: NodeBuffers::default(),
            child: NodeBuffers::default(),
            histograms: Histograms::default(),
            features: Vec::new(),
        }
    }
}

impl<S: Statistic> Builder<'_, S> {
    /// Grows the tree of `rows` and of the features in `scratch`, on this thread. Its root has the
    /// depth `depth`.
    pub fn grow(&self, depth: usize, rows: &mut RowPartition, scratch: &mut Scratch<S>) -> Tree {
        self.begin(depth, rows.len(), scratch);
        while let Some(mut pending) = scratch.stack.pop() {
            // Whatever stands behind belongs to subtrees that are finished.
            scratch.features.truncate(pending.features.end);
            let node_rows = rows.of(&pending.rows);
            self.load(node_rows, &mut scratch.node);
            let chosen = self.search(node_rows, &mut pending, scratch);
            let node = scratch.node.of(node_rows);
            S::describe(self.splitter.criterion, &node, &mut scratch.statistics);
            let node = scratch.tree.push(Node {
                split: chosen.map_or(Split::Leaf, |(split, _)| split),
                set: &scratch.set,
                statistics: &scratch.statistics,
                depth: pending.depth,
                candidates: chosen.map_or(0, |(_, candidates)| candidates),
            });
            if let Some(parent) = pending.parent {
                scratch.tree.set_right(parent, node);
            }
            if chosen.is_some() {
                self.push_children(node, pending, rows, scratch);
            } else if let Some(histogram) = pending.histogram {
                scratch.histograms.release(histogram);
            }
        }
        // A copy is no larger than it has to be.
        scratch.tree.clone()
    }

    /// Begins a tree with its root.
    fn begin(&self, depth: usize, rows: usize, scratch: &mut Scratch<S>) {
        let features = &scratch.features;
        scratch
            .histograms
            .lay_out(self.columns, features, self.width, rows);
        scratch.tree.clear(self.leaves);
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
        rows: &mut RowPartition,
        scratch: &mut Scratch<S>,
    ) {
        let split = scratch.tree.split(node as usize);
        let [left, right] = rows.split(pending.rows, self.columns, split, &scratch.set);
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

    /// Brings a node's outcomes and weights together, and sums them up.
    pub fn load(&self, rows: &[u32], node: &mut NodeBuffers<S>) {
        node.load(rows, self.outcomes, self.weights, self.width, self.unit);
    }

    /// Whether a node of so many rows and with these sums may be split.
    pub fn may_split(&self, rows: usize, depth: usize, totals: &[S::Sum]) -> bool {
        rows >= self.params.min_samples_split
            && rows / 2 >= self.params.min_samples_leaf
            && self.params.max_depth.is_none_or(|limit| depth < limit)
            && !S::is_pure_in_sum(totals)
    }

    /// Whether a node may be split: none once growing is to stop.
    pub fn may_split_node(&self, node: &NodeRows<S>, depth: usize) -> bool {
        let min_weight = self.params.min_weight_split;
        self.may_split(node.rows.len(), depth, node.totals)
            && !S::is_pure(node)
            && self.growth.goes_on()
            && (min_weight <= 0.0 || node.total_weight() >= min_weight)
    }

    /// The best split of the loaded node, and how many there were to choose from. Appends the
    /// features that are not constant in it to [`Scratch::features`], where its children find
    /// theirs; leaves the categories that the split sets apart in [`Scratch::set`].
    fn search(&self, rows: &[u32], pending: &mut Pending, scratch: &mut Scratch<S>) -> Chosen {
        scratch.set.clear();
        if !self.may_split_node(&scratch.node.of(rows), pending.depth) {
            return None;
        }
        let Scratch {
            histograms,
            runs,
            features,
            set,
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
            if self.fold(&mut best, features, feature, found) {
                std::mem::swap(set, &mut runs.set);
            }
            // Nothing is better, and leaves have no use for the other features.
            if let Some(best) = &best
                && S::is_perfect(self.splitter.criterion, &best.score)
            {
                break;
            }
        }
        self.worthwhile(best, pending.features.len(), &node)
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
        scratch: &mut Scratch<S>,
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
        for (rest, &part) in node.totals.iter_mut().zip(&child.totals) {
            *rest -= part;
        }
        let for_smaller = smaller.len() > few
            && histograms.is_worth(smaller.len())
            && self.may_split(smaller.len(), depth, &child.totals);
        let for_larger = self.may_split(larger.len(), depth, &node.totals);
        let counted = (for_smaller || for_larger).then(|| {
            let features = &scratch.features[features.clone()];
            histograms.count(self.columns, features, self.width, &child.of(smaller))
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

    /// Takes one feature's result into account; to be called in schema order. Returns whether its
    /// split is the best so far.
    pub fn fold(
        &self,
        best: &mut Option<ScoredSplit<S>>,
        kept: &mut Vec<u32>,
        feature: u32,
        found: Found<S>,
    ) -> bool {
        if found.is_constant {
            return false;
        }
        kept.push(feature);
        let Some(candidate) = found.best else {
            return false;
        };
        let is_better = match best {
            None => true,
            Some(best) => S::beats(self.splitter.criterion, &candidate.score, &best.score),
        };
        if is_better {
            *best = Some(candidate);
        }
        is_better
    }

    /// The split, if it decreases the impurity enough, and how many there were to choose from on so
    /// many features.
    pub fn worthwhile(
        &self,
        best: Option<ScoredSplit<S>>,
        features: usize,
        node: &NodeRows<S>,
    ) -> Chosen {
        let best = best?;
        let min_of_all = self.params.min_impurity_decrease;
        let min_of_node = self.params.min_node_impurity_decrease;
        if min_of_all > 0.0 || min_of_node > 0.0 {
            let decrease = S::decrease(self.splitter.criterion, &best.score, node);
            let is_less = |weight: f64, least: f64| decrease / weight + f64::EPSILON < least;
            if is_less(self.total_weight, min_of_all) || is_less(node.total_weight(), min_of_node) {
                return None;
            }
        }
        let features = features.try_into().unwrap_or(u32::MAX);
        self.growth.add_split();
        Some((best.split, best.candidates.saturating_mul(features)))
    }

    /// Makes the histogram of a node that has none from its parent, if it is worth it.
    pub fn count_root(
        &self,
        features: &[u32],
        node: &NodeRows<S>,
        histogram: &mut Option<HistogramId>,
        histograms: &mut Histograms<S>,
    ) {
        if histogram.is_none() && histograms.is_worth(node.rows.len()) {
            *histogram = Some(histograms.count(self.columns, features, self.width, node));
        }
    }

    /// The best split of a node on one feature: from its histogram, or from its rows where these
    /// are not counted.
    #[inline(always)]
    pub fn search_feature(
        &self,
        feature: u32,
        node: &NodeRows<S>,
        histogram: Option<HistogramId>,
        histograms: &Histograms<S>,
        runs: &mut Runs<S>,
    ) -> Found<S> {
        let column = &self.columns[feature as usize];
        match histogram.and_then(|histogram| histograms.of(histogram, feature)) {
            Some(counts) => self
                .splitter
                .search_counted(feature, column, counts, node, runs),
            None => self.splitter.search(feature, column, node, runs),
        }
    }
}

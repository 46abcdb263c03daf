//! Grows the leaf first whose split gains most, up to so many leaves (LightGBM's and scikit-learn's
//! best-first growth), on gradients and hessians.

use std::ops::Range;

use super::gradients::{Gradient, GradientCriterion, Gradients, Steps, WIDTH};
use super::histogram::{HistogramId, Histograms};
use super::node_buffers::NodeBuffers;
use super::row_partition::RowPartition;
use super::runs::Runs;
use super::splitter::Splitter;
use super::statistic::{NodeRows, Statistic};
use super::tree::{Leaves, Node};
use super::{CategorySplits, Split, Tree};
use crate::codes::CodeColumn;

/// How a tree is grown on gradients.
#[derive(Clone, Copy, Debug)]
pub(crate) struct GradientTreeParams {
    pub criterion: GradientCriterion,
    /// The most leaves, 1 or more.
    pub max_leaves: usize,
    /// The largest depth of a leaf; the root has depth 0.
    pub max_depth: Option<usize>,
    /// The fewest rows of a leaf, 1 or more.
    pub min_samples_leaf: usize,
    pub category_splits: CategorySplits,
}

/// The rows that a tree is grown on.
#[derive(Clone, Copy)]
pub(crate) struct GradientRows<'a> {
    pub columns: &'a [CodeColumn],
    /// Of all rows of the columns, in `steps`.
    pub gradients: &'a [Gradient],
    pub steps: Steps,
    /// Positions of the rows that count, ascending.
    pub rows: &'a [u32],
    /// Positions of the features to split on, ascending.
    pub features: &'a [u32],
}

/// Buffers that are kept from tree to tree.
#[derive(Default)]
pub(crate) struct GradientScratch {
    partition: RowPartition,
    histograms: Histograms<Gradients>,
    runs: Runs<Gradients>,
    node: NodeBuffers<Gradients>,
    statistics: Vec<f64>,
    nodes: Vec<GrownNode>,
    leaves: Vec<GrownLeaf>,
    stack: Vec<(usize, Option<u32>)>,
}

/// A node of the tree that grows.
struct GrownNode {
    split: Split,
    set: Vec<u32>,
    totals: [i64; WIDTH],
    depth: usize,
    candidates: u32,
    /// The children; where it is a leaf, its rows.
    below: Below,
}

#[derive(Clone)]
enum Below {
    Children([usize; 2]),
    Rows(Range<usize>),
}

/// A leaf that may still be split.
struct GrownLeaf {
    node: usize,
    rows: Range<usize>,
    features: Vec<u32>,
    histogram: Option<HistogramId>,
    best: BestSplit,
}

struct BestSplit {
    split: Split,
    set: Vec<u32>,
    gain: f64,
    candidates: u32,
}

/// A split gains more than this share of what a node is worth at all: rounding gains less.
const LEAST_SHARE: f64 = 1e-12;

impl GradientTreeParams {
    /// Grows a tree. `step_of` is given the rows of each leaf and the step that lowers their loss
    /// most, and says what the leaf holds.
    ///
    /// Of every node the tree holds its rows, its step and its hessian.
    pub fn grow(
        &self,
        rows: &GradientRows,
        scratch: &mut GradientScratch,
        step_of: impl FnMut(&[u32], f64) -> f64,
    ) -> Tree {
        let mut grower = Grower {
            params: self,
            splitter: Splitter {
                criterion: self.criterion,
                min_samples_leaf: self.min_samples_leaf,
                min_weight_leaf: 0.0,
                category_splits: self.category_splits,
            },
            rows,
            scratch,
        };
        grower.plant();
        while grower.leaf_count() < self.max_leaves
            && let Some(place) = grower.best_leaf()
        {
            grower.split(place);
        }
        grower.assemble(step_of)
    }
}

struct Grower<'a, 'b> {
    params: &'a GradientTreeParams,
    splitter: Splitter<Gradients>,
    rows: &'a GradientRows<'a>,
    scratch: &'b mut GradientScratch,
}

impl Grower<'_, '_> {
    /// Begins with the root.
    fn plant(&mut self) {
        let GradientRows { columns, rows, .. } = *self.rows;
        let scratch = &mut *self.scratch;
        scratch.nodes.clear();
        scratch.leaves.clear();
        scratch.partition.begin_with(rows);
        let features = self.rows.features;
        scratch
            .histograms
            .lay_out(columns, features, WIDTH, rows.len());
        self.load(&(0..rows.len()));
        let totals = self.loaded_totals();
        let histogram = self.count_if_worth(&(0..rows.len()), features);
        let node = self.push_node(totals, 0, 0..rows.len());
        self.push_leaf(node, features.to_vec(), histogram);
    }

    /// Leaves of the tree, those that can no longer be split included.
    fn leaf_count(&self) -> usize {
        self.scratch.nodes.len() / 2 + 1
    }

    /// The leaf whose split gains most, the first of them on a tie.
    fn best_leaf(&self) -> Option<usize> {
        let leaves = self.scratch.leaves.iter().enumerate();
        let best = leaves.reduce(|best, leaf| {
            let (one, other) = (&best.1, &leaf.1);
            let is_better = other.best.gain > one.best.gain
                || (other.best.gain == one.best.gain && other.node < one.node);
            if is_better { leaf } else { best }
        });
        best.map(|(place, _)| place)
    }

    /// Splits a leaf, and has its children wait.
    fn split(&mut self, place: usize) {
        let leaf = self.scratch.leaves.swap_remove(place);
        let columns = self.rows.columns;
        let [left, right] =
            self.scratch
                .partition
                .split(leaf.rows, columns, leaf.best.split, &leaf.best.set);
        let left_is_smaller = left.len() < right.len();
        let (smaller, larger) = match left_is_smaller {
            true => (left.clone(), right.clone()),
            false => (right.clone(), left.clone()),
        };
        self.load(&smaller);
        let of_smaller = self.loaded_totals();
        let parent = &mut self.scratch.nodes[leaf.node];
        parent.split = leaf.best.split;
        parent.set = leaf.best.set;
        parent.candidates = leaf.best.candidates;
        let depth = parent.depth + 1;
        let of_larger = [0, 1].map(|slot| parent.totals[slot] - of_smaller[slot]);
        let totals = match left_is_smaller {
            true => [of_smaller, of_larger],
            false => [of_larger, of_smaller],
        };
        let nodes = [(totals[0], left), (totals[1], right)]
            .map(|(totals, rows)| self.push_node(totals, depth, rows));
        self.scratch.nodes[leaf.node].below = Below::Children(nodes);
        let is_last = self.leaf_count() >= self.params.max_leaves;
        let [for_smaller, for_larger] =
            [&smaller, &larger].map(|rows| !is_last && self.may_split(rows.len(), depth));
        let histograms = self.child_histograms(
            leaf.histogram,
            &leaf.features,
            [&smaller, &larger],
            [for_smaller, for_larger],
        );
        let [smaller_node, larger_node] = match left_is_smaller {
            true => nodes,
            false => [nodes[1], nodes[0]],
        };
        if for_smaller {
            self.push_leaf(smaller_node, leaf.features.clone(), histograms[0]);
        }
        if for_larger {
            if histograms[1].is_none() {
                self.load(&larger);
            }
            self.push_leaf(larger_node, leaf.features, histograms[1]);
        }
    }

    /// The histograms of two children, of which the smaller one is loaded.
    fn child_histograms(
        &mut self,
        histogram: Option<HistogramId>,
        features: &[u32],
        [smaller, larger]: [&Range<usize>; 2],
        [for_smaller, for_larger]: [bool; 2],
    ) -> [Option<HistogramId>; 2] {
        let Some(parent) = histogram else {
            return [None, None];
        };
        let histograms = &self.scratch.histograms;
        let for_smaller = for_smaller && histograms.is_worth(smaller.len());
        let for_larger = for_larger && histograms.is_worth(larger.len());
        let counted = (for_smaller || for_larger).then(|| self.count(smaller, features));
        let histograms = &mut self.scratch.histograms;
        match counted.filter(|_| for_larger) {
            Some(counted) => histograms.subtract(parent, counted),
            None => histograms.release(parent),
        }
        if let Some(counted) = counted.filter(|_| !for_smaller) {
            histograms.release(counted);
        }
        [
            counted.filter(|_| for_smaller),
            for_larger.then_some(parent),
        ]
    }

    fn may_split(&self, rows: usize, depth: usize) -> bool {
        rows / 2 >= self.params.min_samples_leaf
            && rows > 1
            && self.params.max_depth.is_none_or(|limit| depth < limit)
    }

    fn push_node(&mut self, totals: [i64; WIDTH], depth: usize, rows: Range<usize>) -> usize {
        self.scratch.nodes.push(GrownNode {
            split: Split::Leaf,
            set: Vec::new(),
            totals,
            depth,
            candidates: 0,
            below: Below::Rows(rows),
        });
        self.scratch.nodes.len() - 1
    }

    /// Has a leaf wait, if a split of it gains anything. It is loaded, or has a histogram.
    fn push_leaf(&mut self, node: usize, features: Vec<u32>, histogram: Option<HistogramId>) {
        let grown = &self.scratch.nodes[node];
        let Below::Rows(rows) = grown.below.clone() else {
            return;
        };
        let may_split = self.may_split(rows.len(), grown.depth);
        let mut kept = Vec::with_capacity(features.len());
        let best = match may_split {
            true => self.search(node, &rows, &features, histogram, &mut kept),
            false => None,
        };
        match best {
            Some(best) => self.scratch.leaves.push(GrownLeaf {
                node,
                rows,
                features: kept,
                histogram,
                best,
            }),
            None => {
                if let Some(histogram) = histogram {
                    self.scratch.histograms.release(histogram);
                }
            }
        }
    }

    /// The best split of a node, if it gains anything. Features that are not constant in it are
    /// `kept`.
    fn search(
        &mut self,
        node: usize,
        rows: &Range<usize>,
        features: &[u32],
        histogram: Option<HistogramId>,
        kept: &mut Vec<u32>,
    ) -> Option<BestSplit> {
        let steps = self.rows.steps;
        let GradientScratch {
            partition,
            histograms,
            runs,
            node: buffers,
            nodes,
            ..
        } = &mut *self.scratch;
        let totals = nodes[node].totals;
        let node_rows = NodeRows {
            totals: &totals,
            ..buffers.of(partition.of(rows))
        };
        let mut best = None;
        let mut best_set = Vec::new();
        let mut candidates = 0_u32;
        let worth = self.params.criterion.worth(&totals, steps);
        let least = (LEAST_SHARE * worth).max(f64::MIN_POSITIVE);
        for &feature in features {
            let column = &self.rows.columns[feature as usize];
            let counts = histogram.and_then(|histogram| histograms.of(histogram, feature));
            let found = match counts {
                Some(counts) => self
                    .splitter
                    .search_counted(feature, column, counts, &node_rows, runs),
                // A feature that is not counted is searched row by row, for which the rows are loaded.
                None if histogram.is_some() => {
                    let mut own = NodeBuffers::default();
                    let rows = partition.of(rows);
                    own.load(rows, self.rows.gradients, &[], WIDTH, steps);
                    self.splitter.search(feature, column, &own.of(rows), runs)
                }
                None => self.splitter.search(feature, column, &node_rows, runs),
            };
            if found.is_constant {
                continue;
            }
            kept.push(feature);
            let Some(scored) = found.best else {
                continue;
            };
            candidates = candidates.saturating_add(scored.candidates);
            let gain = scored.score.decrease(self.params.criterion, &totals, steps);
            if gain > least && best.as_ref().is_none_or(|(least, _)| gain > *least) {
                best = Some((gain, scored.split));
                best_set.clear();
                if matches!(scored.split, Split::Among { .. }) {
                    best_set.extend_from_slice(&runs.set);
                }
            }
        }
        best.map(|(gain, split)| BestSplit {
            split,
            set: best_set,
            gain,
            candidates,
        })
    }

    /// Brings the derivatives of a node's rows together, and sums them up.
    fn load(&mut self, rows: &Range<usize>) {
        let GradientRows {
            gradients, steps, ..
        } = *self.rows;
        let rows = self.scratch.partition.of(rows);
        self.scratch.node.load(rows, gradients, &[], WIDTH, steps);
    }

    fn loaded_totals(&self) -> [i64; WIDTH] {
        let totals = &self.scratch.node.totals;
        [totals[0], totals[1]]
    }

    fn count_if_worth(&mut self, rows: &Range<usize>, features: &[u32]) -> Option<HistogramId> {
        let is_worth = self.scratch.histograms.is_worth(rows.len());
        is_worth.then(|| self.count(rows, features))
    }

    /// Counts the rows of the loaded node.
    fn count(&mut self, rows: &Range<usize>, features: &[u32]) -> HistogramId {
        let columns = self.rows.columns;
        let scratch = &mut *self.scratch;
        let node = scratch.node.of(scratch.partition.of(rows));
        scratch.histograms.count(columns, features, WIDTH, &node)
    }

    /// The tree, in preorder.
    fn assemble(&mut self, mut step_of: impl FnMut(&[u32], f64) -> f64) -> Tree {
        let GradientScratch {
            partition,
            histograms,
            statistics,
            nodes,
            leaves,
            stack,
            ..
        } = &mut *self.scratch;
        for leaf in leaves.drain(..) {
            if let Some(histogram) = leaf.histogram {
                histograms.release(histogram);
            }
        }
        let mut tree = Tree::with_capacity(Leaves::Numbers, nodes.len());
        stack.clear();
        stack.push((0, None));
        while let Some((place, parent)) = stack.pop() {
            let grown = &nodes[place];
            let node = NodeRows {
                rows: &[],
                outcomes: &[],
                weights: &[],
                totals: &grown.totals,
                unit: self.rows.steps,
            };
            Gradients::describe(self.params.criterion, &node, statistics);
            if let Below::Rows(rows) = &grown.below {
                statistics[1] = step_of(partition.of(rows), statistics[1]);
            }
            let node = tree.push(Node {
                split: grown.split,
                set: &grown.set,
                statistics,
                depth: grown.depth,
                candidates: grown.candidates,
            });
            if let Some(parent) = parent {
                tree.set_right(parent, node);
            }
            if let Below::Children([left, right]) = grown.below {
                stack.push((right, Some(node)));
                stack.push((left, None));
            }
        }
        tree
    }
}

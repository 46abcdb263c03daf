//! Growing in parallel: the top of a large tree is grown node by node with all threads searching
//! features, and the subtrees below it are then grown side by side. The tree is the same as on one
//! thread.

use std::ops::Range;

use rayon::prelude::*;

use super::builder::{Builder, Chosen, Scratch};
use super::histogram::HistogramId;
use super::row_partition::RowPartition;
use super::runs::Runs;
use super::splitter::Found;
use super::statistic::Statistic;
use super::tree::{Leaves, Node};
use super::{Split, Tree};
use crate::codes::CodeColumn;

/// More rows than this are worth more than one thread.
const PARALLEL_ROWS: usize = 1 << 15;

/// The most rows of a subtree that is grown apart; its codes fit into a core's second cache.
const GATHERED_ROWS: usize = 1 << 14;

/// The fewest rows of a node whose features are searched side by side.
const PARALLEL_NODE_ROWS: usize = 1 << 13;

/// Whether a tree of so many rows should be grown by all threads.
pub(super) fn is_worth_all_threads(rows: usize) -> bool {
    rows > PARALLEL_ROWS && rayon::current_num_threads() > 1
}

impl<S: Statistic> Builder<'_, S> {
    /// As [`grow`](Self::grow) from the root, with all threads.
    pub fn grow_in_parallel(&self, rows: &mut RowPartition, scratch: &mut Scratch<S>) -> Tree {
        let top = self.grow_top(rows, scratch);
        let trees = self.grow_subtrees(&top.subtrees, rows);
        top.assemble(self.leaves, &trees)
    }

    /// Grows the nodes near the root one at a time, each with all threads.
    fn grow_top(&self, rows: &mut RowPartition, scratch: &mut Scratch<S>) -> Top {
        let few = (rows.len() / 64).clamp(PARALLEL_NODE_ROWS, GATHERED_ROWS);
        let features = scratch.features.clone();
        scratch
            .histograms
            .lay_out(self.columns, &features, self.width, rows.len());
        let mut top = Top::default();
        let root = Subtree {
            rows: 0..rows.len(),
            features,
            depth: 0,
        };
        let mut stack = vec![Waiting {
            subtree: root,
            histogram: None,
            parent: None,
        }];
        while let Some(mut waiting) = stack.pop() {
            let chosen = if waiting.subtree.rows.len() > few {
                self.search_in_parallel(&mut waiting, rows, scratch)
            } else {
                None
            };
            match chosen {
                Some((split, candidates)) => {
                    let node_rows = scratch.node.of(rows.of(&waiting.subtree.rows));
                    let criterion = self.splitter.criterion;
                    S::describe(criterion, &node_rows, &mut scratch.statistics);
                    let node = top.push_node(
                        waiting.parent,
                        Node {
                            split,
                            set: &scratch.set,
                            statistics: &scratch.statistics,
                            depth: waiting.subtree.depth,
                            candidates,
                        },
                    );
                    stack.extend(self.split_top(node, waiting, split, few, rows, scratch));
                }
                None => {
                    if let Some(histogram) = waiting.histogram {
                        scratch.histograms.release(histogram);
                    }
                    top.push_subtree(waiting);
                }
            }
        }
        top
    }

    /// The children of the loaded node, whose features are in [`Scratch::features`]; those of no
    /// more than `few` rows need no histogram.
    fn split_top(
        &self,
        node: usize,
        waiting: Waiting,
        split: Split,
        few: usize,
        rows: &mut RowPartition,
        scratch: &mut Scratch<S>,
    ) -> [Waiting; 2] {
        let [left, right] = rows.split(waiting.subtree.rows, self.columns, split, &scratch.set);
        let features = scratch.features.clone();
        let depth = waiting.subtree.depth + 1;
        let [left_histogram, right_histogram] = match waiting.histogram {
            Some(histogram) => {
                let children = [rows.of(&left), rows.of(&right)];
                let features = &(0..features.len());
                self.child_histograms(histogram, children, few, features, depth, scratch)
            }
            None => [None, None],
        };
        let child = |rows, histogram, side| Waiting {
            subtree: Subtree {
                rows,
                features: features.clone(),
                depth,
            },
            histogram,
            parent: Some((node, side)),
        };
        [
            child(left, left_histogram, 0),
            child(right, right_histogram, 1),
        ]
    }

    /// The best split of a large node, or nothing for a leaf. [`Scratch::features`] then holds the
    /// features that are not constant in it.
    fn search_in_parallel(
        &self,
        waiting: &mut Waiting,
        rows: &RowPartition,
        scratch: &mut Scratch<S>,
    ) -> Chosen {
        let Waiting {
            subtree, histogram, ..
        } = waiting;
        let rows = rows.of(&subtree.rows);
        self.load(rows, &mut scratch.node);
        scratch.set.clear();
        let node = scratch.node.of(rows);
        if !self.may_split_node(&node, subtree.depth) {
            return None;
        }
        let histograms = &mut scratch.histograms;
        self.count_root(&subtree.features, &node, histogram, histograms);
        let found: Vec<(Found<S>, Vec<u32>)> = subtree
            .features
            .par_iter()
            .with_max_len(1)
            .map_init(Runs::<S>::default, |runs, &feature| {
                let found = self.search_feature(feature, &node, *histogram, histograms, runs);
                (found, std::mem::take(&mut runs.set))
            })
            .collect();
        let mut best = None;
        scratch.features.clear();
        for (&feature, (found, set)) in subtree.features.iter().zip(found) {
            if self.fold(&mut best, &mut scratch.features, feature, found) {
                scratch.set = set;
            }
        }
        self.worthwhile(best, subtree.features.len(), &node)
    }

    /// Grows subtrees side by side, each on one thread.
    fn grow_subtrees(&self, subtrees: &[Subtree], rows: &RowPartition) -> Vec<Tree> {
        let buffers = <(RowPartition, Scratch<S>)>::default;
        subtrees
            .par_iter()
            .with_max_len(1)
            .map_init(buffers, |(own_rows, scratch), subtree| {
                let gathered = Gathered::new(self, rows.of(&subtree.rows), &subtree.features);
                own_rows.begin_with_all(subtree.rows.len());
                scratch.features.clone_from(&subtree.features);
                gathered
                    .builder(self)
                    .grow(subtree.depth, own_rows, scratch)
            })
            .collect()
    }
}

/// A copy of some rows, so that what is read together lies together: the rows of a subtree are
/// scattered over columns that no cache holds.
struct Gathered<S: Statistic> {
    columns: Vec<CodeColumn>,
    outcomes: Vec<S::Outcome>,
    weights: Vec<f64>,
}

impl<S: Statistic> Gathered<S> {
    /// Columns that are not among `features` are left empty.
    fn new(builder: &Builder<S>, rows: &[u32], features: &[u32]) -> Self {
        let mut columns: Vec<CodeColumn> = builder
            .columns
            .iter()
            .map(|column| column.gather(&[]))
            .collect();
        for &feature in features {
            columns[feature as usize] = builder.columns[feature as usize].gather(rows);
        }
        let outcomes = rows.iter().map(|&row| builder.outcomes[row as usize]);
        let weights = match builder.weights {
            [] => Vec::new(),
            weights => rows.iter().map(|&row| weights[row as usize]).collect(),
        };
        Self {
            columns,
            outcomes: outcomes.collect(),
            weights,
        }
    }

    /// As the builder of all rows, for these.
    fn builder<'a>(&'a self, whole: &Builder<'a, S>) -> Builder<'a, S> {
        Builder {
            columns: &self.columns,
            outcomes: &self.outcomes,
            weights: &self.weights,
            ..*whole
        }
    }
}

/// The nodes near the root of a large tree, and the subtrees below them.
#[derive(Default)]
struct Top {
    nodes: Vec<TopNode>,
    subtrees: Vec<Subtree>,
}

/// A split near the root.
struct TopNode {
    split: Split,
    set: Vec<u32>,
    statistics: Vec<f64>,
    depth: usize,
    candidates: u32,
    children: [Child; 2],
}

/// A subtree to be grown apart.
struct Subtree {
    rows: Range<usize>,
    /// The features that are not known to be constant in it.
    features: Vec<u32>,
    depth: usize,
}

/// A subtree of which it is not known yet whether its root is near that of the tree.
struct Waiting {
    subtree: Subtree,
    histogram: Option<HistogramId>,
    /// The node whose child it is, and on which side.
    parent: Option<(usize, usize)>,
}

#[derive(Clone, Copy)]
enum Child {
    Node(usize),
    Subtree(usize),
}

impl Top {
    fn push_node(&mut self, parent: Option<(usize, usize)>, node: Node) -> usize {
        let position = self.nodes.len();
        self.link(parent, Child::Node(position));
        self.nodes.push(TopNode {
            split: node.split,
            set: node.set.to_vec(),
            statistics: node.statistics.to_vec(),
            depth: node.depth,
            candidates: node.candidates,
            children: [Child::Subtree(0); 2],
        });
        position
    }

    fn push_subtree(&mut self, waiting: Waiting) {
        self.link(waiting.parent, Child::Subtree(self.subtrees.len()));
        self.subtrees.push(waiting.subtree);
    }

    fn link(&mut self, parent: Option<(usize, usize)>, child: Child) {
        if let Some((parent, side)) = parent {
            self.nodes[parent].children[side] = child;
        }
    }

    /// Puts the top and the trees of its subtrees together in preorder.
    fn assemble(&self, leaves: Leaves, trees: &[Tree]) -> Tree {
        let nodes = self.nodes.len() + trees.iter().map(Tree::node_count).sum::<usize>();
        let mut tree = Tree::with_capacity(leaves, nodes);
        let root = match self.nodes.is_empty() {
            true => Child::Subtree(0),
            false => Child::Node(0),
        };
        let mut stack = vec![(root, None)];
        while let Some((child, parent)) = stack.pop() {
            let node = match child {
                Child::Subtree(subtree) => tree.append(&trees[subtree]),
                Child::Node(position) => {
                    let top = &self.nodes[position];
                    let node = tree.push(Node {
                        split: top.split,
                        set: &top.set,
                        statistics: &top.statistics,
                        depth: top.depth,
                        candidates: top.candidates,
                    });
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
}

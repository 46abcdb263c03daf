//! Trees whose leaves are added up, in the form that predicting goes by.

use std::borrow::Borrow;
use std::ops::Range;
use std::sync::OnceLock;

use super::code_test::{AdditiveNode, CodeTest};
use super::leaf_masks::{LeafMasks, MaskedNodes};
use crate::tree::{Split, Tree};

/// Trees on codes of a byte each whose leaves are added up to the scores of a row.
///
/// Tree `t` adds to score `t % outputs`. Leaves hold single-precision numbers, as they are stored.
#[derive(Clone, Debug, PartialEq)]
pub struct AdditiveTrees {
    /// By output: the score that every row begins with.
    start: Vec<f64>,
    /// The first node of each tree.
    roots: Vec<u32>,
    nodes: Vec<AdditiveNode>,
    /// Sets of codes that nodes ask for: a bit each, the lowest first.
    sets: Vec<[u64; 4]>,
    values: Vec<f32>,
    kept_masks: KeptMasks,
}

/// Masks of all trees, where they are kept: from the first rows on that are scored.
#[derive(Debug, Default)]
struct KeptMasks(Option<OnceLock<Vec<Option<LeafMasks>>>>);

impl Clone for KeptMasks {
    fn clone(&self) -> Self {
        Self(self.0.is_some().then(OnceLock::new))
    }
}

/// They follow from the trees.
impl PartialEq for KeptMasks {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

/// Trees whose masks are made together.
const TREES_TOGETHER: usize = 64;

/// So many rows are worth masks that are not kept.
const ROWS_WORTH_MASKS: usize = 256;

impl AdditiveTrees {
    /// Scores that begin with `start`, and no trees yet.
    pub fn new(start: Vec<f64>) -> Self {
        Self {
            start,
            roots: Vec::new(),
            nodes: Vec::new(),
            sets: Vec::new(),
            values: Vec::new(),
            kept_masks: KeptMasks::default(),
        }
    }

    /// Has rows be scored in less time, for up to a kilobyte of memory for each node, from the first
    /// ones on.
    pub(crate) fn expect_many_rows(&mut self) {
        self.kept_masks = KeptMasks(Some(OnceLock::new()));
    }

    /// Appends a tree of numbers on features of a byte. `missing_code` gives the code that stands
    /// for missing values of a feature.
    ///
    /// # Panics
    ///
    /// If a split asks for a code that is no byte.
    pub fn push(&mut self, tree: &Tree, missing_code: impl Fn(usize) -> Option<u32>) {
        let first = self.nodes.len() as u32;
        self.roots.push(first);
        for node in 0..tree.node_count() {
            let split = tree.split(node);
            let next = match split {
                Split::Leaf => {
                    self.values.push(tree.value(node) as f32);
                    self.values.len() as u32 - 1
                }
                _ => first + tree.right(node) as u32,
            };
            let test = match split {
                Split::Leaf => CodeTest::Leaf,
                Split::LessOrEqual {
                    feature,
                    code,
                    missing_left,
                    ..
                } => CodeTest::LessOrEqual {
                    feature: feature as u16,
                    code: byte(code),
                    missing: missing_code(feature as usize)
                        .filter(|_| missing_left)
                        .map(byte),
                },
                Split::Equal { feature, code } => self.among(feature, &[code]),
                Split::Among { feature, set } => self.among(feature, tree.set(set)),
            };
            self.nodes.push(AdditiveNode { test, next });
        }
    }

    fn among(&mut self, feature: u32, codes: &[u32]) -> CodeTest {
        let mut set = [0; 4];
        for &code in codes {
            let code = byte(code);
            set[usize::from(code / 64)] |= 1 << (code % 64);
        }
        self.sets.push(set);
        CodeTest::Among {
            feature: feature as u16,
            set: self.sets.len() as u32 - 1,
        }
    }

    /// Scores of a row.
    pub fn outputs(&self) -> usize {
        self.start.len()
    }

    /// By output: the score that every row begins with.
    pub fn start(&self) -> &[f64] {
        &self.start
    }

    /// Number of trees.
    pub fn tree_count(&self) -> usize {
        self.roots.len()
    }

    /// Number of nodes of all trees.
    pub fn node_count(&self) -> usize {
        self.nodes.len()
    }

    /// What the nodes ask, tree after tree, each tree in preorder.
    pub fn tests(&self) -> impl ExactSizeIterator<Item = CodeTest> {
        self.nodes.iter().map(|node| node.test)
    }

    /// A node, by its position among those of all trees.
    pub fn node(&self, node: usize) -> AdditiveNode {
        self.nodes[node]
    }

    /// The first node of each tree.
    pub fn roots(&self) -> impl ExactSizeIterator<Item = usize> {
        self.roots.iter().map(|&root| root as usize)
    }

    /// The positions of a tree's nodes.
    fn nodes_of(&self, tree: usize) -> Range<usize> {
        let end = self.roots.get(tree + 1);
        self.roots[tree] as usize..end.map_or(self.nodes.len(), |&root| root as usize)
    }

    /// Sets of codes that nodes ask for: a bit each, the lowest first.
    pub fn sets(&self) -> &[[u64; 4]] {
        &self.sets
    }

    /// What the leaves add, in the order of the nodes.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Depth of the deepest leaf; 0 without a split.
    pub fn depth(&self) -> usize {
        let (mut deepest, mut waiting) = (0, Vec::new());
        let mut depth = 0;
        for node in &self.nodes {
            match node.test {
                CodeTest::Leaf => {
                    deepest = deepest.max(depth);
                    depth = waiting.pop().unwrap_or(0);
                }
                _ => {
                    depth += 1;
                    waiting.push(depth);
                }
            }
        }
        deepest
    }

    /// Trees from what their nodes ask, tree after tree and each in preorder: the shape of a tree
    /// follows from which of its nodes are leaves. `values` holds a number for each leaf.
    ///
    /// Nothing where the nodes do not make whole trees, a set is not there, the leaves have not a
    /// number each, there is no start, or a number is not finite.
    pub fn from_preorder(
        start: Vec<f64>,
        tests: impl IntoIterator<Item = CodeTest>,
        sets: Vec<[u64; 4]>,
        values: Vec<f32>,
    ) -> Option<Self> {
        let mut trees = Self {
            sets,
            values,
            ..Self::new(start)
        };
        let (mut leaves, mut waiting, mut begins) = (0, Vec::<usize>::new(), true);
        for test in tests {
            let place = u32::try_from(trees.nodes.len()).ok()?;
            if std::mem::replace(&mut begins, false) {
                trees.roots.push(place);
            }
            trees.nodes.push(AdditiveNode { test, next: leaves });
            match test {
                CodeTest::Leaf => {
                    leaves += 1;
                    match waiting.pop() {
                        Some(split) => trees.nodes[split].next = place + 1,
                        None => begins = true,
                    }
                }
                CodeTest::Among { set, .. } if set as usize >= trees.sets.len() => return None,
                _ => waiting.push(place as usize),
            }
        }
        let is_whole = begins && waiting.is_empty() && leaves as usize == trees.values.len();
        let are_finite = trees.start.iter().all(|number| number.is_finite())
            && trees.values.iter().all(|number| number.is_finite());
        (is_whole && are_finite && !trees.start.is_empty()).then_some(trees)
    }

    /// Adds the scores of rows, times `weight`. `codes` holds `width` codes for each row, `scores`
    /// as many numbers for each as there are [`outputs`](Self::outputs).
    ///
    /// # Panics
    ///
    /// If a tree asks for a feature that is not below `width`.
    pub fn add(&self, codes: &[u8], width: usize, weight: f64, scores: &mut [f64]) {
        let outputs = self.outputs();
        for row in scores.chunks_exact_mut(outputs) {
            for (score, start) in row.iter_mut().zip(&self.start) {
                *score += weight * start;
            }
        }
        let rows = Rows {
            codes,
            width: width.max(1),
            weight,
        };
        let kept = self.kept_masks.0.as_ref();
        let kept = kept.map(|kept| kept.get_or_init(|| self.masks().collect()));
        match kept {
            Some(kept) => self.add_by_masks(&rows, kept.iter(), scores),
            None if scores.len() / outputs >= ROWS_WORTH_MASKS => {
                self.add_by_masks(&rows, self.masks(), scores);
            }
            None => self.add_by_row(0..self.tree_count(), &rows, scores),
        }
    }

    /// The trees whose masks are made together.
    fn together(&self) -> impl Iterator<Item = Range<usize>> {
        let all = 0..self.tree_count();
        let firsts = all.clone().step_by(TREES_TOGETHER);
        firsts.map(move |tree| tree..all.end.min(tree + TREES_TOGETHER))
    }

    fn masks(&self) -> impl Iterator<Item = Option<LeafMasks>> {
        self.together().map(|trees| self.leaf_masks(trees))
    }

    /// The masks of some trees; nothing where one of them has too many leaves.
    pub(super) fn leaf_masks(&self, trees: Range<usize>) -> Option<LeafMasks> {
        let nodes = MaskedNodes {
            nodes: &self.nodes,
            sets: &self.sets,
            values: &self.values,
        };
        let trees = trees.map(|tree| (self.nodes_of(tree), tree % self.outputs()));
        LeafMasks::new(nodes, &trees.collect::<Vec<_>>())
    }

    /// Adds the scores of rows by masks, tree after tree; where there are none, row after row.
    fn add_by_masks(
        &self,
        rows: &Rows,
        masks: impl Iterator<Item = impl Borrow<Option<LeafMasks>>>,
        scores: &mut [f64],
    ) {
        let outputs = self.outputs();
        let columns = rows.columns();
        let columns: Vec<&[u8]> = columns.iter().map(Vec::as_slice).collect();
        let all: Vec<u32> = (0..(scores.len() / outputs) as u32).collect();
        for (trees, masks) in self.together().zip(masks) {
            match masks.borrow() {
                Some(masks) => masks.visit(&columns, &all, |output, row, value| {
                    scores[row * outputs + output] += rows.weight * value;
                }),
                None => self.add_by_row(trees, rows, scores),
            }
        }
    }

    fn add_by_row(&self, trees: Range<usize>, rows: &Rows, scores: &mut [f64]) {
        let outputs = self.outputs();
        for tree in trees {
            let (root, output) = (self.roots[tree] as usize, tree % outputs);
            let codes = rows.codes.chunks_exact(rows.width);
            for (codes, scores) in codes.zip(scores.chunks_exact_mut(outputs)) {
                scores[output] += rows.weight * self.value(root, codes);
            }
        }
    }

    /// The value of the leaf that a row ends in, from the root of a tree on.
    #[inline]
    fn value(&self, root: usize, codes: &[u8]) -> f64 {
        let mut place = root;
        loop {
            let node = self.nodes[place];
            let feature = match node.test {
                CodeTest::Leaf => return f64::from(self.values[node.next as usize]),
                CodeTest::LessOrEqual { feature, .. } | CodeTest::Among { feature, .. } => feature,
            };
            place = match node.test.goes_left(&self.sets, codes[usize::from(feature)]) {
                true => place + 1,
                false => node.next as usize,
            };
        }
    }
}

/// Rows to be scored.
struct Rows<'a> {
    codes: &'a [u8],
    width: usize,
    weight: f64,
}

impl Rows<'_> {
    /// The codes, feature after feature.
    fn columns(&self) -> Vec<Vec<u8>> {
        (0..self.width)
            .map(|feature| {
                let codes = self.codes.iter().skip(feature);
                codes.step_by(self.width).copied().collect()
            })
            .collect()
    }
}

fn byte(code: u32) -> u8 {
    u8::try_from(code).expect("codes of bins are bytes")
}

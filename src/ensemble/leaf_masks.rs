//! Which leaf each of many rows ends in, by masks of leaves that are looked up by code (QuickScorer,
//! Lucchese et al. 2015): no node waits for the one above it.

use std::ops::{BitAndAssign, Range};

use super::code_test::{AdditiveNode, CodeTest};

/// Trees of at most 64 leaves each, as masks of their leaves.
#[derive(Debug)]
pub(super) enum LeafMasks {
    UpTo8(Masks<u8>),
    UpTo32(Masks<u32>),
    UpTo64(Masks<u64>),
}

/// For each tree and feature that it asks: by code, the leaves that can still be reached.
#[derive(Debug)]
pub(super) struct Masks<M> {
    tables: Vec<Table<M>>,
    trees: Vec<MaskedTree>,
    values: Vec<f64>,
}

#[derive(Debug)]
struct Table<M> {
    feature: u16,
    by_code: [M; 256],
}

#[derive(Debug)]
struct MaskedTree {
    output: usize,
    tables: Range<usize>,
    first_value: usize,
}

/// A set of leaves: a bit each, the leftmost leaf's the lowest.
pub(super) trait Mask: Copy + BitAndAssign {
    const ALL: Self;
    /// All leaves but those of a range.
    fn without(leaves: Range<u32>) -> Self;
    fn first(self) -> usize;
}

macro_rules! mask {
    ($bits:ty) => {
        impl Mask for $bits {
            const ALL: Self = Self::MAX;

            fn without(leaves: Range<u32>) -> Self {
                let below = |end: u32| Self::MAX.checked_shl(end).map_or(Self::MAX, |bits| !bits);
                !(below(leaves.end) & !below(leaves.start))
            }

            #[inline(always)]
            fn first(self) -> usize {
                self.trailing_zeros() as usize
            }
        }
    };
}
mask!(u8);
mask!(u32);
mask!(u64);

/// The nodes of trees, as they are stored.
#[derive(Clone, Copy)]
pub(super) struct MaskedNodes<'a> {
    pub nodes: &'a [AdditiveNode],
    pub sets: &'a [[u64; 4]],
    pub values: &'a [f32],
}

/// Rows that are sent down a tree at a time.
const BLOCK: usize = 256;

impl LeafMasks {
    /// Masks of trees, each given by the positions of its nodes and the score that it adds to;
    /// nothing where one of them has too many leaves.
    pub fn new(nodes: MaskedNodes, trees: &[(Range<usize>, usize)]) -> Option<Self> {
        let most = trees.iter().map(|(nodes, _)| nodes.len()).max();
        match most.unwrap_or(1).div_ceil(2) {
            0..=8 => Some(Self::UpTo8(Masks::new(nodes, trees))),
            9..=32 => Some(Self::UpTo32(Masks::new(nodes, trees))),
            33..=64 => Some(Self::UpTo64(Masks::new(nodes, trees))),
            _ => None,
        }
    }

    /// Hands what a leaf adds to `add`: by output, by position among `rows`, tree after tree.
    /// `columns` holds the codes of each feature.
    pub fn visit(&self, columns: &[&[u8]], rows: &[u32], add: impl FnMut(usize, usize, f64)) {
        match self {
            Self::UpTo8(masks) => masks.visit(columns, rows, add),
            Self::UpTo32(masks) => masks.visit(columns, rows, add),
            Self::UpTo64(masks) => masks.visit(columns, rows, add),
        }
    }
}

impl<M: Mask> Masks<M> {
    fn new(nodes: MaskedNodes, trees: &[(Range<usize>, usize)]) -> Self {
        let mut masks = Self {
            tables: Vec::new(),
            trees: Vec::with_capacity(trees.len()),
            values: Vec::new(),
        };
        for (positions, output) in trees {
            masks.push(nodes, positions.clone(), *output);
        }
        masks
    }

    fn push(&mut self, all: MaskedNodes, positions: Range<usize>, output: usize) {
        let (first_table, first_value) = (self.tables.len(), self.values.len());
        let nodes = &all.nodes[positions.clone()];
        // Leaves are numbered as they come, those of the tree from the first one's number on.
        let leaves_before: Vec<u32> = nodes
            .iter()
            .scan(0, |leaves, node| {
                let before = *leaves;
                *leaves += u32::from(node.test == CodeTest::Leaf);
                Some(before)
            })
            .collect();
        for (place, node) in nodes.iter().enumerate() {
            let feature = match node.test {
                CodeTest::Leaf => {
                    let value = all.values[node.next as usize];
                    self.values.push(f64::from(value));
                    continue;
                }
                CodeTest::LessOrEqual { feature, .. } | CodeTest::Among { feature, .. } => feature,
            };
            let right = leaves_before[node.next as usize - positions.start];
            let reached = M::without(leaves_before[place]..right);
            for (code, mask) in (0..=u8::MAX).zip(self.table(first_table, feature)) {
                if !node.test.goes_left(all.sets, code) {
                    *mask &= reached;
                }
            }
        }
        self.trees.push(MaskedTree {
            output,
            tables: first_table..self.tables.len(),
            first_value,
        });
    }

    /// The table of a feature, among those from the first on.
    fn table(&mut self, first: usize, feature: u16) -> &mut [M; 256] {
        let known = self.tables[first..].iter();
        let place = known.take_while(|table| table.feature != feature).count() + first;
        if place == self.tables.len() {
            self.tables.push(Table {
                feature,
                by_code: [M::ALL; 256],
            });
        }
        &mut self.tables[place].by_code
    }

    fn visit(&self, columns: &[&[u8]], rows: &[u32], mut add: impl FnMut(usize, usize, f64)) {
        let mut masks = [M::ALL; BLOCK];
        for (block, rows) in rows.chunks(BLOCK).enumerate() {
            let masks = &mut masks[..rows.len()];
            for tree in &self.trees {
                masks.fill(M::ALL);
                for table in &self.tables[tree.tables.clone()] {
                    let codes = columns[usize::from(table.feature)];
                    for (mask, &row) in masks.iter_mut().zip(rows) {
                        *mask &= table.by_code[usize::from(codes[row as usize])];
                    }
                }
                let values = &self.values[tree.first_value..];
                for (place, mask) in masks.iter().enumerate() {
                    add(tree.output, block * BLOCK + place, values[mask.first()]);
                }
            }
        }
    }
}

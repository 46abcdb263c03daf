//! Which leaf each of many rows ends in, by masks of leaves that are looked up by code (QuickScorer,
//! Lucchese et al. 2015): no node waits for the one above it.

use std::ops::{BitAndAssign, Range};

use super::{AdditiveTrees, CodeTest};

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

/// Rows that are sent down a tree at a time.
const BLOCK: usize = 256;

impl LeafMasks {
    /// Some of the trees; nothing where one of them has too many leaves.
    pub fn new(trees: &AdditiveTrees, range: Range<usize>) -> Option<Self> {
        let nodes = |tree: usize| trees.nodes_of(tree).len();
        match range.clone().map(nodes).max().unwrap_or(1) / 2 + 1 {
            0..=8 => Some(Self::UpTo8(Masks::new(trees, range))),
            9..=32 => Some(Self::UpTo32(Masks::new(trees, range))),
            33..=64 => Some(Self::UpTo64(Masks::new(trees, range))),
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
    fn new(trees: &AdditiveTrees, range: Range<usize>) -> Self {
        let mut masks = Self {
            tables: Vec::new(),
            trees: Vec::with_capacity(range.len()),
            values: Vec::new(),
        };
        range.for_each(|tree| masks.push(trees, tree));
        masks
    }

    fn push(&mut self, trees: &AdditiveTrees, tree: usize) {
        let (first_table, first_value) = (self.tables.len(), self.values.len());
        let nodes = trees.nodes_of(tree);
        // Leaves are numbered as they come, those of the tree from the first one's number on.
        let leaves_before: Vec<u32> = nodes
            .clone()
            .scan(0, |leaves, node| {
                let before = *leaves;
                *leaves += u32::from(trees.node(node).test == CodeTest::Leaf);
                Some(before)
            })
            .collect();
        for (place, node) in nodes.clone().enumerate() {
            let node = trees.node(node);
            let feature = match node.test {
                CodeTest::Leaf => {
                    let value = trees.values()[node.next as usize];
                    self.values.push(f64::from(value));
                    continue;
                }
                CodeTest::LessOrEqual { feature, .. } | CodeTest::Among { feature, .. } => feature,
            };
            let right = leaves_before[node.next as usize - nodes.start];
            let reached = M::without(leaves_before[place]..right);
            for (code, mask) in (0..=u8::MAX).zip(self.table(first_table, feature)) {
                if !trees.goes_left(node.test, code) {
                    *mask &= reached;
                }
            }
        }
        self.trees.push(MaskedTree {
            output: tree % trees.outputs(),
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

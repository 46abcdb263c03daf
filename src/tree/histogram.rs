//! Histograms that nodes hand on: a parent's less one child's are the other child's, so only the
//! smaller child's rows need be counted.

use std::ops::Range;

use rayon::prelude::*;

use super::statistic::{NodeRows, Statistic};
use crate::codes::{CodeColumn, Codes, with_codes};

/// A histogram has at most so many slots, for one waits at each node on the way to the root.
const SLOTS: usize = 1 << 16;

/// Or one slot for so many rows of the tree, if that is more.
const ROWS_PER_SLOT: usize = 8;

/// The share of the slots that one feature may take; where it would take more, it is searched row
/// by row.
const FEATURE_SHARE: usize = 16;

/// The fewest rows whose features are counted side by side.
const PARALLEL_ROWS: usize = 1 << 14;

/// Rows that are counted on one feature after another while they are in a core's first cache.
const BLOCK_ROWS: usize = 1 << 11;

/// A histogram is worth it where a node has at least this share of its slots in values to count.
const VALUES_PER_SLOT: f64 = 0.3;

/// One node's histograms, to be asked for from [`Histograms`].
#[derive(Clone, Copy, Debug)]
pub(super) struct HistogramId(usize);

/// The histograms of the nodes that wait to be grown: sums by code, feature after feature. The
/// buffers are kept from node to node, and from tree to tree.
pub(super) struct Histograms<S: Statistic> {
    /// Where the slots of each feature are; empty for one that is not counted.
    slots: Vec<Range<usize>>,
    slot_count: usize,
    counted_features: usize,
    buffers: Vec<Vec<S::Slot>>,
    free: Vec<usize>,
}

impl<S: Statistic> Default for Histograms<S> {
    fn default() -> Self {
        Self {
            slots: Vec::new(),
            slot_count: 0,
            counted_features: 0,
            buffers: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<S: Statistic> Histograms<S> {
    /// Begins a tree on some features, in ascending order.
    pub fn lay_out(&mut self, columns: &[CodeColumn], features: &[u32], width: usize, rows: usize) {
        let most = SLOTS.max(rows / ROWS_PER_SLOT);
        self.free.clear();
        self.free.extend(0..self.buffers.len());
        self.slots.clear();
        self.slots.resize(columns.len(), 0..0);
        self.slot_count = 0;
        self.counted_features = 0;
        for &feature in features {
            let slots = columns[feature as usize].cardinality as usize * width;
            let start = self.slot_count;
            if slots <= most / FEATURE_SHARE && start + slots <= most {
                self.slot_count += slots;
                self.counted_features += 1;
            }
            self.slots[feature as usize] = start..self.slot_count;
        }
    }

    /// Whether so many rows are worth a histogram. Sums of sample weights are not, for what is
    /// left of them after a subtraction is not exact.
    pub fn is_worth(&self, rows: usize) -> bool {
        let values = rows * self.counted_features;
        S::WHOLE && values as f64 >= VALUES_PER_SLOT * self.slot_count as f64 && values > 0
    }

    /// Counts a node's rows on some features.
    pub fn count(
        &mut self,
        columns: &[CodeColumn],
        features: &[u32],
        width: usize,
        node: &NodeRows<S>,
    ) -> HistogramId {
        let buffer = self.free.pop().unwrap_or_else(|| {
            self.buffers.push(Vec::new());
            self.buffers.len() - 1
        });
        let counts = &mut self.buffers[buffer];
        counts.clear();
        counts.resize(self.slot_count, S::Slot::default());
        if node.rows.len() < PARALLEL_ROWS {
            for &feature in features {
                let counts = &mut counts[self.slots[feature as usize].clone()];
                count(&columns[feature as usize].codes, width, node, counts);
            }
        } else {
            let slots = self.split(buffer).into_iter();
            let mut slots: Vec<(u32, &mut [S::Slot])> = slots
                .filter(|(feature, counts)| !counts.is_empty() && features.contains(feature))
                .collect();
            let group = slots.len().div_ceil(rayon::current_num_threads()).max(1);
            slots.par_chunks_mut(group).for_each(|slots| {
                for block in node.blocks(BLOCK_ROWS) {
                    for (feature, counts) in slots.iter_mut() {
                        count(&columns[*feature as usize].codes, width, &block, counts);
                    }
                }
            });
        }
        HistogramId(buffer)
    }

    /// The slots of each feature.
    fn split(&mut self, buffer: usize) -> Vec<(u32, &mut [S::Slot])> {
        let mut rest = &mut self.buffers[buffer][..];
        (0..)
            .zip(&self.slots)
            .map(|(feature, slots)| {
                let (counts, behind) = std::mem::take(&mut rest).split_at_mut(slots.len());
                rest = behind;
                (feature, counts)
            })
            .collect()
    }

    /// A node's sums on one feature, by code; nothing where it is not counted.
    pub fn of(&self, histogram: HistogramId, feature: u32) -> Option<&[S::Slot]> {
        let slots = self.slots[feature as usize].clone();
        (!slots.is_empty()).then(|| &self.buffers[histogram.0][slots])
    }

    /// Turns a parent's histogram into that of one child, given that of the other.
    pub fn subtract(&mut self, parent: HistogramId, child: HistogramId) {
        let [parent, child] = self
            .buffers
            .get_disjoint_mut([parent.0, child.0])
            .expect("two nodes have two buffers");
        for (parent, &child) in parent.iter_mut().zip(&*child) {
            *parent -= child;
        }
    }

    /// Gives a histogram's buffer back.
    pub fn release(&mut self, histogram: HistogramId) {
        self.free.push(histogram.0);
    }
}

/// Counts a node's rows on a feature, unless it has no slots.
fn count<S: Statistic>(codes: &Codes, width: usize, node: &NodeRows<S>, counts: &mut [S::Slot]) {
    if counts.is_empty() {
        return;
    }
    with_codes!(codes, codes => count_codes(codes, width, node, counts));
}

/// A feature of so few slots is counted in two halves.
const FEW_SLOTS: usize = 256;

/// Every other row is counted apart where codes are few: the same slot twice in a row would have to
/// wait for itself.
#[inline(always)]
fn count_codes<S: Statistic, C: Copy + Into<u32>>(
    codes: &[C],
    width: usize,
    node: &NodeRows<S>,
    counts: &mut [S::Slot],
) {
    let mut others = [S::Slot::default(); FEW_SLOTS];
    let others = match counts.len() <= FEW_SLOTS {
        true => &mut others[..counts.len()],
        false => &mut [],
    };
    let code_of = |row: u32| codes[row as usize].into() as usize;
    if others.is_empty() || node.rows.len() < counts.len() {
        for (position, (&row, &outcome)) in node.rows.iter().zip(node.outcomes).enumerate() {
            S::add(counts, code_of(row) * width, outcome, node.weight(position));
        }
        return;
    }
    let (pairs, last) = node.rows.as_chunks::<2>();
    let (outcomes, last_outcome) = node.outcomes.as_chunks::<2>();
    for (position, ([one, other], outcomes)) in pairs.iter().zip(outcomes).enumerate() {
        let weight = node.weight(2 * position);
        S::add(counts, code_of(*one) * width, outcomes[0], weight);
        let weight = node.weight(2 * position + 1);
        S::add(others, code_of(*other) * width, outcomes[1], weight);
    }
    for (&row, &outcome) in last.iter().zip(last_outcome) {
        let weight = node.weight(node.rows.len() - 1);
        S::add(counts, code_of(row) * width, outcome, weight);
    }
    for (count, &other) in counts.iter_mut().zip(&*others) {
        *count += other;
    }
}

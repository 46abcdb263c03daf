//! Which rows end in which leaf of a tree, for many rows at once.

use std::ops::Range;

use super::row_partition::RowPartition;
use super::{Split, Tree};
use crate::codes::CodeColumn;

/// Sends rows down trees: all rows of a node by one column, which takes less time than row after row.
/// The buffers are kept from tree to tree.
#[derive(Default)]
pub(crate) struct LeafRows {
    partition: RowPartition,
    waiting: Vec<(usize, Range<usize>)>,
}

impl LeafRows {
    /// Hands the rows of each leaf to `visit`, with what a leaf of quantities holds; leaves without
    /// rows are passed over.
    pub fn visit(
        &mut self,
        tree: &Tree,
        columns: &[CodeColumn],
        rows: &[u32],
        mut visit: impl FnMut(&[u32], f64),
    ) {
        self.partition.begin_with(rows);
        self.waiting.clear();
        self.waiting.push((0, 0..rows.len()));
        while let Some((node, rows)) = self.waiting.pop() {
            if rows.is_empty() {
                continue;
            }
            let split = tree.split(node);
            let set = match split {
                Split::Leaf => {
                    visit(self.partition.of(&rows), tree.value(node));
                    continue;
                }
                Split::Among { set, .. } => tree.set(set),
                _ => &[],
            };
            let [left, right] = self.partition.split(rows, columns, split, set);
            self.waiting.push((tree.right(node), right));
            self.waiting.push((tree.left(node), left));
        }
    }
}

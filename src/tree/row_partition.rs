//! The rows of every node, as ranges of one index buffer that splits partition in place.

use std::ops::Range;

use super::{Split, TrainingRows};
use crate::codes::{CodeColumn, with_codes};

/// The index buffer: each node's rows lie together, those of its left child before those of its
/// right one. Both are in the order that they had at the root; a row may be there more than once.
#[derive(Default)]
pub(super) struct RowPartition {
    rows: Vec<u32>,
    /// Rows that go right, while the others close ranks.
    right: Vec<u32>,
    /// By code: whether it is among those that a split asks for.
    is_member: Vec<bool>,
}

impl RowPartition {
    /// Begins a tree on these rows.
    pub fn begin(&mut self, training: &TrainingRows) {
        training.rows_into(&mut self.rows);
    }

    /// Begins a tree on rows at these positions.
    pub fn begin_with(&mut self, rows: &[u32]) {
        self.rows.clear();
        self.rows.extend_from_slice(rows);
    }

    /// Begins a tree on all of so many rows.
    pub fn begin_with_all(&mut self, rows: usize) {
        self.rows.clear();
        self.rows.extend(0..rows as u32);
    }

    /// Number of rows of the tree.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Sorts the rows of the tree by their numbers, and those of the same number by their weights.
    pub fn sort_by(&mut self, numbers: &[f64], weights: &[f64]) {
        let of = |row: u32| (numbers[row as usize], weights[row as usize]);
        self.rows.sort_unstable_by(|&one, &other| {
            let (one, other) = (of(one), of(other));
            one.0.total_cmp(&other.0).then(one.1.total_cmp(&other.1))
        });
    }

    /// All rows of the tree.
    pub fn all(&self) -> &[u32] {
        &self.rows
    }

    /// The rows of a node.
    pub fn of(&self, node: &Range<usize>) -> &[u32] {
        &self.rows[node.clone()]
    }

    /// Partitions the rows of a node into those of its left and of its right child. `set` holds the
    /// categories that the split asks for, where it asks for several.
    pub fn split(
        &mut self,
        node: Range<usize>,
        columns: &[CodeColumn],
        split: Split,
        set: &[u32],
    ) -> [Range<usize>; 2] {
        let rows = &mut self.rows[node.clone()];
        let left_rows = match split {
            Split::Leaf => rows.len(),
            Split::LessOrEqual {
                feature,
                code,
                missing_left,
                ..
            } => {
                let column = &columns[feature as usize];
                let right = &mut self.right;
                match column.missing_code().filter(|_| missing_left) {
                    None => partition_by(column, rows, right, |row_code| row_code <= code),
                    Some(missing) => partition_by(column, rows, right, |row_code| {
                        row_code <= code || row_code == missing
                    }),
                }
            }
            Split::Equal { feature, code } => {
                let column = &columns[feature as usize];
                partition_by(column, rows, &mut self.right, |row_code| row_code == code)
            }
            Split::Among { feature, .. } => {
                let column = &columns[feature as usize];
                self.is_member.clear();
                self.is_member.resize(column.cardinality as usize, false);
                for &code in set {
                    self.is_member[code as usize] = true;
                }
                let is_member = &self.is_member;
                partition_by(column, rows, &mut self.right, |row_code| {
                    is_member[row_code as usize]
                })
            }
        };
        let middle = node.start + left_rows;
        [node.start..middle, middle..node.end]
    }
}

/// Moves the rows that go left to the front and returns their number. Both sides keep their order.
fn partition_by(
    column: &CodeColumn,
    rows: &mut [u32],
    right: &mut Vec<u32>,
    goes_left: impl Fn(u32) -> bool,
) -> usize {
    with_codes!(&column.codes, codes => stable_partition(rows, right, codes, goes_left))
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

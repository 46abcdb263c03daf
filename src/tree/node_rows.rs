//! The rows of the node at hand, with what the search on every feature shares.

use super::weight::Weight;

/// A node's rows, and what the search on every feature shares.
pub(super) struct NodeRows<'a, W> {
    /// Positions of the rows in the matrix.
    pub rows: &'a [u32],
    /// The class of each of `rows`.
    pub labels: &'a [u32],
    /// The weight of each of `rows`; empty where all rows count the same.
    pub weights: &'a [W],
    /// The node's weight by class.
    pub totals: &'a [f64],
}

/// The labels and the weights of a node's rows brought together; kept from node to node.
#[derive(Default)]
pub(super) struct NodeBuffers<W> {
    labels: Vec<u32>,
    weights: Vec<W>,
    /// The node's weight by class.
    pub totals: Vec<f64>,
}

impl<W: Weight> NodeBuffers<W> {
    /// Takes the labels and weights of `rows` out of those of all rows.
    pub fn load(&mut self, rows: &[u32], labels: &[u32], weights: &[W], class_count: usize) {
        self.labels.clear();
        self.labels
            .extend(rows.iter().map(|&row| labels[row as usize]));
        self.weights.clear();
        if !W::WHOLE {
            self.weights
                .extend(rows.iter().map(|&row| weights[row as usize]));
        }
        self.totals.clear();
        self.totals.resize(class_count, 0.0);
        for (position, &label) in self.labels.iter().enumerate() {
            self.totals[label as usize] += W::of(&self.weights, position).value();
        }
    }

    /// The loaded node, whose rows are `rows`.
    pub fn of<'a>(&'a self, rows: &'a [u32]) -> NodeRows<'a, W> {
        NodeRows {
            rows,
            labels: &self.labels,
            weights: &self.weights,
            totals: &self.totals,
        }
    }
}

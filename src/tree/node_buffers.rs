//! The rows of the node at hand, with what the search on every feature shares.

use super::statistic::{NodeRows, Statistic};

/// The outcomes and the weights of a node's rows brought together; kept from node to node.
pub(super) struct NodeBuffers<S: Statistic> {
    outcomes: Vec<S::Outcome>,
    weights: Vec<f64>,
    slots: Vec<S::Slot>,
    /// The node's sums.
    pub totals: Vec<S::Sum>,
    unit: S::Unit,
}

impl<S: Statistic> Default for NodeBuffers<S> {
    fn default() -> Self {
        Self {
            outcomes: Vec::new(),
            weights: Vec::new(),
            slots: Vec::new(),
            totals: Vec::new(),
            unit: S::Unit::default(),
        }
    }
}

impl<S: Statistic> NodeBuffers<S> {
    /// Takes the outcomes and weights of `rows` out of those of all rows.
    pub fn load(
        &mut self,
        rows: &[u32],
        outcomes: &[S::Outcome],
        weights: &[f64],
        width: usize,
        unit: S::Unit,
    ) {
        self.outcomes.clear();
        self.outcomes
            .extend(rows.iter().map(|&row| outcomes[row as usize]));
        self.weights.clear();
        if S::WEIGHTED {
            self.weights
                .extend(rows.iter().map(|&row| weights[row as usize]));
        }
        self.unit = S::measure(&mut self.outcomes, &self.weights, unit);
        self.slots.clear();
        self.slots.resize(width, S::Slot::default());
        for (position, &outcome) in self.outcomes.iter().enumerate() {
            let weight = if S::WEIGHTED {
                self.weights[position]
            } else {
                1.0
            };
            S::add(&mut self.slots, 0, outcome, weight);
        }
        self.totals.clear();
        self.totals
            .extend(self.slots.iter().map(|&slot| S::sum(slot)));
    }

    /// The loaded node, whose rows are `rows`.
    pub fn of<'a>(&'a self, rows: &'a [u32]) -> NodeRows<'a, S> {
        NodeRows {
            rows,
            outcomes: &self.outcomes,
            weights: &self.weights,
            totals: &self.totals,
            unit: self.unit,
        }
    }
}

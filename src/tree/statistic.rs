//! What is summed up of rows: the seam between growing a tree and what the tree is to tell.

use std::ops::{AddAssign, SubAssign};

/// What is summed up of rows, and how splits are scored by the sums.
///
/// The sums of some rows stand in *slots*, as many as the builder's `width`: one for each class, or
/// a weight and a sum.
pub(super) trait Statistic: Sized + Send + Sync + 'static {
    /// What splits are scored by.
    type Criterion: Copy + Send + Sync;
    /// What is known of one row.
    type Outcome: Copy + PartialEq + Send + Sync;
    /// What the outcomes of a node are measured by.
    type Unit: Copy + Default + Send + Sync;
    /// A sum in a histogram.
    type Slot: Copy + Default + AddAssign + SubAssign + Send + Sync;
    /// A sum to calculate with.
    type Sum: Copy + Default + AddAssign + SubAssign + Send + Sync;
    /// How good a split is.
    type Score: Copy + Send + Sync;
    /// What is to be known of the rows on both sides of a split beside their sums.
    type Sides: Default + Send;

    /// Whether rows have sample weights.
    const WEIGHTED: bool;

    /// Whether sums are exact, in whatever order and also after a subtraction.
    const WHOLE: bool;

    /// Whether [`Sides`](Self::Sides) are told of every row.
    const BY_ROWS: bool = false;

    /// Adds one row to the slots that begin at `start`. The weight is 1 where rows have none.
    fn add(slots: &mut [Self::Slot], start: usize, outcome: Self::Outcome, weight: f64);

    fn sum(slot: Self::Slot) -> Self::Sum;

    /// The rows behind slots; to be asked only where rows have no weights.
    fn rows(_slots: &[Self::Slot]) -> usize {
        0
    }

    /// Measures the outcomes of a node by what suits them, given what those of all rows are measured
    /// by.
    fn measure(_outcomes: &mut [Self::Outcome], _weights: &[f64], unit: Self::Unit) -> Self::Unit {
        unit
    }

    /// A row's outcome in few bits, where it has a number below the width.
    fn label(_outcome: Self::Outcome) -> Option<u32> {
        None
    }

    /// The outcome that is a label.
    fn of_label(_label: u32) -> Option<Self::Outcome> {
        None
    }

    /// Whether all rows behind sums are known to have the same outcome.
    fn is_pure_in_sum(_totals: &[Self::Sum]) -> bool {
        false
    }

    /// Whether all rows of a node have the same outcome.
    fn is_pure(node: &NodeRows<Self>) -> bool {
        node.outcomes.iter().all(|other| *other == node.outcomes[0])
    }

    /// Makes ready for the splits of a node on one feature.
    fn rank_rows(_sides: &mut Self::Sides, _node: &NodeRows<Self>) {}

    /// Begins with all rows of a node on the right.
    fn begin(_sides: &mut Self::Sides, _node: &NodeRows<Self>) {}

    /// Moves the row at a position to the left.
    fn move_left(_sides: &mut Self::Sides, _position: usize, _node: &NodeRows<Self>) {}

    /// Scores a split, given the sums of its left side and of all rows; nothing for one that the
    /// criterion does not admit.
    fn score(
        criterion: Self::Criterion,
        left: &[Self::Sum],
        totals: &[Self::Sum],
        unit: Self::Unit,
        sides: &Self::Sides,
    ) -> Option<Self::Score>;

    /// Scores a split of a set of categories from the others, of so many in all.
    fn score_set(
        criterion: Self::Criterion,
        left: &[Self::Sum],
        totals: &[Self::Sum],
        unit: Self::Unit,
        sides: &Self::Sides,
        _categories: usize,
    ) -> Option<Self::Score> {
        Self::score(criterion, left, totals, unit, sides)
    }

    /// Whether one score is truly larger than another of the same node.
    fn beats(criterion: Self::Criterion, one: &Self::Score, other: &Self::Score) -> bool;

    /// Whether no split can be better.
    fn is_perfect(_criterion: Self::Criterion, _score: &Self::Score) -> bool {
        false
    }

    /// The weights of the left and of the right side.
    fn weights(score: &Self::Score) -> [f64; 2];

    /// The node's weight times the decrease of its impurity: scikit-learn's `N_t * (impurity -
    /// N_left / N_t * impurity_left - N_right / N_t * impurity_right)`.
    fn decrease(criterion: Self::Criterion, score: &Self::Score, node: &NodeRows<Self>) -> f64;

    /// In how many ways so many categories are ordered, for a set of them to be cut off in front; see
    /// [`rank`](Self::rank).
    fn orders(_width: usize, _categories: usize) -> usize {
        1
    }

    /// What the category of these sums, one of so many, is ordered by; infinite for one that is in no
    /// set.
    fn rank(
        criterion: Self::Criterion,
        slots: &[Self::Slot],
        unit: Self::Unit,
        order: usize,
        categories: usize,
    ) -> f64;

    /// What a tree keeps of a node: the weight of each class; or weight, prediction and error, which
    /// is the weight times the impurity.
    fn describe(criterion: Self::Criterion, node: &NodeRows<Self>, statistics: &mut Vec<f64>);
}

/// A node's rows, and what the search on every feature shares.
pub(super) struct NodeRows<'a, S: Statistic> {
    /// Positions of the rows in the matrix.
    pub rows: &'a [u32],
    /// The outcome of each of `rows`.
    pub outcomes: &'a [S::Outcome],
    /// The weight of each of `rows`; empty where all rows count the same.
    pub weights: &'a [f64],
    /// The node's sums.
    pub totals: &'a [S::Sum],
    /// What `outcomes` are measured by.
    pub unit: S::Unit,
}

impl<S: Statistic> NodeRows<'_, S> {
    /// The rows in blocks of so many.
    pub fn blocks(&self, size: usize) -> impl Iterator<Item = NodeRows<'_, S>> {
        (0..self.rows.len()).step_by(size).map(move |first| {
            let range = first..(first + size).min(self.rows.len());
            NodeRows {
                rows: &self.rows[range.clone()],
                outcomes: &self.outcomes[range.clone()],
                weights: match S::WEIGHTED {
                    true => &self.weights[range],
                    false => &[],
                },
                ..*self
            }
        })
    }

    /// The weight of all rows.
    pub fn total_weight(&self) -> f64 {
        match S::WEIGHTED {
            true => self.weights.iter().sum(),
            false => self.rows.len() as f64,
        }
    }

    /// The weight of the row at a position.
    #[inline(always)]
    pub fn weight(&self, position: usize) -> f64 {
        match S::WEIGHTED {
            true => self.weights[position],
            false => 1.0,
        }
    }
}

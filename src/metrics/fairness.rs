//! Whether groups of rows (by sex, by race, …) are treated alike.
//!
//! The definitions are those of Fairlearn 0.15.0 (user guide, "Common fairness metrics"; module
//! `fairlearn.metrics`), all with `method="between_groups"`. They look at one *positive* class,
//! the outcome that is worth having: class 1 of a binary problem, or whichever class of several
//! is chosen, against all the others.
//!
//! Fairlearn's rates never fail: the true positive rate of a group without a positive row is 0
//! there, because the normalisation in `sklearn.metrics.confusion_matrix` turns 0/0 into 0, and
//! a single group has a disparity of 0. Here such a rate is `None` and its group stays out of the
//! comparison, as Fairlearn's `MetricFrame` does with a rate that is not a number, and a
//! comparison of fewer than two groups is `None`. Where all rates of at least two groups are
//! defined, the figures are Fairlearn's.

use serde::{Deserialize, Serialize};

use super::confusion::ratio;
use super::extremes::Extremes;

/// The outcomes of one group's rows for one positive class.
///
/// ```
/// use per_entity::metrics::{Disparity, GroupCounts};
///
/// let positive = 1;
/// let mut women = GroupCounts::default();
/// let mut men = GroupCounts::default();
/// women.push(Some(1), 0, positive);
/// women.push(Some(0), 0, positive);
/// men.push(Some(1), 1, positive);
/// men.push(Some(0), 0, positive);
///
/// assert_eq!(women.true_positive_rate(), Some(0.0));
/// let disparity = Disparity::between_groups([&women, &men]);
/// assert_eq!(disparity.demographic_parity_difference, Some(0.5));
/// assert_eq!(disparity.equalized_odds_difference, Some(1.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GroupCounts {
    /// Rows of the positive class that were predicted as such.
    pub true_positives: u64,
    /// Rows of another class that were predicted as positive.
    pub false_positives: u64,
    /// Rows of another class that were predicted as any other class, right or wrong.
    pub true_negatives: u64,
    /// Rows of the positive class that were predicted as another class.
    pub false_negatives: u64,
    /// Rows whose very class was predicted. With two known classes this is
    /// `true_positives + true_negatives`; with more it is at most that.
    pub correct: u64,
}

impl GroupCounts {
    /// Counts one row: its true class (`None` if the model never saw it, which makes it a row of
    /// another class than the positive one), the predicted class, and the positive class.
    ///
    /// `positive` must be the same for every row of the counts.
    pub fn push(&mut self, truth: Option<usize>, predicted: usize, positive: usize) {
        let count = match (truth == Some(positive), predicted == positive) {
            (true, true) => &mut self.true_positives,
            (false, true) => &mut self.false_positives,
            (false, false) => &mut self.true_negatives,
            (true, false) => &mut self.false_negatives,
        };
        *count += 1;
        self.correct += u64::from(truth == Some(predicted));
    }

    /// Adds the counts of `other`, as if its rows had been pushed here.
    pub fn merge(&mut self, other: &Self) {
        self.true_positives += other.true_positives;
        self.false_positives += other.false_positives;
        self.true_negatives += other.true_negatives;
        self.false_negatives += other.false_negatives;
        self.correct += other.correct;
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.selected() + self.true_negatives + self.false_negatives
    }

    /// The share of rows predicted as positive, `fairlearn.metrics.selection_rate`; `None`
    /// without rows.
    #[must_use]
    pub fn selection_rate(&self) -> Option<f64> {
        ratio(self.selected(), self.rows())
    }

    /// The share of positive rows predicted as positive, `fairlearn.metrics.true_positive_rate`;
    /// `None` without positive rows.
    #[must_use]
    pub fn true_positive_rate(&self) -> Option<f64> {
        ratio(
            self.true_positives,
            self.true_positives + self.false_negatives,
        )
    }

    /// The share of the other rows predicted as positive,
    /// `fairlearn.metrics.false_positive_rate`; `None` without such rows.
    #[must_use]
    pub fn false_positive_rate(&self) -> Option<f64> {
        ratio(
            self.false_positives,
            self.false_positives + self.true_negatives,
        )
    }

    /// The share of rows whose class was predicted; `None` without rows.
    #[must_use]
    pub fn accuracy(&self) -> Option<f64> {
        ratio(self.correct, self.rows())
    }

    fn selected(&self) -> u64 {
        self.true_positives + self.false_positives
    }
}

/// How far apart the groups are. Differences lie in 0..=1 and are 0 when all groups are alike;
/// the ratio lies in 0..=1 and is 1 then.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Disparity {
    /// Groups with at least one row; the others are left out.
    pub groups: usize,
    /// Groups left out of the true positive rates, because they have no positive row.
    pub groups_without_positives: usize,
    /// Groups left out of the false positive rates, because all their rows are positive.
    pub groups_without_negatives: usize,
    /// The largest minus the smallest selection rate,
    /// `fairlearn.metrics.demographic_parity_difference`.
    pub demographic_parity_difference: Option<f64>,
    /// The smallest over the largest selection rate,
    /// `fairlearn.metrics.demographic_parity_ratio`; `None` if no row of any group was predicted
    /// as positive.
    pub demographic_parity_ratio: Option<f64>,
    /// The largest minus the smallest true positive rate,
    /// `fairlearn.metrics.equal_opportunity_difference`.
    pub true_positive_rate_difference: Option<f64>,
    /// The largest minus the smallest false positive rate,
    /// `fairlearn.metrics.false_positive_rate_difference`.
    pub false_positive_rate_difference: Option<f64>,
    /// The greater of the two differences above,
    /// `fairlearn.metrics.equalized_odds_difference` with `agg="worst_case"`; `None` if either
    /// of them is.
    pub equalized_odds_difference: Option<f64>,
}

impl Disparity {
    /// Compares groups with one another. All counts must be of the same positive class.
    #[must_use]
    pub fn between_groups<'a>(groups: impl IntoIterator<Item = &'a GroupCounts>) -> Self {
        let groups: Vec<&GroupCounts> = groups
            .into_iter()
            .filter(|group| group.rows() > 0)
            .collect();
        let extremes = |rate: fn(&GroupCounts) -> Option<f64>| {
            Extremes::of(groups.iter().map(|group| rate(group)))
        };
        let selection = extremes(GroupCounts::selection_rate);
        let true_positive = extremes(GroupCounts::true_positive_rate);
        let false_positive = extremes(GroupCounts::false_positive_rate);

        let true_positive_rate_difference = true_positive.difference();
        let false_positive_rate_difference = false_positive.difference();
        Self {
            groups: groups.len(),
            groups_without_positives: groups.len() - true_positive.defined,
            groups_without_negatives: groups.len() - false_positive.defined,
            demographic_parity_difference: selection.difference(),
            demographic_parity_ratio: selection.ratio(),
            true_positive_rate_difference,
            false_positive_rate_difference,
            equalized_odds_difference: true_positive_rate_difference
                .zip(false_positive_rate_difference)
                .map(|(first, second)| first.max(second)),
        }
    }
}

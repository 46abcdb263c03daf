//! Whether predictions of a quantity are as good for all groups of rows (by sex, by race, …).

use serde::{Deserialize, Serialize};

use super::extremes::Extremes;
use super::regression::finite;

/// The errors on one group's rows, each the prediction minus the truth.
///
/// ```
/// use per_entity::metrics::{ErrorDisparity, GroupErrors};
///
/// let mut women = GroupErrors::default();
/// let mut men = GroupErrors::default();
/// women.push(30.0, 28.0);
/// women.push(40.0, 36.0);
/// men.push(35.0, 36.0);
///
/// assert_eq!(women.mean_error(), Some(-3.0));
/// let disparity = ErrorDisparity::between_groups([&women, &men]);
/// assert_eq!(disparity.mean_error_difference, Some(4.0));
/// assert_eq!(disparity.mean_absolute_error_difference, Some(2.0));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupErrors {
    /// The number of rows.
    pub rows: u64,
    /// The sum of the errors.
    pub error_sum: f64,
    /// The sum of the sizes of the errors.
    pub absolute_error_sum: f64,
    /// The sum of the squared errors.
    pub squared_error_sum: f64,
}

impl GroupErrors {
    /// Adds one row: its true and its predicted quantity, both finite numbers, as
    /// [`RegressionEvaluation::push`](super::RegressionEvaluation::push) takes them.
    pub fn push(&mut self, truth: f64, prediction: f64) {
        let error = prediction - truth;
        self.rows += 1;
        self.error_sum += error;
        self.absolute_error_sum += error.abs();
        self.squared_error_sum += error * error;
    }

    /// Adds the rows of `other`, as if they had been pushed here.
    pub fn merge(&mut self, other: &Self) {
        self.rows += other.rows;
        self.error_sum += other.error_sum;
        self.absolute_error_sum += other.absolute_error_sum;
        self.squared_error_sum += other.squared_error_sum;
    }

    /// The mean error: above 0 where predictions are too high on average. `None` without rows.
    #[must_use]
    pub fn mean_error(&self) -> Option<f64> {
        self.mean(self.error_sum)
    }

    /// The mean size of the errors, `sklearn.metrics.mean_absolute_error`; `None` without rows.
    #[must_use]
    pub fn mean_absolute_error(&self) -> Option<f64> {
        self.mean(self.absolute_error_sum)
    }

    /// The root of the mean squared error, `sklearn.metrics.root_mean_squared_error`; `None`
    /// without rows.
    #[must_use]
    pub fn root_mean_squared_error(&self) -> Option<f64> {
        self.mean(self.squared_error_sum).map(f64::sqrt)
    }

    fn mean(&self, sum: f64) -> Option<f64> {
        finite(sum / self.rows as f64)
    }
}

/// How far apart the errors of groups are, in the target's units; 0 when all groups are alike.
/// Both differences are those of `fairlearn.metrics.MetricFrame.difference` with
/// `method="between_groups"`, and `None` for fewer than two groups.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorDisparity {
    /// Groups with at least one row; the others are left out.
    pub groups: usize,
    /// The largest minus the smallest mean error: whether predictions are too high for some where
    /// they are too low for others.
    pub mean_error_difference: Option<f64>,
    /// The largest minus the smallest mean absolute error: whether predictions serve some groups
    /// worse than others.
    pub mean_absolute_error_difference: Option<f64>,
}

impl ErrorDisparity {
    /// Compares groups with one another.
    #[must_use]
    pub fn between_groups<'a>(groups: impl IntoIterator<Item = &'a GroupErrors>) -> Self {
        let groups: Vec<&GroupErrors> = groups.into_iter().filter(|group| group.rows > 0).collect();
        let difference = |figure: fn(&GroupErrors) -> Option<f64>| {
            Extremes::of(groups.iter().map(|group| figure(group))).difference()
        };
        Self {
            groups: groups.len(),
            mean_error_difference: difference(GroupErrors::mean_error),
            mean_absolute_error_difference: difference(GroupErrors::mean_absolute_error),
        }
    }
}

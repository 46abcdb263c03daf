//! The hyperparameters of a tree, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::Criterion;
use crate::error::ParamsError;

/// Checked hyperparameters: what the builder takes. See [`DecisionTreeParams`] for the table.
///
/// Written in snake_case, as manifests have them, and read in kebab-case, as specifications do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all(deserialize = "kebab-case"), deny_unknown_fields, default)]
pub struct DecisionTreeValidParams {
    pub(super) criterion: Criterion,
    pub(super) max_depth: Option<usize>,
    pub(super) min_samples_split: usize,
    pub(super) min_samples_leaf: usize,
    pub(super) min_impurity_decrease: f64,
}

impl Default for DecisionTreeValidParams {
    fn default() -> Self {
        DecisionTreeParams::new().0
    }
}

impl DecisionTreeValidParams {
    /// The impurity measure.
    pub fn criterion(&self) -> Criterion {
        self.criterion
    }

    /// The largest depth of a leaf; the root has depth 0. `None` is without limit.
    pub fn max_depth(&self) -> Option<usize> {
        self.max_depth
    }

    /// The fewest rows of a node that may be split.
    pub fn min_samples_split(&self) -> usize {
        self.min_samples_split
    }

    /// The fewest rows of a leaf.
    pub fn min_samples_leaf(&self) -> usize {
        self.min_samples_leaf
    }

    /// The least weighted impurity decrease of a split.
    pub fn min_impurity_decrease(&self) -> f64 {
        self.min_impurity_decrease
    }
}

/// Hyperparameters of [`DecisionTree`](super::DecisionTree), with scikit-learn's names and
/// defaults.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`criterion`](Self::criterion) | [`Criterion::Gini`] | the impurity that a split decreases | gini, entropy |
/// | [`max_depth`](Self::max_depth) | `None` | stop splitting at this depth | 0 or more; `None` is without limit |
/// | [`min_samples_split`](Self::min_samples_split) | 2 | the fewest rows of a node that may be split | 2 or more |
/// | [`min_samples_leaf`](Self::min_samples_leaf) | 1 | the fewest rows on either side of a split | 1 or more |
/// | [`min_impurity_decrease`](Self::min_impurity_decrease) | 0.0 | the least `N_t / N * (impurity - N_left / N_t * impurity_left - N_right / N_t * impurity_right)` of a split, weights included | finite, 0 or more |
///
/// # Errors
///
/// [`check`](ParamGuard::check) gives a [`ParamsError`] for a value out of its range.
///
/// # Example
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::array;
/// use per_entity::tree::DecisionTree;
///
/// let records = array![[1.0, 0.0], [2.0, 0.0], [3.0, 1.0], [4.0, 0.0]];
/// let dataset = Dataset::new(records, array![0usize, 0, 1, 1]);
/// let tree = DecisionTree::params().max_depth(Some(3)).fit(&dataset)?;
/// assert_eq!(tree.predict(&dataset).to_vec(), vec![0, 0, 1, 1]);
/// # Ok::<(), linfa::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecisionTreeParams(DecisionTreeValidParams);

impl Default for DecisionTreeParams {
    fn default() -> Self {
        Self::new()
    }
}

impl DecisionTreeParams {
    /// The defaults of the table above.
    pub fn new() -> Self {
        Self(DecisionTreeValidParams {
            criterion: Criterion::Gini,
            max_depth: None,
            min_samples_split: 2,
            min_samples_leaf: 1,
            min_impurity_decrease: 0.0,
        })
    }

    /// Sets the impurity measure.
    pub fn criterion(mut self, criterion: Criterion) -> Self {
        self.0.criterion = criterion;
        self
    }

    /// Sets the largest depth; `None` is without limit.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.max_depth = max_depth;
        self
    }

    /// Sets the fewest rows of a node that may be split.
    pub fn min_samples_split(mut self, min_samples_split: usize) -> Self {
        self.0.min_samples_split = min_samples_split;
        self
    }

    /// Sets the fewest rows on either side of a split.
    pub fn min_samples_leaf(mut self, min_samples_leaf: usize) -> Self {
        self.0.min_samples_leaf = min_samples_leaf;
        self
    }

    /// Sets the least weighted impurity decrease of a split.
    pub fn min_impurity_decrease(mut self, min_impurity_decrease: f64) -> Self {
        self.0.min_impurity_decrease = min_impurity_decrease;
        self
    }
}

impl From<ParamsError> for linfa::Error {
    fn from(error: ParamsError) -> Self {
        linfa::Error::Parameters(error.to_string())
    }
}

impl ParamGuard for DecisionTreeParams {
    type Checked = DecisionTreeValidParams;
    type Error = ParamsError;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        let params = &self.0;
        if params.min_samples_split < 2 {
            return Err(ParamsError::MinSamplesSplit(params.min_samples_split));
        }
        if params.min_samples_leaf < 1 {
            return Err(ParamsError::MinSamplesLeaf);
        }
        let decrease = params.min_impurity_decrease;
        if !(decrease.is_finite() && decrease >= 0.0) {
            return Err(ParamsError::MinImpurityDecrease(decrease));
        }
        Ok(params)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

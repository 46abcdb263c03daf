//! The hyperparameters of [`DecisionTree`](super::DecisionTree), with linfa-trees' names and
//! defaults.

use std::marker::PhantomData;

use linfa::{Float, Label, ParamGuard};
use serde::{Deserialize, Serialize};

use super::SplitQuality;
use crate::tree::{self, Pruning};

/// Checked hyperparameters. See [`DecisionTreeParams`] for the table.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written", bound = "F: Float, L: Label")]
pub struct DecisionTreeValidParams<F, L> {
    pub(super) tree: tree::DecisionTreeValidParams,
    /// The least decrease at a node.
    min_impurity_decrease: f64,
    types: PhantomData<(F, L)>,
}

/// The serde form of hyperparameters.
#[derive(Serialize, Deserialize)]
struct Written {
    split_quality: SplitQuality,
    max_depth: Option<usize>,
    min_samples_split: usize,
    min_samples_leaf: usize,
    min_weight_split: f64,
    min_weight_leaf: f64,
    min_impurity_decrease: f64,
    pruning: Pruning,
}

impl<F: Float, L: Label> From<Written> for DecisionTreeValidParams<F, L> {
    fn from(written: Written) -> Self {
        let mut params = DecisionTreeParams::new().0;
        params.tree.criterion = written.split_quality;
        params.tree.max_depth = written.max_depth;
        params.tree.min_samples_split = written.min_samples_split;
        params.tree.min_samples_leaf = written.min_samples_leaf;
        params.tree.min_weight_split = written.min_weight_split;
        params.tree.min_weight_leaf = written.min_weight_leaf;
        params.tree.set_pruning(written.pruning);
        params.min_impurity_decrease = written.min_impurity_decrease;
        params
    }
}

impl<F: Float, L: Label> From<DecisionTreeValidParams<F, L>> for Written {
    fn from(params: DecisionTreeValidParams<F, L>) -> Self {
        let DecisionTreeValidParams { tree, .. } = params;
        Self {
            split_quality: tree.criterion,
            max_depth: tree.max_depth,
            min_samples_split: tree.min_samples_split,
            min_samples_leaf: tree.min_samples_leaf,
            min_weight_split: tree.min_weight_split,
            min_weight_leaf: tree.min_weight_leaf,
            min_impurity_decrease: params.min_impurity_decrease,
            pruning: tree.pruning(),
        }
    }
}

impl<F: Float, L> DecisionTreeValidParams<F, L> {
    /// The impurity that splits decrease.
    pub fn split_quality(&self) -> SplitQuality {
        self.tree.criterion
    }

    /// The largest depth of a leaf; the root has depth 0. `None` is without limit.
    pub fn max_depth(&self) -> Option<usize> {
        self.tree.max_depth
    }

    /// The fewest rows of a node that may be split.
    pub fn min_samples_split(&self) -> usize {
        self.tree.min_samples_split
    }

    /// The fewest rows of a leaf.
    pub fn min_samples_leaf(&self) -> usize {
        self.tree.min_samples_leaf
    }

    /// The least weight of a node that may be split.
    pub fn min_weight_split(&self) -> f32 {
        self.tree.min_weight_split as f32
    }

    /// The least weight of a leaf.
    pub fn min_weight_leaf(&self) -> f32 {
        self.tree.min_weight_leaf as f32
    }

    /// The least impurity decrease of a split, within its node.
    pub fn min_impurity_decrease(&self) -> F {
        F::cast(self.min_impurity_decrease)
    }

    /// What becomes of a tree that was grown.
    pub fn pruning(&self) -> Pruning {
        self.tree.pruning()
    }

    /// What grows the tree.
    pub(super) fn of_codes(&self) -> tree::DecisionTreeValidParams {
        let mut params = self.tree;
        params.min_node_impurity_decrease = self.min_impurity_decrease;
        params
    }
}

/// Hyperparameters of a [`DecisionTree`](super::DecisionTree) on records of `F` and labels of `L`.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`split_quality`](Self::split_quality) | [`SplitQuality::Gini`] | the impurity that a split decreases | gini, entropy (in bits) |
/// | [`max_depth`](Self::max_depth) | `None` | stop splitting at this depth | 0 or more; `None` is without limit |
/// | [`min_weight_split`](Self::min_weight_split) | 2.0 | the least sample weight of a node that may be split | finite, 0 or more |
/// | [`min_weight_leaf`](Self::min_weight_leaf) | 1.0 | the least sample weight on either side of a split | finite, 0 or more |
/// | [`min_impurity_decrease`](Self::min_impurity_decrease) | 0.00001 | the least `impurity - N_left / N_t * impurity_left - N_right / N_t * impurity_right` of a split, `N_t` being the weight of its node | finite, `F::EPSILON` or more, which is as good as none |
/// | [`min_samples_split`](Self::min_samples_split) | 2 | the fewest rows of a node that may be split | 2 or more |
/// | [`min_samples_leaf`](Self::min_samples_leaf) | 1 | the fewest rows on either side of a split | 1 or more |
/// | [`pruning`](Self::pruning) | [`Pruning::None`] | what becomes of the tree that was grown | none, average, ccp |
///
/// The last three are not of linfa-trees. A row weighs 1 where the dataset has no weights; with
/// weights that sum to 1, the weights of the table have to be lowered, too.
///
/// # Errors
///
/// [`check`](ParamGuard::check) gives [`linfa::Error::Parameters`] for a value out of its range.
///
/// # Example
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::array;
/// use per_entity::tree::estimator::{DecisionTree, Result, SplitQuality};
///
/// # fn main() -> Result<()> {
/// let flowers = array![[1.4, 0.2], [1.3, 0.3], [4.7, 1.4], [4.5, 1.5], [6.0, 2.5], [5.9, 2.1]];
/// let species = array!["setosa", "setosa", "versicolor", "versicolor", "virginica", "virginica"];
/// let tree = DecisionTree::params()
///     .split_quality(SplitQuality::Entropy)
///     .max_depth(Some(5))
///     .min_weight_leaf(2.)
///     .fit(&Dataset::new(flowers, species))?;
/// assert_eq!(tree.predict(&array![[5.5, 1.9]]), array!["virginica"]);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "F: Float, L: Label")]
pub struct DecisionTreeParams<F, L>(DecisionTreeValidParams<F, L>);

impl<F: Float, L: Label> Default for DecisionTreeParams<F, L> {
    fn default() -> Self {
        Self::new()
    }
}

impl<F: Float, L: Label> DecisionTreeParams<F, L> {
    /// The defaults of the table above.
    pub fn new() -> Self {
        let params = Self(DecisionTreeValidParams {
            tree: tree::DecisionTreeValidParams::default(),
            min_impurity_decrease: 1e-5,
            types: PhantomData,
        });
        params.min_weight_split(2.0).min_weight_leaf(1.0)
    }

    /// Sets the impurity that splits decrease.
    pub fn split_quality(mut self, split_quality: SplitQuality) -> Self {
        self.0.tree.criterion = split_quality;
        self
    }

    /// Sets the largest depth; `None` is without limit.
    pub fn max_depth(mut self, max_depth: Option<usize>) -> Self {
        self.0.tree.max_depth = max_depth;
        self
    }

    /// Sets the fewest rows of a node that may be split.
    pub fn min_samples_split(mut self, min_samples_split: usize) -> Self {
        self.0.tree.min_samples_split = min_samples_split;
        self
    }

    /// Sets the fewest rows on either side of a split.
    pub fn min_samples_leaf(mut self, min_samples_leaf: usize) -> Self {
        self.0.tree.min_samples_leaf = min_samples_leaf;
        self
    }

    /// Sets the least weight of a node that may be split.
    pub fn min_weight_split(mut self, min_weight_split: f32) -> Self {
        self.0.tree.min_weight_split = min_weight_split.into();
        self
    }

    /// Sets the least weight on either side of a split.
    pub fn min_weight_leaf(mut self, min_weight_leaf: f32) -> Self {
        self.0.tree.min_weight_leaf = min_weight_leaf.into();
        self
    }

    /// Sets the least impurity decrease of a split, within its node.
    pub fn min_impurity_decrease(mut self, min_impurity_decrease: F) -> Self {
        self.0.min_impurity_decrease = min_impurity_decrease.to_f64().unwrap_or(f64::NAN);
        self
    }

    /// Sets what becomes of a tree that was grown.
    pub fn pruning(mut self, pruning: Pruning) -> Self {
        self.0.tree.set_pruning(pruning);
        self
    }
}

impl<F: Float, L: Label> ParamGuard for DecisionTreeParams<F, L> {
    type Checked = DecisionTreeValidParams<F, L>;
    type Error = linfa::Error;

    fn check_ref(&self) -> Result<&Self::Checked, Self::Error> {
        self.0.tree.check()?;
        let decrease = self.0.min_impurity_decrease;
        if decrease.is_finite() && decrease >= F::epsilon().to_f64().unwrap_or(f64::EPSILON) {
            return Ok(&self.0);
        }
        Err(linfa::Error::Parameters(format!(
            "min_impurity_decrease is {decrease}; use a finite number, {:e} or more",
            F::epsilon()
        )))
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

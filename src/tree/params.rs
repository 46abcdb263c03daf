//! The hyperparameters of a tree, unchecked and checked.

use linfa::ParamGuard;
use serde::{Deserialize, Serialize};

use super::{Averaging, CategorySplits, Criterion, Pruning, PruningMethod, RegressionCriterion};
use crate::error::ParamsError;

/// Checked hyperparameters: what the builder takes. See [`DecisionTreeParams`] for the table.
///
/// Written in snake_case, as manifests have them, and read in kebab-case, as specifications do: what
/// is not there is then as in [`DecisionTreeParams::averaging`].
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    rename_all(deserialize = "kebab-case"),
    deny_unknown_fields,
    default = "DecisionTreeParams::averaging_valid"
)]
pub struct DecisionTreeValidParams {
    // A specification has one criterion, of whatever the target is.
    #[serde(skip_deserializing)]
    pub(super) criterion: Criterion,
    #[serde(skip_deserializing)]
    pub(super) regression_criterion: RegressionCriterion,
    pub(super) max_depth: Option<usize>,
    pub(super) min_samples_split: usize,
    pub(super) min_samples_leaf: usize,
    pub(super) min_weight_split: f64,
    pub(super) min_weight_leaf: f64,
    pub(super) min_impurity_decrease: f64,
    /// As `min_impurity_decrease`, but as a share of the node and not of all rows: set by
    /// [`estimator`](super::estimator) alone.
    #[serde(skip)]
    pub(super) min_node_impurity_decrease: f64,
    pub(super) category_splits: CategorySplits,
    pruning: PruningMethod,
    ccp_alpha: f64,
    split_penalty: f64,
    class_prior: f64,
    mean_prior: f64,
    variance_prior: f64,
    variance_share: f64,
}

impl DecisionTreeValidParams {
    /// The impurity measure of classes.
    pub fn criterion(&self) -> Criterion {
        self.criterion
    }

    /// The impurity measure of quantities.
    pub fn regression_criterion(&self) -> RegressionCriterion {
        self.regression_criterion
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

    /// The least weight of a node that may be split.
    pub fn min_weight_split(&self) -> f64 {
        self.min_weight_split
    }

    /// The least weight of a leaf.
    pub fn min_weight_leaf(&self) -> f64 {
        self.min_weight_leaf
    }

    /// The least weighted impurity decrease of a split.
    pub fn min_impurity_decrease(&self) -> f64 {
        self.min_impurity_decrease
    }

    /// What categories are split from others.
    pub fn category_splits(&self) -> CategorySplits {
        self.category_splits
    }

    /// What becomes of a tree that was grown.
    pub fn pruning(&self) -> Pruning {
        match self.pruning {
            PruningMethod::None => Pruning::None,
            PruningMethod::Ccp => Pruning::CostComplexity {
                alpha: self.ccp_alpha,
            },
            PruningMethod::Average => Pruning::Average(self.averaging_of()),
        }
    }

    fn averaging_of(&self) -> Averaging {
        Averaging {
            split_penalty: self.split_penalty,
            class_prior: self.class_prior,
            mean_prior: self.mean_prior,
            variance_prior: self.variance_prior,
            variance_share: self.variance_share,
        }
    }
}

impl Default for DecisionTreeValidParams {
    fn default() -> Self {
        let Averaging {
            split_penalty,
            class_prior,
            mean_prior,
            variance_prior,
            variance_share,
        } = Averaging::default();
        Self {
            criterion: Criterion::Gini,
            regression_criterion: RegressionCriterion::SquaredError,
            max_depth: None,
            min_samples_split: 2,
            min_samples_leaf: 1,
            min_weight_split: 0.0,
            min_weight_leaf: 0.0,
            min_impurity_decrease: 0.0,
            min_node_impurity_decrease: 0.0,
            category_splits: CategorySplits::One,
            pruning: PruningMethod::None,
            ccp_alpha: 0.0,
            split_penalty,
            class_prior,
            mean_prior,
            variance_prior,
            variance_share,
        }
    }
}

impl DecisionTreeValidParams {
    pub(super) fn set_pruning(&mut self, pruning: Pruning) {
        match pruning {
            Pruning::None => self.pruning = PruningMethod::None,
            Pruning::CostComplexity { alpha } => {
                self.pruning = PruningMethod::Ccp;
                self.ccp_alpha = alpha;
            }
            Pruning::Average(averaging) => {
                self.pruning = PruningMethod::Average;
                self.split_penalty = averaging.split_penalty;
                self.class_prior = averaging.class_prior;
                self.mean_prior = averaging.mean_prior;
                self.variance_prior = averaging.variance_prior;
                self.variance_share = averaging.variance_share;
            }
        }
    }

    /// Whether every value is in its range.
    pub(super) fn check(&self) -> Result<(), ParamsError> {
        if self.min_samples_split < 2 {
            return Err(ParamsError::MinSamplesSplit(self.min_samples_split));
        }
        if self.min_samples_leaf < 1 {
            return Err(ParamsError::MinSamplesLeaf);
        }
        let decrease = self.min_impurity_decrease;
        if !is_not_negative(decrease) {
            return Err(ParamsError::MinImpurityDecrease(decrease));
        }
        let weights = [
            ("min_weight_split", self.min_weight_split),
            ("min_weight_leaf", self.min_weight_leaf),
        ];
        if let Some(&(name, weight)) = weights.iter().find(|(_, weight)| !is_not_negative(*weight))
        {
            return Err(ParamsError::MinWeight(name, weight));
        }
        // Also of what the way of pruning has no use for.
        let alpha = self.ccp_alpha;
        Pruning::CostComplexity { alpha }.check()?;
        Pruning::Average(self.averaging_of()).check()
    }
}

/// Hyperparameters of a tree, with scikit-learn's names and defaults.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`criterion`](Self::criterion) | [`Criterion::Gini`] | the impurity that a split decreases, of classes | gini, entropy |
/// | [`regression_criterion`](Self::regression_criterion) | [`RegressionCriterion::SquaredError`] | the same of quantities | squared-error, absolute-error, poisson |
/// | [`max_depth`](Self::max_depth) | `None` | stop splitting at this depth | 0 or more; `None` is without limit |
/// | [`min_samples_split`](Self::min_samples_split) | 2 | the fewest rows of a node that may be split | 2 or more |
/// | [`min_samples_leaf`](Self::min_samples_leaf) | 1 | the fewest rows on either side of a split | 1 or more |
/// | [`min_weight_split`](Self::min_weight_split) | 0.0 | the least sample weight of a node that may be split | finite, 0 or more |
/// | [`min_weight_leaf`](Self::min_weight_leaf) | 0.0 | the least sample weight on either side of a split | finite, 0 or more |
/// | [`min_impurity_decrease`](Self::min_impurity_decrease) | 0.0 | the least `N_t / N * (impurity - N_left / N_t * impurity_left - N_right / N_t * impurity_right)` of a split, weights included | finite, 0 or more |
/// | [`category_splits`](Self::category_splits) | [`CategorySplits::One`] | what categories are split from others | one, set |
/// | [`pruning`](Self::pruning) | [`Pruning::None`] | what becomes of the tree that was grown | none; average, with what [`Averaging`] lists; ccp, with `ccp_alpha` |
///
/// These grow scikit-learn's trees. [`averaging`](Self::averaging) are those for models that are to
/// be good on rows that they have not seen.
///
/// # Errors
///
/// [`check`](ParamGuard::check) gives a [`ParamsError`] for a value out of its range.
///
/// # Example
///
/// ```
/// use linfa::prelude::*;
/// use per_entity::codes::{CodeColumn, CodeMatrix};
/// use per_entity::schema::FeatureKind;
/// use per_entity::tree::DecisionTreeParams;
///
/// let codes = CodeColumn::new(FeatureKind::Numeric, 4, [0, 1, 2, 3].into_iter());
/// let matrix = CodeMatrix::new(vec![codes], 4);
/// let params = DecisionTreeParams::new().max_depth(Some(3)).check()?;
/// let tree = params.fit_codes(&matrix, &[0, 0, 1, 1], 2, None)?;
/// assert_eq!(tree.predict(&matrix), [0, 0, 1, 1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
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
        Self(DecisionTreeValidParams::default())
    }

    /// The defaults of the table above, but with sets of categories, and averaged over all prunings.
    pub fn averaging() -> Self {
        Self::new()
            .category_splits(CategorySplits::Set)
            .pruning(Pruning::Average(Averaging::default()))
    }

    /// The same without sets of categories and without pruning, where each is what it is by default:
    /// for a trainer that knows neither.
    pub(crate) fn unless_averaging(mut self) -> Self {
        let averaging = Self::averaging_valid();
        if self.0.pruning() == averaging.pruning() {
            self = self.pruning(Pruning::None);
        }
        if self.0.category_splits == averaging.category_splits {
            self = self.category_splits(CategorySplits::One);
        }
        self
    }

    fn averaging_valid() -> DecisionTreeValidParams {
        Self::averaging().0
    }

    /// Sets the impurity measure of classes.
    pub fn criterion(mut self, criterion: Criterion) -> Self {
        self.0.criterion = criterion;
        self
    }

    /// Sets the impurity measure of quantities.
    pub fn regression_criterion(mut self, criterion: RegressionCriterion) -> Self {
        self.0.regression_criterion = criterion;
        self
    }

    /// Sets the least weight of a node that may be split.
    pub fn min_weight_split(mut self, weight: f64) -> Self {
        self.0.min_weight_split = weight;
        self
    }

    /// Sets the least weight on either side of a split.
    pub fn min_weight_leaf(mut self, weight: f64) -> Self {
        self.0.min_weight_leaf = weight;
        self
    }

    /// Sets what categories are split from others.
    pub fn category_splits(mut self, splits: CategorySplits) -> Self {
        self.0.category_splits = splits;
        self
    }

    /// What becomes of a tree that was grown, as set so far.
    pub fn current_pruning(&self) -> Pruning {
        self.0.pruning()
    }

    /// Sets what becomes of a tree that was grown.
    pub fn pruning(mut self, pruning: Pruning) -> Self {
        self.0.set_pruning(pruning);
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
        self.0.check()?;
        Ok(&self.0)
    }

    fn check(self) -> Result<Self::Checked, Self::Error> {
        self.check_ref()?;
        Ok(self.0)
    }
}

fn is_not_negative(number: f64) -> bool {
    number.is_finite() && number >= 0.0
}

impl Pruning {
    fn check(&self) -> Result<(), ParamsError> {
        match *self {
            Pruning::None => Ok(()),
            Pruning::CostComplexity { alpha } if is_not_negative(alpha) => Ok(()),
            Pruning::CostComplexity { alpha } => Err(ParamsError::Alpha(alpha)),
            Pruning::Average(averaging) => averaging.check(),
        }
    }
}

impl Averaging {
    fn check(&self) -> Result<(), ParamsError> {
        if !is_not_negative(self.split_penalty) {
            return Err(ParamsError::SplitPenalty(self.split_penalty));
        }
        let priors = [
            ("class_prior", self.class_prior),
            ("mean_prior", self.mean_prior),
            ("variance_prior", self.variance_prior),
            ("variance_share", self.variance_share),
        ];
        let is_fine = |prior: f64| prior.is_finite() && prior > 0.0;
        match priors.iter().find(|(_, prior)| !is_fine(*prior)) {
            None => Ok(()),
            Some(&(name, prior)) => Err(ParamsError::Prior(name, prior)),
        }
    }
}

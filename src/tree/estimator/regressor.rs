//! The estimator of quantities.

use linfa::dataset::AsSingleTargets;
use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, Float};
use ndarray::{Array1, ArrayBase, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::fitted::{FittedTree, tree_methods};
use super::records::Records;
use super::serialized::SerializedTree;
use super::{NodeIter, Tikz, TreeNode};
use crate::tree::{
    DecisionTreeParams, DecisionTreeValidParams, LARGEST_NUMBER, RegressionCriterion, TrainingRows,
    Tree, TreeScratch,
};

/// An exact regression tree on numeric features, fitted by linfa's [`Fit`].
///
/// `F` is the type of the records and of the targets. Rows go left and right as in
/// [`DecisionTree`](super::DecisionTree), those without a value (NaN), too. A leaf predicts the mean
/// of its targets, or their median by absolute error. The hyperparameters are scikit-learn's, of
/// which [`regression_criterion`](DecisionTreeParams::regression_criterion) is the one that counts
/// here.
///
/// # Example
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::array;
/// use per_entity::tree::{DecisionTreeRegressor, RegressionCriterion};
///
/// let rooms = array![[1.0], [1.0], [3.0], [4.0], [f64::NAN]];
/// let rents = Dataset::new(rooms, array![500.0, 540.0, 1180.0, 1200.0, 1190.0]);
/// let tree = DecisionTreeRegressor::params()
///     .regression_criterion(RegressionCriterion::AbsoluteError)
///     .max_depth(Some(1))
///     .fit(&rents)?;
/// let predicted = tree.predict(&array![[2.0], [5.0], [f64::NAN]]);
/// assert_eq!(predicted, array![520.0, 1190.0, 1190.0]);
/// # Ok::<(), linfa::Error>(())
/// ```
///
/// # Panics
///
/// Predicting panics where the records have another number of columns than those of the fit, or
/// where there is not one target for each row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "SerializedRegressor<F>", try_from = "SerializedRegressor<F>")]
#[serde(bound(serialize = "F: Float + Serialize"))]
#[serde(bound(deserialize = "F: Float + Deserialize<'de>"))]
pub struct DecisionTreeRegressor<F> {
    fitted: FittedTree<F, F>,
}

impl DecisionTreeRegressor<f64> {
    /// The default hyperparameters, to be set and fitted to records and targets of any float type.
    pub fn params() -> DecisionTreeParams {
        DecisionTreeParams::new()
    }
}

impl<F: Float> DecisionTreeRegressor<F> {
    tree_methods!(F);

    fn prediction(&self, node: usize) -> F {
        F::cast(self.tree().value(node))
    }
}

/// Fits on records of numbers, one row each, weighted where the dataset has weights.
///
/// # Errors
///
/// [`linfa::Error::NotEnoughSamples`] without rows; [`linfa::Error::MismatchedShapes`] when there
/// is not one target and one weight for each row; [`linfa::Error::Parameters`] for an infinite value, a weight outside of
/// [`SAMPLE_WEIGHTS`](crate::schema::SAMPLE_WEIGHTS), a target that is not a number or larger than
/// [`LARGEST_NUMBER`], and a negative one by Poisson deviance.
impl<F, D, T> Fit<ArrayBase<D, Ix2>, T, linfa::Error> for DecisionTreeValidParams
where
    F: Float,
    D: Data<Elem = F>,
    T: AsSingleTargets<Elem = F>,
{
    type Object = DecisionTreeRegressor<F>;

    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, linfa::Error> {
        let targets = dataset.as_single_targets();
        let records = Records::of(dataset, targets.len())?;
        let targets = targets.iter().map(|target| target.to_f64());
        let numbers: Vec<f64> = targets.map(|target| target.unwrap_or(f64::NAN)).collect();
        check_targets(&numbers, self.regression_criterion())?;
        let training =
            TrainingRows::of_numbers(&records.matrix, &numbers).weights(records.weights.as_deref());
        let tree = self.fit_rows(training, &mut TreeScratch::default());
        let tree = tree.map_err(|error| linfa::Error::Parameters(error.to_string()))?;
        Ok(DecisionTreeRegressor {
            fitted: FittedTree::new(tree, self.criterion(), records),
        })
    }
}

/// Whether a tree can be grown of these targets by a criterion.
fn check_targets(targets: &[f64], criterion: RegressionCriterion) -> Result<(), linfa::Error> {
    let refused = |row: usize, what: &str| {
        let target = targets[row];
        Err(linfa::Error::Parameters(format!(
            "the target of row {row} is {target}; {what}"
        )))
    };
    let is_too_large = |target: &f64| target.is_nan() || target.abs() > LARGEST_NUMBER;
    if let Some(row) = targets.iter().position(is_too_large) {
        return refused(
            row,
            &format!("targets are numbers up to {LARGEST_NUMBER:e}"),
        );
    }
    let is_poisson = criterion == RegressionCriterion::Poisson;
    match targets.iter().position(|&target| target < 0.0) {
        Some(row) if is_poisson => refused(
            row,
            "by Poisson deviance no target is negative; use squared-error or absolute-error",
        ),
        _ => Ok(()),
    }
}

impl<F, D> PredictInplace<ArrayBase<D, Ix2>, Array1<F>> for DecisionTreeRegressor<F>
where
    F: Float,
    D: Data<Elem = F>,
{
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<D, Ix2>, targets: &mut Array1<F>) {
        assert_eq!(
            records.nrows(),
            targets.len(),
            "one target for each row of the records"
        );
        for (leaf, target) in self.fitted.leaves(records).zip(targets) {
            *target = self.prediction(leaf);
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<F> {
        Array1::zeros(records.nrows())
    }
}

/// A tree of quantities as it is written.
#[derive(Serialize, Deserialize)]
struct SerializedRegressor<F> {
    tree: SerializedTree<F>,
}

impl<F: Float> From<DecisionTreeRegressor<F>> for SerializedRegressor<F> {
    fn from(tree: DecisionTreeRegressor<F>) -> Self {
        let tree = SerializedTree::of(&tree.fitted);
        Self { tree }
    }
}

impl<F: Float> TryFrom<SerializedRegressor<F>> for DecisionTreeRegressor<F> {
    type Error = &'static str;

    fn try_from(serialized: SerializedRegressor<F>) -> Result<Self, Self::Error> {
        let fitted = serialized.tree.regression()?;
        Ok(Self { fitted })
    }
}

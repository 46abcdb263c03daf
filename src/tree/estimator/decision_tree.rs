//! The estimator of classes.

use linfa::dataset::AsSingleTargets;
use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, Float, Label};
use ndarray::{Array1, Array2, ArrayBase, Data, Ix2};
use serde::{Deserialize, Serialize};

use super::fitted::{FittedTree, tree_methods};
use super::records::Records;
use super::serialized::SerializedTree;
use super::{DecisionTreeParams, DecisionTreeValidParams, NodeIter, Tikz, TreeNode};
use crate::tree::{Tree, heaviest};

/// An exact classification tree on numeric features, fitted by linfa's [`Fit`].
///
/// `F` is the type of the records, `L` that of the labels. A row goes left at a split where its
/// value is at most the threshold, the midpoint between the two neighbouring values of the node's
/// training rows (scikit-learn's rule). Rows without a value (NaN) go where they did best in
/// training; where the node had none, to the heavier child. A leaf predicts its heaviest class, the
/// first of them on a tie.
///
/// See [`DecisionTreeParams`] for the hyperparameters.
///
/// # Example
///
/// ```
/// use linfa::prelude::*;
/// use ndarray::array;
/// use per_entity::tree::DecisionTree;
///
/// // Hours of sunshine and of rain, and whether the garden had to be watered.
/// let weather = array![[9.0, 0.0], [8.0, 1.0], [2.0, 4.0], [1.0, 0.0], [f64::NAN, 0.0]];
/// let days = Dataset::new(weather, array![true, true, false, false, false])
///     .with_feature_names(vec!["sun", "rain"]);
/// let tree = DecisionTree::params().max_depth(Some(3)).fit(&days)?;
///
/// assert_eq!(tree.predict(&array![[7.0, 0.0], [3.0, 0.0]]), array![true, false]);
/// assert_eq!(tree.root_node().feature_name().unwrap(), "sun");
/// assert_eq!(tree.root_node().split().1, 5.0);
/// assert_eq!(tree.feature_importance(), [1.0, 0.0]);
/// # Ok::<(), linfa::Error>(())
/// ```
///
/// # Panics
///
/// Predicting panics where the records have another number of columns than those of the fit, or
/// where there is not one target for each row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(into = "SerializedDecisionTree<F, L>")]
#[serde(try_from = "SerializedDecisionTree<F, L>")]
#[serde(bound(serialize = "F: Float + Serialize, L: Clone + Serialize"))]
#[serde(bound(deserialize = "F: Float + Deserialize<'de>, L: Clone + Deserialize<'de>"))]
pub struct DecisionTree<F, L> {
    fitted: FittedTree<F, L>,
    classes: Vec<L>,
}

impl<F: Float, L: Label> DecisionTree<F, L> {
    /// The default hyperparameters, to be set and fitted.
    pub fn params() -> DecisionTreeParams<F, L> {
        DecisionTreeParams::new()
    }

    /// The classes, ascending, in the order of [`Tree::counts`].
    pub fn classes(&self) -> &[L] {
        &self.classes
    }

    /// The probability of each class, in the order of [`classes`](Self::classes), for each row: the
    /// classes' shares of the weight of its leaf. Those of a tree that is
    /// [averaged](crate::tree::Averaging) are good on rows that it has not seen; those of a tree
    /// that was grown to its end are mostly 0 and 1.
    ///
    /// # Panics
    ///
    /// If the records have another number of columns than those of the fit.
    pub fn predict_proba<D: Data<Elem = F>>(&self, records: &ArrayBase<D, Ix2>) -> Array2<F> {
        let mut probabilities = Array2::zeros((records.nrows(), self.classes.len()));
        let rows = probabilities.rows_mut().into_iter();
        for (mut row, leaf) in rows.zip(self.fitted.leaves(records)) {
            let weight = self.tree().weight(leaf);
            for (probability, count) in row.iter_mut().zip(self.tree().counts(leaf)) {
                *probability = F::cast(count / weight);
            }
        }
        probabilities
    }

    tree_methods!(L);

    fn prediction(&self, node: usize) -> L {
        self.classes[heaviest(self.tree().counts(node))].clone()
    }
}

impl<'a, F: Float, L: Label> Tikz<'a, F, L> {
    /// The drawing of a tree: a document without a legend.
    pub fn new(tree: &'a DecisionTree<F, L>) -> Self {
        tree.export_to_tikz()
    }
}

/// Fits on records of numbers, one row each, weighted where the dataset has weights.
///
/// # Errors
///
/// [`linfa::Error::NotEnoughSamples`] without rows; [`linfa::Error::MismatchedShapes`] when there
/// is not one target and one weight for each row; [`linfa::Error::Parameters`] for an infinite value or a weight outside of
/// [`SAMPLE_WEIGHTS`](crate::schema::SAMPLE_WEIGHTS).
impl<F, L, D, T> Fit<ArrayBase<D, Ix2>, T, linfa::Error> for DecisionTreeValidParams<F, L>
where
    F: Float,
    L: Label,
    D: Data<Elem = F>,
    T: AsSingleTargets<Elem = L>,
{
    type Object = DecisionTree<F, L>;

    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, linfa::Error> {
        let targets = dataset.as_single_targets();
        let records = Records::of(dataset, targets.len())?;
        let mut classes: Vec<L> = targets.iter().cloned().collect();
        classes.sort_unstable();
        classes.dedup();
        let class = |target: &L| classes.partition_point(|class| class < target) as u32;
        let labels: Vec<u32> = targets.iter().map(class).collect();
        let weights = records.weights.as_deref();
        let tree = self
            .of_codes()
            .fit_codes(&records.matrix, &labels, classes.len(), weights)
            .map_err(|error| linfa::Error::Parameters(error.to_string()))?;
        Ok(DecisionTree {
            fitted: FittedTree::new(tree, self.split_quality(), records),
            classes,
        })
    }
}

impl<F, L, D> PredictInplace<ArrayBase<D, Ix2>, Array1<L>> for DecisionTree<F, L>
where
    F: Float,
    L: Label,
    D: Data<Elem = F>,
{
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<D, Ix2>, targets: &mut Array1<L>) {
        assert_eq!(
            records.nrows(),
            targets.len(),
            "one target for each row of the records"
        );
        for (leaf, target) in self.fitted.leaves(records).zip(targets) {
            *target = self.prediction(leaf);
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<L> {
        Array1::default(records.nrows())
    }
}

/// A tree of classes as it is written.
#[derive(Serialize, Deserialize)]
struct SerializedDecisionTree<F, L> {
    classes: Vec<L>,
    tree: SerializedTree<F>,
}

impl<F: Float, L> From<DecisionTree<F, L>> for SerializedDecisionTree<F, L> {
    fn from(tree: DecisionTree<F, L>) -> Self {
        Self {
            tree: SerializedTree::of(&tree.fitted),
            classes: tree.classes,
        }
    }
}

impl<F: Float, L: Clone> TryFrom<SerializedDecisionTree<F, L>> for DecisionTree<F, L> {
    type Error = &'static str;

    fn try_from(serialized: SerializedDecisionTree<F, L>) -> Result<Self, Self::Error> {
        let classes = serialized.classes;
        if classes.is_empty() {
            return Err("the tree has no classes");
        }
        let fitted = serialized.tree.classification(classes.len())?;
        Ok(Self { fitted, classes })
    }
}

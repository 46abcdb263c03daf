//! The tree as a linfa estimator on a dense matrix of numbers, in the place of
//! `linfa_trees::DecisionTree`.

use linfa::dataset::AsSingleTargets;
use linfa::traits::{Fit, PredictInplace};
use linfa::{DatasetBase, Float, Label};
use ndarray::{Array1, ArrayBase, Data, Ix2};

use super::tree::{heaviest, midpoint};
use super::{DecisionTreeParams, DecisionTreeValidParams, Split, Tree};
use crate::codes::{CodeColumn, CodeMatrix};
use crate::schema::{FeatureKind, SAMPLE_WEIGHTS};

/// An exact classification tree on numeric features, fitted by linfa's [`Fit`].
///
/// A row goes left at a split where its value is at most the threshold, the midpoint between the
/// two neighbouring values of the training rows (scikit-learn's rule).
#[derive(Clone, Debug, PartialEq)]
pub struct DecisionTree<L> {
    tree: Tree,
    /// One per node; of no meaning at a leaf.
    thresholds: Vec<f64>,
    classes: Vec<L>,
}

impl DecisionTree<usize> {
    /// The default hyperparameters, to be set and fitted to targets of any label type.
    pub fn params() -> DecisionTreeParams {
        DecisionTreeParams::new()
    }
}

impl<L> DecisionTree<L> {
    /// The nodes.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// The threshold of a split, in the units of the records.
    pub fn threshold(&self, node: usize) -> f64 {
        self.thresholds[node]
    }

    /// The classes in the order of [`Tree::counts`].
    pub fn classes(&self) -> &[L] {
        &self.classes
    }
}

/// Fits on records of finite numbers, one row each, weighted where the dataset has weights.
///
/// # Errors
///
/// [`linfa::Error::NotEnoughSamples`] without rows; [`linfa::Error::MismatchedShapes`] when there
/// is not one target and one weight for each row; [`linfa::Error::Parameters`] for a value that is
/// not finite or a weight outside of [`SAMPLE_WEIGHTS`].
impl<F, L, D, T> Fit<ArrayBase<D, Ix2>, T, linfa::Error> for DecisionTreeValidParams
where
    F: Float,
    L: Label + Ord,
    D: Data<Elem = F>,
    T: AsSingleTargets<Elem = L>,
{
    type Object = DecisionTree<L>;

    fn fit(
        &self,
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
    ) -> Result<Self::Object, linfa::Error> {
        let records = dataset.records();
        let targets = dataset.as_single_targets();
        if records.nrows() == 0 {
            return Err(linfa::Error::NotEnoughSamples);
        }
        if records.nrows() != targets.len() {
            return Err(linfa::Error::MismatchedShapes(
                records.nrows(),
                targets.len(),
            ));
        }
        let weights = checked_weights(dataset.weights(), records.nrows())?;
        let (matrix, values) = ranks(records)?;
        let mut classes: Vec<L> = targets.iter().cloned().collect();
        classes.sort_unstable();
        classes.dedup();
        let labels: Vec<u32> = targets
            .iter()
            .map(|target| classes.partition_point(|class| class < target) as u32)
            .collect();

        let tree = self.fit_codes(&matrix, &labels, classes.len(), weights.as_deref());
        let thresholds = (0..tree.node_count())
            .map(|node| match tree.split(node) {
                Split::LessOrEqual {
                    feature,
                    code,
                    next,
                    ..
                } => {
                    let values = &values[feature as usize];
                    midpoint(values[code as usize], values[next as usize])
                }
                _ => 0.0,
            })
            .collect();
        Ok(DecisionTree {
            tree,
            thresholds,
            classes,
        })
    }
}

/// The weights of a dataset of so many rows.
fn checked_weights(weights: Option<&[f32]>, rows: usize) -> Result<Option<Vec<f64>>, linfa::Error> {
    let Some(weights) = weights else {
        return Ok(None);
    };
    if weights.len() != rows {
        return Err(linfa::Error::MismatchedShapes(rows, weights.len()));
    }
    let weights: Vec<f64> = weights.iter().map(|&weight| weight.into()).collect();
    if weights
        .iter()
        .any(|weight| !SAMPLE_WEIGHTS.contains(weight))
    {
        return Err(linfa::Error::Parameters(format!(
            "a sample weight is not between {:e} and {:e}",
            SAMPLE_WEIGHTS.start(),
            SAMPLE_WEIGHTS.end(),
        )));
    }
    Ok(Some(weights))
}

/// Each value as its rank among the distinct values of its column, and these, ascending.
fn ranks<F: Float, D: Data<Elem = F>>(
    records: &ArrayBase<D, Ix2>,
) -> Result<(CodeMatrix, Vec<Vec<f64>>), linfa::Error> {
    let mut values = Vec::with_capacity(records.ncols());
    let mut columns = Vec::with_capacity(records.ncols());
    for (position, column) in records.columns().into_iter().enumerate() {
        let column: Array1<f64> = column.mapv(|value| value.to_f64().unwrap_or(f64::NAN));
        if column.iter().any(|value| !value.is_finite()) {
            return Err(linfa::Error::Parameters(format!(
                "column {position} holds a value that is not finite"
            )));
        }
        let mut distinct = column.to_vec();
        distinct.sort_unstable_by(f64::total_cmp);
        distinct.dedup_by(|next, last| *next == *last);
        columns.push(CodeColumn::new(
            FeatureKind::Numeric,
            distinct.len() as u32,
            column
                .iter()
                .map(|&value| distinct.partition_point(|&other| other < value) as u32),
        ));
        values.push(distinct);
    }
    Ok((CodeMatrix::new(columns, records.nrows()), values))
}

impl<F, L, D> PredictInplace<ArrayBase<D, Ix2>, Array1<L>> for DecisionTree<L>
where
    F: Float,
    L: Label + Default,
    D: Data<Elem = F>,
{
    fn predict_inplace<'a>(&'a self, records: &'a ArrayBase<D, Ix2>, targets: &mut Array1<L>) {
        assert_eq!(
            records.nrows(),
            targets.len(),
            "one target for each row of the records"
        );
        for (row, target) in records.rows().into_iter().zip(targets) {
            let mut node = 0;
            while let Split::LessOrEqual { feature, .. } = self.tree.split(node) {
                let value = row[feature as usize].to_f64().unwrap_or(f64::NAN);
                node = if value <= self.thresholds[node] {
                    self.tree.left(node)
                } else {
                    self.tree.right(node)
                };
            }
            *target = self.classes[heaviest(self.tree.counts(node))].clone();
        }
    }

    fn default_target(&self, records: &ArrayBase<D, Ix2>) -> Array1<L> {
        Array1::default(records.nrows())
    }
}

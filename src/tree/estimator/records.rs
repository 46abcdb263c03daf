//! A dataset as what a tree is grown of.

use std::cmp::Ordering::Equal;

use linfa::error::Result;
use linfa::{DatasetBase, Float};
use ndarray::{ArrayBase, ArrayView1, Data, Ix2};

use crate::codes::{CodeColumn, CodeMatrix};
use crate::schema::{FeatureKind, SAMPLE_WEIGHTS};
use crate::tree::{Split, Tree, midpoint};

/// The records of a dataset, each value as its rank, and their weights.
pub(super) struct Records<F> {
    pub matrix: CodeMatrix,
    pub weights: Option<Vec<f64>>,
    pub feature_names: Vec<String>,
    /// By column: its distinct values, ascending.
    values: Vec<Vec<F>>,
}

impl<F: Float> Records<F> {
    /// Reads a dataset of so many targets.
    pub fn of<D: Data<Elem = F>, T>(
        dataset: &DatasetBase<ArrayBase<D, Ix2>, T>,
        targets: usize,
    ) -> Result<Self> {
        let records = dataset.records();
        let rows = records.nrows();
        if rows == 0 {
            return Err(linfa::Error::NotEnoughSamples);
        }
        if rows != targets {
            return Err(linfa::Error::MismatchedShapes(rows, targets));
        }
        let weights = checked_weights(dataset.weights(), rows)?;
        let feature_names = feature_names(dataset.feature_names(), records.ncols());
        let mut values = Vec::with_capacity(records.ncols());
        let mut columns = Vec::with_capacity(records.ncols());
        for (column, name) in records.columns().into_iter().zip(&feature_names) {
            if let Some(row) = column.iter().position(|value| value.is_infinite()) {
                return Err(linfa::Error::Parameters(format!(
                    "{name} is {} in row {row}; records are finite numbers, or NaN where a value is missing",
                    column[row],
                )));
            }
            let distinct = distinct(column);
            columns.push(ranks(column, &distinct));
            values.push(distinct);
        }
        Ok(Self {
            matrix: CodeMatrix::new(columns, rows),
            weights,
            feature_names,
            values,
        })
    }

    /// By node: the largest number that goes left, halfway between the training rows' next to it;
    /// 0 at a leaf.
    pub fn thresholds(&self, tree: &Tree) -> Vec<F> {
        let threshold = |node| match tree.split(node) {
            Split::LessOrEqual {
                feature,
                code,
                next,
                ..
            } => {
                let values = &self.values[feature as usize];
                match values.get(next as usize) {
                    Some(&upper) => between(values[code as usize], upper),
                    None => F::infinity(),
                }
            }
            _ => F::zero(),
        };
        (0..tree.node_count()).map(threshold).collect()
    }
}

/// The [`midpoint`] as a number of `F`, which may not be as fine.
fn between<F: Float>(lower: F, upper: F) -> F {
    let as_f64 = |value: F| value.to_f64().unwrap_or(f64::NAN);
    let middle = F::cast(midpoint(as_f64(lower), as_f64(upper)));
    if middle < upper { middle } else { lower }
}

/// The weights of a dataset of so many rows.
fn checked_weights(weights: Option<&[f32]>, rows: usize) -> Result<Option<Vec<f64>>> {
    let Some(weights) = weights else {
        return Ok(None);
    };
    if weights.len() != rows {
        return Err(linfa::Error::MismatchedShapes(rows, weights.len()));
    }
    let weights: Vec<f64> = weights.iter().map(|&weight| weight.into()).collect();
    let is_bad = |weight: &f64| !SAMPLE_WEIGHTS.contains(weight);
    if let Some(row) = weights.iter().position(is_bad) {
        return Err(linfa::Error::Parameters(format!(
            "the sample weight of row {row} is {}, which is not between {:e} and {:e}",
            weights[row],
            SAMPLE_WEIGHTS.start(),
            SAMPLE_WEIGHTS.end(),
        )));
    }
    Ok(Some(weights))
}

/// The names of so many features, made up where there are none.
fn feature_names(names: &[String], features: usize) -> Vec<String> {
    match names.len() == features {
        true => names.to_vec(),
        false => (0..features)
            .map(|feature| format!("feature-{feature}"))
            .collect(),
    }
}

/// The distinct values of a column, ascending.
fn distinct<F: Float>(column: ArrayView1<F>) -> Vec<F> {
    let values = column.iter().copied();
    let mut distinct: Vec<F> = values.filter(|value| !value.is_nan()).collect();
    distinct.sort_unstable_by(|one, other| one.partial_cmp(other).unwrap_or(Equal));
    distinct.dedup();
    distinct
}

/// Each value of a column as its rank among the distinct ones; the last code is NaN's.
fn ranks<F: Float>(column: ArrayView1<F>, distinct: &[F]) -> CodeColumn {
    let values = distinct.len() as u32;
    let codes = column.iter().map(|&value| match value.is_nan() {
        true => values,
        false => distinct.partition_point(|&other| other < value) as u32,
    });
    match column.iter().any(|value| value.is_nan()) {
        true => CodeColumn::with_missing(FeatureKind::Numeric, values + 1, codes),
        false => CodeColumn::new(FeatureKind::Numeric, values, codes),
    }
}

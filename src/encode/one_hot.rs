//! The dense matrix that linfa-trees eats: categories as one column each, numbers scaled to 0..=1.

use ndarray::Array2;

use super::encoder::{EncodedPartition, Values};

/// What a column of the dense matrix stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OneHotColumn {
    /// A numeric feature, `(x - minimum) / (maximum - minimum)`; 0 where the feature is constant.
    Scaled {
        /// Position of the feature.
        feature: u32,
    },
    /// 1 where the feature has this code, else 0.
    Category {
        /// Position of the feature.
        feature: u32,
        /// The code.
        code: u32,
    },
}

/// The dense one-hot and min-max encoding of one partition: one row for each of its rows, one
/// column for each category and each numeric feature, in schema order.
///
/// The formulas are those of scikit-learn's `OneHotEncoder` and `MinMaxScaler`.
#[derive(Clone, Debug)]
pub struct OneHot {
    /// The matrix, rows by columns.
    pub matrix: Array2<f64>,
    /// What each column stands for.
    pub columns: Vec<OneHotColumn>,
}

impl OneHot {
    /// Encodes a partition.
    pub fn new(partition: &EncodedPartition) -> Self {
        let values = partition.encoder().values();
        let columns: Vec<OneHotColumn> = (0..)
            .zip(values)
            .flat_map(|(feature, values)| {
                let categories = match values {
                    Values::Numbers(_) => 0,
                    Values::Categories { codes, .. } => codes.len() as u32,
                };
                let scaled = (categories == 0).then_some(OneHotColumn::Scaled { feature });
                scaled.into_iter().chain(
                    (0..categories).map(move |code| OneHotColumn::Category { feature, code }),
                )
            })
            .collect();
        let mut matrix = Array2::zeros((partition.rows(), columns.len()));
        for (mut target, column) in matrix.columns_mut().into_iter().zip(&columns) {
            match *column {
                OneHotColumn::Scaled { feature } => {
                    let scaled = scaled(&values[feature as usize]);
                    let codes = &partition.codes().columns()[feature as usize].codes;
                    for (row, cell) in target.iter_mut().enumerate() {
                        *cell = scaled[codes.get(row) as usize];
                    }
                }
                OneHotColumn::Category { feature, code } => {
                    let codes = &partition.codes().columns()[feature as usize].codes;
                    for (row, cell) in target.iter_mut().enumerate() {
                        *cell = f64::from(codes.get(row) == code);
                    }
                }
            }
        }
        Self { matrix, columns }
    }
}

/// The distinct numbers of a feature, scaled to 0..=1.
pub fn scaled(values: &Values) -> Vec<f64> {
    let Values::Numbers(numbers) = values else {
        return Vec::new();
    };
    let (Some(&low), Some(&high)) = (numbers.first(), numbers.last()) else {
        return Vec::new();
    };
    // Halved, so that the span of the largest and the smallest double is finite.
    let span = high / 2.0 - low / 2.0;
    numbers
        .iter()
        .map(|number| {
            if span > 0.0 {
                (number / 2.0 - low / 2.0) / span
            } else {
                0.0
            }
        })
        .collect()
}

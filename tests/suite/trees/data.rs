//! What a tree is fitted to.

use linfa::ParamGuard;
use per_entity::codes::{CodeColumn, CodeMatrix};
use per_entity::schema::FeatureKind;
use per_entity::tree::{DecisionTreeParams, DecisionTreeValidParams, Split, Tree};

/// Weights are whole multiples of this, so that the reference can count in whole numbers.
pub const WEIGHT_UNIT: f64 = 0.25;

/// Rows of codes with their labels.
#[derive(Clone, Debug)]
pub struct Data {
    pub kinds: Vec<FeatureKind>,
    /// The codes of each feature, column by column.
    pub columns: Vec<Vec<u32>>,
    pub cardinalities: Vec<u32>,
    pub labels: Vec<u32>,
    pub class_count: usize,
    pub weights: Option<Vec<f64>>,
}

impl Data {
    pub fn matrix(&self) -> CodeMatrix {
        let columns = self
            .kinds
            .iter()
            .zip(&self.columns)
            .zip(&self.cardinalities)
            .map(|((&kind, codes), &cardinality)| {
                CodeColumn::new(kind, cardinality, codes.iter().copied())
            })
            .collect();
        CodeMatrix::new(columns, self.labels.len())
    }

    pub fn fit(&self, params: &DecisionTreeParams) -> Tree {
        let params: DecisionTreeValidParams = params.clone().check().unwrap();
        params
            .fit_codes(
                &self.matrix(),
                &self.labels,
                self.class_count,
                self.weights.as_deref(),
            )
            .unwrap()
    }

    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    pub fn code(&self, feature: u32, row: usize) -> u32 {
        self.columns[feature as usize][row]
    }

    /// The same rows in another order.
    pub fn reordered(&self, order: &[usize]) -> Data {
        let reorder = |values: &Vec<u32>| order.iter().map(|&row| values[row]).collect();
        Data {
            columns: self.columns.iter().map(reorder).collect(),
            labels: reorder(&self.labels),
            weights: self
                .weights
                .as_ref()
                .map(|weights| order.iter().map(|&row| weights[row]).collect()),
            ..self.clone()
        }
    }
}

pub fn goes_left(data: &Data, split: Split, row: usize) -> bool {
    match split {
        Split::Leaf => unreachable!("a leaf asks nothing"),
        Split::LessOrEqual { feature, code, .. } => data.code(feature, row) <= code,
        Split::Equal { feature, code } => data.code(feature, row) == code,
        Split::Among { .. } => unreachable!("categories are split one by one"),
    }
}

/// Rows of one numeric feature.
pub fn numeric(codes: Vec<u32>, labels: Vec<u32>) -> Data {
    Data {
        kinds: vec![FeatureKind::Numeric],
        cardinalities: vec![codes.iter().max().map_or(0, |code| code + 1)],
        columns: vec![codes],
        class_count: labels.iter().max().map_or(0, |label| *label as usize + 1),
        labels,
        weights: None,
    }
}

/// Each value's position among the distinct values, and these.
pub fn ranks<V: Clone + PartialEq>(
    values: Vec<V>,
    compare: impl Fn(&V, &V) -> std::cmp::Ordering,
) -> (Vec<u32>, Vec<V>) {
    let mut distinct = values.clone();
    distinct.sort_by(compare);
    distinct.dedup();
    let position = |value| distinct.iter().position(|other| other == value).unwrap() as u32;
    (values.iter().map(position).collect(), distinct)
}

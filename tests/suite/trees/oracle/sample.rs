//! Rows of codes with what a tree is to tell of them.

use linfa::ParamGuard;
use per_entity::codes::{CodeColumn, CodeMatrix};
use per_entity::schema::FeatureKind;
use per_entity::tree::{DecisionTreeParams, Split, TrainingRows, Tree, TreeScratch};

/// One feature.
#[derive(Clone, Debug)]
pub struct Column {
    pub kind: FeatureKind,
    pub cardinality: u32,
    /// Whether the last code is that of rows without a value.
    pub missing: bool,
    pub codes: Vec<u32>,
}

impl Column {
    pub fn is_missing(&self, row: usize) -> bool {
        self.missing && self.codes[row] == self.cardinality - 1
    }
}

#[derive(Clone, Debug)]
pub enum Target {
    Classes { labels: Vec<u32>, count: usize },
    Numbers(Vec<f64>),
}

#[derive(Clone, Debug)]
pub struct Sample {
    pub columns: Vec<Column>,
    pub target: Target,
    pub weights: Option<Vec<f64>>,
}

impl Sample {
    pub fn rows(&self) -> usize {
        match &self.target {
            Target::Classes { labels, .. } => labels.len(),
            Target::Numbers(numbers) => numbers.len(),
        }
    }

    pub fn weight(&self, row: usize) -> f64 {
        self.weights.as_ref().map_or(1.0, |weights| weights[row])
    }

    pub fn weight_of(&self, rows: &[usize]) -> f64 {
        rows.iter().map(|&row| self.weight(row)).sum()
    }

    /// Kish's effective number of rows, by their weight.
    pub fn effective_share(&self) -> f64 {
        let weights = || (0..self.rows()).map(|row| self.weight(row));
        weights().sum::<f64>() / weights().map(|weight| weight * weight).sum::<f64>()
    }

    pub fn matrix(&self) -> CodeMatrix {
        let columns = self.columns.iter().map(|column| {
            let codes = column.codes.iter().copied();
            match column.missing {
                true => CodeColumn::with_missing(column.kind, column.cardinality, codes),
                false => CodeColumn::new(column.kind, column.cardinality, codes),
            }
        });
        CodeMatrix::new(columns.collect(), self.rows())
    }

    pub fn fit(&self, params: &DecisionTreeParams) -> Tree {
        let params = params.clone().check().unwrap();
        let matrix = self.matrix();
        let rows = match &self.target {
            Target::Classes { labels, count } => TrainingRows::new(&matrix, labels, *count),
            Target::Numbers(numbers) => TrainingRows::of_numbers(&matrix, numbers),
        };
        let rows = rows.weights(self.weights.as_deref());
        params.fit_rows(rows, &mut TreeScratch::default()).unwrap()
    }

    /// The rows in another order; one that is named twice is there twice.
    pub fn reordered(&self, order: &[usize]) -> Sample {
        fn reorder<V: Copy>(values: &[V], order: &[usize]) -> Vec<V> {
            order.iter().map(|&row| values[row]).collect()
        }
        let columns = self.columns.iter().map(|column| Column {
            codes: reorder(&column.codes, order),
            ..column.clone()
        });
        Sample {
            columns: columns.collect(),
            target: match &self.target {
                Target::Classes { labels, count } => Target::Classes {
                    labels: reorder(labels, order),
                    count: *count,
                },
                Target::Numbers(numbers) => Target::Numbers(reorder(numbers, order)),
            },
            weights: self.weights.as_ref().map(|weights| reorder(weights, order)),
        }
    }

    pub fn goes_left(&self, tree: &Tree, split: Split, row: usize) -> bool {
        let column = |feature: u32| &self.columns[feature as usize];
        match split {
            Split::Leaf => unreachable!("a leaf asks nothing"),
            Split::LessOrEqual {
                feature,
                code,
                missing_left,
                ..
            } => match column(feature).is_missing(row) {
                true => missing_left,
                false => column(feature).codes[row] <= code,
            },
            Split::Equal { feature, code } => column(feature).codes[row] == code,
            Split::Among { feature, set } => tree.set(set).contains(&column(feature).codes[row]),
        }
    }

    /// By node: the rows that reach it.
    pub fn rows_of_nodes(&self, tree: &Tree) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); tree.node_count()];
        rows[0] = (0..self.rows()).collect();
        for node in 0..tree.node_count() {
            let split = tree.split(node);
            if split != Split::Leaf {
                let of_node = rows[node].iter();
                let (left, right) = of_node.partition(|&&row| self.goes_left(tree, split, row));
                rows[tree.left(node)] = left;
                rows[tree.right(node)] = right;
            }
        }
        rows
    }

    /// The codes that some rows have, ascending.
    pub fn codes(&self, feature: usize, rows: &[usize]) -> Vec<u32> {
        let mut codes: Vec<u32> = rows
            .iter()
            .map(|&row| self.columns[feature].codes[row])
            .collect();
        codes.sort_unstable();
        codes.dedup();
        codes
    }
}

//! A tree on some rows and some features.

use linfa::ParamGuard;
use per_entity::tree::{
    Criterion, DecisionTreeParams, DecisionTreeValidParams, Split, TrainingRows, Tree, TreeScratch,
};
use proptest::collection::vec;
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::data::Data;
use super::reference::{Node, nodes};
use super::strategies::{cases, data, params};
use super::threads::{many_rows, pool};

/// Positions of rows and of features in a matrix. A row may occur more than once.
#[derive(Clone, Debug)]
struct Subset {
    rows: Vec<u32>,
    features: Vec<u32>,
}

impl Subset {
    /// Fits a tree to these rows and features, where they are in the matrix.
    fn fit(&self, data: &Data, params: &DecisionTreeParams, scratch: &mut TreeScratch) -> Tree {
        let params: DecisionTreeValidParams = params.clone().check().unwrap();
        let matrix = data.matrix();
        let rows = TrainingRows::new(&matrix, &data.labels, data.class_count)
            .weights(data.weights.as_deref())
            .rows(&self.rows)
            .features(&self.features);
        params.fit_rows(rows, scratch).unwrap()
    }

    /// Copies the rows and features into data of their own.
    fn gather(&self, data: &Data) -> Data {
        let order: Vec<usize> = self.rows.iter().map(|&row| row as usize).collect();
        let gathered = data.reordered(&order);
        let features = || self.features.iter().map(|&feature| feature as usize);
        Data {
            kinds: features().map(|feature| data.kinds[feature]).collect(),
            columns: features()
                .map(|feature| gathered.columns[feature].clone())
                .collect(),
            cardinalities: features()
                .map(|feature| data.cardinalities[feature])
                .collect(),
            ..gathered
        }
    }

    /// The nodes of a tree on the gathered features, in terms of the matrix's features.
    fn nodes_in_matrix(&self, tree: &Tree) -> Vec<Node> {
        let mut nodes = nodes(tree);
        for node in &mut nodes {
            match &mut node.split {
                Split::LessOrEqual { feature, .. } | Split::Equal { feature, .. } => {
                    *feature = self.features[*feature as usize];
                }
                Split::Leaf | Split::Among { .. } => {}
            }
        }
        nodes
    }
}

fn data_and_subset() -> impl Strategy<Value = (Data, Subset)> {
    data().prop_flat_map(|data| {
        let rows = data.labels.len();
        let features: Vec<u32> = (0..data.columns.len() as u32).collect();
        let subset = (
            vec(0..rows as u32, 0..2 * rows),
            proptest::sample::subsequence(features.clone(), 0..=features.len()),
        )
            .prop_map(|(rows, features)| Subset { rows, features });
        (Just(data), subset)
    })
}

proptest! {
    #![proptest_config(cases(4_000))]

    #[test]
    fn a_tree_on_some_rows_and_features_is_that_of_a_copy_of_them(
        (data, subset) in data_and_subset(),
        (other_data, other_subset) in data_and_subset(),
        params in params(),
    ) {
        let expected = subset.nodes_in_matrix(&subset.gather(&data).fit(&params));
        let mut scratch = TreeScratch::default();
        prop_assert_eq!(&nodes(&subset.fit(&data, &params, &mut scratch)), &expected);
        // Whatever tree was grown in the same buffers before.
        other_subset.fit(&other_data, &params, &mut scratch);
        prop_assert_eq!(&nodes(&subset.fit(&data, &params, &mut scratch)), &expected);
    }
}

#[test]
fn a_tree_on_many_rows_drawn_with_replacement_is_that_of_a_copy_of_them() {
    let mut random = ChaCha8Rng::seed_from_u64(3);
    let mut scratch = TreeScratch::default();
    for (criterion, class_count, weighted) in [
        (Criterion::Gini, 2, false),
        (Criterion::Entropy, 3, false),
        (Criterion::Gini, 3, true),
        (Criterion::Entropy, 2, true),
    ] {
        let data = many_rows(class_count, weighted);
        let rows = data.labels.len() as u32;
        let subset = Subset {
            rows: (0..rows).map(|_| random.random_range(0..rows)).collect(),
            features: vec![0, 1, 3, 5, 6],
        };
        let params = DecisionTreeParams::new()
            .criterion(criterion)
            .min_samples_leaf(3);
        let expected = subset.nodes_in_matrix(&subset.gather(&data).fit(&params));
        assert!(expected.len() > 1_000);
        for threads in [1, 2] {
            let pool = pool(threads);
            let tree = pool.install(|| subset.fit(&data, &params, &mut scratch));
            assert!(nodes(&tree) == expected, "{threads} threads");
        }
    }
}

#[test]
#[should_panic(expected = "ascending order")]
fn a_feature_given_twice_is_refused() {
    let data = many_rows(2, false);
    let twice = Subset {
        rows: vec![0],
        features: vec![1, 1],
    };
    twice.fit(
        &data,
        &DecisionTreeParams::new(),
        &mut TreeScratch::default(),
    );
}

#[test]
#[should_panic(expected = "a column of the matrix")]
fn a_feature_beyond_the_matrix_is_refused() {
    let data = many_rows(2, false);
    let beyond = Subset {
        rows: vec![0],
        features: vec![7],
    };
    beyond.fit(
        &data,
        &DecisionTreeParams::new(),
        &mut TreeScratch::default(),
    );
}

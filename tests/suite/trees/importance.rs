//! What features are worth to a tree.

use linfa::prelude::*;
use ndarray::{Array1, Array2};
use per_entity::tree::estimator::{DecisionTree, SplitQuality};
use per_entity::tree::{Averaging, Criterion, DecisionTreeParams, Pruning, Split, Tree};
use proptest::prelude::*;

use super::strategies::{cases, data};

/// 80 records of three columns and their weights, as scikit-learn had them.
pub fn made_up_records() -> (Array2<f64>, Array1<f32>) {
    let steps = [(37, 101), (53, 97), (29, 83)];
    let records = Array2::from_shape_fn((80, 3), |(row, column)| {
        let (step, size) = steps[column];
        (row * step % size) as f64
    });
    (
        records,
        Array1::from_shape_fn(80, |row| 1.0 + (row % 3) as f32),
    )
}

#[test]
fn importances_are_those_of_scikit_learn() {
    let (records, weights) = made_up_records();
    let score = |row: usize| records[[row, 0]] + 0.5 * records[[row, 1]] + (row * 17 % 23) as f64;
    let targets = Array1::from_shape_fn(80, |row| (score(row) / 50.0) as usize);
    let dataset = linfa::Dataset::new(records, targets).with_weights(weights);
    let expected = [
        (
            SplitQuality::Gini,
            [0.70153419108962, 0.29846580891038, 0.0],
            [0.38499499, 0.16379507, 0.0],
        ),
        (
            SplitQuality::Entropy,
            [0.71651557916669, 0.28348442083331, 0.0],
            [0.9678153, 0.38290941, 0.0],
        ),
    ];
    for (quality, shares, decreases) in expected {
        let params = DecisionTree::params().split_quality(quality);
        let model = params.max_depth(Some(3)).fit(&dataset).unwrap();
        for (found, expected) in model.feature_importance().iter().zip(shares) {
            assert!((found - expected).abs() < 1e-12, "{quality:?}: {found}");
        }
        for (found, expected) in model.mean_impurity_decrease().iter().zip(decreases) {
            assert!((found - expected).abs() < 1e-8, "{quality:?}: {found}");
        }
    }
}

/// The impurity that is left in the leaves, as a mean over all rows.
fn impurity_of_leaves(tree: &Tree, criterion: Criterion) -> f64 {
    let leaves = (0..tree.node_count()).filter(|&node| tree.split(node) == Split::Leaf);
    let left: f64 = leaves
        .map(|leaf| criterion.impurity(tree.counts(leaf)) * tree.weight(leaf))
        .sum();
    left / tree.weight(0)
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn the_decreases_sum_up_to_what_the_leaves_are_purer_than_the_root(
        data in data(),
        criterion in prop_oneof![Just(Criterion::Gini), Just(Criterion::Entropy)],
    ) {
        let params = DecisionTreeParams::new().criterion(criterion);
        let tree = data.fit(&params);
        let features = data.columns.len();
        let by_feature = tree.impurity_decreases(criterion, features);
        let expected = criterion.impurity(tree.counts(0)) - impurity_of_leaves(&tree, criterion);
        prop_assert!((by_feature.iter().sum::<f64>() - expected).abs() < 1e-9);
        let shares: f64 = tree.feature_importances(criterion, features).iter().sum();
        prop_assert!(shares == 0.0 || (shares - 1.0).abs() < 1e-9);

        let averaged = data.fit(&params.pruning(Pruning::Average(Averaging::default())));
        let left = averaged.impurity_decreases(criterion, features);
        prop_assert!(left.iter().all(|&decrease| decrease >= 0.0));
    }
}

//! What holds of a tree of any data.

use linfa::ParamGuard;
use per_entity::tree::{DecisionTreeParams, Split, Tree};
use proptest::prelude::*;

use super::data::{Data, WEIGHT_UNIT};
use super::strategies::{cases, data, params};

proptest! {
    #![proptest_config(cases(1_000))]

    #[test]
    fn a_nodes_counts_are_the_sum_of_its_childrens(data in data(), params in params()) {
        let tree = data.fit(&params);
        let mut is_child = vec![false; tree.node_count()];
        for node in 0..tree.node_count() {
            if tree.split(node) != Split::Leaf {
                let (left, right) = (tree.left(node), tree.right(node));
                let sum: Vec<f64> = (0..data.class_count)
                    .map(|class| tree.counts(left)[class] + tree.counts(right)[class])
                    .collect();
                prop_assert_eq!(tree.counts(node), &sum[..]);
                is_child[left] = true;
                is_child[right] = true;
            }
        }
        prop_assert_eq!(is_child.iter().position(|child| !child), Some(0));
        prop_assert_eq!(is_child.iter().filter(|&&child| !child).count(), 1);
        prop_assert_eq!(tree.leaf_count() * 2 - 1, tree.node_count());
    }

    #[test]
    fn a_leafs_counts_are_those_of_the_rows_that_end_in_it(data in data(), params in params()) {
        let tree = data.fit(&params);
        let mut counts = vec![vec![0.0; data.class_count]; tree.node_count()];
        for (row, &label) in data.labels.iter().enumerate() {
            let leaf = tree.leaf(|feature| Some(data.code(feature, row)));
            prop_assert_eq!(tree.split(leaf), Split::Leaf);
            counts[leaf][label as usize] += data.weight(row);
        }
        for node in (0..tree.node_count()).filter(|&node| tree.split(node) == Split::Leaf) {
            prop_assert_eq!(tree.counts(node), &counts[node][..]);
        }
    }

    #[test]
    fn the_order_of_the_rows_does_not_matter(
        (data, order) in data().prop_flat_map(|data| {
            let order: Vec<usize> = (0..data.labels.len()).collect();
            (Just(data), Just(order).prop_shuffle())
        }),
        params in params(),
    ) {
        let (tree, reordered) = (data.fit(&params), data.reordered(&order));
        prop_assert_eq!(&tree, &reordered.fit(&params));
        let predictions = tree.predict(&data.matrix());
        let expected: Vec<usize> = order.iter().map(|&row| predictions[row]).collect();
        prop_assert_eq!(tree.predict(&reordered.matrix()), expected);
    }

    #[test]
    fn the_training_accuracy_is_the_share_of_weight_predicted_correctly(
        data in data(), params in params(),
    ) {
        let tree = data.fit(&params);
        let (mut correct, mut total) = (0.0, 0.0);
        for (row, predicted) in tree.predict(&data.matrix()).into_iter().enumerate() {
            total += data.weight(row);
            if predicted == data.labels[row] as usize {
                correct += data.weight(row);
            }
        }
        prop_assert_eq!(tree.training_score(), correct / total);
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(data in data(), criterion in params().prop_map(|params| {
        params.check().unwrap().criterion()
    })) {
        // Only the weights of whole rows: the numbers of rows are not limited.
        let params = DecisionTreeParams::new().criterion(criterion);
        let order: Vec<usize> = (0..data.labels.len()).flat_map(|row| {
            std::iter::repeat_n(row, (data.weight(row) / WEIGHT_UNIT) as usize)
        }).collect();
        let repeated = Data { weights: None, ..data.reordered(&order) };
        let weighted = Data {
            weights: Some(
                (0..data.labels.len()).map(|row| data.weight(row) / WEIGHT_UNIT).collect(),
            ),
            ..data
        };
        prop_assert_eq!(weighted.fit(&params), repeated.fit(&params));
    }

    #[test]
    fn the_scale_of_the_weights_does_not_matter(
        data in data(), params in params(), exponent in -200i32..200,
    ) {
        let weights: Vec<f64> = (0..data.labels.len()).map(|row| data.weight(row)).collect();
        let scaled = weights.iter().map(|weight| weight * 2f64.powi(exponent)).collect();
        let original = Data { weights: Some(weights), ..data.clone() };
        let scaled = Data { weights: Some(scaled), ..data };
        let splits = |tree: &Tree| -> Vec<Split> {
            (0..tree.node_count()).map(|node| tree.split(node)).collect()
        };
        prop_assert_eq!(splits(&scaled.fit(&params)), splits(&original.fit(&params)));
    }
}

//! Data of special shapes: nothing to learn from, what does not fit together, deep trees.

use std::thread;

use linfa::ParamGuard;
use per_entity::codes::{CodeColumn, CodeMatrix};
use per_entity::schema::FeatureKind;
use per_entity::tree::{
    DecisionTreeParams, DecisionTreeValidParams, RegressionCriterion, TrainingRows, TreeScratch,
};

use super::data::{Data, numeric};

#[test]
fn nothing_to_learn_from_makes_a_single_leaf() {
    let no_rows = numeric(vec![], vec![]);
    let tree = no_rows.fit(&DecisionTreeParams::new());
    assert_eq!(
        (tree.node_count(), tree.leaf_count(), tree.depth()),
        (1, 1, 0)
    );
    assert_eq!(tree.training_score(), 1.0);
    assert!(tree.predict(&no_rows.matrix()).is_empty());

    let no_features = Data {
        kinds: vec![],
        columns: vec![],
        cardinalities: vec![],
        ..numeric(vec![0, 0, 0], vec![1, 0, 1])
    };
    let tree = no_features.fit(&DecisionTreeParams::new());
    assert_eq!((tree.node_count(), tree.counts(0)), (1, &[1.0, 2.0][..]));
    assert_eq!(tree.predict(&no_features.matrix()), [1, 1, 1]);

    let one_row = numeric(vec![0], vec![2]);
    let tree = one_row.fit(&DecisionTreeParams::new());
    assert_eq!(
        (tree.node_count(), tree.counts(0)),
        (1, &[0.0, 0.0, 1.0][..])
    );
}

#[test]
#[should_panic(expected = "one label per row")]
fn a_missing_label_is_refused() {
    let data = numeric(vec![0, 1], vec![0, 1]);
    let params: DecisionTreeValidParams = DecisionTreeParams::new().check().unwrap();
    params.fit_codes(&data.matrix(), &[0], 2, None).unwrap();
}

#[test]
#[should_panic(expected = "one weight per row")]
fn a_missing_weight_is_refused() {
    let data = Data {
        weights: Some(vec![1.0]),
        ..numeric(vec![0, 1], vec![0, 1])
    };
    data.fit(&DecisionTreeParams::new());
}

#[test]
#[should_panic(expected = "column 0 has a code beyond its cardinality")]
fn a_code_beyond_the_cardinality_is_refused() {
    CodeMatrix::new(
        vec![CodeColumn::new(FeatureKind::Numeric, 3, [0, 3].into_iter())],
        2,
    );
}

#[test]
#[should_panic(expected = "column 0 has the wrong length")]
fn a_column_of_another_length_is_refused() {
    CodeMatrix::new(
        vec![CodeColumn::new(FeatureKind::Numeric, 3, [0, 2].into_iter())],
        3,
    );
}

/// Runs a test where recursion over the nodes of a deep tree would not go far.
fn on_a_small_stack(test: impl FnOnce() + Send + 'static) {
    let thread = thread::Builder::new()
        .stack_size(256 * 1024)
        .spawn(test)
        .unwrap();
    thread.join().unwrap();
}

#[test]
fn a_deep_tree_does_not_overflow_the_stack() {
    on_a_small_stack(|| {
        // Classes that alternate: each split cuts the outermost row off.
        let rows = 10_000;
        let data = numeric((0..rows).collect(), (0..rows).map(|row| row % 2).collect());
        let tree = data.fit(&DecisionTreeParams::new());
        assert_eq!(tree.training_score(), 1.0);
        assert_eq!(tree.node_count(), 2 * rows as usize - 1);
        assert!(tree.depth() > 1_000, "depth {}", tree.depth());
        assert_eq!(tree.predict(&data.matrix())[..4], [0, 1, 0, 1]);
    });
}

#[test]
fn a_long_chain_of_categories_does_not_overflow_the_stack() {
    on_a_small_stack(|| {
        let rows = 3_000;
        let data = Data {
            kinds: vec![FeatureKind::Categorical],
            ..numeric((0..rows).collect(), (0..rows).map(|row| row % 2).collect())
        };
        let tree = data.fit(&DecisionTreeParams::new());
        assert_eq!(tree.training_score(), 1.0);
        assert!(tree.depth() >= rows as usize / 2, "depth {}", tree.depth());
    });
}

#[test]
fn the_training_score_of_quantities_is_the_share_of_their_spread_that_is_explained() {
    let codes = [0, 0, 1, 1, 2, 2, 3, 3];
    let numbers = [1.0, 2.0, 9.0, 30.0, 4.0, 4.0, 0.0, 100.0];
    let column = CodeColumn::new(FeatureKind::Numeric, 4, codes.into_iter());
    let matrix = CodeMatrix::new(vec![column], codes.len());
    let mean = numbers.iter().sum::<f64>() / 8.0;
    let spread: f64 = numbers.iter().map(|number| (number - mean).powi(2)).sum();
    for criterion in [
        RegressionCriterion::SquaredError,
        RegressionCriterion::AbsoluteError,
        RegressionCriterion::Poisson,
    ] {
        for params in [DecisionTreeParams::new(), DecisionTreeParams::averaging()] {
            let params = params.regression_criterion(criterion).check().unwrap();
            let rows = TrainingRows::of_numbers(&matrix, &numbers);
            let tree = params.fit_rows(rows, &mut TreeScratch::default()).unwrap();
            let predicted = tree.predict_values(&matrix).into_iter().zip(numbers);
            let left: f64 = predicted.map(|(one, other)| (one - other).powi(2)).sum();
            let expected = 1.0 - left / spread;
            let score = tree.training_score();
            assert!(
                (score - expected).abs() < 1e-6,
                "{criterion:?}: {score}, {expected}"
            );
        }
    }
}

#[test]
fn the_order_of_weighted_rows_does_not_matter_to_quantities() {
    let rows = 60;
    let code = |row: u32| row * 13 % 17;
    let number = |row: u32| f64::from(code(row).pow(2)) * 0.1 + f64::from(row % 3) * 0.7;
    let weight = |row: u32| 0.1 + f64::from(row * 5 % 11) * 0.3;
    let fit = |order: &[u32], criterion| {
        let codes = order.iter().map(|&row| code(row));
        let column = CodeColumn::new(FeatureKind::Numeric, 17, codes);
        let matrix = CodeMatrix::new(vec![column], order.len());
        let numbers: Vec<f64> = order.iter().map(|&row| number(row)).collect();
        let weights: Vec<f64> = order.iter().map(|&row| weight(row)).collect();
        let params = DecisionTreeParams::averaging().regression_criterion(criterion);
        let training = TrainingRows::of_numbers(&matrix, &numbers).weights(Some(&weights));
        let params = params.check().unwrap();
        params
            .fit_rows(training, &mut TreeScratch::default())
            .unwrap()
    };
    for criterion in [
        RegressionCriterion::SquaredError,
        RegressionCriterion::AbsoluteError,
        RegressionCriterion::Poisson,
    ] {
        let order: Vec<u32> = (0..rows).collect();
        let expected = fit(&order, criterion);
        assert!(expected.node_count() > 1);
        for step in [7, 11, 59] {
            let shuffled: Vec<u32> = order.iter().map(|row| row * step % rows).collect();
            assert_eq!(fit(&shuffled, criterion), expected, "{criterion:?}");
        }
    }
}

//! What does not matter: the order of rows, the number of threads, the scale of weights, and
//! whether a row is there twice or has twice the weight.

use per_entity::tree::{
    Averaging, CategorySplits, DecisionTreeParams, Pruning, RegressionCriterion, Split, Tree,
};
use proptest::prelude::*;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::super::strategies::cases;
use super::super::threads::{many_rows, pool};
use super::sample::{Column, Sample, Target};
use super::strategies::{full, limited, sample_and};

fn sample_and_order() -> impl Strategy<Value = (Sample, DecisionTreeParams, Vec<usize>)> {
    sample_and(40, limited()).prop_flat_map(|(sample, params)| {
        let order: Vec<usize> = (0..sample.rows()).collect();
        (Just(sample), Just(params), Just(order).prop_shuffle())
    })
}

/// Weights that are whole, so that rows can be repeated.
fn whole_weights() -> impl Strategy<Value = (Sample, DecisionTreeParams, Vec<usize>)> {
    sample_and(15, full()).prop_flat_map(|(sample, params)| {
        let weights = proptest::collection::vec(1usize..5, sample.rows());
        (Just(sample), Just(params), weights)
    })
}

fn splits(tree: &Tree) -> Vec<Split> {
    (0..tree.node_count())
        .map(|node| tree.split(node))
        .collect()
}

/// What rows are told: the shares of the classes, or a number.
fn predictions(tree: &Tree, sample: &Sample) -> Vec<Vec<f64>> {
    let leaves = tree.apply(&sample.matrix()).into_iter();
    leaves
        .map(|leaf| match tree.is_regression() {
            true => vec![tree.value(leaf)],
            false => tree
                .counts(leaf)
                .iter()
                .map(|count| count / tree.weight(leaf))
                .collect(),
        })
        .collect()
}

fn assert_near(
    predictions: &[Vec<f64>],
    expected: &[Vec<f64>],
    unit: f64,
) -> Result<(), TestCaseError> {
    for (prediction, expected) in predictions.iter().flatten().zip(expected.iter().flatten()) {
        prop_assert!(
            (prediction - expected).abs() <= unit,
            "{:e} {:e}",
            prediction,
            expected
        );
    }
    Ok(())
}

/// The largest number; 1 of classes.
fn size(sample: &Sample) -> f64 {
    match &sample.target {
        Target::Classes { .. } => 1.0,
        Target::Numbers(numbers) => numbers
            .iter()
            .fold(0.0, |size, number| size.max(number.abs())),
    }
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn the_order_of_rows_without_weights_does_not_matter_to_the_last_bit(
        (sample, params, order) in sample_and_order(),
        is_averaged in any::<bool>(),
    ) {
        let params = match is_averaged {
            true => params.pruning(Pruning::Average(Averaging::default())),
            false => params,
        };
        let sample = Sample { weights: None, ..sample };
        prop_assert_eq!(sample.fit(&params), sample.reordered(&order).fit(&params));
    }

    #[test]
    fn a_row_of_a_whole_weight_is_as_many_rows(
        (sample, params, times) in whole_weights(),
    ) {
        // Whole and halves, of which sums are exact.
        let target = match sample.target {
            Target::Numbers(numbers) => Target::Numbers(
                numbers.iter().map(|number| (number % 64.0 * 2.0).round() / 2.0).collect(),
            ),
            classes => classes,
        };
        let weights = times.iter().map(|&times| times as f64).collect();
        let weighted = Sample { target, weights: Some(weights), ..sample };
        let order: Vec<usize> = times.iter().enumerate()
            .flat_map(|(row, &times)| std::iter::repeat_n(row, times)).collect();
        let repeated = Sample { weights: None, ..weighted.reordered(&order) };
        let (tree, expected) = (weighted.fit(&params), repeated.fit(&params));
        prop_assert_eq!(splits(&tree), splits(&expected));
        for node in 0..tree.node_count() {
            prop_assert_eq!(tree.weight(node), expected.weight(node));
            if tree.is_regression() {
                prop_assert!((tree.value(node) - expected.value(node)).abs() <= 1e-12 * 64.0);
                prop_assert!((tree.error(node) - expected.error(node)).abs() <= 1e-9 * expected.error(0));
            } else {
                prop_assert_eq!(tree.counts(node), expected.counts(node));
            }
        }
    }

    #[test]
    fn the_scale_of_weights_does_not_matter(
        (sample, params) in sample_and(20, full()),
        exponent in -250i32..250,
        is_averaged in any::<bool>(),
    ) {
        let params = match is_averaged {
            true => params.pruning(Pruning::Average(Averaging::default())),
            false => params,
        };
        let weights = |scale: f64| Some((0..sample.rows()).map(|row| sample.weight(row) * scale).collect());
        let original = Sample { weights: weights(1.0), ..sample.clone() };
        let scaled = Sample { weights: weights(2f64.powi(exponent)), ..sample.clone() };
        let (tree, scaled) = (original.fit(&params), scaled.fit(&params));
        prop_assert_eq!(splits(&scaled), splits(&tree));
        let unit = if tree.is_regression() { 1e-9 } else { 1e-6 } * size(&sample);
        assert_near(&predictions(&scaled, &sample), &predictions(&tree, &sample), unit)?;
    }

    /// Kish's effective number of rows is then that of the rows. Of unequal whole weights it is
    /// less than their sum, and averages are not those of repeated rows.
    #[test]
    fn averages_of_equal_weights_are_those_of_no_weights(
        (sample, params) in sample_and(20, full()),
        weight in 1u32..9,
    ) {
        let params = params.pruning(Pruning::Average(Averaging::default()));
        let target = match sample.target {
            Target::Numbers(numbers) => Target::Numbers(
                numbers.iter().map(|number| (number % 64.0 * 2.0).round() / 2.0).collect(),
            ),
            classes => classes,
        };
        let sample = Sample { target, weights: None, ..sample };
        let weights = Some(vec![f64::from(weight) / 4.0; sample.rows()]);
        let weighted = Sample { weights, ..sample.clone() };
        let unit = if matches!(sample.target, Target::Numbers(_)) { 1e-9 } else { 1e-6 };
        let (tree, expected) = (weighted.fit(&params), sample.fit(&params));
        prop_assert_eq!(splits(&tree), splits(&expected));
        assert_near(&predictions(&tree, &sample), &predictions(&expected, &sample), unit)?;
    }
}

/// More rows than one thread would be given, some of which lack a value.
fn many_numbers(weighted: bool) -> Sample {
    let data = many_rows(2, weighted);
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let numbers = data
        .labels
        .iter()
        .map(|&label| (f64::from(label) * 3.0 + random.random_range(0.0..4.0)).round() * 0.1);
    let numbers = numbers.collect();
    let parts = data
        .kinds
        .into_iter()
        .zip(data.columns)
        .zip(data.cardinalities);
    let columns = parts.map(|((kind, codes), cardinality)| Column {
        kind,
        cardinality,
        missing: cardinality > 20,
        codes,
    });
    let sample = Sample {
        columns: columns.take(5).collect(),
        target: Target::Numbers(numbers),
        weights: data.weights,
    };
    sample.reordered(&(0..40_000).collect::<Vec<_>>())
}

#[test]
fn neither_threads_nor_the_order_matter_to_many_quantities() {
    for (criterion, weighted) in [
        (RegressionCriterion::SquaredError, false),
        (RegressionCriterion::SquaredError, true),
        (RegressionCriterion::Poisson, false),
        (RegressionCriterion::AbsoluteError, false),
    ] {
        let sample = many_numbers(weighted);
        let params = DecisionTreeParams::new()
            .category_splits(CategorySplits::Set)
            .regression_criterion(criterion)
            .min_samples_leaf(50)
            .max_depth(Some(3));
        let expected = pool(1).install(|| sample.fit(&params));
        assert!(expected.node_count() > 8, "{criterion:?}");
        assert!(
            pool(2).install(|| sample.fit(&params)) == expected,
            "{criterion:?}"
        );
        if !weighted {
            let order: Vec<usize> = (0..sample.rows()).rev().collect();
            assert!(
                sample.reordered(&order).fit(&params) == expected,
                "{criterion:?}"
            );
        }
    }
}

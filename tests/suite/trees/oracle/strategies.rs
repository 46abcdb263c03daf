//! Random samples: gaps, ties, duplicates, constant columns, single rows, and numbers and weights of
//! very different sizes.

use linfa::ParamGuard;
use per_entity::schema::FeatureKind;
use per_entity::tree::{CategorySplits, Criterion, DecisionTreeParams, RegressionCriterion};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::strategy::Union;

use super::sample::{Column, Sample, Target};

fn column(rows: usize) -> impl Strategy<Value = Column> {
    let kind = prop_oneof![Just(FeatureKind::Numeric), Just(FeatureKind::Categorical)];
    let used = prop_oneof![1 => Just(1u32), 3 => Just(2), 6 => 3u32..8];
    // The cardinality may be larger than the number of codes that occur.
    let spread = prop_oneof![4 => Just(1u32), 1 => Just(50), 1 => Just(20_000)];
    (kind, used, spread, any::<bool>()).prop_flat_map(move |(kind, used, spread, missing)| {
        let cardinality = (used - 1) * spread + 1;
        vec((0..used).prop_map(move |code| code * spread), rows).prop_map(move |codes| Column {
            kind,
            cardinality,
            missing: missing && used > 1,
            codes,
        })
    })
}

fn columns(rows: usize) -> impl Strategy<Value = Vec<Column>> {
    vec(column(rows), 0..5)
}

/// Weights of one magnitude, of which many are equal, or of several.
fn weights(rows: usize) -> BoxedStrategy<Option<Vec<f64>>> {
    let quarters = (1u32..9).prop_map(|quarters| f64::from(quarters) / 4.0);
    let decimals = (1u32..30).prop_map(|tenths| f64::from(tenths) * 0.1);
    let magnitudes =
        (-6i32..6, 1u32..9).prop_map(|(power, digit)| f64::from(digit) * 10f64.powi(power));
    prop_oneof![
        3 => Just(None),
        1 => vec(quarters, rows).prop_map(Some),
        1 => vec(decimals, rows).prop_map(Some),
        1 => vec(magnitudes, rows).prop_map(Some),
    ]
    .boxed()
}

/// Numbers of one kind.
fn numbers(rows: usize) -> BoxedStrategy<Vec<f64>> {
    let whole = |range: std::ops::Range<i32>, number: fn(f64) -> f64| {
        vec(range.prop_map(move |whole| number(f64::from(whole))), rows).boxed()
    };
    let heavy_tails =
        (-3i32..13, 1u32..10).prop_map(|(power, digit)| f64::from(digit) * 10f64.powi(power));
    let without_a_value = prop_oneof![4 => 0.0..10.0, 1 => Just(f64::from(f32::MAX))];
    Union::new([
        whole(0..6, |whole| whole),
        whole(0..30, |tenths| tenths * 0.1),
        whole(0..9, |eighths| 1e9 + eighths * 0.1),
        whole(-9..9, |whole| whole * 0.3),
        whole(0..9, |whole| whole * 1e-200),
        whole(3..4, |whole| whole * 0.7),
        vec(heavy_tails, rows).boxed(),
        vec(without_a_value, rows).boxed(),
        vec(-1e3..1e3, rows).boxed(),
    ])
    .boxed()
}

fn target(rows: usize) -> BoxedStrategy<Target> {
    let classes = (1usize..5).prop_flat_map(move |count| {
        let labels = vec(0..count as u32, rows);
        labels.prop_map(move |labels| Target::Classes { labels, count })
    });
    prop_oneof![1 => classes, 2 => numbers(rows).prop_map(Target::Numbers)].boxed()
}

fn category_splits() -> impl Strategy<Value = CategorySplits> {
    prop_oneof![Just(CategorySplits::One), Just(CategorySplits::Set)]
}

/// Parameters without limits.
pub fn full() -> impl Strategy<Value = DecisionTreeParams> {
    let criterion = prop_oneof![Just(Criterion::Gini), Just(Criterion::Entropy)];
    let regression_criterion = prop_oneof![
        Just(RegressionCriterion::SquaredError),
        Just(RegressionCriterion::AbsoluteError),
        Just(RegressionCriterion::Poisson),
    ];
    (criterion, regression_criterion, category_splits()).prop_map(
        |(criterion, regression_criterion, category_splits)| {
            DecisionTreeParams::new()
                .criterion(criterion)
                .regression_criterion(regression_criterion)
                .category_splits(category_splits)
        },
    )
}

prop_compose! {
    pub fn limited()(
        params in full(),
        max_depth in proptest::option::weighted(0.3, 0usize..5),
        min_samples_split in prop_oneof![2 => Just(2usize), 1 => 2usize..9],
        min_samples_leaf in prop_oneof![2 => Just(1usize), 1 => 1usize..6],
        min_weight_split in prop_oneof![3 => Just(0.0), 1 => 0.0..9.0],
        min_weight_leaf in prop_oneof![3 => Just(0.0), 1 => 0.0..4.0],
        min_impurity_decrease in prop_oneof![3 => Just(0.0), 1 => 1e-6..0.3],
    ) -> DecisionTreeParams {
        params
            .max_depth(max_depth)
            .min_samples_split(min_samples_split)
            .min_samples_leaf(min_samples_leaf)
            .min_weight_split(min_weight_split)
            .min_weight_leaf(min_weight_leaf)
            .min_impurity_decrease(min_impurity_decrease)
    }
}

/// A sample of at most so many rows, and parameters that suit it.
pub fn sample_and(
    most_rows: usize,
    params: impl Strategy<Value = DecisionTreeParams>,
) -> impl Strategy<Value = (Sample, DecisionTreeParams)> {
    let sample = (1..=most_rows)
        .prop_flat_map(|rows| (columns(rows), target(rows), weights(rows)))
        .prop_map(|(columns, target, weights)| Sample {
            columns,
            target,
            weights,
        });
    (sample, params).prop_map(|(mut sample, params)| {
        let criterion = params.check_ref().unwrap().regression_criterion();
        if let Target::Numbers(numbers) = &mut sample.target
            && criterion == RegressionCriterion::Poisson
        {
            numbers.iter_mut().for_each(|number| *number = number.abs());
        }
        (sample, params)
    })
}

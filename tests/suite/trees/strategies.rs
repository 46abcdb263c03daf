//! Small random datasets: ties, duplicates, constant columns, missing codes, single rows.

use per_entity::schema::FeatureKind;
use per_entity::tree::{Criterion, DecisionTreeParams};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::RngSeed;

use super::data::{Data, WEIGHT_UNIT};

fn column(rows: usize) -> impl Strategy<Value = (FeatureKind, u32, Vec<u32>)> {
    let kind = prop_oneof![Just(FeatureKind::Numeric), Just(FeatureKind::Categorical)];
    // The cardinality may be much larger than the number of codes that occur.
    let cardinality = prop_oneof![
        1 => Just(1u32),
        3 => Just(2),
        4 => 3u32..8,
        2 => 8u32..60,
        1 => Just(300),
        1 => Just(70_000),
    ];
    (kind, cardinality, 1u32..6).prop_flat_map(move |(kind, cardinality, step)| {
        let code = (0..cardinality).prop_map(move |code| code / step * step);
        (Just(kind), Just(cardinality), vec(code, rows))
    })
}

fn weights(rows: usize) -> impl Strategy<Value = Option<Vec<f64>>> {
    let weight = (1u32..9).prop_map(|units| f64::from(units) * WEIGHT_UNIT);
    prop_oneof![2 => Just(None), 1 => vec(weight, rows).prop_map(Some)]
}

pub fn data() -> impl Strategy<Value = Data> {
    (1usize..40, 1usize..9, 0usize..5).prop_flat_map(|(rows, class_count, features)| {
        (
            vec(column(rows), features),
            vec(0..class_count as u32, rows),
            weights(rows),
        )
            .prop_map(move |(columns, labels, weights)| Data {
                kinds: columns.iter().map(|column| column.0).collect(),
                cardinalities: columns.iter().map(|column| column.1).collect(),
                columns: columns.into_iter().map(|column| column.2).collect(),
                labels,
                class_count,
                weights,
            })
    })
}

prop_compose! {
    pub fn params()(
        criterion in prop_oneof![Just(Criterion::Gini), Just(Criterion::Entropy)],
        max_depth in proptest::option::weighted(0.3, 0usize..6),
        min_samples_split in prop_oneof![2 => Just(2usize), 1 => 2usize..12],
        min_samples_leaf in prop_oneof![2 => Just(1usize), 1 => 1usize..7],
        min_impurity_decrease in prop_oneof![2 => Just(0.0), 1 => 1e-6..0.1],
    ) -> DecisionTreeParams {
        DecisionTreeParams::new()
            .criterion(criterion)
            .max_depth(max_depth)
            .min_samples_split(min_samples_split)
            .min_samples_leaf(min_samples_leaf)
            .min_impurity_decrease(min_impurity_decrease)
    }
}

pub fn cases(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(0),
        ..ProptestConfig::default()
    }
}

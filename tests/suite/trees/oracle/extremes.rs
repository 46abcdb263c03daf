//! Numbers and weights of every size there may be.

use per_entity::schema::{FeatureKind, SAMPLE_WEIGHTS};
use per_entity::tree::{
    Averaging, DecisionTreeParams, LARGEST_NUMBER, Pruning, RegressionCriterion, Split,
};
use proptest::collection::vec;
use proptest::prelude::*;

use super::super::strategies::cases;
use super::sample::{Column, Sample, Target};
use super::strategies::{full, sample_and};

fn number() -> impl Strategy<Value = f64> {
    let power = (-100i32..100, 1u32..10);
    prop_oneof![
        Just(0.0),
        (1u32..9).prop_map(|units| f64::from(units) * f64::from_bits(1)),
        power.prop_map(|(power, digit)| f64::from(digit) * 10f64.powi(power)),
        Just(LARGEST_NUMBER),
    ]
}

fn weight() -> impl Strategy<Value = f64> {
    let (least, most) = (*SAMPLE_WEIGHTS.start(), *SAMPLE_WEIGHTS.end());
    let power = (-99i32..99).prop_map(|power| 10f64.powi(power));
    prop_oneof![Just(least), Just(1.0), power, Just(most)]
}

fn extremes() -> impl Strategy<Value = (Sample, DecisionTreeParams)> {
    sample_and(12, full()).prop_flat_map(|(sample, params)| {
        let rows = sample.rows();
        let extreme = (
            vec(number(), rows),
            proptest::option::of(vec(weight(), rows)),
        );
        extreme.prop_map(move |(numbers, weights)| {
            let sample = Sample {
                target: Target::Numbers(numbers),
                weights,
                ..sample.clone()
            };
            (sample, params.clone())
        })
    })
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn a_prediction_is_between_the_numbers_that_were_seen(
        (sample, params) in extremes(),
        pruning in prop_oneof![
            Just(Pruning::None),
            Just(Pruning::Average(Averaging::default())),
            Just(Pruning::CostComplexity { alpha: 0.1 }),
        ],
    ) {
        let Target::Numbers(numbers) = &sample.target else { unreachable!("of numbers") };
        let low = numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let high = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let slack = 1e-12 * high;
        for value in sample.fit(&params.pruning(pruning)).predict_values(&sample.matrix()) {
            prop_assert!(low - slack <= value && value <= high + slack, "{:e}", value);
        }
    }
}

/// What many files hold where there is no value.
#[test]
fn one_huge_number_does_not_drown_the_others() {
    let numbers = vec![1.0, 2.0, 5.0, f64::from(f32::MAX)];
    for criterion in [
        RegressionCriterion::SquaredError,
        RegressionCriterion::AbsoluteError,
        RegressionCriterion::Poisson,
    ] {
        for weights in [None, Some(vec![0.5; 4])] {
            let sample = Sample {
                columns: vec![Column {
                    kind: FeatureKind::Numeric,
                    cardinality: 4,
                    missing: false,
                    codes: vec![0, 1, 2, 3],
                }],
                target: Target::Numbers(numbers.clone()),
                weights,
            };
            let params = DecisionTreeParams::new().regression_criterion(criterion);
            let tree = sample.fit(&params);
            assert_ne!(tree.split(0), Split::Leaf);
            let predictions = tree.predict_values(&sample.matrix());
            assert_eq!(predictions, numbers, "{criterion:?}");
        }
    }
}

//! Predictions of boosted models against a direct evaluation of what they are made of.

use std::sync::Arc;

use polars::prelude::*;
use proptest::prelude::*;

use super::binder::Binder;
use super::binned_feature::{BinnedFeature, FeatureBins};
use super::decision::Decision;
use super::hand_made::{self, Draws};
use super::model::Model;
use super::shared_model::SharedModel;
use crate::codes::NumberBins;
use crate::ensemble::{AdditiveTrees, CodeTest, Loss};

const LOSSES: [Loss; 6] = [
    Loss::Squared,
    Loss::Absolute,
    Loss::Poisson,
    Loss::Logistic,
    Loss::Softmax(3),
    Loss::Softmax(1),
];

/// The values of a row.
struct Row {
    x: Option<f64>,
    y: Option<f64>,
    category: Option<&'static str>,
}

fn rows(seed: u64, count: usize) -> Vec<Row> {
    let mut draws = Draws(seed);
    let numbers = [None, Some(-0.5), Some(0.125), Some(0.2), Some(1e300)];
    let categories = [None, Some("b"), Some("d"), Some("é"), Some("other")];
    let row = |_| Row {
        x: numbers[draws.below(5)],
        y: numbers[draws.below(5)],
        category: categories[draws.below(5)],
    };
    (0..count).map(row).collect()
}

fn frame(rows: &[Row]) -> DataFrame {
    df!(
        "y" => rows.iter().map(|row| row.y).collect::<Vec<_>>(),
        "c" => rows.iter().map(|row| row.category).collect::<Vec<_>>(),
        "x" => rows.iter().map(|row| row.x).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn number_code(bins: &NumberBins, number: f64) -> u8 {
    match number.is_nan() {
        true => bins.edges().len() as u8 + 1,
        false => bins.edges().iter().filter(|edge| **edge < number).count() as u8,
    }
}

fn feature_codes(features: &[BinnedFeature], row: &Row) -> Vec<u8> {
    let code = |feature: &BinnedFeature| {
        let number = if feature.name == "x" { row.x } else { row.y };
        match &feature.bins {
            FeatureBins::Numbers(bins) => number_code(bins, number.unwrap_or(f64::NAN)),
            FeatureBins::Categories(categories) => {
                let place = |text| categories.iter().position(|other| other == text);
                match row.category {
                    None => categories.len() as u8 + 1,
                    Some(text) => place(text).unwrap_or(categories.len()) as u8,
                }
            }
        }
    };
    features.iter().map(code).collect()
}

/// The value of the leaf of a subtree that a row ends in; counts nodes and leaves on.
fn value(trees: &AdditiveTrees, codes: &[u8], node: &mut usize, leaf: &mut usize) -> f64 {
    let goes_left = match trees.node(*node).test {
        CodeTest::Leaf => {
            (*node, *leaf) = (*node + 1, *leaf + 1);
            return trees.values()[*leaf - 1].into();
        }
        CodeTest::LessOrEqual {
            feature,
            code,
            missing,
        } => codes[feature as usize] <= code || Some(codes[feature as usize]) == missing,
        CodeTest::Among { feature, set } => {
            let code = codes[feature as usize];
            trees.sets()[set as usize][code as usize / 64] & (1 << (code % 64)) != 0
        }
    };
    *node += 1;
    let left = value(trees, codes, node, leaf);
    let right = value(trees, codes, node, leaf);
    if goes_left { left } else { right }
}

fn add(trees: &AdditiveTrees, codes: &[u8], weight: f64, scores: &mut [f64]) {
    for (score, start) in scores.iter_mut().zip(trees.start()) {
        *score += weight * start;
    }
    let (mut node, mut leaf, mut tree) = (0, 0, 0);
    while node < trees.node_count() {
        scores[tree % trees.outputs()] += weight * value(trees, codes, &mut node, &mut leaf);
        tree += 1;
    }
}

fn prediction(loss: Loss, scores: &[f64]) -> Vec<f64> {
    match loss {
        Loss::Squared | Loss::Absolute => scores.to_vec(),
        Loss::Poisson => vec![scores[0].exp()],
        Loss::Logistic => {
            let positive = 1.0 / (1.0 + (-scores[0]).exp());
            vec![1.0 - positive, positive]
        }
        Loss::Softmax(_) => {
            let sum: f64 = scores.iter().map(|score| score.exp()).sum();
            scores.iter().map(|score| score.exp() / sum).collect()
        }
    }
}

/// The prediction of one row by a share, step by step.
fn by_share(model: &Model, row: &Row) -> Vec<f64> {
    let (shared, share) = model.share().unwrap();
    let parts = shared.parts();
    let mut codes = feature_codes(&parts.features, row);
    for (number, of_model) in share.numbers.iter().zip(&parts.numbers) {
        codes.push(number_code(&of_model.bins, *number));
    }
    let mut categories = parts.categories.iter();
    let category = categories.position(|key| key == model.key());
    codes.push(category.unwrap_or(parts.categories.len()) as u8);
    let mut scores = vec![0.0; parts.loss.outputs()];
    for member in &parts.members {
        for trees in &member.trees {
            let weight = member.weight / member.trees.len() as f64;
            add(trees, &codes, weight, &mut scores);
        }
    }
    for (bins, score) in parts.score_bins.iter().zip(&scores) {
        codes.push(number_code(bins, *score));
    }
    for (score, level) in scores.iter_mut().zip(&share.level) {
        *score += level;
    }
    add(&share.trees, &codes, 1.0, &mut scores);
    prediction(parts.loss, &scores)
}

fn by_ensemble(model: &Model, row: &Row) -> Vec<f64> {
    let ensemble = model.ensemble().unwrap();
    let mut scores = vec![0.0; ensemble.loss.outputs()];
    let codes = feature_codes(&ensemble.features, row);
    add(&ensemble.trees, &codes, 1.0, &mut scores);
    prediction(ensemble.loss, &scores)
}

fn for_unknown(shared: &SharedModel, parent: &str, row: &Row) -> Vec<f64> {
    let parts = shared.parts();
    let parent = parts.parents.iter().find(|other| other.key == parent);
    let none = vec![0.0; parts.loss.outputs()];
    let mut scores = parent.map_or(none, |parent| parent.level.clone());
    let codes = feature_codes(&parts.features, row);
    for trees in &parts.unknown {
        add(trees, &codes, 1.0 / parts.unknown.len() as f64, &mut scores);
    }
    prediction(parts.loss, &scores)
}

/// Checks what a model predicts for rows, whatever they are predicted by.
fn check(model: &Model, rows: &[Row], expected: impl Fn(&Row) -> Vec<f64>) {
    let frame = frame(rows);
    let found: Vec<f64> = match model.is_regression() {
        true => model.predict_values(&frame).unwrap(),
        false => {
            let probabilities = model.predict_proba(&frame).unwrap();
            let predicted = model.predict(&frame).unwrap();
            for (row, class) in probabilities.rows().into_iter().zip(predicted) {
                let row = row.to_vec();
                let most = row.iter().copied().fold(0.0, f64::max);
                let place = model.classes().iter().position(|other| other == class);
                assert_eq!(row[place.unwrap()], most);
            }
            probabilities.into_raw_vec_and_offset().0
        }
    };
    let expected: Vec<f64> = rows.iter().flat_map(expected).collect();
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0));
    }
}

proptest! {
    #[test]
    fn boosted_models_predict_what_a_direct_evaluation_does(
        seed in any::<u64>(),
        loss in prop::sample::select(&LOSSES[..]),
        count in prop::sample::select(&[0usize, 1, 7, 256, 300][..]),
        key in prop::sample::select(&["a", "k", "z"][..]),
    ) {
        let rows = rows(seed, count);
        let shared = hand_made::shared(seed, loss);
        let model = Model::shared(key, &shared, hand_made::share(seed ^ 1, &shared));
        check(&model, &rows, |row| by_share(&model, row));
        let own = hand_made::ensemble(seed, loss);
        let model = Model::boosted(key, hand_made::classes(loss), own);
        check(&model, &rows, |row| by_ensemble(&model, row));
    }

    #[test]
    fn what_answers_for_unknown_entities_asks_about_features_only(
        seed in any::<u64>(),
        loss in prop::sample::select(&LOSSES[..]),
        parent in prop::sample::select(&["k", "m", "n"][..]),
    ) {
        let rows = rows(seed, 20);
        let shared = hand_made::shared(seed, loss);
        let model = Model::shared("a", &shared, hand_made::share(seed, &shared));
        let frame = frame(&rows);
        let columns = model.columns(&frame).unwrap();
        let named = model.feature_names().into_iter();
        let binder = Binder::new(named.zip(columns.iter().map(Into::into)), shared.classes());
        let bound = binder.bind_unknown(&shared, shared.parent_level(parent)).unwrap();
        let width = shared.classes().len().max(1);
        let mut numbers = vec![0.0; rows.len() * width];
        bound.predict(|_, row| row, &mut numbers, &mut vec![0; rows.len()]);
        let expected = rows.iter().flat_map(|row| for_unknown(&shared, parent, row));
        for (found, expected) in numbers.iter().zip(expected) {
            prop_assert!((found - expected).abs() <= 1e-9 * expected.abs().max(1.0));
        }
    }
}

/// The same bytes with one bit changed.
fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

/// A model's bytes, which are read back as the very same.
fn round_trip(model: &Model, shared: Option<&Arc<SharedModel>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    model.encode(&mut bytes);
    assert_eq!(&Model::decode(&bytes, shared).unwrap(), model);
    bytes
}

/// Damaged bytes are refused, or are a model that predicts and is written as it was read.
fn withstand(bytes: &[u8], shared: Option<&Arc<SharedModel>>) {
    let Ok(model) = Model::decode(bytes, shared) else {
        return;
    };
    round_trip(&model, shared);
    if let Ok(frame) = frame(&rows(7, 4)).select(model.feature_names()) {
        match model.is_regression() {
            true => drop(model.predict_values(&frame)),
            false => drop(model.predict_proba(&frame)),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3))]

    #[test]
    fn models_are_read_as_they_were_written_and_damage_is_withstood(
        seed in any::<u64>(),
        loss in prop::sample::select(&LOSSES[..]),
    ) {
        let shared = hand_made::shared(seed, loss);
        let share = hand_made::share(seed, &shared);
        let decision = (!shared.classes().is_empty()).then_some(Decision {
            positive: 0,
            threshold: 0.3,
        });
        let of_shared = Model::shared("a", &shared, share).with_decision(decision);
        let own = hand_made::ensemble(seed, loss);
        let own = Model::boosted("k", hand_made::classes(loss), own).with_decision(decision);
        for (model, shared) in [(&of_shared, Some(&shared)), (&own, None)] {
            let bytes = round_trip(model, shared);
            for end in 0..bytes.len() {
                prop_assert!(Model::decode(&bytes[..end], shared).is_err());
            }
            for bit in 0..8 * bytes.len() {
                withstand(&flipped(&bytes, bit), shared);
            }
        }
        let mut bytes = Vec::new();
        of_shared.encode(&mut bytes);
        let error = Model::decode(&bytes, None).unwrap_err().to_string();
        prop_assert!(error.contains("share"), "{error}");
        let mut draws = Draws(seed);
        let other = hand_made::shared(draws.below(1_000) as u64, LOSSES[draws.below(6)]);
        withstand(&bytes, Some(&other));
    }

    #[test]
    fn what_is_shared_is_read_as_it_was_written_and_damage_is_withstood(
        seed in any::<u64>(),
        loss in prop::sample::select(&LOSSES[..]),
    ) {
        let shared = hand_made::shared(seed, loss);
        let mut bytes = Vec::new();
        shared.encode(&mut bytes);
        prop_assert_eq!(&SharedModel::decode(&bytes).unwrap(), &*shared);
        for end in 0..bytes.len() {
            prop_assert!(SharedModel::decode(&bytes[..end]).is_err());
        }
        for bit in 0..8 * bytes.len() {
            let Ok(shared) = SharedModel::decode(&flipped(&bytes, bit)).map(Arc::new) else {
                continue;
            };
            let mut again = Vec::new();
            shared.encode(&mut again);
            prop_assert_eq!(&SharedModel::decode(&again).unwrap(), &*shared);
            let model = Model::shared("a", &shared, hand_made::share(seed, &shared));
            let mut bytes = Vec::new();
            model.encode(&mut bytes);
            withstand(&bytes, Some(&shared));
        }
    }
}

#[test]
fn a_share_without_trees_takes_few_bytes() {
    let shared = hand_made::shared(5, Loss::Squared);
    let mut share = hand_made::share(6, &shared);
    share.trees = AdditiveTrees::new(vec![0.0]);
    let mut bytes = Vec::new();
    Model::shared("store 17", &shared, share).encode(&mut bytes);
    assert!(bytes.len() <= 150, "{}", bytes.len());
}

#[test]
fn a_newer_version_is_named() {
    let mut bytes = Vec::new();
    let own = hand_made::ensemble(1, Loss::Squared);
    Model::boosted("k", [], own).encode(&mut bytes);
    bytes[9] = 4;
    let error = Model::decode(&bytes, None).unwrap_err().to_string();
    assert!(error.contains("version 4"), "{error}");
    assert!(SharedModel::decode(&bytes).is_err());
}

#[test]
fn classes_stand_where_those_of_the_run_do_and_a_decision_counts() {
    let shared = hand_made::shared(3, Loss::Logistic);
    let model = Model::shared("a", &shared, hand_made::share(3, &shared));
    let rows = rows(3, 50);
    let frame = frame(&rows);
    let columns = model.columns(&frame).unwrap();
    let run = ["more", "yes", "other", "no"].map(str::to_owned);
    let named = model.feature_names().into_iter();
    let binder = Binder::new(named.zip(columns.iter().map(Into::into)), &run);
    let mut numbers = vec![0.0; 200];
    let mut classes = vec![0; 50];
    let bound = binder.bind(&model).unwrap();
    bound.predict(|_, row| row, &mut numbers, &mut classes);
    for (row, numbers) in rows.iter().zip(numbers.chunks(4)) {
        let expected = by_share(&model, row);
        assert!((numbers[3] - expected[0]).abs() < 1e-12);
        assert!((numbers[1] - expected[1]).abs() < 1e-12);
        assert_eq!([numbers[0], numbers[2]], [0.0, 0.0]);
    }
    let threshold = numbers[1];
    let decision = Decision {
        positive: 1,
        threshold,
    };
    let decided = model.with_decision(Some(decision));
    let classes = decided.predict(&frame).unwrap();
    for (class, numbers) in classes.into_iter().zip(numbers.chunks(4)) {
        assert_eq!(class == "yes", numbers[1] >= threshold);
    }
}

#[test]
fn importances_are_shares_of_the_splits_about_features() {
    let shared = hand_made::shared(5, Loss::Squared);
    let share = hand_made::share(6, &shared);
    let members = shared.parts().members.iter();
    let trees = members.flat_map(|member| &member.trees);
    let mut splits = [0.0; 3];
    for test in trees.chain([&share.trees]).flat_map(AdditiveTrees::tests) {
        if let CodeTest::LessOrEqual { feature, .. } | CodeTest::Among { feature, .. } = test
            && let Some(splits) = splits.get_mut(feature as usize)
        {
            *splits += 1.0;
        }
    }
    let sum: f64 = splits.iter().sum();
    assert!(sum > 0.0);
    let model = Model::shared("b", &shared, share);
    assert_eq!(model.feature_names(), ["x", "c", "y"]);
    assert_eq!(model.importances(), splits.map(|splits| splits / sum));
}

#[test]
#[should_panic(expected = "has own trees that do not begin with 0")]
fn a_share_that_does_not_fit_is_refused() {
    let shared = hand_made::shared(5, Loss::Squared);
    let mut share = hand_made::share(6, &shared);
    share.trees = AdditiveTrees::new(vec![1.0]);
    Model::shared("b", &shared, share);
}

#[test]
fn a_model_that_does_not_fit_is_refused() {
    let parts = |change: fn(&mut super::SharedParts)| {
        let mut parts = hand_made::shared(5, Loss::Logistic).parts().clone();
        change(&mut parts);
        SharedModel::new(parts)
    };
    assert!(parts(|_| {}).is_ok());
    let changes: [fn(&mut super::SharedParts); 14] = [
        |parts| parts.loss = Loss::Squared,
        |parts| parts.classes = Arc::new([]),
        |parts| parts.categories.reverse(),
        |parts| parts.members.clear(),
        |parts| parts.members[0].trees.clear(),
        |parts| parts.members[0].weight = f64::NAN,
        |parts| parts.unknown.clear(),
        |parts| parts.score_bins.clear(),
        |parts| parts.own.precisions[0] = 0.0,
        |parts| {
            let parent = |key: &str, level: f64| super::ParentLevel {
                key: key.to_owned(),
                level: vec![level],
            };
            parts.parents = vec![parent("b", 1.0), parent("a", 1.0)];
        },
        |parts| {
            parts.parents = vec![super::ParentLevel {
                key: "a".into(),
                level: vec![],
            }];
        },
        |parts| parts.own.variance = f64::INFINITY,
        |parts| parts.own.tree_rounds = usize::MAX,
        |parts| {
            let category = (parts.features.len() + parts.numbers.len()) as u16;
            let asks = CodeTest::Among {
                feature: category,
                set: 0,
            };
            let tests = [asks, CodeTest::Leaf, CodeTest::Leaf];
            let trees =
                AdditiveTrees::from_preorder(vec![0.0], tests, vec![[1; 4]], vec![1.0, 2.0]);
            parts.members[0].trees = vec![trees.clone().unwrap()];
            parts.unknown = vec![trees.unwrap()];
        },
    ];
    for (place, change) in changes.into_iter().enumerate() {
        assert!(parts(change).is_err(), "{place}");
    }
}

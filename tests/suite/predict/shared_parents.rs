//! Entities that are not known, but whose key begins with values that are.

use per_entity::predict::{Predictor, Unknown};
use per_entity::store::{MemoryDirectory, Store};
use per_entity::train::{SharedParams, SharedTrainer};
use per_entity::{DatasetSpec, Training};
use polars::prelude::*;

/// Rows of 6 countries with 3 regions of 4 shops each. Countries and regions differ in what they sell.
fn rows() -> DataFrame {
    let mut draw = 3_u64;
    let mut uniform = move || {
        draw = draw
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(99);
        (draw >> 40) as f64 / (1 << 24) as f64
    };
    let (mut country, mut region, mut shop) = (Vec::new(), Vec::new(), Vec::new());
    let (mut x, mut y, mut large) = (Vec::new(), Vec::new(), Vec::new());
    for place in 0..72_i32 {
        for _ in 0..12 {
            let of_row = uniform();
            country.push(format!("c{}", place / 12));
            region.push(place / 4 % 3);
            shop.push(place % 4);
            x.push(of_row);
            let sold = of_row + 4.0 * f64::from(place / 12) + f64::from(place / 4 % 3);
            let sold = sold + 0.3 * uniform();
            y.push(sold);
            large.push(sold > 12.0 + 2.0 * uniform());
        }
    }
    df!(
        "country" => country, "region" => region, "shop" => shop, "x" => x, "y" => y, "large" => large,
    )
    .unwrap()
}

fn train(key: &[&str], target: &str, store: &MemoryDirectory) -> Store {
    let columns = ["country", "region", "shop", "y", "large"];
    let others = columns
        .iter()
        .filter(|column| !key.contains(column) && **column != target);
    let spec = DatasetSpec {
        ignore: others.map(|column| (*column).to_owned()).collect(),
        ..DatasetSpec::new(key.iter().copied(), target)
    };
    let params = SharedParams {
        rounds: 40,
        ..SharedParams::default()
    };
    let training = Training::new(spec, SharedTrainer::new(params).unwrap());
    training.run(rows(), store).unwrap();
    Store::open(store).unwrap()
}

/// A row each of a known shop, of unknown shops in what is known less and less, and of no country.
fn unknown() -> DataFrame {
    df!(
        "country" => [Some("c5"), Some("c5"), Some("c5"), Some("c0"), Some("nowhere"), None],
        "region" => [Some(2), Some(2), Some(9), None, Some(2), Some(2)],
        "shop" => [0, 9, 9, 9, 9, 0],
        "x" => [0.5; 6],
    )
    .unwrap()
}

fn level(store: &Store, parent: &str) -> f64 {
    let shared = store.shared().unwrap().unwrap();
    let mut parents = shared.parts().parents.iter();
    parents.find(|other| other.key == parent).unwrap().level[0]
}

#[test]
fn an_unknown_entity_has_the_level_of_its_nearest_parent() {
    let store = train(&["country", "region", "shop"], "y", &MemoryDirectory::new());
    let shared = store.shared().unwrap().unwrap();
    let keys: Vec<&str> = shared
        .parts()
        .parents
        .iter()
        .map(|parent| parent.key.as_str())
        .collect();
    assert_eq!(keys.len(), 6 + 18);
    assert_eq!(keys[..5], ["c0", "c0,0", "c0,1", "c0,2", "c1"]);
    // What countries and regions sell more than others, shrunk a little.
    let beyond = level(&store, "c5") - level(&store, "c0");
    assert!((beyond - 20.0).abs() < 0.5, "{beyond}");
    let beyond = level(&store, "c5,2") - level(&store, "c5,0");
    assert!((1.5..2.4).contains(&beyond), "{beyond}");

    let mut predictor = Predictor::new(store.clone()).unwrap();
    let predicted = predictor.predict(&unknown()).unwrap();
    let by = predicted.column("model").unwrap().str().unwrap().clone();
    let by: Vec<&str> = by.iter().flatten().collect();
    assert_eq!(
        by,
        ["own", "shared", "shared", "shared", "shared", "shared"]
    );
    let values = predicted
        .column("prediction")
        .unwrap()
        .f64()
        .unwrap()
        .clone();
    let values: Vec<f64> = values.into_no_null_iter().collect();
    assert!((values[1] - values[0]).abs() < 0.5, "{values:?}");
    let beyond: Vec<f64> = values[1..].iter().map(|value| value - values[4]).collect();
    let levels = ["c5,2", "c5", "c0"].map(|parent| level(&store, parent));
    for (beyond, level) in beyond.iter().zip(levels) {
        assert!((beyond - level).abs() < 1e-9, "{beyond} {level}");
    }
    assert_eq!(beyond[3..], [0.0, 0.0]);
    let mut none = Predictor::new(store)
        .unwrap()
        .unknown(Unknown::Null)
        .unwrap();
    let predicted = none.predict(&unknown()).unwrap();
    assert_eq!(predicted.column("prediction").unwrap().null_count(), 5);
}

#[test]
fn parents_of_classes_have_a_level_too_and_keys_of_one_column_have_none() {
    let store = train(&["country", "shop"], "large", &MemoryDirectory::new());
    assert!(level(&store, "c5") > level(&store, "c0") + 2.0);
    let mut predictor = Predictor::new(store).unwrap();
    let predicted = predictor.predict(&unknown()).unwrap();
    let large = predicted
        .column("probability_true")
        .unwrap()
        .f64()
        .unwrap()
        .clone();
    let large: Vec<f64> = large.into_no_null_iter().collect();
    assert!(large[1] > 0.9 && large[3] < 0.1, "{large:?}");

    let store = train(&["country"], "y", &MemoryDirectory::new());
    let shared = store.shared().unwrap().unwrap();
    assert!(shared.parts().parents.is_empty());
}

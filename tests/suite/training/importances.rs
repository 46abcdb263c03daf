//! How much features matter.

use per_entity::Error;
use per_entity::Store;
use per_entity::error::SpecError;
use per_entity::schema::ImportanceKind;
use per_entity::store::{Location, MemoryDirectory};
use per_entity::train::TrainingSpec;
use polars::prelude::DataType;

use super::class_weights::recorded;
use super::rows::{refused, rows, spec, train, trained};
use crate::support::place::Place;

const SHOPS: [&str; 3] = ["a", "b", "c"];

const HELD_OUT: &str = "holdout = { where = \"part = 'test'\" }\n";

/// What an entity's row of the table of entities has.
fn noted(store: &Store, key: &str) -> Option<Vec<f32>> {
    let importance = store.record(key).unwrap().importance;
    importance.map(|importance| importance.to_vec())
}

#[test]
fn by_impurity_they_are_scikit_learns() {
    // feature_importances_ of scikit-learn 1.9.1, weighted by `amount`, with max_depth=3.
    let cases = [
        (
            "busy",
            [0.25423728813559326, 0.1748438893844782, 0.5709188224799285],
        ),
        ("sales", [0.5394899819344098, 0.4605100180655903, 0.0]),
    ];
    for (target, expected) in cases {
        let text = format!(
            "key = ['shop']\ntarget = '{target}'\nfeatures = ['a', 'b', 'c']\nweight = 'amount'\n\
             [tree]\nmax-depth = 3\npruning = 'none'\n"
        );
        let store = trained(&TrainingSpec::from_toml(&text).unwrap(), &recorded());
        let found = store.importances_of("x").unwrap().unwrap();
        for (found, expected) in found.iter().zip(expected) {
            assert!(
                (found - expected).abs() < 1e-12,
                "{target}: {found} {expected}"
            );
        }
        assert_eq!(store.importance_kind(), ImportanceKind::Impurity);
    }
}

#[test]
fn by_permutation_the_feature_that_decides_is_first_and_one_that_is_not_asked_for_is_0() {
    let frame = rows(&SHOPS, 0);
    let settings = format!("[train]\nimportance = 'permutation'\n{HELD_OUT}");
    let (quantities, classes) = {
        let mut quantities = frame.clone();
        quantities.rename("busy", "class".into()).unwrap();
        let late = quantities
            .column("late")
            .unwrap()
            .clone()
            .take_materialized_series();
        quantities
            .with_column((&late * 3_i32).with_name("busy".into()).into())
            .unwrap();
        quantities.drop_in_place("class").unwrap();
        (quantities, frame)
    };
    for (frame, more) in [(&classes, ""), (&quantities, "task = 'regression'\n")] {
        let store = trained(&spec(&format!("{more}{settings}")), frame);
        let features = &store.generation().run.features;
        let position = |name: &str| features.iter().position(|f| f.name == name).unwrap();
        for shop in SHOPS {
            let importance = noted(&store, shop).unwrap();
            assert_eq!(importance.len(), features.len());
            assert_eq!(importance[position("constant")], 0.0, "{shop}");
            let late = importance[position("late")];
            assert!(
                late > 0.0 && late > importance[position("noise")],
                "{importance:?}"
            );
        }
        assert_eq!(
            store.generation().run.importance,
            Some(ImportanceKind::Permutation)
        );
    }
}

#[test]
fn shuffles_depend_on_the_seed_and_not_on_the_threads() {
    let frame = rows(&SHOPS, 0);
    let table = |threads: u32, seed: u32| {
        let memory = MemoryDirectory::new();
        let settings = format!(
            "[train]\nimportance = 'permutation'\nthreads = {threads}\n\
             holdout = {{ share = 0.3, seed = {seed} }}"
        );
        train(&spec(&settings), &frame, &memory);
        Location::from(&memory)
            .read("gen-000001/entities.parquet")
            .unwrap()
    };
    assert!(table(1, 5) == table(3, 5));
    assert!(table(1, 5) != table(1, 6));
}

#[test]
fn averages_are_those_of_the_entities_noted_or_not() {
    let frame = rows(&SHOPS, 0);
    let fewer = frame.slice(0, 300);
    let noted_ones = trained(&spec("train.importance = 'impurity'"), &fewer);
    let others = trained(&spec(""), &fewer);
    assert_eq!(noted(&others, "a"), None);
    let column = |store: &Store| {
        let table = store.entities().unwrap().collect().unwrap();
        table
            .column("importance")
            .ok()
            .map(|column| column.dtype().clone())
    };
    let list = DataType::List(Box::new(DataType::Float32));
    assert_eq!((column(&noted_ones), column(&others)), (Some(list), None));
    let averages = [&noted_ones, &others].map(|store| {
        let (mut rows, mut sums, mut weighted) = (0.0, vec![0.0; 3], vec![0.0; 3]);
        for record in store.records().unwrap() {
            let own = store.importances_of(&record.key).unwrap().unwrap();
            assert!((own.iter().sum::<f64>() - 1.0).abs() < 1e-6);
            rows += record.rows as f64;
            for (feature, number) in own.iter().enumerate() {
                sums[feature] += number / 3.0;
                weighted[feature] += number * record.rows as f64;
            }
        }
        let importances = store.importances().unwrap();
        assert_eq!(importances.entities, 3);
        let mean = importances.mean.unwrap();
        let weighted_mean = importances.weighted_mean.unwrap();
        for feature in 0..3 {
            assert!((mean[feature] - sums[feature]).abs() < 1e-12);
            assert!((weighted_mean[feature] - weighted[feature] / rows).abs() < 1e-12);
        }
        mean
    });
    for (one, other) in averages[0].iter().zip(&averages[1]) {
        assert!((one - other).abs() < 1e-6, "{averages:?}");
    }
}

#[test]
fn permutations_need_rows_held_out() {
    let found = refused(&spec("train.importance = 'permutation'"), &rows(&SHOPS, 0));
    let is_it = matches!(found, Error::Spec(SpecError::PermutationWithoutHoldout));
    assert!(is_it, "{found}");
}

#[test]
fn inspect_tells_the_most_important_feature_first() {
    let place = Place::with_sample();
    let train = "train --input sample.csv --where true --holdout 0.3 --output-dir";
    place.run(&format!("{train} plain")).succeeded();
    place
        .run(&format!("{train} noted --importance permutation"))
        .succeeded();
    for (store, kind) in [("plain", "impurity"), ("noted", "permutation")] {
        let all = place
            .run(&format!("inspect {store} --importance --json"))
            .succeeded()
            .json();
        assert_eq!(all["importance"], kind);
        let features = all["features"].as_array().unwrap();
        let means: Vec<f64> = features
            .iter()
            .map(|f| f["mean"].as_f64().unwrap())
            .collect();
        assert!(means.is_sorted_by(|one, other| one >= other), "{means:?}");
        assert_eq!(
            features.len(),
            place.store(store).generation().run.features.len()
        );
        let one = place.run(&format!("inspect {store} --importance --entity Bachelors"));
        let one = one.succeeded().stdout;
        assert!(one.starts_with("feature"), "{one}");
        assert!(one.contains("of entity 'Bachelors'"), "{one}");
    }
    let error = place
        .run("inspect plain --importance --entity Nobody")
        .failed(2);
    assert!(error.contains("'Nobody'"), "{error}");
    let error = place.run(&format!(
        "{} x --importance permutation",
        train.replace("--holdout 0.3 ", "")
    ));
    assert!(error.failed(2).contains("--holdout"));
}

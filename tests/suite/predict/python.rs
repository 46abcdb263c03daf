//! Python reads a store with its own libraries: `benches/python/read_store.py`.

use std::env;
use std::fs::File;
use std::process::Command;

use per_entity::store::Store;
use polars::prelude::{ChunkCompareEq, CsvReader, DataFrame, SerReader};
use serde_json::Value;

use super::shops::texts;
use crate::support::adult::adult;
use crate::support::program::finish;

#[test]
fn python_reads_the_same_predictions_out_of_the_store() {
    let Some(place) = adult() else { return };
    let python = env::var("PER_ENTITY_PYTHON").unwrap_or_else(|_| "python3".into());
    let libraries = Command::new(&python)
        .args(["-c", "import cbor2, pyarrow, blake3"])
        .output();
    if !libraries.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: needs {python} with cbor2, pyarrow and blake3");
        return;
    }
    place
        .run("train --input adult.data --where true --output-dir models")
        .succeeded();
    place
        .run("predict --models models --input adult.test --output out.csv")
        .succeeded();
    let ours = CsvReader::new(File::open(place.path("out.csv")).unwrap())
        .finish()
        .unwrap();
    let read_store = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/python/read_store.py");
    finish(
        Command::new(&python)
            .current_dir(place.path(""))
            .args([read_store, "--models", "models", "--input", "adult.test"])
            .args(["--output", "python.ndjson"]),
    )
    .succeeded();
    is_what_python_predicts(&ours, &place.read("python.ndjson"));
    is_what_each_model_predicts(&ours, &place.store("models"));
}

fn is_what_python_predicts(ours: &DataFrame, python: &str) {
    let python: Vec<Value> = python
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!((ours.height(), python.len()), (16_281, 16_281));
    let predictions = texts(ours, "prediction");
    let probability = |class: &str| {
        let column = ours.column(&format!("probability_{class}")).unwrap();
        column.f64().unwrap().clone()
    };
    let classes = ["<=50K", ">50K"].map(|class| (class, probability(class)));
    for (row, python) in python.iter().enumerate() {
        assert_eq!(predictions[row].as_deref(), python["prediction"].as_str());
        for (class, probabilities) in &classes {
            let expected = python["probabilities"][class].as_f64().unwrap_or(0.0);
            assert_eq!(probabilities.get(row), Some(expected), "row {row}, {class}");
        }
    }
}

/// The library, one entity at a time.
fn is_what_each_model_predicts(ours: &DataFrame, store: &Store) {
    let key = ours.column("education").unwrap().str().unwrap();
    for record in store.records().unwrap() {
        let model = store.model(&record.key).unwrap();
        let own = key.equal(record.key.as_str());
        let rows = ours.filter(&own).unwrap();
        let predicted = model.predict(&rows).unwrap();
        let expected = texts(&rows, "prediction");
        assert!(
            expected
                .iter()
                .map(Option::as_deref)
                .eq(predicted.iter().map(|class| Some(*class)))
        );
        let probabilities = model.predict_proba(&rows).unwrap();
        for (position, class) in model.classes().iter().enumerate() {
            let expected = rows.column(&format!("probability_{class}")).unwrap();
            let expected = expected.f64().unwrap().no_null_iter();
            assert!(probabilities.column(position).iter().copied().eq(expected));
        }
    }
}

//! What reading untrusted bytes must withstand.

use std::fs;
use std::path::Path;

use ndarray::Array2;
use per_entity::Model;
use per_entity::model::{BinnedFeature, FeatureBins};
use per_entity::store::{FORMAT_VERSION, Store, verify};
use polars::prelude::*;
use serde_json::json;

/// Decodes bytes as a model and, where they are one, asks it for predictions of all kinds.
pub fn model(bytes: &[u8]) {
    let Ok(model) = Model::decode(bytes, None) else {
        return;
    };
    if let Some(tree) = model.tree() {
        let counts: Array2<f64> = tree.node_counts();
        assert_eq!(counts.nrows(), tree.node_count());
        assert!(tree.depth() < tree.node_count());
        let features = tree.features().iter();
        ask(
            &model,
            features.map(|feature| (feature.name(), feature.categories().is_none())),
        );
    }
    if let Some(ensemble) = model.ensemble() {
        let features = ensemble.features.iter();
        let is_number = |feature: &BinnedFeature| matches!(feature.bins, FeatureBins::Numbers(_));
        ask(
            &model,
            features.map(|feature| (feature.name(), is_number(feature))),
        );
    }
    let mut again = Vec::new();
    model.encode(&mut again);
    assert_eq!(Model::decode(&again, None).as_ref().ok(), Some(&model));
}

/// Asks a model for predictions of all kinds of values of its features, each with its name and
/// whether it is a number.
fn ask<'a>(model: &Model, features: impl Iterator<Item = (&'a str, bool)> + Clone) {
    for number in [f64::NEG_INFINITY, 0.0, f64::INFINITY, f64::NAN] {
        for category in [None, Some(""), Some("a")] {
            let columns = features.clone().map(|(name, is_number)| match is_number {
                true => Column::new(name.into(), [number]),
                false => Column::new(name.into(), [category]),
            });
            // Two features may have one name in a forged model; a frame has no such columns.
            let Ok(row) = DataFrame::new(1, columns.collect()) else {
                continue;
            };
            match model.is_regression() {
                true => assert_eq!(model.predict_values(&row).unwrap().len(), 1),
                false => {
                    let probabilities = model.predict_proba(&row).unwrap();
                    assert_eq!(probabilities.dim(), (1, model.classes().len()));
                }
            }
        }
    }
}

/// Opens a store whose manifest or table of entities are these bytes, and reads all of it.
pub fn store(directory: &Path) {
    let Ok(store) = Store::open(directory) else {
        return;
    };
    for record in store.records().unwrap_or_default() {
        let _ = store.model_of(&record);
    }
    let _ = store.record("a");
    let _ = verify(directory);
}

/// A store whose manifest was made for one table of entities and finds another.
pub fn write_store(directory: &Path, promised: &[u8], found: &[u8]) {
    let manifest = json!({
        "format_version": FORMAT_VERSION,
        "current": 1,
        "generations": [{
            "number": 1,
            "directory": "gen-000001",
            "created": "",
            "program": "",
            "inputs": [],
            "command": [],
            "dataset": {},
            "features": [],
            "classes": [],
            "trainer": null,
            "min_rows": 0,
            "rows_read": 0,
            "left_out": {
                "ragged": 0, "filter": 0, "null_key": 0, "null_target": 0, "bad_weight": 0,
                "missing_value": 0, "not_finite": 0,
            },
            "rows": 0,
            "entities": 0,
            "trained": 0,
            "skipped": 0,
            "failed": 0,
            "training_accuracy": null,
            "model_bytes": 0,
            "entities_file": {
                "name": "entities.parquet",
                "length": found.len(),
                "digest": blake3::hash(promised).to_hex().to_string(),
            },
        }],
    });
    let path = directory.join("gen-000001");
    fs::create_dir_all(&path).unwrap();
    fs::write(path.join("entities.parquet"), found).unwrap();
    fs::write(directory.join("manifest.json"), manifest.to_string()).unwrap();
}

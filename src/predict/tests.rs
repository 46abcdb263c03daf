//! Generations whose models share something: what is stored of them, and what they predict.

use std::sync::Arc;

use polars::prelude::*;

use super::{Predictor, Unknown};
use crate::ensemble::Loss;
use crate::error::{Error, SpecError};
use crate::model::{Model, ModelSummary, SharedModel, hand_made};
use crate::store::{
    EntityRecord, EntityStatus, Location, MemoryDirectory, ModelsPerFile, Store, Verification,
    Writer, prune, verify,
};
use crate::{CartTrainer, DatasetSpec, Training};

/// Rows of shops; the features are those of hand-made models.
fn rows() -> DataFrame {
    df!(
        "shop" => [Some("a"), Some("b"), Some("a"), Some("new"), Some("small"), None, Some("b")],
        "x" => [Some(0.1), Some(-0.7), None, Some(0.3), Some(0.2), Some(0.9), Some(0.8)],
        "c" => [Some("b"), Some("d"), Some("é"), Some("other"), None, Some("b"), None],
        "y" => [Some(0.5), None, Some(-0.2), Some(0.0), Some(0.1), Some(0.4), Some(-1.0)],
        "busy" => [Some("yes"), Some("no"), Some("no"), Some("yes"), Some("no"), Some("no"), Some("yes")],
    )
    .unwrap()
}

/// A store whose second generation has shares of shops a and b, which the first has trees of.
fn store(directory: &MemoryDirectory) -> (Arc<SharedModel>, Vec<Model>) {
    let spec = DatasetSpec::new(["shop"], "busy");
    let training = Training::new(spec, CartTrainer::default());
    training.run(rows(), directory).unwrap();
    let run = Store::open(directory).unwrap().generation().run.clone();
    let shared = hand_made::shared(11, Loss::Logistic);
    let share = |seed, key| Model::shared(key, &shared, hand_made::share(seed, &shared));
    let models = vec![share(1, "a"), share(2, "b")];
    let mut writer = Writer::begin(&Location::from(directory)).unwrap();
    writer.lay_out(ModelsPerFile::Fixed(10), ["a", "b", "small"].into_iter());
    writer.put_shared(&shared, None).unwrap();
    for model in &models {
        let mut bytes = Vec::new();
        model.encode(&mut bytes);
        let summary = ModelSummary {
            classes: 2,
            nodes: model.node_count() as u32,
            depth: model.depth() as u32,
            training_score: 0.5,
            fingerprint: Default::default(),
        };
        let record = record(model.key(), EntityStatus::Trained, Some(summary));
        writer.put(record, Some(bytes)).unwrap();
    }
    let small = record("small", EntityStatus::Skipped, None);
    writer.put(small, None).unwrap();
    writer.commit(run).unwrap();
    (shared, models)
}

fn record(key: &str, status: EntityStatus, summary: Option<ModelSummary>) -> EntityRecord {
    EntityRecord {
        key: key.to_owned(),
        status,
        error: None,
        rows: 2,
        left_out: 0,
        summary,
        holdout: None,
        contest: None,
        importance: None,
        held_out: None,
        place: None,
    }
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let texts = frame.column(column).unwrap().str().unwrap();
    texts.iter().map(|text| text.map(str::to_owned)).collect()
}

#[test]
fn shares_are_stored_beside_what_is_shared_and_read_once() {
    let directory = MemoryDirectory::new();
    let (shared, models) = store(&directory);
    let store = Store::open(&directory).unwrap();
    let read = store.shared().unwrap().unwrap();
    assert_eq!(read, shared);
    for model in &models {
        let stored = store.clone().model(model.key()).unwrap();
        assert_eq!(&stored, model);
        assert!(Arc::ptr_eq(stored.share().unwrap().0, &read));
    }
    assert_eq!(store.importances().unwrap().entities, 2);
    let first = Store::open_generation(&directory, 1).unwrap();
    assert!(first.shared().unwrap().is_none());
    assert!(first.model("a").unwrap().tree().is_some());
    let found = verify(&directory).unwrap();
    // Five trees, two shares, and what is shared.
    assert_eq!((found.generations, found.models), (2, 7));
    assert_eq!((found.problems, found.orphans), (vec![], vec![]));
    prune(&directory, 1, None).unwrap();
    assert_eq!(
        Store::open(&directory).unwrap().model("b").unwrap(),
        models[1]
    );
}

#[test]
fn a_flipped_bit_of_what_is_shared_is_found_and_told_once() {
    let directory = MemoryDirectory::new();
    store(&directory);
    let location = Location::from(&directory);
    let name = "gen-000002/~shared.cbor";
    let mut bytes = location.read(name).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    location.put(name, &bytes).unwrap();
    let Verification { problems, .. } = verify(&directory).unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].contains("~shared.cbor"), "{problems:?}");
    let store = Store::open(&directory).unwrap();
    assert!(store.shared().is_err());
    assert!(
        store
            .model("a")
            .unwrap_err()
            .to_string()
            .contains("~shared.cbor")
    );
    assert!(Predictor::new(store).is_err());
}

#[test]
fn rows_without_a_share_are_answered_by_what_is_shared() {
    let directory = MemoryDirectory::new();
    let (_, models) = store(&directory);
    let mut predictor = Predictor::new(Store::open(&directory).unwrap()).unwrap();
    let predicted = predictor.predict(&rows()).unwrap();
    let by = ["own", "own", "own", "shared", "shared", "shared", "own"];
    assert_eq!(texts(&predicted, "model"), by.map(|by| Some(by.to_owned())));
    let answered = predictor.answered();
    assert_eq!((answered.own, answered.shared, answered.none), (4, 3, 0));
    assert_eq!(answered.rows(), 7);
    for model in models {
        let own = predicted.clone().lazy();
        let own = own
            .filter(col("shop").eq(lit(model.key())))
            .collect()
            .unwrap();
        let found = own.column("probability_yes").unwrap().f64().unwrap();
        let expected = model.predict_proba(&own).unwrap();
        let found: Vec<f64> = found.iter().flatten().collect();
        assert_eq!(found, expected.column(1).to_vec());
    }
    // Whatever the shop is called: only its features count.
    let other = rows().lazy().with_column(lit("other").alias("shop"));
    let other = predictor.predict(&other.collect().unwrap()).unwrap();
    for row in [3, 4, 5] {
        let of_row = |frame: &DataFrame| {
            let probability = frame.column("probability_yes").unwrap();
            probability.f64().unwrap().get(row).unwrap()
        };
        assert_eq!(of_row(&other), of_row(&predicted));
    }
}

#[test]
fn other_answers_for_unknown_entities_stay_as_they_were() {
    let directory = MemoryDirectory::new();
    store(&directory);
    let predictor = || Predictor::new(Store::open(&directory).unwrap()).unwrap();
    let mut null = predictor().unknown(Unknown::Null).unwrap();
    let predicted = null.predict(&rows()).unwrap();
    assert_eq!(predicted.column("prediction").unwrap().null_count(), 3);
    assert_eq!((null.answered().shared, null.answered().none), (0, 3));
    let mut error = predictor().unknown(Unknown::Error).unwrap();
    assert!(error.predict(&rows()).is_err());
    let refused = predictor().unknown(Unknown::Fallback).err().unwrap();
    assert!(matches!(refused, Error::Spec(SpecError::NoPooledModel)));
    let trees = Store::open_generation(&directory, 1).unwrap();
    let refused = Predictor::new(trees).unwrap().unknown(Unknown::Shared);
    let refused = refused.err().unwrap();
    assert!(matches!(refused, Error::Spec(SpecError::NothingShared)));
}

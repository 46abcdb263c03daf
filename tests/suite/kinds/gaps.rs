//! Missing and infinite features, from training to prediction.

use per_entity::evaluate::Evaluator;
use per_entity::schema::{OnInfinite, OnMissing, Task};
use per_entity::store::MemoryDirectory;
use per_entity::{CartTrainer, DatasetSpec, Predictor, Store, Training};
use polars::prelude::*;

use super::tables::{of_column, rows, stream};
use crate::support::place::Place;
use crate::support::store::forge_manifest;

fn frame() -> DataFrame {
    df!(
        "shop" => ["A"; 6],
        "hour" => [Some(8.0), Some(9.0), None, Some(17.0), Some(18.0), Some(f64::INFINITY)],
        "day" => [Some("Mon"), Some("Tue"), Some("Mon"), None, Some("Tue"), Some("Mon")],
        "busy" => ["no", "no", "no", "yes", "yes", "yes"],
    )
    .unwrap()
}

fn spec(on_missing: OnMissing) -> DatasetSpec {
    DatasetSpec {
        on_missing,
        on_infinite: OnInfinite::Missing,
        ..DatasetSpec::new(["shop"], "busy")
    }
}

#[test]
fn rows_are_evaluated_that_were_trained_on() {
    for (on_missing, expected) in [(OnMissing::Learn, 6), (OnMissing::Drop, 3)] {
        let store = MemoryDirectory::new();
        let training = Training::new(spec(on_missing), CartTrainer::default());
        training.run(frame(), &store).unwrap();
        let store = Store::open(&store).unwrap();
        assert_eq!(store.generation().rows, expected);
        let report = Evaluator::new(store).run(frame()).unwrap();
        assert_eq!(report.rows, expected);
        assert_eq!(report.rows + report.left_out.total(), 6);
    }
}

#[test]
fn a_store_of_an_earlier_version_leaves_out_what_it_was_not_trained_on() {
    let place = Place::new();
    let training = Training::new(spec(OnMissing::Drop), CartTrainer::default());
    training.run(frame(), place.path("models")).unwrap();
    forge_manifest(&place.path("models/manifest.json"), |earlier| {
        let generation = earlier["generations"][0].as_object_mut().unwrap();
        generation.remove("task").unwrap();
        let dataset = generation["dataset"].as_object_mut().unwrap();
        for name in ["on-missing", "on-infinite"] {
            dataset.remove(name).unwrap();
        }
    });

    let store = place.store("models");
    let run = store.generation().run.clone();
    assert_eq!(run.dataset, spec(OnMissing::Drop));
    assert_eq!(run.task, Task::Classification);
    let report = Evaluator::new(store.clone()).run(frame()).unwrap();
    assert_eq!((report.rows, report.left_out.not_finite), (3, 1));
    let predicted = Predictor::new(store).unwrap().predict(&frame()).unwrap();
    assert_eq!(predicted.column("prediction").unwrap().null_count(), 0);
    // New rows with gaps are no part of what it was trained on, which is said.
    place.write("rows.csv", "shop,hour,day,busy\nA,8,Mon,no\nA,17,Tue,yes\n");
    let update = "train --update --input rows.csv --key shop --target busy --output-dir models";
    let error = place.run(update).failed(2);
    assert!(
        error.contains("rows with missing features: kept here"),
        "{error}"
    );
    place
        .run(&format!("{update} --on-missing drop"))
        .succeeded();
}

#[test]
fn an_infinite_feature_is_predicted_from_or_refused_as_is_said() {
    let place = Place::new();
    place.write(
        "rows.csv",
        "shop,hour,busy\nA,8,no\nA,9,no\nA,17,yes\nA,18,yes\n",
    );
    let new = "shop,hour\nA,8\nA,inf\nA,\n";
    place.write("new.csv", new);
    let train = "train --quiet --input rows.csv --key shop --target busy --output-dir models";
    place.run(train).succeeded();
    let predict = "predict --quiet --models models --input new.csv --output out.csv";
    let error = place.run(predict).failed(2);
    for part in [
        "new.csv:3",
        "'hour'",
        "'inf'",
        "a finite number as at training",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    let frame = df!("shop" => ["A"], "hour" => [f64::NEG_INFINITY]).unwrap();
    let mut predictor = Predictor::new(place.store("models")).unwrap();
    let error = predictor.predict(&frame).unwrap_err().to_string();
    assert!(error.contains("'-inf'"), "{error}");
    let answered = stream(&place, new, "--format csv --on-bad-row null");
    assert_eq!(answered.code, Some(1), "{}", answered.stderr);
    let answered = rows(&answered.stdout);
    assert_eq!(of_column(&answered, "model"), ["own", "none", "own"]);

    place
        .run(&format!("{train} --on-infinite missing"))
        .succeeded();
    place.run(predict).succeeded();
    let written = rows(&place.read("out.csv"));
    let predictions = of_column(&written, "prediction");
    assert_eq!(predictions[1], predictions[2], "as a missing one");
    assert_eq!(of_column(&written, "model"), ["own"; 3]);
}

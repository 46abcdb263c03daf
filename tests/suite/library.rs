//! What a user of the library relies on: runs from frames, and stores in memory.

use per_entity::error::{SpecError, StoreError};
use per_entity::evaluate::{Comparer, Evaluator};
use per_entity::metrics::Metric;
use per_entity::schema::Holdout;
use per_entity::store::{
    Directory, EntityRecord, Location, MemoryDirectory, prune, rollback, verify,
};
use per_entity::train::{Conclusion, Observer, TrainingReport, Update, Vanished};
use per_entity::{Cancel, CartTrainer, DatasetSpec, Error, Predictor, Store, Training};
use polars::prelude::*;

use crate::support::place::Place;

/// Rows of some shops: busy from `hour` on, another for each shop.
fn sales(shops: &[&str]) -> DataFrame {
    let rows = || {
        shops
            .iter()
            .flat_map(|shop| (6..22).map(move |hour| (*shop, hour)))
    };
    let opens = |shop: &str| 8 + (shop.len() as i32 + i32::from(shop.as_bytes()[0])) % 10;
    let busy = rows().map(|(shop, hour)| hour >= opens(shop));
    df!(
        "shop" => rows().map(|(shop, _)| shop).collect::<Vec<_>>(),
        "hour" => rows().map(|(_, hour)| hour).collect::<Vec<i32>>(),
        "busy" => busy.collect::<Vec<_>>(),
    )
    .unwrap()
}

fn training() -> Training {
    Training::new(DatasetSpec::new(["shop"], "busy"), CartTrainer::default())
}

fn committed(conclusion: Conclusion) -> Box<TrainingReport> {
    match conclusion {
        Conclusion::Committed(report) => report,
        other => panic!("{other:?}"),
    }
}

fn keys(store: &Store) -> Vec<String> {
    let records = store.records().unwrap().into_iter();
    records.map(|record| record.key).collect()
}

#[test]
fn a_store_in_memory_is_trained_used_updated_and_cleared_as_one_on_disk() {
    let memory = MemoryDirectory::new();
    let rows = sales(&["A", "B"]);
    committed(training().run(rows.clone(), &memory).unwrap());
    let predicted = Predictor::new(Store::open(&memory).unwrap()).unwrap();
    let predicted = { predicted }.predict(&rows).unwrap();
    let text = |name: &str| {
        predicted
            .column(name)
            .unwrap()
            .cast(&DataType::String)
            .unwrap()
    };
    assert!(text("prediction").equals(&text("busy").with_name("prediction".into())));
    let report = Evaluator::new(Store::open(&memory).unwrap())
        .run(rows)
        .unwrap();
    assert_eq!(Metric::Accuracy.of(&report.overall.micro), Some(1.0));

    // B is not given, and stays; A is the same, and is taken over.
    let update = Update::new().vanished(Vanished::Keep);
    let report = training().update(update).run(sales(&["A", "C"]), &memory);
    let report = committed(report.unwrap());
    assert_eq!((report.carried, report.generation.number), (1, 2));
    assert_eq!(keys(&Store::open(&memory).unwrap()), ["A", "B", "C"]);

    rollback(&memory, 1).unwrap();
    assert_eq!(keys(&Store::open(&memory).unwrap()), ["A", "B"]);
    let error = rollback(&memory, 7).unwrap_err();
    assert!(matches!(
        error,
        Error::Store(StoreError::UnknownGeneration { number: 7, .. })
    ));
    rollback(&memory, 2).unwrap();
    assert_eq!(prune(&memory, 1, None).unwrap().removed.len(), 1);
    let verification = verify(&memory).unwrap();
    assert_eq!((verification.generations, verification.models), (1, 3));
    assert_eq!(verification.problems, Vec::<String>::new());
    assert!(verification.orphans.is_empty());
}

#[test]
fn a_store_has_the_same_files_in_memory_and_on_disk() {
    let place = Place::new();
    let (memory, disk) = (MemoryDirectory::new(), place.path("store"));
    let rows = sales(&["A", "B", "C"]);
    committed(training().run(rows.clone(), &memory).unwrap());
    committed(training().run(rows, &disk).unwrap());
    let (memory, disk) = (Location::from(memory), Location::from(disk));
    let names = memory.list("gen-000001").unwrap();
    assert_eq!(names, disk.list("gen-000001").unwrap());
    assert_eq!(names.len(), 4);
    for entry in names {
        let name = format!("gen-000001/{}", entry.name);
        assert!(
            memory.read(&name).unwrap() == disk.read(&name).unwrap(),
            "{name}"
        );
    }
}

#[test]
fn files_that_are_not_the_stores_are_never_pruned() {
    let memory = MemoryDirectory::new();
    for _ in 0..3 {
        committed(training().run(sales(&["A"]), &memory).unwrap());
    }
    memory.put("gen-notes.txt", b"mine").unwrap();
    assert_eq!(prune(&memory, 1, None).unwrap().removed.len(), 2);
    assert_eq!(memory.read("gen-notes.txt").unwrap(), b"mine");
}

#[test]
fn an_observer_sees_every_entity_in_order_with_its_model() {
    #[derive(Default)]
    struct Seen {
        loaded: Vec<(u64, u64)>,
        entities: Vec<EntityRecord>,
        finished: bool,
    }
    impl Observer for Seen {
        fn rows_loaded(&mut self, rows: u64, entities: u64) {
            self.loaded.push((rows, entities));
        }
        fn entity_finished(&mut self, entity: &EntityRecord) {
            self.entities.push(entity.clone());
        }
        fn entities_finished(&mut self) {
            self.finished = true;
        }
    }
    let memory = MemoryDirectory::new();
    let mut seen = Seen::default();
    let rows = sales(&["B", "A"]);
    let report = training().run_observed(rows, &memory, &mut seen);
    committed(report.unwrap());
    assert_eq!(seen.loaded, [(32, 2)]);
    assert!(seen.finished);
    assert_eq!(
        seen.entities,
        Store::open(&memory).unwrap().records().unwrap()
    );
    let bytes: Vec<u64> = seen
        .entities
        .iter()
        .map(EntityRecord::model_bytes)
        .collect();
    assert!(bytes.iter().all(|bytes| *bytes > 0), "{bytes:?}");
}

#[test]
fn a_cancelled_run_leaves_the_store_as_it_was() {
    let memory = MemoryDirectory::new();
    committed(training().run(sales(&["A"]), &memory).unwrap());
    let cancel = Cancel::new();
    cancel.cancel();
    let error = training().cancel(cancel).run(sales(&["B"]), &memory);
    assert!(matches!(error.unwrap_err(), Error::Interrupted));
    assert_eq!(keys(&Store::open(&memory).unwrap()), ["A"]);
}

#[test]
fn an_update_that_compares_models_needs_rows_held_out() {
    let better = Update::new().keep_better(Metric::Accuracy, 0.0);
    let error = training()
        .update(better)
        .run(sales(&["A"]), MemoryDirectory::new());
    assert!(matches!(
        error.unwrap_err(),
        Error::Spec(SpecError::ContestWithoutHoldout)
    ));
    for tolerance in [-1.0, f64::NAN, f64::INFINITY] {
        let better = Update::new().keep_better(Metric::Accuracy, tolerance);
        let training = training()
            .update(better)
            .holdout(Holdout::drawn(0.5, 0, None).unwrap());
        let error = training.run(sales(&["A"]), MemoryDirectory::new());
        let error = error.unwrap_err();
        assert!(error.to_string().contains("tolerance is"), "{error}");
    }
}

#[test]
fn models_of_classes_are_not_compared_by_the_errors_of_a_quantity() {
    let memory = MemoryDirectory::new();
    let run = |update| {
        let holdout = Holdout::drawn(0.5, 0, None).unwrap();
        let training = training().update(update).holdout(holdout);
        training.run(sales(&["A"]), &memory)
    };
    run(Update::new()).unwrap();
    let error = run(Update::new().keep_better(Metric::R2, 0.0)).unwrap_err();
    let is_refused = matches!(error, Error::Spec(SpecError::ContestMetric { .. }));
    assert!(is_refused, "{error}");
    assert!(error.to_string().contains("by the accuracy"), "{error}");
}

#[test]
fn a_comparison_holds_the_values_of_a_column_out_together() {
    let rows = 600;
    let customers: Vec<i32> = (0..rows).map(|row| row % 20).collect();
    let frame = df!(
        "shop" => vec!["A"; rows as usize],
        "customer" => customers.clone(),
        "x" => (0..rows).collect::<Vec<_>>(),
        "y" => customers.iter().map(|customer| customer % 2).collect::<Vec<_>>(),
    )
    .unwrap();
    let spec = DatasetSpec {
        ignore: vec!["customer".into()],
        ..DatasetSpec::new(["shop"], "y")
    };
    let drawn = Holdout::drawn(0.3, 1, Some("customer".into())).unwrap();
    let comparer = Comparer::new(spec, CartTrainer::default());
    let comparison = comparer.run_held_out(frame, &drawn).unwrap();
    // Whole customers, of 30 rows each.
    assert_eq!(comparison.test_rows % 30, 0, "{}", comparison.test_rows);
    assert!(comparison.test_rows > 0 && comparison.train_rows > 0);
}

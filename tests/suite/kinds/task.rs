//! What is predicted, classes or a quantity: what is told of it, and what an update keeps of it.

use per_entity::error::SpecError;
use per_entity::schema::Task;
use per_entity::store::MemoryDirectory;
use per_entity::train::{Conclusion, TrainingReport, Update};
use per_entity::{CartTrainer, DatasetSpec, Error, Training};
use polars::prelude::*;

use crate::support::place::Place;

#[test]
fn what_a_target_would_be_taken_for_is_told_with_the_flag_that_says_otherwise() {
    let place = Place::new();
    let rows = (0..30).map(|row| {
        let stars = row % 5;
        format!("a,{row},{stars},{},{}\n", row * 3, f64::from(row) / 4.0)
    });
    let rows: String = rows.collect();
    place.write("rows.csv", format!("k,x,stars,sold,price\n{rows}"));
    for (target, parts, task) in [
        (
            "stars",
            [
                "classes, for it has 5 different whole numbers",
                "--task regression",
            ],
            "classification",
        ),
        (
            "sold",
            [
                "a quantity, for it has more than 20",
                "--task classification",
            ],
            "regression",
        ),
        (
            "price",
            ["a quantity, for its numbers have fractions", "such as 0.25"],
            "regression",
        ),
        (
            "k",
            ["the target 'k' is taken for classes", ""],
            "classification",
        ),
    ] {
        let describe = format!("describe rows.csv --target {target}");
        let told = place.run(&describe).succeeded().stdout;
        for part in parts {
            assert!(told.contains(part), "{part} in {told}");
        }
        let told = place.run(&format!("{describe} --json")).succeeded().json();
        assert_eq!(told["task"], task, "{target}");
    }
    let error = place
        .run("train --input rows.csv --key x --target k --task regression --output-dir none")
        .failed(2);
    for part in ["'k'", "text ('a')", "--task classification"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

/// Trains on rows of one shop that sold so many pieces each, as an update where there is a store.
fn train(
    store: &MemoryDirectory,
    sold: impl Iterator<Item = f64>,
    task: Option<Task>,
) -> Result<Box<TrainingReport>, Error> {
    let sold: Vec<f64> = sold.collect();
    let frame = df!(
        "shop" => vec!["A"; sold.len()],
        "hour" => (0..sold.len() as i64).collect::<Vec<_>>(),
        "sold" => sold,
    );
    let spec = DatasetSpec {
        task,
        ..DatasetSpec::new(["shop"], "sold")
    };
    let training = Training::new(spec, CartTrainer::default()).update(Update::new());
    match training.run(frame.unwrap(), store)? {
        Conclusion::Committed(report) => Ok(report),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_update_takes_the_target_for_what_it_was() {
    let whole = |count: i32| (0..count).map(f64::from);
    let store = MemoryDirectory::new();
    let run = train(&store, whole(5), None).unwrap().generation.run;
    assert_eq!((run.task, run.classes.len()), (Task::Classification, 5));
    let run = train(&store, whole(30), None).unwrap().generation.run;
    assert_eq!((run.task, run.classes.len()), (Task::Classification, 30));
    let error = train(&store, whole(30), Some(Task::Regression)).unwrap_err();
    let Error::Spec(SpecError::OtherDataset { differences }) = &error else {
        panic!("{error}");
    };
    assert_eq!(differences.len(), 1);
    assert!(
        error.to_string().contains("'sold' (a quantity) here"),
        "{error}"
    );
    let error = train(&store, [1.0, 2.5].into_iter(), None).unwrap_err();
    assert!(error.to_string().contains("2.5"), "{error}");

    // A quantity that was whole so far may have fractions.
    let store = MemoryDirectory::new();
    for sold in [vec![0.0; 3], vec![1.5, 2.0]] {
        let run = train(&store, sold.into_iter(), Some(Task::Regression));
        let run = run.unwrap().generation.run;
        assert_eq!((run.task, run.classes.len()), (Task::Regression, 0));
    }
}

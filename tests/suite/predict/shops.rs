//! A few shops whose models are known.

use std::io::Write;
use std::process::Stdio;

use per_entity::predict::Predictor;
use polars::prelude::{DataFrame, df};

use crate::support::place::Place;
use crate::support::program::Finished;

const TRAINING: &str = "shop,size,colour,sold\n\
    a,1,red,yes\na,2,red,yes\na,3,blue,no\na,4,blue,no\n\
    b,1,red,no\nb,2,blue,no\nb,3,red,yes\nb,4,blue,yes\n\
    c,1,red,yes\n";

/// A place with a store of shops a and b, a pooled model, and shop c too small for a model.
pub fn shops() -> Place {
    let place = Place::new();
    place.write("training.csv", TRAINING);
    let trees = "--min-rows 2 --pooled --pruning none --category-splits one";
    place
        .run(&format!(
            "train --input training.csv --key shop --target sold {trees} --output-dir models"
        ))
        .succeeded();
    place
}

pub fn rows() -> DataFrame {
    df!(
        "shop" => [Some("b"), Some("a"), Some("c"), Some("z"), None, Some("a"), Some("b")],
        "size" => [Some(1.0), Some(1.0), Some(1.0), Some(9.0), Some(1.0), Some(4.0), None],
        "colour" => [Some("red"), Some("red"), Some("red"), None, Some("red"), Some("green"), None],
    )
    .unwrap()
}

pub fn predictor(place: &Place) -> Predictor {
    Predictor::new(place.store("models")).unwrap()
}

/// Predicts these rows, which come on stdin.
pub fn stream(place: &Place, rows: &str, arguments: &str) -> Finished {
    let mut run = place
        .command(&format!("predict --models models --input - {arguments}"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A process that has seen enough closes its end.
    let _ = run.stdin.take().unwrap().write_all(rows.as_bytes());
    run.wait_with_output().unwrap().into()
}

pub fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let column = frame.column(column).unwrap();
    column
        .str()
        .unwrap()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

/// What was predicted for each row, and by which model.
pub fn predictions(frame: &DataFrame) -> Vec<(Option<String>, Option<String>)> {
    texts(frame, "prediction")
        .into_iter()
        .zip(texts(frame, "model"))
        .collect()
}

pub fn answer(prediction: &str, model: &str) -> (Option<String>, Option<String>) {
    let prediction = (!prediction.is_empty()).then(|| prediction.to_owned());
    (prediction, Some(model.to_owned()))
}

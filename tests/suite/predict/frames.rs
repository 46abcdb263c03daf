//! The library: frames in, frames out.

use per_entity::predict::Unknown;
use polars::prelude::df;

use super::shops::{answer, predictions, predictor, rows, shops, texts};
use crate::support::place::Place;

#[test]
fn each_row_is_predicted_by_its_own_model_and_rows_keep_their_order() {
    let place = shops();
    let predicted = predictor(&place).predict(&rows()).unwrap();
    assert_eq!(
        predictions(&predicted),
        [
            answer("no", "own"),
            answer("yes", "own"),
            answer("", "none"),
            answer("", "none"),
            answer("", "none"),
            answer("no", "own"),
            answer("yes", "own"),
        ]
    );
    let columns = predicted.get_column_names_owned();
    assert_eq!(
        columns.iter().map(|name| name.as_str()).collect::<Vec<_>>(),
        [
            "shop",
            "size",
            "colour",
            "prediction",
            "probability_no",
            "probability_yes",
            "model"
        ]
    );
    let yes = predicted
        .column("probability_yes")
        .unwrap()
        .f64()
        .unwrap()
        .clone();
    assert_eq!(
        yes.iter().collect::<Vec<_>>()[..3],
        [Some(0.0), Some(1.0), None]
    );
}

#[test]
fn rows_without_a_model_get_what_the_user_asks_for() {
    let place = shops();
    let mut fallback = predictor(&place).unknown(Unknown::Fallback).unwrap();
    let predicted = fallback.predict(&rows()).unwrap();
    let models = texts(&predicted, "model");
    let expected = [
        "own", "own", "fallback", "fallback", "fallback", "own", "own",
    ];
    assert_eq!(models, expected.map(|model| Some(model.to_owned())));
    assert_eq!(predictions(&predicted)[2], answer("yes", "fallback"));

    let mut strict = predictor(&place).unknown(Unknown::Error).unwrap();
    let error = strict.predict(&rows()).unwrap_err().to_string();
    assert!(
        error.contains("'c'") && error.contains("too few rows"),
        "{error}"
    );
    for (rows, named) in [(3_i64, "'z'"), (4, "row 1 has a null key")] {
        let rows = super::shops::rows().slice(rows, 3);
        let error = strict.predict(&rows).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn integer_targets_give_integer_predictions() {
    let place = Place::new();
    place.write("numbers.csv", "k,x,y\n1,1,10\n1,2,9\n2,1,10\n");
    place
        .run("train --input numbers.csv --key k --target y --output-dir models")
        .succeeded();
    let frame = df!("k" => [1, 1, 2], "x" => [1, 2, 1]).unwrap();
    let predicted = predictor(&place).predict(&frame).unwrap();
    let prediction = predicted
        .column("prediction")
        .unwrap()
        .i64()
        .unwrap()
        .clone();
    assert_eq!(
        prediction.iter().collect::<Vec<_>>(),
        [Some(10), Some(9), Some(10)]
    );
}

#[test]
fn a_small_cache_changes_nothing_but_speed() {
    let place = shops();
    let mut small = predictor(&place).cache(0);
    let mut large = predictor(&place);
    for _ in 0..3 {
        assert!(
            small
                .predict(&rows())
                .unwrap()
                .equals_missing(&large.predict(&rows()).unwrap())
        );
    }
}

//! The binary: files in, files out.

use std::fs::{self, File};
use std::path::Path;

use per_entity::predict::Unknown;
use polars::prelude::{
    Categories, CsvReader, DataFrame, DataType, IpcReader, JsonFormat, JsonReader, NamedFrom,
    ParquetReader, ParquetWriter, SerReader, Series, df,
};
use serde_json::json;

use super::shops::{predictions, predictor, rows, shops, texts};
use crate::support::place::Place;

/// What is in a file of any format.
fn read(path: &Path) -> DataFrame {
    let file = File::open(path).unwrap();
    let frame = match path.extension().unwrap().to_str().unwrap() {
        "csv" => CsvReader::new(file).finish(),
        "parquet" => ParquetReader::new(file).finish(),
        "arrow" => IpcReader::new(file).finish(),
        _ => JsonReader::new(file)
            .with_json_format(JsonFormat::JsonLines)
            .finish(),
    };
    frame.unwrap()
}

#[test]
fn the_binary_and_the_library_agree_in_every_format() {
    let place = shops();
    let frame = read(&place.path("training.csv"));
    let expected = predictions(&predictor(&place).predict(&frame).unwrap());
    for name in ["out.csv", "out.parquet", "out.arrow", "out.ndjson"] {
        place
            .run(&format!(
                "predict --models models --input training.csv --output {name}"
            ))
            .succeeded();
        let written = read(&place.path(name));
        assert_eq!(predictions(&written), expected, "{name}");
        if name != "out.csv" {
            let size = written.column("size").unwrap();
            assert_eq!(size.dtype(), &DataType::String, "texts stay texts: {name}");
        }
        // What was written is input again, but has a column 'prediction' already.
        place
            .run(&format!(
                "predict --models models --input {name} --output again.csv"
            ))
            .failed(2);
    }
}

#[test]
fn files_of_many_batches_keep_their_rows_in_order() {
    let place = shops();
    let rows = 600_000;
    let shops = ["b", "a", "z"];
    let number = (0..rows).collect::<Vec<i64>>();
    let mut frame = df!(
        "shop" => number.iter().map(|n| shops[*n as usize % 3]).collect::<Vec<_>>(),
        "size" => number.iter().map(|n| n % 5).collect::<Vec<_>>(),
        "colour" => number.iter().map(|n| ["red", "blue"][*n as usize % 2]).collect::<Vec<_>>(),
        "number" => number,
    )
    .unwrap();
    let expected = predictor(&place).predict(&frame).unwrap();
    let texts = frame.column("colour").unwrap();
    let categories = Categories::global();
    let categories = texts.cast(&DataType::from_categories(categories)).unwrap();
    frame.with_column(categories).unwrap();
    let file = File::create(place.path("in.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    for name in ["out.parquet", "out.arrow", "out.csv"] {
        let output = place.run(&format!(
            "predict --models models --input in.parquet --output {name}"
        ));
        let said = output.succeeded().stdout;
        assert!(
            said.contains("600,000 rows: 400,000 by their own"),
            "{said}"
        );
        let written = read(&place.path(name));
        for column in ["number", "prediction", "probability_yes", "model"] {
            let (written, expected) = (written.column(column), expected.column(column));
            assert!(
                written.unwrap().equals_missing(expected.unwrap()),
                "{name}: {column}"
            );
        }
    }
}

#[test]
fn a_store_without_a_pooled_model_has_no_fallback() {
    let place = shops();
    place
        .run("train --input training.csv --key shop --target sold --output-dir models")
        .succeeded();
    let error = place
        .run("predict --models models --input training.csv --output out.csv --unknown fallback")
        .failed(2);
    assert!(error.contains("--pooled"), "{error}");
}

#[test]
fn bad_input_is_named_and_leaves_no_output() {
    let place = shops();
    for (name, text, message) in [
        ("no-feature.csv", "shop,colour\na,red\n", "no column 'size'"),
        ("no-key.csv", "size,colour\n1,red\n", "no column 'shop'"),
        (
            "text.csv",
            "shop,size,colour\na,many,red\n",
            "text.csv:2: column 'size'",
        ),
        ("empty.csv", "shop,size,colour\n", "only a header"),
        (
            "ragged.csv",
            "shop,size,colour\na,1\n",
            "1 left out: wrong number of fields",
        ),
    ] {
        place.write(name, text);
        let error = place
            .run(&format!(
                "predict --models models --input {name} --output out.csv"
            ))
            .failed(2);
        assert!(error.contains(message), "{name}: {error}");
        assert!(!place.path("out.csv").exists() && !place.path("out.csv.partial").exists());
    }
    let wrong = df!("shop" => ["a"], "size" => ["large"], "colour" => ["red"]).unwrap();
    let error = predictor(&place).predict(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("'size'") && error.contains("'large'"),
        "{error}"
    );
    let lists = [Series::new("".into(), [1])];
    let wrong = df!("shop" => ["a"], "size" => [1], "colour" => lists).unwrap();
    let error = predictor(&place).predict(&wrong).unwrap_err().to_string();
    assert!(
        error.contains("'colour'") && error.contains("list"),
        "{error}"
    );
}

#[test]
fn rows_with_the_wrong_number_of_fields_are_left_out_and_counted() {
    let place = shops();
    place.write(
        "ragged.csv",
        "shop,size,colour\na,1,red\na,1\nb,2,red,blue\nb,2,blue\n",
    );
    let report = place
        .run("predict --models models --input ragged.csv --output out.csv --json")
        .succeeded()
        .json();
    assert_eq!((&report["rows"], &report["own"]), (&json!(2), &json!(2)));
    assert_eq!(report["left_out"], json!({ "ragged": 2 }));
    assert_eq!(place.read("out.csv").lines().count(), 3);
}

/// Flips a bit in the middle of a model.
fn damage(place: &Place, model: &str) {
    let file = place.store("models").path().join(model);
    let mut bytes = fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&file, bytes).unwrap();
}

#[test]
fn a_damaged_model_fails_its_own_entity_only() {
    let place = shops();
    damage(&place, "a.cbor");
    let error = place
        .run("predict --models models --input training.csv --output out.csv")
        .failed(1);
    assert!(error.contains("a.cbor") && error.contains("'a'"), "{error}");
    let text = place.read("out.csv");
    let by = |model: &str| text.lines().filter(|line| line.ends_with(model)).count();
    assert_eq!((by(",own"), by(",none")), (4, 5));

    // Nor is it taken for an unknown one, however often its rows come.
    let mut strict = predictor(&place).unknown(Unknown::Error).unwrap();
    let known = rows().head(Some(2));
    for _ in 0..3 {
        let predicted = strict.predict(&known).unwrap();
        let models = texts(&predicted, "model");
        assert_eq!(models, ["own", "none"].map(|model| Some(model.to_owned())));
    }
    assert_eq!(strict.damaged().count(), 1);
    let mut fallback = predictor(&place).unknown(Unknown::Fallback).unwrap();
    let predicted = fallback.predict(&known).unwrap();
    assert_eq!(texts(&predicted, "model")[1].as_deref(), Some("fallback"));
}

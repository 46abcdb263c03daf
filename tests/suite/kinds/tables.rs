//! What the tests of kinds read and write.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Stdio;

use polars::prelude::*;

use crate::support::place::Place;
use crate::support::program::Finished;

pub fn write_parquet(place: &Place, name: &str, mut frame: DataFrame) {
    let file = create(&place.path(name));
    ParquetWriter::new(file).finish(&mut frame).unwrap();
}

pub fn write_arrow(place: &Place, name: &str, mut frame: DataFrame) {
    let file = create(&place.path(name));
    IpcWriter::new(file).finish(&mut frame).unwrap();
}

/// Makes a file, and the folders that it lies in.
fn create(path: &Path) -> File {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    File::create(path).unwrap()
}

/// Makes a file of text, and the folders that it lies in.
pub fn write_text(place: &Place, name: &str, text: &str) {
    create(&place.path(name))
        .write_all(text.as_bytes())
        .unwrap();
}

/// A column in another type.
pub fn cast(frame: DataFrame, column: &str, dtype: DataType) -> DataFrame {
    let cast = col(column).strict_cast(dtype);
    frame.lazy().with_columns([cast]).collect().unwrap()
}

/// Predicts a file with the store `models`, and returns the rows that were written as CSV.
#[track_caller]
pub fn predict(place: &Place, input: &str, more: &str) -> Vec<Vec<String>> {
    let predict = "predict --quiet --models models --output out.csv";
    let arguments = format!("{predict} --input {input} {more}");
    place.run(&arguments).succeeded();
    rows(&place.read("out.csv"))
}

/// Predicts rows that come on stdin.
pub fn stream(place: &Place, rows: &str, more: &str) -> Finished {
    let mut run = place
        .command(&format!(
            "predict --quiet --models models --input - --output - {more}"
        ))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let _ = run.stdin.take().unwrap().write_all(rows.as_bytes());
    run.wait_with_output().unwrap().into()
}

/// The rows of a text of CSV, its header the first.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .from_reader(text.as_bytes());
    let records = reader.records().map(|record| {
        let record = record.unwrap();
        record.iter().map(str::to_owned).collect()
    });
    records.collect()
}

/// A column of rows whose first has the names.
#[track_caller]
pub fn of_column<'a>(rows: &'a [Vec<String>], name: &str) -> Vec<&'a str> {
    let position = rows[0].iter().position(|other| other == name);
    let position = position.unwrap_or_else(|| panic!("no {name} in {:?}", rows[0]));
    rows[1..].iter().map(|row| row[position].as_str()).collect()
}

/// The keys of the store `models`.
pub fn keys(place: &Place) -> Vec<String> {
    let records = place.store("models").records().unwrap();
    records.into_iter().map(|record| record.key).collect()
}

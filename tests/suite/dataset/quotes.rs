//! Quotes as Python's `csv` reads them; `benches/python/record_csv.py` says what it makes of small
//! texts.

use std::fs;

use per_entity::error::InputError;
use per_entity::predict::{Destination, OnBadRow, RowAccount, RowInput};
use per_entity::source::{CsvOptions, DatasetSpec, Format, Source};
use per_entity::store::MemoryDirectory;
use per_entity::{Cancel, CartTrainer, Error, Predictor, Result, Store, Training};
use polars::prelude::*;
use serde_json::Value;

use super::tables::{load_text, rows, simple};
use crate::support::place::Place;

/// A text; its rows, or none where a quote stays open; the line at which that is.
type Case = (String, Option<Vec<Vec<String>>>, Option<u64>);

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../golden/csv.json")).unwrap()
}

fn texts(frame: &DataFrame) -> Vec<Vec<String>> {
    let row = |row: usize| {
        let fields = frame.columns().iter();
        let texts = fields.map(|column| column.str().unwrap().get(row).unwrap_or_default());
        texts.map(str::to_owned).collect()
    };
    (0..frame.height()).map(row).collect()
}

#[test]
fn rows_of_files_are_those_that_python_reads() {
    let place = Place::new();
    let path = place.path("text.csv");
    for (text, expected, line) in cases() {
        fs::write(&path, &text).unwrap();
        let width = expected
            .iter()
            .flatten()
            .map(Vec::len)
            .next()
            .unwrap_or(2)
            .max(2);
        let columns: Vec<String> = (0..width).map(|number| number.to_string()).collect();
        let spec = DatasetSpec {
            categorical: columns.clone(),
            csv: CsvOptions {
                columns,
                ..CsvOptions::default()
            },
            ..DatasetSpec::new(["0"], "1")
        };
        let source = Source::open(&[path.display().to_string()], None, &spec);
        let Some(expected) = expected else {
            let error = source.err().unwrap();
            let is_there = |found| line == Some(found);
            assert!(
                matches!(&error, Error::Input(InputError::BadLine { line, .. }) if is_there(*line)),
                "{text:?}: {error}"
            );
            continue;
        };
        if expected.is_empty() {
            assert!(source.is_err(), "{text:?}");
            continue;
        }
        let source = source.unwrap_or_else(|error| panic!("{text:?}: {error}"));
        let frame = source.rows().unwrap().collect().unwrap();
        let count = expected.len() as u64;
        assert_eq!(frame.height() as u64 + source.ragged(), count, "{text:?}");
        let whole = expected.into_iter().filter(|row| row.len() == width);
        assert_eq!(texts(&frame), whole.collect::<Vec<_>>(), "{text:?}");
    }
}

/// A predictor for rows of the columns 0 and 1.
fn predictor() -> Predictor {
    let frame = df!("0" => ["a", "a"], "1" => ["a", "b"], "y" => ["p", "q"]).unwrap();
    let store = MemoryDirectory::new();
    let training = Training::new(DatasetSpec::new(["0"], "y"), CartTrainer::default());
    training.run(frame, &store).unwrap();
    Predictor::new(Store::open(&store).unwrap()).unwrap()
}

/// What becomes of a text's rows, and the rows that were written.
fn streamed(
    predictor: &mut Predictor,
    place: &Place,
    text: &str,
    on_bad_row: OnBadRow,
) -> Result<(RowAccount, Vec<Vec<String>>)> {
    let text = format!("0,1\n{text}").into_bytes();
    let input = RowInput::new(std::io::Cursor::new(text), "stdin", Format::Csv);
    let account = predictor.predict_rows(
        input.on_bad_row(on_bad_row),
        Destination::File(place.path("out.ndjson")),
        Format::Ndjson,
        &Cancel::new(),
    )?;
    let written = place.read("out.ndjson");
    let fields = |line: &str| {
        let row: Value = serde_json::from_str(line).unwrap();
        let text = |name: &str| row[name].as_str().unwrap_or_default().to_owned();
        vec![text("0"), text("1")]
    };
    Ok((account, written.lines().map(fields).collect()))
}

#[test]
fn rows_of_streams_are_those_that_python_reads() {
    let place = Place::new();
    let mut predictor = predictor();
    for (text, expected, line) in cases() {
        let mut stream = |on_bad_row| streamed(&mut predictor, &place, &text, on_bad_row);
        let (account, written) = stream(OnBadRow::Skip).unwrap();
        let counts = (account.read, account.written);
        assert_eq!(account.read, account.written + account.bad, "{text:?}");
        let Some(expected) = expected else {
            let line = line.unwrap() + 1;
            let open = account.first_bad.iter().filter(|row| row.line == line);
            assert!(open.count() > 0 || account.bad > 10, "{text:?}");
            continue;
        };
        let whole = expected.iter().filter(|row| row.len() == 2).cloned();
        let whole: Vec<_> = whole.collect();
        assert_eq!(
            counts,
            (expected.len() as u64, whole.len() as u64),
            "{text:?}"
        );
        assert_eq!(written, whole, "{text:?}");
        let (account, written) = stream(OnBadRow::Null).unwrap();
        assert_eq!(account.written, account.read, "{text:?}");
        let aligned = expected.into_iter().map(|mut row| {
            row.resize(2, String::new());
            row
        });
        assert_eq!(written, aligned.collect::<Vec<_>>(), "{text:?}");
    }
}

const RACKS: &str = "k,x,y\n# an 8\" comment\nA,19\" rack,p\n\n\"A\" ,7\" rack,q\nA,5\"\nA,\"19\"\" rack\"!,p\n\
    \"B\",plain,p\nB,\"two\nlines\",q\n";

#[test]
fn inch_marks_do_not_swallow_the_rows_behind_them() {
    let spec = DatasetSpec {
        csv: CsvOptions {
            comment: Some("#".into()),
            ..CsvOptions::default()
        },
        ..simple()
    };
    let table = load_text("racks.csv", RACKS, &spec).unwrap();
    let expected = [
        ("A", "p", "19\" rack"),
        ("A", "p", "19\" rack!"),
        ("A ", "q", "7\" rack"),
        ("B", "p", "plain"),
        ("B", "q", "two\nlines"),
    ];
    let expected = expected.map(|(k, y, x)| (k.to_owned(), y.to_owned(), x.to_owned()));
    let mut found = rows(&table);
    found.sort();
    assert_eq!(found, expected);
    assert_eq!((table.left_out().ragged, table.rows_read()), (1, 6));

    let numeric = DatasetSpec {
        numeric: vec!["x".into()],
        ..spec
    };
    let error = load_text(
        "racks.csv",
        "k,x,y\na\"b,1,p\n\"c\nd\",2,q\n\ne,7\",p\n",
        &numeric,
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("racks.csv:6: column 'x'") && error.contains("'7\"'"),
        "{error}"
    );
}

#[test]
fn a_copy_of_a_file_with_inch_marks_vanishes_with_its_reader() {
    let place = Place::new();
    let rows = RACKS
        .replace("A,5\"\n", "")
        .replace("# an 8\" comment\n", "");
    place.write("racks.csv", &rows);
    fs::create_dir(place.path("copies")).unwrap();
    for arguments in [
        "train --input racks.csv --key k --target y --output-dir models",
        "predict --models models --input racks.csv --output out.csv",
    ] {
        let mut command = place.command(arguments);
        let finished = command
            .env("TMPDIR", place.path("copies"))
            .output()
            .unwrap();
        assert!(finished.status.success(), "{finished:?}");
    }
    assert_eq!(fs::read_dir(place.path("copies")).unwrap().count(), 0);
    let written = place.read("out.csv");
    assert!(written.contains("A,\"19\"\" rack\",p,p,"), "{written}");
}

//! Any text is read, or refused with a word: nothing panics, and every row that Python's `csv`
//! counts is one that is read or one that is told to be left out.

use std::env;
use std::fs;
use std::io::Cursor;
use std::process::Command;

use per_entity::describe::Description;
use per_entity::error::InputError;
use per_entity::predict::{Destination, OnBadRow, RowInput};
use per_entity::source::{DatasetSpec, Format, Source};
use per_entity::store::MemoryDirectory;
use per_entity::train::Conclusion;
use per_entity::{Cancel, CartTrainer, Error, Predictor, Store, Training};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};
use serde::Deserialize;

use crate::support::place::Place;

const CASES: usize = 360;

/// What texts are made of: fields, and what stands between them.
const PARTS: [&str; 24] = [
    "a",
    "b",
    "7",
    "007",
    "2.5",
    "NA",
    "true",
    "2031-01-05",
    "é",
    ";",
    "{",
    " ",
    "\t",
    ",",
    ",",
    ",",
    ",",
    "\"",
    "\"",
    "\"\"",
    "\n",
    "\n",
    "\n",
    "\r\n",
];

fn texts() -> impl Strategy<Value = String> {
    let part = || prop::sample::select(PARTS.to_vec());
    let field = prop_oneof![
        4 => "[ab0-9.-]{0,4}",
        1 => "\"([a-z,\n]|\"\"){0,5}\"",
        1 => "[a\"é]{1,3}",
    ];
    let row = (
        prop::collection::vec(field, 1..5),
        prop::sample::select(vec!["\n", "\n", "\r\n", "\n\n", "\n \n"]),
    )
        .prop_map(|(fields, end)| fields.join(",") + end);
    let rows = prop::collection::vec(row, 0..14).prop_map(|rows| rows.concat());
    let headed = |text: String| format!("k,x,y\n{text}");
    prop_oneof![
        2 => prop::collection::vec(any::<char>(), 0..80).prop_map(String::from_iter),
        1 => "\u{feff}?(k,x,y\n)?[^\0\r]{0,80}",
        4 => prop::collection::vec(part(), 0..60).prop_map(|parts| parts.concat()),
        4 => prop::collection::vec(part(), 0..60).prop_map(move |parts| headed(parts.concat())),
        6 => rows.prop_map(headed),
        1 => "(\\{\"k\":\"[ab]\",\"x\":[0-9]{1,3},\"y\":(\"p\"|null|true)\\}?\n){0,9}",
    ]
}

fn all_texts() -> Vec<String> {
    let random = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let mut runner = TestRunner::new_with_rng(ProptestConfig::default(), random);
    let strategy = texts();
    let text = |_| strategy.new_tree(&mut runner).unwrap().current();
    (0..CASES).map(text).collect()
}

/// What Python makes of a text: its rows, the header among them, and the header.
#[derive(Deserialize)]
struct Read {
    rows: u64,
    header: Vec<String>,
}

/// Counts the rows of each text, blank lines aside. There is nothing to say of a text in which a
/// quote stays open, or with NUL or returns within lines, which Python and others read otherwise.
const COUNT: &str = r#"
import csv, io, json, re, sys
def count(text, delimiter):
    text = text.removeprefix("\ufeff")
    if "\0" in text or re.search("\r(?!\n)", text):
        return None
    lines = lambda text: io.StringIO(text, newline="")
    if list(csv.reader(lines(text + "\nEND"), delimiter=delimiter))[-1] != ["END"]:
        return None
    blank = " \r\n" if delimiter == "\t" else " \t\r\n"
    sources, rows = [], []
    def noted():
        for line in lines(text):
            sources.append(line)
            yield line
    for row in csv.reader(noted(), delimiter=delimiter):
        if "".join(sources).strip(blank):
            rows.append(row)
        sources.clear()
    return {"rows": len(rows), "header": rows[0] if rows else []}
texts = json.load(open(sys.argv[1], encoding="utf-8"))
print(json.dumps([[count(text, delimiter) for delimiter in ",\t"] for text in texts]))
"#;

/// By text, what Python makes of it as CSV and as TSV; nothing where there is no Python.
fn read_by_python(place: &Place, texts: &[String]) -> Option<Vec<[Option<Read>; 2]>> {
    let python = env::var("PER_ENTITY_PYTHON").unwrap_or_else(|_| "python3".into());
    place.write("texts.json", serde_json::to_string(texts).unwrap());
    place.write("count.py", COUNT);
    let mut command = Command::new(&python);
    command.args([place.path("count.py"), place.path("texts.json")]);
    match command.output() {
        Ok(output) if output.status.success() => {
            Some(serde_json::from_slice(&output.stdout).unwrap())
        }
        _ => {
            eprintln!("the rows are not counted: needs {python}");
            None
        }
    }
}

/// Describes, trains on and predicts a text, and compares the rows that are counted on the way.
fn work(place: &Place, text: &str, format: Format, python: Option<&Read>) {
    let path = place.path(&format!("text.{}", format.name()));
    fs::write(&path, text).unwrap();
    let inputs = [path.display().to_string()];
    let source = match Source::open(&inputs, None, &DatasetSpec::default()) {
        Ok(source) => source,
        Err(error) => return assert_refused(&error, text, python),
    };
    let rows = python.map(|python| python.rows - 1);
    let description = Description::of(&source.clone().into(), &DatasetSpec::default()).unwrap();
    let described = description.rows + description.ragged;
    assert_eq!(described, rows.unwrap_or(described), "{text:?}");
    let columns: Vec<&String> = description
        .columns
        .iter()
        .map(|column| &column.name)
        .collect();
    let [key, target, _, ..] = columns.as_slice() else {
        return;
    };
    let spec = DatasetSpec::new([key.as_str()], target.as_str());
    let store = MemoryDirectory::new();
    let source = Source::open(&inputs, None, &spec).unwrap();
    let trained = Training::new(spec, CartTrainer::default()).run(source, &store);
    let report = match trained {
        Ok(Conclusion::Committed(report)) => report,
        // A target of fractions, say, or nothing left to train on.
        Err(error) => return assert!(!error.to_string().is_empty()),
        other => panic!("{other:?}"),
    };
    let run = &report.generation.run;
    assert_eq!(run.rows_read, described, "{text:?}");
    let kept = report.generation.rows;
    assert_eq!(kept + run.left_out.total(), described, "{text:?}");
    predict(place, text, format, (described, description.ragged), &store);
}

/// What cannot be read is empty, or a line of it is named.
fn assert_refused(error: &Error, text: &str, python: Option<&Read>) {
    let message = error.to_string();
    match error {
        Error::Input(InputError::Empty { .. }) => {
            assert!(
                python.is_none_or(|python| python.rows <= 1),
                "{text:?}: {message}"
            );
        }
        Error::Input(InputError::BadLine { line, .. }) => {
            let lines = text.matches('\n').count() as u64 + 1;
            assert!((1..=lines).contains(line), "{text:?}: {message}");
            let is_named_twice = |header: &[String]| {
                (1..header.len()).any(|column| header[..column].contains(&header[column]))
            };
            assert!(
                python.is_none_or(|python| is_named_twice(&python.header)),
                "{text:?}: {message}"
            );
        }
        _ => panic!("{text:?}: {message}"),
    }
}

fn predict(
    place: &Place,
    text: &str,
    format: Format,
    (rows, ragged): (u64, u64),
    store: &MemoryDirectory,
) {
    let predictor = || Predictor::new(Store::open(store).unwrap()).unwrap();
    let mut predictor_of_files = predictor();
    let inputs = [place
        .path(&format!("text.{}", format.name()))
        .display()
        .to_string()];
    let source = Source::open(&inputs, None, &predictor_of_files.spec()).unwrap();
    let output = Destination::Writer(Box::new(std::io::sink()));
    let predicted =
        predictor_of_files.predict_files(&source, output, Format::Ndjson, &Cancel::new());
    predicted.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(
        predictor_of_files.answered().rows() + ragged,
        rows,
        "{text:?}"
    );
    let input = RowInput::new(Cursor::new(text.to_owned()), "rows", format);
    let account = predictor().predict_rows(
        input.on_bad_row(OnBadRow::Skip),
        Destination::Writer(Box::new(std::io::sink())),
        Format::Ndjson,
        &Cancel::new(),
    );
    let account = account.unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!((account.read, account.bad), (rows, ragged), "{text:?}");
}

#[test]
fn every_row_of_any_text_is_read_or_told_to_be_left_out() {
    let place = Place::new();
    let texts = all_texts();
    let python = read_by_python(&place, &texts);
    let mut counted = 0;
    for (number, text) in texts.iter().enumerate() {
        for (position, format) in [Format::Csv, Format::Tsv].into_iter().enumerate() {
            let python = python
                .as_ref()
                .and_then(|read| read[number][position].as_ref());
            counted += u64::from(python.is_some_and(|python| python.rows > 1));
            work(&place, text, format, python);
        }
        work(&place, text, Format::Ndjson, None);
    }
    assert!(python.is_none() || counted > CASES as u64, "{counted}");
}

#[test]
fn the_program_ends_in_order_whatever_it_reads() {
    let place = Place::new();
    place.write("old.csv", "k,x,y\na,1,p\nb,2,q\na,3,q\n");
    place
        .run("train --quiet --input old.csv --key k --target y --output-dir models")
        .succeeded();
    for (number, text) in all_texts().iter().step_by(15).enumerate() {
        let extension = ["csv", "tsv", "ndjson"][number % 3];
        place.write(&format!("text.{extension}"), text);
        for command in [
            format!("describe text.{extension}"),
            format!("train --input text.{extension} --key k --target y --output-dir new"),
            format!("predict --models models --input text.{extension} --output out.csv"),
            format!(
                "predict --models models --input text.{extension} --output out.csv --on-bad-row null"
            ),
        ] {
            let finished = place.run(&command);
            let has_ended_well = match finished.code {
                Some(0) => true,
                Some(1 | 2) => !finished.stderr.trim().is_empty(),
                _ => false,
            };
            assert!(has_ended_well, "{command}: {text:?}: {finished:?}");
        }
    }
}

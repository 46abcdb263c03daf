//! What a user relies on when models predict: each row by its own entity's model, in order, with
//! nothing lost on the way.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use per_entity::predict::{Predictor, Unknown};
use per_entity::store::Store;
use polars::prelude::*;
use serde_json::{Value, json};
use tempfile::TempDir;

const TRAINING: &str = "shop,size,colour,sold\n\
    a,1,red,yes\na,2,red,yes\na,3,blue,no\na,4,blue,no\n\
    b,1,red,no\nb,2,blue,no\nb,3,red,yes\nb,4,blue,yes\n\
    c,1,red,yes\n";

struct Place(TempDir);

impl Place {
    /// With a store of shops a and b, a pooled model, and shop c too small for a model.
    fn new() -> Self {
        let place = Self(TempDir::new().unwrap());
        let input = place.write("training.csv", TRAINING);
        let output = place.run(&[
            "train",
            "--input",
            &input,
            "--key",
            "shop",
            "--target",
            "sold",
            "--min-rows",
            "2",
            "--pooled",
            "--output-dir",
            &place.text("models"),
        ]);
        assert!(output.status.success(), "{}", stderr(&output));
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn text(&self, name: &str) -> String {
        self.path(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.text(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_per-entity"))
            .args(arguments)
            .output()
            .unwrap()
    }

    fn predict(&self, input: &str, output: &str, more: &[&str]) -> Output {
        let (models, output) = (self.text("models"), self.text(output));
        let own = [
            "predict", "--models", &models, "--input", input, "--output", &output,
        ];
        self.run(&[&own[..], more].concat())
    }

    /// `predict` with these rows on stdin.
    fn stream(&self, rows: &str, more: &[&str]) -> Output {
        let models = self.text("models");
        let own = ["predict", "--models", &models, "--input", "-"];
        let mut child = Command::new(env!("CARGO_BIN_EXE_per-entity"))
            .args([&own[..], more].concat())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // A process that has seen enough closes its end.
        let _ = child.stdin.take().unwrap().write_all(rows.as_bytes());
        child.wait_with_output().unwrap()
    }

    fn damage(&self, file: &str) {
        let file = Store::open(self.path("models")).unwrap().path().join(file);
        let mut bytes = std::fs::read(&file).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        std::fs::write(&file, bytes).unwrap();
    }

    fn predictor(&self) -> Predictor {
        Predictor::new(Store::open(self.path("models")).unwrap()).unwrap()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn texts(frame: &DataFrame, column: &str) -> Vec<Option<String>> {
    let column = frame.column(column).unwrap();
    column
        .str()
        .unwrap()
        .iter()
        .map(|text| text.map(str::to_owned))
        .collect()
}

fn predictions(frame: &DataFrame) -> Vec<(Option<String>, Option<String>)> {
    texts(frame, "prediction")
        .into_iter()
        .zip(texts(frame, "model"))
        .collect()
}

fn answer(prediction: &str, model: &str) -> (Option<String>, Option<String>) {
    let prediction = (!prediction.is_empty()).then(|| prediction.to_owned());
    (prediction, Some(model.to_owned()))
}

fn rows() -> DataFrame {
    df!(
        "shop" => [Some("b"), Some("a"), Some("c"), Some("z"), None, Some("a"), Some("b")],
        "size" => [Some(1.0), Some(1.0), Some(1.0), Some(9.0), Some(1.0), Some(4.0), None],
        "colour" => [Some("red"), Some("red"), Some("red"), None, Some("red"), Some("green"), None],
    )
    .unwrap()
}

#[test]
fn each_row_is_predicted_by_its_own_model_and_rows_keep_their_order() {
    let place = Place::new();
    let predicted = place.predictor().predict(&rows()).unwrap();
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
    let place = Place::new();
    let mut fallback = place.predictor().unknown(Unknown::Fallback).unwrap();
    let predicted = fallback.predict(&rows()).unwrap();
    let models = texts(&predicted, "model");
    let expected = [
        "own", "own", "fallback", "fallback", "fallback", "own", "own",
    ];
    assert_eq!(models, expected.map(|model| Some(model.to_owned())));
    assert_eq!(predictions(&predicted)[2], answer("yes", "fallback"));

    let mut strict = place.predictor().unknown(Unknown::Error).unwrap();
    let error = strict.predict(&rows()).unwrap_err().to_string();
    assert!(
        error.contains("'c'") && error.contains("too few rows"),
        "{error}"
    );
    for (rows, named) in [(3_i64, "'z'"), (4, "row 1 has no key")] {
        let rows = self::rows().slice(rows, 3);
        let error = strict.predict(&rows).unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
}

#[test]
fn a_store_without_a_pooled_model_has_no_fallback() {
    let place = Place::new();
    let input = place.text("training.csv");
    let own = [
        "train",
        "--input",
        &input,
        "--key",
        "shop",
        "--target",
        "sold",
        "--output-dir",
    ];
    let output = place.run(&[&own[..], &[&place.text("models")]].concat());
    assert!(output.status.success());
    let output = place.predict(&input, "out.csv", &["--unknown", "fallback"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("--pooled"), "{}", stderr(&output));
}

#[test]
fn the_binary_and_the_library_agree_in_every_format() {
    let place = Place::new();
    let input = place.text("training.csv");
    let frame = CsvReadOptions::default()
        .try_into_reader_with_file_path(Some(place.path("training.csv")))
        .unwrap()
        .finish()
        .unwrap();
    let expected = predictions(&place.predictor().predict(&frame).unwrap());
    for name in ["out.csv", "out.parquet", "out.arrow", "out.ndjson"] {
        let output = place.predict(&input, name, &[]);
        assert_eq!(output.status.code(), Some(0), "{name}: {}", stderr(&output));
        let file = std::fs::File::open(place.path(name)).unwrap();
        let read = match name {
            "out.csv" => CsvReader::new(file).finish(),
            "out.parquet" => ParquetReader::new(file).finish(),
            "out.arrow" => IpcReader::new(file).finish(),
            _ => JsonReader::new(file)
                .with_json_format(JsonFormat::JsonLines)
                .finish(),
        };
        let read = read.unwrap();
        assert_eq!(predictions(&read), expected, "{name}");
        assert_eq!(
            read.column("size").unwrap().dtype(),
            &DataType::Int64,
            "{name}"
        );
        // What was written is input again.
        let again = place.predict(&place.text(name), "again.csv", &["--json"]);
        assert_eq!(
            again.status.code(),
            Some(2),
            "{name} has a column 'prediction' already"
        );
    }
}

#[test]
fn integer_targets_give_integer_predictions() {
    let place = Place::new();
    let input = place.write("numbers.csv", "k,x,y\n1,1,10\n1,2,9\n2,1,10\n");
    let own = [
        "train",
        "--input",
        &input,
        "--key",
        "k",
        "--target",
        "y",
        "--output-dir",
    ];
    assert!(
        place
            .run(&[&own[..], &[&place.text("models")]].concat())
            .status
            .success()
    );
    let frame = df!("k" => [1, 1, 2], "x" => [1, 2, 1]).unwrap();
    let predicted = place.predictor().predict(&frame).unwrap();
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
fn a_row_in_is_a_row_out_without_waiting_for_the_end() {
    let place = Place::new();
    for (format, header, row, expected) in [
        (
            "ndjson",
            None,
            r#"{"shop":"a","size":1,"colour":"red"}"#,
            r#""prediction":"yes""#,
        ),
        ("csv", Some("shop,size,colour"), "b,1,red", "b,1,red,no,"),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_per-entity"))
            .args([
                "predict",
                "--models",
                &place.text("models"),
                "--input",
                "-",
                "--output",
                "-",
            ])
            .args(["--format", format])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        if let Some(header) = header {
            writeln!(input, "{header}").unwrap();
        }
        for number in 0..3 {
            writeln!(input, "{row}").unwrap();
            input.flush().unwrap();
            if number == 0 && header.is_some() {
                output.read_line(&mut line).unwrap();
                assert!(line.starts_with("shop,size,colour,prediction"), "{line}");
            }
            line.clear();
            output.read_line(&mut line).unwrap();
            assert!(line.contains(expected), "{line}");
        }
        writeln!(input, "{}", row.replace('1', "many")).unwrap();
        drop(input);
        assert_eq!(
            child.wait().unwrap().code(),
            Some(2),
            "text in a numeric column"
        );
    }
}

#[test]
fn fields_in_another_order_stay_under_their_names() {
    let place = Place::new();
    let run = |rows: &str| place.stream(rows, &["--output", "-", "--output-format", "csv"]);
    let first = r#"{"shop":"a","size":1,"colour":"red"}"#;
    let second = r#"{"colour":"blue","size":4,"shop":"a"}"#;
    let output = run(&format!("{first}\n{second}\n"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[1].starts_with("a,1,red,yes,"), "{text}");
    assert!(lines[2].starts_with("a,4,blue,no,"), "{text}");

    let other = r#"{"shop":"a","size":1,"colour":"red","more":1}"#;
    let output = run(&format!("{first}\n{other}\n"));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("stdin:2"), "{}", stderr(&output));
}

#[test]
fn streamed_rows_keep_their_values_as_they_came() {
    let place = Place::new();
    let row = r#"{"id": 12345678901234567890, "ok":true,"shop":"a","size":1.50,"colour":"red","more":{"x":[1,null]} }"#;
    let output = place.stream(&format!("{row}\n"), &["--output", "-"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let added = r#","prediction":"yes","probability_no":0.0,"probability_yes":1.0,"model":"own"}"#;
    let kept = row.trim_end_matches(" }");
    assert_eq!(text, format!("{kept}{added}\n"));

    let csv =
        "\u{FEFF}shop,note,size,colour\r\nb,\"two\nlines, \"\"quoted\"\"\",01,red\r\n\r\nz,,,\r\n";
    let output = place.stream(csv, &["--output", "-", "--format", "csv"]);
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "shop,note,size,colour,prediction,probability_no,probability_yes,model\n\
         b,\"two\nlines, \"\"quoted\"\"\",01,red,no,1.0,0.0,own\nz,,,,,,,none\n"
    );
    let output = place.stream(
        csv,
        &[
            "--output",
            "-",
            "--format",
            "csv",
            "--output-format",
            "ndjson",
        ],
    );
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(
        text.contains(r#""size":"01","colour":"red","prediction":"no""#),
        "{text}"
    );
    assert!(
        text.contains(r#""size":null,"colour":null,"prediction":null"#),
        "{text}"
    );
}

#[test]
fn a_streamed_row_with_a_column_to_be_added_is_refused() {
    let place = Place::new();
    let row = r#"{"shop":"a","size":1,"colour":"red","model":"T"}"#;
    let output = place.stream(row, &["--output", "-"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("stdin:1: the input has a column 'model'"));
}

#[test]
fn a_streamed_file_bears_its_name_when_it_is_whole() {
    let place = Place::new();
    let row = r#"{"shop":"a","size":1,"colour":"red"}"#;
    let path = place.text("out.ndjson");
    let output = place.stream(&format!("{row}\n{row}\n"), &["--output", &path]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 2);
    std::fs::remove_file(&path).unwrap();
    let output = place.stream(&format!("{row}\nno row\n"), &["--output", &path]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("stdin:2"), "{}", stderr(&output));
    assert!(!place.path("out.ndjson").exists());
    let so_far = std::fs::read_to_string(place.path("out.ndjson.partial")).unwrap();
    assert_eq!(so_far.lines().count(), 1);
}

#[test]
fn files_of_many_batches_keep_their_rows_in_order() {
    let place = Place::new();
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
    let expected = place.predictor().predict(&frame).unwrap();
    let texts = frame.column("colour").unwrap();
    let categories = Categories::global();
    let categories = texts.cast(&DataType::from_categories(categories)).unwrap();
    frame.with_column(categories).unwrap();
    let file = std::fs::File::create(place.path("in.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame).unwrap();
    for name in ["out.parquet", "out.arrow", "out.csv"] {
        let output = place.predict(&place.text("in.parquet"), name, &[]);
        assert!(output.status.success(), "{}", stderr(&output));
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(
            said.contains("600,000 rows: 400,000 by their own"),
            "{said}"
        );
        let file = std::fs::File::open(place.path(name)).unwrap();
        let read = match name {
            "out.parquet" => ParquetReader::new(file).finish(),
            "out.arrow" => IpcReader::new(file).finish(),
            _ => CsvReader::new(file).finish(),
        };
        let read = read.unwrap();
        for column in ["number", "prediction", "probability_yes", "model"] {
            let (read, expected) = (read.column(column), expected.column(column));
            assert!(
                read.unwrap().equals_missing(expected.unwrap()),
                "{name}: {column}"
            );
        }
    }
}

#[test]
fn bad_input_is_named_and_leaves_no_output() {
    let place = Place::new();
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
        let output = place.predict(&place.write(name, text), "out.csv", &[]);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            stderr(&output).contains(message),
            "{name}: {}",
            stderr(&output)
        );
        assert!(!place.path("out.csv").exists() && !place.path("out.csv.partial").exists());
    }
    let wrong = df!("shop" => ["a"], "size" => ["large"], "colour" => ["red"]).unwrap();
    let error = place.predictor().predict(&wrong).unwrap_err().to_string();
    assert!(error.contains("'size'") && error.contains("str"), "{error}");
    let wrong = df!("shop" => ["a"], "size" => [1], "colour" => [7]).unwrap();
    let error = place.predictor().predict(&wrong).unwrap_err().to_string();
    assert!(error.contains("'colour'"), "{error}");
}

#[test]
fn rows_with_the_wrong_number_of_fields_are_left_out_and_counted() {
    let place = Place::new();
    let rows = "shop,size,colour\na,1,red\na,1\nb,2,red,blue\nb,2,blue\n";
    let output = place.predict(&place.write("ragged.csv", rows), "out.csv", &["--json"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["rows"], &report["own"]), (&json!(2), &json!(2)));
    assert_eq!(report["left_out"], json!({ "ragged": 2 }));
    let text = std::fs::read_to_string(place.path("out.csv")).unwrap();
    assert_eq!(text.lines().count(), 3);
}

#[test]
fn a_damaged_model_fails_its_own_entity_only() {
    let place = Place::new();
    place.damage("a.cbor");
    let output = place.predict(&place.text("training.csv"), "out.csv", &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("a.cbor") && stderr(&output).contains("'a'"),
        "{}",
        stderr(&output)
    );
    let text = std::fs::read_to_string(place.path("out.csv")).unwrap();
    let by = |model: &str| text.lines().filter(|line| line.ends_with(model)).count();
    assert_eq!((by(",own"), by(",none")), (4, 5));

    // Nor is it taken for an unknown one, however often its rows come.
    let mut strict = place.predictor().unknown(Unknown::Error).unwrap();
    let known = rows().head(Some(2));
    for _ in 0..3 {
        let predicted = strict.predict(&known).unwrap();
        let models = texts(&predicted, "model");
        assert_eq!(models, ["own", "none"].map(|model| Some(model.to_owned())));
    }
    assert_eq!(strict.damaged().count(), 1);
    let mut fallback = place.predictor().unknown(Unknown::Fallback).unwrap();
    let predicted = fallback.predict(&known).unwrap();
    assert_eq!(texts(&predicted, "model")[1].as_deref(), Some("fallback"));
}

#[test]
fn a_small_cache_changes_nothing_but_speed() {
    let place = Place::new();
    let mut small = place.predictor().cache(0);
    let mut large = place.predictor();
    for _ in 0..3 {
        assert!(
            small
                .predict(&rows())
                .unwrap()
                .equals_missing(&large.predict(&rows()).unwrap())
        );
    }
}

#[test]
fn python_reads_the_same_predictions_out_of_the_store() {
    let directory = std::env::var_os("PER_ENTITY_ADULT_DIR")
        .map_or_else(|| "../shared/data/adult".into(), PathBuf::from);
    let python = std::env::var("PER_ENTITY_PYTHON").unwrap_or_else(|_| "python3".into());
    let libraries = Command::new(&python)
        .args(["-c", "import cbor2, pyarrow, blake3"])
        .output();
    if !directory.join("adult.data").exists() || !libraries.is_ok_and(|o| o.status.success()) {
        eprintln!("skipped: needs the Adult data, and {python} with cbor2, pyarrow and blake3");
        return;
    }
    let place = Place::new();
    let (data, test) = (directory.join("adult.data"), directory.join("adult.test"));
    let text = |path: &Path| path.display().to_string();
    let models = place.text("adult");
    let own = [
        "train",
        "--where",
        "true",
        "--output-dir",
        &models,
        "--input",
    ];
    assert!(
        place
            .run(&[&own[..], &[&text(&data)]].concat())
            .status
            .success()
    );
    let own = [
        "predict",
        "--models",
        &models,
        "--input",
        &text(&test),
        "--output",
    ];
    assert!(
        place
            .run(&[&own[..], &[&place.text("out.csv")]].concat())
            .status
            .success()
    );
    let output = Command::new(&python)
        .args([
            "benches/python/read_store.py",
            "--models",
            &models,
            "--input",
            &text(&test),
        ])
        .args(["--output", &place.text("python.ndjson")])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    let python = std::fs::read_to_string(place.path("python.ndjson")).unwrap();
    let python: Vec<serde_json::Value> = python
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let ours = CsvReader::new(std::fs::File::open(place.path("out.csv")).unwrap())
        .finish()
        .unwrap();
    assert_eq!((ours.height(), python.len()), (16_281, 16_281));
    let predictions = texts(&ours, "prediction");
    let probability = |class: &str| {
        let column = ours.column(&format!("probability_{class}")).unwrap();
        column.f64().unwrap().clone()
    };
    let classes = ["<=50K", ">50K"].map(|class| (class, probability(class)));
    for (row, python) in python.iter().enumerate() {
        assert_eq!(predictions[row].as_deref(), python["prediction"].as_str());
        for (class, probabilities) in &classes {
            let expected = python["probabilities"][class].as_f64().unwrap_or(0.0);
            assert_eq!(probabilities.get(row), Some(expected), "row {row}, {class}");
        }
    }

    // The library, one entity at a time.
    let store = Store::open(place.path("adult")).unwrap();
    let key = ours.column("education").unwrap().str().unwrap();
    for record in store.records().unwrap() {
        let model = store.model(&record.key).unwrap();
        let own = key.equal(record.key.as_str());
        let rows = ours.filter(&own).unwrap();
        let predicted = model.predict(&rows).unwrap();
        let expected = texts(&rows, "prediction");
        assert!(
            expected
                .iter()
                .map(Option::as_deref)
                .eq(predicted.iter().map(|p| Some(*p)))
        );
        let probabilities = model.predict_proba(&rows).unwrap();
        for (position, class) in model.classes().iter().enumerate() {
            let expected = rows.column(&format!("probability_{class}")).unwrap();
            let expected = expected.f64().unwrap().no_null_iter();
            assert!(probabilities.column(position).iter().copied().eq(expected));
        }
    }
}

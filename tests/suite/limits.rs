//! What an input may ask for, and what it may not: no files, no control of the terminal, neither
//! all memory nor all of the stack, and no time that grows with its square.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::ffi::OsStrExt;
use std::process::{Command, Stdio};

use per_entity::evaluate::Evaluator;
use per_entity::predict::{Destination, OnBadRow, RowInput};
use per_entity::schema::ByteSize;
use per_entity::source::{DatasetSpec, Format, ReadLimits, Source};
use per_entity::{Cancel, Predictor, Store};
use polars::prelude::*;

use crate::support::place::Place;
use crate::support::program::{Finished, finish, finish_watched};
use crate::support::store::forge_manifest;

const TRAIN: &str = "train --input in.csv --key k --target y --output-dir models";

/// A place with rows, and with a store of them.
fn place() -> Place {
    let place = Place::new();
    place.write("in.csv", "k,x,y\na,1,p\na,2,q\nb,3,p\n");
    place.run(TRAIN).succeeded();
    place
}

const TELLTALE: &str = "telltale_of_another_file";

/// A query of a file that would tell what it holds.
fn stealing(place: &Place) -> String {
    place.write("secret.csv", format!("{TELLTALE}\nx\n"));
    let secret = place.path("secret.csv");
    format!("k IN (SELECT no FROM read_csv('{}'))", secret.display())
}

#[test]
fn no_predicate_opens_a_file_wherever_it_comes_from() {
    let place = place();
    let predicate = stealing(&place);
    let is_refused = |finished: Finished| {
        let error = finished.failed(2);
        assert!(error.contains("has a query in it"), "{error}");
        assert!(!error.contains(TELLTALE), "{error}");
    };
    for command in [
        "train --input in.csv --key k --target y --output-dir other",
        "describe in.csv",
        "evaluate --models models --input in.csv",
        "compare --input in.csv --key k --target y",
    ] {
        is_refused(finish(place.command(command).args(["--where", &predicate])));
    }
    for setting in [
        format!("where = \"{predicate}\""),
        format!("train = {{ holdout = {{ where = \"{predicate}\" }} }}"),
    ] {
        place.write(
            "spec.toml",
            format!("key = ['k']\ntarget = 'y'\n{setting}\n"),
        );
        is_refused(place.run("train --input in.csv --spec spec.toml --output-dir other"));
    }
    forge_manifest(&place.path("models/manifest.json"), |manifest| {
        let predicate_of = &mut manifest["generations"][0]["dataset"]["where"];
        assert!(predicate_of.is_null());
        *predicate_of = predicate.into();
    });
    is_refused(place.run("evaluate --models models --input in.csv"));
    let store = Store::open(place.path("models")).unwrap();
    let rows = df!("k" => ["a"], "x" => [1], "y" => ["p"]).unwrap();
    let error = Evaluator::new(store).run(rows).unwrap_err();
    assert!(error.to_string().contains("has a query in it"), "{error}");
}

#[test]
fn predicates_of_many_terms_are_evaluated_or_refused_with_their_number() {
    let place = place();
    let terms = |count: usize| vec!["x = 1"; count].join(" OR ");
    let describe = |count: usize| {
        let mut describe = place.command("describe in.csv --json");
        finish(describe.args(["--where", &terms(count)]))
    };
    describe(900).succeeded();
    for count in [1_100, 4_900, 12_000] {
        let error = describe(count).failed(2);
        assert!(error.contains("at most 2000"), "{count}: {error}");
    }
}

/// What a terminal obeys, in each of the forms that it comes in.
const OBEYED: [&str; 8] = [
    "\u{1b}]52;c;aGVsbG8=\u{7}",
    "\u{1b}[2J",
    "\u{9b}31m",
    "\u{8}\u{8}",
    "\u{7f}",
    "\u{202e}",
    "\u{2028}",
    "\r",
];

#[track_caller]
fn assert_visible(finished: &Finished) {
    for text in [&finished.stdout, &finished.stderr] {
        let obeyed = |c: char| c.is_control() && c != '\n' && c != '\t';
        let turned = |c: char| ['\u{202e}', '\u{2028}'].contains(&c);
        let found = text.find(|c| obeyed(c) || turned(c));
        assert_eq!(found, None, "{text:?}");
    }
}

#[test]
fn no_command_sends_a_control_character_of_data_to_the_terminal() {
    let place = Place::new();
    for (number, obeyed) in OBEYED.into_iter().enumerate() {
        let (key, feature, class) = (
            format!("k{obeyed}"),
            format!("x{obeyed}"),
            format!("y{obeyed}"),
        );
        let row = |value: usize| {
            let side = ["low", "high"][usize::from(value > 4)];
            format!(
                "\"{obeyed}k{}\",\"{side}{obeyed}\",{value},\"{side}{obeyed}\"\n",
                value % 2
            )
        };
        let rows: String = (0..10).cycle().take(60).map(row).collect();
        let folder = format!("in{number}");
        fs::create_dir(place.path(&folder)).unwrap();
        let input = format!("{folder}/rows {}.csv", obeyed.replace('/', ""));
        place.write(
            &input,
            format!("\"{key}\",\"{feature}\",n,\"{class}\"\n{rows}"),
        );
        let run = |arguments: &[&str]| {
            let finished = finish(place.command("").args(arguments));
            assert_visible(&finished);
            finished
        };
        let train = |more: &[&str]| {
            let train = [
                "train", "--input", &input, "--key", &key, "--target", &class,
            ];
            run(&[&train, more].concat())
        };
        let models = format!("models{number}");
        train(&[
            "--output-dir",
            &models,
            "--holdout",
            "0.3",
            "--pooled",
            "-vv",
        ])
        .succeeded();
        train(&[
            "--output-dir",
            &models,
            "--update",
            "--json",
            "--ignore",
            &feature,
        ]);
        train(&["--output-dir", "no", "--ignore", obeyed]).failed(2);
        train(&["--output-dir", "no", "--where", obeyed]).failed(2);
        train(&["--output-dir", "no", "--numeric", &feature]).failed(2);
        run(&["describe", &input, "--key", &key, "--target", &class]).succeeded();
        run(&["describe", &input, "--json"]).succeeded();
        run(&[
            "compare", "--input", &input, "--key", &key, "--target", &class,
        ])
        .succeeded();
        run(&["inspect", &models]).succeeded();
        let entity = format!("{obeyed}k0");
        // A carriage return is quoted in a key.
        for more in [
            &["--format", "dot"][..],
            &["--format", "json"],
            &["--json"],
            &[],
        ] {
            let inspect = ["inspect", &models, "--entity", &entity];
            let _ = run(&[&inspect, more].concat());
        }
        run(&["inspect", &models, "--entity", obeyed]).failed(2);
        run(&[
            "evaluate",
            "--models",
            &models,
            "--input",
            &input,
            "--group-by",
            &feature,
        ]);
        run(&["evaluate", "--models", &models, "--input", &input, "--json"]);
        run(&[
            "predict",
            "--models",
            &models,
            "--input",
            &input,
            "--output",
            "out.ndjson",
        ])
        .succeeded();
        run(&["history", &models]).succeeded();
        run(&["history", &models, "--json"]).succeeded();
        run(&["verify", &models]).succeeded();
        place.write(
            &input,
            format!("\"{key}\",\"{feature}\",n,\"{class}\"\n{obeyed},1,2\n\"{obeyed}"),
        );
        train(&["--output-dir", "no"]).failed(2);
        run(&["describe", &format!("{input}x")]).failed(2);
        run(&["inspect", obeyed]).failed(2);
    }
}

#[test]
fn a_line_without_end_is_an_error_that_names_the_limit() {
    let place = place();
    let predict = |more: &str| {
        let arguments = format!("predict --models models --input - --output out.ndjson {more}");
        let mut command = place.command(&arguments);
        finish(command.stdin(File::open("/dev/zero").unwrap())).failed(2)
    };
    for format in ["csv", "tsv", "ndjson"] {
        let error = predict(&format!("--format {format}"));
        assert!(
            error.contains("stdin:1: the row has more than 16777216 bytes"),
            "{error}"
        );
        assert!(error.contains("hint: --max-row-size"), "{error}");
    }
    let error = predict("--max-row-size 1MiB");
    assert!(error.contains("more than 1048576 bytes"), "{error}");

    for (name, head) in [
        ("long.csv.zst", "k,x,y\na,1,"),
        ("long.ndjson.zst", "{\"k\":\""),
    ] {
        let file = File::create(place.path(name)).unwrap();
        let mut file = zstd::Encoder::new(file, 1).unwrap();
        file.write_all(head.as_bytes()).unwrap();
        let blank = vec![b'a'; 1 << 20];
        (0..64).for_each(|_| file.write_all(&blank).unwrap());
        file.finish().unwrap();
        let error = place.run(&format!("describe {name}")).failed(2);
        assert!(error.contains("more than 16777216 bytes"), "{error}");
        place
            .run(&format!("describe {name} --max-row-size 1KiB"))
            .failed(2);
    }
}

/// Four gigabytes in one field, in a few kilobytes: bounded memory, and an error that says where.
#[test]
fn a_field_of_four_gigabytes_is_an_error_that_names_file_and_line() {
    let place = place();
    let part = zstd::encode_all(&vec![b'v'; 1 << 27][..], 1).unwrap();
    let row = zstd::encode_all(&b"k,x,y\na,1,p\na,"[..], 1).unwrap();
    // Frames that follow each other are one file.
    place.write("in.csv.zst", [row, part.repeat(32)].concat());
    let zeros = zstd::encode_all(&vec![0; 1 << 27][..], 1).unwrap();
    place.write("zeros.csv.zst", zeros.repeat(32));
    for (name, problem) in [
        ("in.csv.zst", "in.csv.zst:3: the row has more than 16777216"),
        ("zeros.csv.zst", "zeros.csv.zst:1: a NUL byte"),
    ] {
        for command in [
            format!("describe {name}"),
            format!("train --input {name} --key k --target y --output-dir other"),
            format!("predict --models models --input {name} --output out.csv"),
        ] {
            let (finished, peak) = finish_watched(&mut place.command(&command));
            let error = finished.failed(2);
            assert!(error.contains(problem), "{command}: {error}");
            assert!(peak.own < 256 << 20, "{command}: {peak:?}");
        }
    }
    let skip = "predict --models models --input in.csv.zst --output out.csv --on-bad-row skip";
    let (finished, peak) = finish_watched(&mut place.command(skip));
    let error = finished.failed(2);
    assert!(error.contains("in.csv.zst:3: the row has"), "{error}");
    assert!(peak.own < 256 << 20, "{peak:?}");
    assert!(!place.path("other").exists() && !place.path("out.csv").exists());
}

#[test]
fn input_without_end_is_no_input_to_train_on() {
    let place = place();
    for input in ["/dev/stdin", "/dev/zero", "-"] {
        let train = format!("train --input {input} --format csv --key k --target y");
        let mut train = place.command(&format!("{train} --output-dir other"));
        let (finished, peak) = finish_watched(train.stdin(File::open("/dev/zero").unwrap()));
        let error = finished.failed(2);
        assert!(error.contains(&format!("error: {input}: ")), "{error}");
        assert!(peak.own < 256 << 20, "{peak:?}");
        assert!(!place.path("other").exists());
    }
}

/// Lines must not be joined by the parity of their quotes alone, and what is joined is one row.
#[test]
fn no_row_of_a_stream_is_swallowed_by_quotes() {
    let place = place();
    for (rows, written, bad) in [
        // A field of three lines, quotes within fields, and one that is never closed.
        ("a,\"1\nb,2\na,3\"\nb,4\na,5\n", 3, 1),
        ("a,1\"\nb,2\na,3\"\nb,4\na,5\n", 5, 2),
        ("a,\"1\nb,2\na,3\nb,4\na,5\n", 5, 1),
        ("a,1\nb,2\na,3\nb,4\na,\"5\n", 5, 1),
    ] {
        place.write("rows", format!("k,x\n{rows}"));
        let predict = "predict --models models --input - --format csv --output out.csv --json";
        let mut predict = place.command(predict);
        let finished = finish(predict.stdin(File::open(place.path("rows")).unwrap()));
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let told = finished.json();
        let counts = (
            &told["rows"],
            &told["bad"]["rows"],
            &told["bad"]["left_out"],
        );
        assert_eq!(
            counts,
            (&written.into(), &bad.into(), &0.into()),
            "{rows:?}"
        );
        let out = CsvReader::new(File::open(place.path("out.csv")).unwrap());
        assert_eq!(out.finish().unwrap().height(), written, "{rows:?}");
    }
}

#[test]
fn nested_values_are_refused_before_they_fill_the_stack() {
    let place = place();
    for depth in [101, 12_500, 1_000_000] {
        for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
            let nested = format!("{}1{}", open.repeat(depth), close.repeat(depth));
            place.write(
                "in.ndjson",
                format!("{{\"k\":\"a\",\"x\":{nested},\"y\":\"p\"}}\n"),
            );
            let error = place.run("describe in.ndjson").failed(2);
            assert!(
                error.contains("in.ndjson:1: nests more than 100"),
                "{error}"
            );
            let mut predict =
                place.command("predict --models models --input - --output out.ndjson");
            let finished = finish(predict.stdin(File::open(place.path("in.ndjson")).unwrap()));
            let error = finished.failed(1);
            assert!(error.contains("nests more than 100"), "{error}");
        }
    }
    let nested = format!("{}{}", "[".repeat(100), "]".repeat(100));
    place.write("in.ndjson", format!("{{\"k\":\"a\",\"x\":{nested}}}\n"));
    place.run("describe in.ndjson").succeeded();
    place.run("describe in.ndjson --max-nesting 99").failed(2);
}

#[test]
fn wide_files_are_refused_beyond_the_limit() {
    let place = Place::new();
    let names: Vec<String> = (0..300).map(|number| format!("c{number}")).collect();
    place.write("in.csv", format!("{0}\n{0}\n", names.join(",")));
    let fields: Vec<String> = names.iter().map(|name| format!("\"{name}\":1")).collect();
    place.write("in.ndjson", format!("{{{}}}\n", fields.join(",")));
    for name in ["in.csv", "in.ndjson"] {
        place
            .run(&format!("describe {name} --max-columns 300"))
            .succeeded();
        let error = place
            .run(&format!("describe {name} --max-columns 299"))
            .failed(2);
        assert!(error.contains(":1: has more than 299 columns"), "{error}");
    }
}

/// In each of these few bytes tell of more values than memory could hold.
#[test]
fn files_that_ask_for_more_memory_than_there_is_are_refused_with_a_word() {
    let place = Place::new();
    for name in ["rows.arrow", "values.parquet"] {
        let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/hostile");
        fs::copy(format!("{fixture}/{name}"), place.path(name)).unwrap();
        let train = format!("train --input {name} --key k --target y --output-dir models");
        let error = place.run(&train).failed(2);
        assert!(error.contains("error: ") && error.contains(name), "{error}");
        assert!(!error.contains("defect"), "{error}");
        // A caller of the library gets as much.
        let path = place.path(name).display().to_string();
        let opened = Source::open(&[path], None, &DatasetSpec::default());
        let error = opened.err().unwrap().to_string();
        assert!(error.contains(name), "{error}");
    }
}

/// A row that goes on behind every one of these lines is longer than the limit. Looked for behind
/// each of them, its end would take hours.
#[test]
fn quotes_that_are_not_closed_are_read_in_linear_time_and_every_row_is_told_of() {
    let place = place();
    const LINES: usize = 1_000_000;
    let text = format!("k,x\nb,2\n{}b,3\n", "a\"b,\"c\n".repeat(LINES));
    let predictor = Predictor::new(Store::open(place.path("models")).unwrap()).unwrap();
    let rows = RowInput::new(std::io::Cursor::new(text.clone()), "rows", Format::Csv);
    let limits = ReadLimits {
        row: ByteSize(1 << 20),
        ..ReadLimits::default()
    };
    let account = predictor.limits(limits).predict_rows(
        rows.on_bad_row(OnBadRow::Skip),
        Destination::Writer(Box::new(std::io::sink())),
        Format::Csv,
        &Cancel::new(),
    );
    let account = account.unwrap();
    assert_eq!((account.written, account.read), (2, account.bad + 2));
    // The last of them are one row within the limit.
    assert!(account.bad > LINES as u64 * 8 / 10, "{}", account.bad);
    let first = &account.first_bad[0];
    assert_eq!(first.line, 3);
    assert!(
        first.reason.contains("not closed within 1048576 bytes"),
        "{first}"
    );
    place.write("open.csv", text);
    let error = place.run("describe open.csv --max-row-size 1MiB").failed(2);
    assert!(
        error.contains("open.csv:3: a quote is opened here"),
        "{error}"
    );
}

#[test]
fn arguments_that_are_no_text_and_few_open_files_are_told_of() {
    let place = place();
    let name = std::ffi::OsStr::from_bytes(b"models\xFF");
    let mut train = place.command("train --input in.csv --key k --target y --output-dir");
    finish(train.arg(name)).succeeded();
    let mut train = place.command("train --key k --target y --output-dir other --input");
    let error = finish(train.arg(name)).failed(2);
    assert!(error.contains("UTF-8"), "{error}");

    let program = env!("CARGO_BIN_EXE_per-entity");
    for files in [4, 16, 63] {
        let script = format!("ulimit -n {files}; exec '{program}' {TRAIN}");
        let mut shell = Command::new("sh");
        shell.args(["-c", &script]).current_dir(place.path(""));
        let error = finish(shell.stdin(Stdio::null())).failed(2);
        assert!(error.contains(&format!("only {files} files")), "{error}");
        assert!(error.contains("ulimit -n 1024"), "{error}");
    }
    let script = format!("ulimit -n 64; exec '{program}' {TRAIN}");
    let mut shell = Command::new("sh");
    finish(shell.args(["-c", &script]).current_dir(place.path(""))).succeeded();
    let script = format!("ulimit -S -n 4; exec '{program}' {TRAIN}");
    let mut shell = Command::new("sh");
    finish(shell.args(["-c", &script]).current_dir(place.path(""))).succeeded();
}

#[test]
fn rows_in_another_order_train_nothing_and_give_the_same_bytes() {
    let place = Place::with_sample();
    let rows = place.read("sample.csv");
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.sort_by_key(|row| *blake3::hash(row.as_bytes()).as_bytes());
    place.write("shuffled.csv", rows.join("\n"));
    let train = |input: &str, store: &str, more: &str| {
        let train =
            format!("train --json --where true --pooled --input {input} --output-dir {store}");
        place.run(&format!("{train} {more}")).succeeded().json()
    };
    train("sample.csv", "models", "");
    train("shuffled.csv", "others", "");
    let table = |store: &str| {
        let store = place.store(store);
        fs::read(store.path().join("entities.parquet")).unwrap()
    };
    assert!(table("models") == table("others"));
    let updated = train("shuffled.csv", "models", "--update");
    assert_eq!(updated["unchanged"], true, "{updated}");
}

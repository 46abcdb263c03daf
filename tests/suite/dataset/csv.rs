//! Files of text: their dialects, and what is wrong with them.

use std::io::Write;
use std::path::Path;

use flate2::write::GzEncoder;
use per_entity::Error;
use per_entity::error::InputError;
use per_entity::schema::{ColumnType, OnMissing};
use per_entity::source::{CsvOptions, DatasetSpec};

use super::tables::{keys, load, load_text, rows, simple, sizes};
use crate::support::place::Place;

#[test]
fn ragged_rows_are_left_out_and_counted_and_the_others_stay() {
    let text = "k,x,y\na,1,p\n\n  \nb,2\n\n\nc,3,q,9\nd,4,q\n \n\n";
    let table = load_text("ragged.csv", text, &simple()).unwrap();
    assert_eq!(keys(&table), ["a", "d"]);
    assert_eq!((table.left_out().ragged, table.rows_read()), (2, 4));

    let strict = DatasetSpec {
        strict: true,
        ..simple()
    };
    let error = load_text("ragged.csv", text, &strict).unwrap_err();
    assert!(
        matches!(error, Error::Input(InputError::Ragged { line: 5, .. })),
        "{error}"
    );
}

#[test]
fn a_line_of_separators_alone_is_a_row_of_missing_values() {
    for (name, line) in [("tabs.tsv", "\t\t"), ("commas.csv", ",,")] {
        let separator = &line[..1];
        let text = format!("k,x,y\na,1,p\n{line}\nb,2,q\n").replace(',', separator);
        let table = load_text(name, text, &simple()).unwrap();
        assert_eq!(keys(&table), ["a", "b"], "{name}");
        assert_eq!(
            (table.left_out().null_key, table.rows_read()),
            (1, 3),
            "{name}"
        );
    }
}

#[test]
fn every_dialect_of_csv_gives_the_same_rows() {
    let expected = load_text("plain.csv", "k,x,y\na,1,p\nb,2,q\n", &simple()).unwrap();
    let same = [
        ("no-final-newline.csv", "k,x,y\na,1,p\nb,2,q"),
        ("carriage-returns.csv", "k,x,y\r\na,1,p\r\n\r\nb,2,q\r\n"),
        ("byte-order-mark.csv", "\u{feff}k,x,y\na,1,p\nb,2,q\n"),
        ("blank-lines.csv", "\n\nk,x,y\n\na,1,p\n\nb,2,q\n\n\n"),
        ("quotes.csv", "\"k\",x,y\n\"a\",1,p\nb,\"2\",\"q\"\n"),
        ("tabs.tsv", "k\tx\ty\na\t1\tp\nb\t2\tq\n"),
        (
            "lines.ndjson",
            "{\"k\":\"a\",\"x\":1,\"y\":\"p\"}\n{\"k\":\"b\",\"x\":2,\"y\":\"q\"}\n",
        ),
    ];
    for (name, text) in same {
        let table =
            load_text(name, text, &simple()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(rows(&table), rows(&expected), "{name}");
        assert_eq!(table.left_out().total(), 0, "{name}");
    }
    let comments = DatasetSpec {
        csv: CsvOptions {
            comment: Some("#".into()),
            ..Default::default()
        },
        ..simple()
    };
    let text = "# \"one\nk,x,y\na,1,p\n#two,2\nb,2,q\n# three";
    let table = load_text("comments.csv", text, &comments).unwrap();
    assert_eq!(rows(&table), rows(&expected));
    for (name, bytes) in [
        (
            "compressed.csv.zst",
            zstd::encode_all(&b"k,x,y\na,1,p\nb,2,q\n"[..], 3).unwrap(),
        ),
        ("compressed.csv.gz", {
            let mut encoder = GzEncoder::new(Vec::new(), Default::default());
            encoder.write_all(b"k,x,y\na,1,p\nb,2,q\n").unwrap();
            encoder.finish().unwrap()
        }),
    ] {
        let table =
            load_text(name, bytes, &simple()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(rows(&table), rows(&expected), "{name}");
    }
}

#[test]
fn quoted_separators_line_ends_and_quotes_belong_to_the_value() {
    let text = "k,x,y\n\"a,b\",1,\"p\nq\"\n\"c \"\"d\"\"\",2,r\n";
    let table = load_text("quoted.csv", text, &simple()).unwrap();
    assert_eq!(keys(&table), ["a,b", "c \"d\""]);
    assert_eq!(table.classes(), ["p\nq", "r"]);
}

#[test]
fn several_files_are_one_table() {
    let place = Place::new();
    place.write("1.csv", "k,x,y\na,1,p\n\n");
    place.write("2.csv", "k,x,y\na\nb,2,q\na,3,p\n");
    let pattern = place.path("*.csv");
    let table = load(&pattern, &simple()).unwrap();
    assert_eq!(sizes(&table), [("a", 2), ("b", 1)]);
    assert_eq!(table.left_out().ragged, 1);

    place.write("3.csv", "k,y,x\na,p,4\n");
    let table = load(&pattern, &simple()).unwrap();
    assert_eq!(
        sizes(&table),
        [("a", 3), ("b", 1)],
        "columns go by their names"
    );

    place.write("4.csv", "k,y\na,p\n");
    let complete = DatasetSpec {
        on_missing: OnMissing::Drop,
        ..simple()
    };
    let error = load(&pattern, &complete).unwrap_err().to_string();
    for part in ["4.csv", "no column 'x'", "1.csv"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn what_is_wrong_with_a_file_is_said_with_its_line() {
    let cases: [(&str, &[u8], &str); 10] = [
        ("empty.csv", b"", "holds no rows"),
        ("blank.csv", b"\n\n \n", "holds no rows"),
        ("header.csv", b"k,x,y\n", "only a header"),
        (
            "utf-8.csv",
            b"k,x,y\na,1,p\nb,\xFF,q\n",
            ":3: not valid UTF-8",
        ),
        ("nul.csv", b"k,x,y\na,1,p\nb,\0,q\n", ":3: a NUL byte"),
        (
            "twice.csv",
            b"k,x,y,x\na,1,p,2\n",
            ":1: the header names column 'x' twice",
        ),
        (
            "open.csv",
            b"k,x,y\na,1,p\nb,2,\"q\n",
            ":3: a quote is opened here",
        ),
        ("empty.parquet", b"", "holds no rows"),
        ("text.parquet", b"k,x,y\na,1,p\n", "text.parquet"),
        ("odd.xyz", b"k,x,y\na,1,p\n", "cannot tell the format"),
    ];
    for (name, text, expected) in cases {
        let error = load_text(name, text, &simple()).unwrap_err().to_string();
        assert!(
            error.contains(name) && error.contains(expected),
            "{name}: {error}"
        );
    }
    let missing = load(Path::new("no/such/*.csv"), &simple()).unwrap_err();
    assert!(
        matches!(missing, Error::Input(InputError::NoSuchFile { .. })),
        "{missing}"
    );
    let place = Place::new();
    let directory = load(&place.path(""), &simple()).unwrap_err();
    assert!(
        matches!(directory, Error::Input(InputError::EmptyDirectory { .. })),
        "{directory}"
    );
}

#[test]
fn text_in_a_numeric_column_is_said_with_its_line_and_column() {
    let mut text = String::from("k,x,y\n");
    for row in 0..12_000 {
        text += &format!("a,{row},p\n");
    }
    text += "a,0.5,p\nb,many,q\n";
    let table = load_text("late.csv", &text, &simple()).unwrap();
    let is_text = table.features()[0].column_type == ColumnType::Text;
    assert!(is_text, "a column is a number only if every value is one");

    let declared = DatasetSpec {
        numeric: vec!["x".into()],
        ..simple()
    };
    let error = load_text("late.csv", &text, &declared).unwrap_err();
    let Error::Input(InputError::BadValue {
        line,
        column,
        value,
        ..
    }) = &error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (*line, column.as_str(), value.as_str()),
        (12_003, "x", "many")
    );

    let error = load_text("early.csv", "k,x,y\na,?,p\nb,2,q\n", &declared).unwrap_err();
    assert!(
        matches!(error, Error::Input(InputError::BadValue { line: 2, .. })),
        "{error}"
    );
    let missing = DatasetSpec {
        missing: vec!["?".into()],
        on_missing: OnMissing::Drop,
        ..declared
    };
    let table = load_text("early.csv", "k,x,y\na,?,p\nb,2,q\n", &missing).unwrap();
    assert_eq!(
        (keys(&table), table.left_out().missing_value),
        (vec!["b"], 1)
    );
}

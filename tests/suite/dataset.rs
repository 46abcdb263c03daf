//! What a user relies on when data is read: which rows count, which are left out and why, and that
//! every entity gets exactly its own rows.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use per_entity::dataset::{Column, DatasetSpec, LeftOut, Query, Source, Table};
use per_entity::{Error, Result};
use polars::prelude::{self as pl, IntoLazy, NamedFrom, df};
use proptest::prelude::*;
use tempfile::TempDir;

fn adult() -> Option<PathBuf> {
    let directory = std::env::var_os("PER_ENTITY_ADULT_DIR")
        .map_or_else(|| "../shared/data/adult".into(), PathBuf::from);
    if directory.join("adult.data").exists() {
        return Some(directory);
    }
    eprintln!("skipped: no Adult data in {}", directory.display());
    None
}

fn load(path: &Path, spec: &DatasetSpec) -> Result<Table> {
    let source = Source::open(&[path.display().to_string()], None, spec)?;
    Table::load(&source, spec, &Arc::new(AtomicBool::new(false)))
}

fn load_text(name: &str, text: impl AsRef<[u8]>, spec: &DatasetSpec) -> Result<Table> {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join(name);
    std::fs::write(&path, text).unwrap();
    load(&path, spec)
}

fn load_frame(frame: pl::DataFrame, spec: &DatasetSpec) -> Result<Table> {
    let query = Query::from_frame(frame.lazy(), spec)?;
    Table::collect(&query, &Arc::new(AtomicBool::new(false)))
}

/// The key, label and first feature of every row, in the order of the table.
fn rows(table: &Table) -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    for partition in table.partitions() {
        let (_, column) = partition.features().next().unwrap();
        for row in partition.range() {
            let label = &partition.classes()[partition.labels().get(row) as usize];
            let value = match column {
                Column::Numbers(numbers) => numbers.get(row).to_string(),
                Column::Categories { codes, dictionary } => {
                    dictionary[codes.get(row) as usize].clone()
                }
            };
            rows.push((partition.key().to_owned(), label.clone(), value));
        }
    }
    rows
}

fn keys(table: &Table) -> Vec<&str> {
    table
        .partitions()
        .map(|partition| partition.key())
        .collect()
}

fn sizes(table: &Table) -> Vec<(&str, usize)> {
    table
        .partitions()
        .map(|partition| (partition.key(), partition.rows()))
        .collect()
}

fn simple() -> DatasetSpec {
    DatasetSpec::new(["k"], "y")
}

#[test]
fn adult_has_the_rows_that_scikit_learn_trains_on() {
    let Some(directory) = adult() else { return };
    let table = load(&directory.join("adult.data"), &DatasetSpec::adult()).unwrap();
    assert_eq!(
        sizes(&table),
        [("Bachelors", 5_044), ("Doctorate", 375), ("Masters", 1_627)]
    );
    assert_eq!(table.rows_read(), 32_561);
    assert_eq!(table.rows() as u64 + table.left_out().total(), 32_561);

    let all = DatasetSpec {
        predicate: Some("true".into()),
        ..DatasetSpec::adult()
    };
    let table = load(&directory.join("adult.data"), &all).unwrap();
    assert_eq!((table.len(), table.rows()), (16, 30_162));
    let left_out = LeftOut {
        missing_value: 2_399,
        ..LeftOut::default()
    };
    assert_eq!(table.left_out(), left_out);

    let test = load(&directory.join("adult.test"), &all).unwrap();
    assert_eq!((test.rows(), test.rows_read()), (15_060, 16_281));
    assert_eq!(test.classes(), table.classes());
    assert_eq!(test.classes(), ["<=50K", ">50K"]);
}

#[test]
fn adult_as_beam_takes_it_lets_incomplete_rows_through_and_makes_all_categorical() {
    let Some(directory) = adult() else { return };
    let table = load(&directory.join("adult.data"), &DatasetSpec::adult_as_beam()).unwrap();
    assert_eq!(
        sizes(&table),
        [("Bachelors", 5_355), ("Doctorate", 413), ("Masters", 1_723)]
    );
    let partition = table.partition(0);
    assert!(
        partition
            .features()
            .all(|(_, column)| matches!(column, Column::Categories { .. }))
    );
}

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
    assert!(matches!(error, Error::BadLine { line: 5, .. }), "{error}");
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
        csv: per_entity::dataset::CsvOptions {
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
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), Default::default());
            std::io::Write::write_all(&mut encoder, b"k,x,y\na,1,p\nb,2,q\n").unwrap();
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
    let directory = TempDir::new().unwrap();
    std::fs::write(directory.path().join("1.csv"), "k,x,y\na,1,p\n\n").unwrap();
    std::fs::write(directory.path().join("2.csv"), "k,x,y\na\nb,2,q\na,3,p\n").unwrap();
    let pattern = directory.path().join("*.csv");
    let table = load(&pattern, &simple()).unwrap();
    assert_eq!(sizes(&table), [("a", 2), ("b", 1)]);
    assert_eq!(table.left_out().ragged, 1);

    std::fs::write(directory.path().join("3.csv"), "k,y,x\na,p,1\n").unwrap();
    let error = load(&pattern, &simple()).unwrap_err();
    assert!(matches!(error, Error::DifferentHeader { .. }), "{error}");
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
    assert!(matches!(missing, Error::NoSuchInput { .. }), "{missing}");
    let directory = load(Path::new("."), &simple()).unwrap_err();
    assert!(
        matches!(directory, Error::InputIsDirectory { .. }),
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
    let error = load_text("late.csv", &text, &simple()).unwrap_err();
    let Error::NotANumber {
        line,
        column,
        value,
        ..
    } = &error
    else {
        panic!("{error}");
    };
    assert_eq!(
        (*line, column.as_str(), value.as_str()),
        (12_003, "x", "many")
    );

    let declared = DatasetSpec {
        numeric: vec!["x".into()],
        ..simple()
    };
    let error = load_text("early.csv", "k,x,y\na,?,p\nb,2,q\n", &declared).unwrap_err();
    assert!(
        matches!(error, Error::NotANumber { line: 2, .. }),
        "{error}"
    );
    let missing = DatasetSpec {
        missing: vec!["?".into()],
        ..declared
    };
    let table = load_text("early.csv", "k,x,y\na,?,p\nb,2,q\n", &missing).unwrap();
    assert_eq!(
        (keys(&table), table.left_out().missing_value),
        (vec!["b"], 1)
    );
}

#[test]
fn rows_without_a_key_a_label_a_value_or_a_weight_are_counted_apart() {
    let frame = df!(
        "k" => [None, Some(""), Some("a"), Some("a"), Some("a"), Some("a"), Some("a")],
        "y" => [Some("p"), Some("p"), None, Some("p"), Some("p"), Some("p"), Some("q")],
        "x" => [Some(1.0), Some(1.0), Some(1.0), None, Some(f64::NAN), Some(f64::INFINITY), Some(2.0)],
        "w" => [1.0, 2.0, 1.0, 1.0, 1.0, 1.0, 1.0],
    )
    .unwrap();
    let table = load_frame(
        frame,
        &DatasetSpec {
            weight: Some("w".into()),
            ..simple()
        },
    )
    .unwrap();
    assert_eq!(
        keys(&table),
        ["", "a"],
        "an empty text is a key, null is none"
    );
    let expected = LeftOut {
        null_key: 1,
        null_target: 1,
        missing_value: 1,
        not_finite: 2,
        ..LeftOut::default()
    };
    assert_eq!(table.left_out(), expected);
    assert_eq!(table.partition(0).weights(), Some(&[2.0][..]));

    let weights = df!(
        "k" => ["a", "a", "a", "a", "a", "a", "a", "b"],
        "y" => ["p", "p", "p", "p", "p", "p", "p", "q"],
        "x" => [1, 2, 3, 4, 5, 6, 7, 8],
        "w" => [
            Some(0.0),
            Some(-1.0),
            Some(f64::NAN),
            Some(f64::INFINITY),
            Some(5e-324),
            Some(f64::MAX),
            None,
            Some(0.5),
        ],
    )
    .unwrap();
    let table = load_frame(
        weights,
        &DatasetSpec {
            weight: Some("w".into()),
            ..simple()
        },
    )
    .unwrap();
    assert_eq!((keys(&table), table.left_out().bad_weight), (vec!["b"], 7));
}

#[test]
fn a_predicate_sees_clean_values_and_what_it_drops_is_counted() {
    let spec = DatasetSpec {
        trim: true,
        missing: vec!["?".into()],
        predicate: Some("x = 'u' OR x IS NULL".into()),
        ..simple()
    };
    let table = load_text("p.csv", "k,x,y\na, u ,p\na, ?,p\na, v,q\n", &spec).unwrap();
    assert_eq!(rows(&table), [("a".into(), "p".into(), "u".into())]);
    assert_eq!(
        (table.left_out().filter, table.left_out().missing_value),
        (1, 1)
    );

    let none = DatasetSpec {
        predicate: Some("x = 'w'".into()),
        ..simple()
    };
    let error = load_text("p.csv", "k,x,y\na,u,p\n", &none).unwrap_err();
    assert!(
        matches!(&error, Error::NoRows(why) if why.contains("filter")),
        "{error}"
    );
    for predicate in ["x =", "x", "x = 'u') garbage", "x = 'u'; y", "SELECT 1", ""] {
        let spec = DatasetSpec {
            predicate: Some(predicate.into()),
            ..simple()
        };
        let error = load_text("p.csv", "k,x,y\na,u,p\n", &spec).unwrap_err();
        assert!(matches!(error, Error::Where { .. }), "{predicate}: {error}");
    }
    let unknown = DatasetSpec {
        predicate: Some("z = 1".into()),
        ..simple()
    };
    let error = load_text("p.csv", "k,x,y\na,u,p\n", &unknown).unwrap_err();
    assert!(matches!(error, Error::UnknownColumn { .. }), "{error}");
}

#[test]
fn a_column_has_one_role_and_must_exist() {
    let frame = || df!("k" => ["a"], "y" => ["p"], "x" => [1], "f" => [0.5]).unwrap();
    let error = |spec: DatasetSpec| load_frame(frame(), &spec).unwrap_err();
    assert!(matches!(
        error(DatasetSpec::new(["k"], "k")),
        Error::TwoRoles { .. }
    ));
    assert!(matches!(
        error(DatasetSpec::new(["no"], "y")),
        Error::UnknownColumn { .. }
    ));
    assert!(matches!(
        error(DatasetSpec::new(["k"], "no")),
        Error::UnknownColumn { .. }
    ));
    assert!(matches!(
        error(DatasetSpec::new(["k"], "f")),
        Error::UnsupportedType { .. }
    ));
    let features = DatasetSpec {
        features: vec!["no".into()],
        ..simple()
    };
    let message = error(features).to_string();
    assert!(
        message.contains("'no'") && message.contains("'x'"),
        "{message}"
    );
    let ignored = DatasetSpec {
        ignore: vec!["x".into(), "f".into()],
        ..simple()
    };
    assert!(
        matches!(error(ignored), Error::Spec(_)),
        "no feature is left"
    );
}

#[test]
fn keys_of_every_kind_are_sorted_as_their_values_are() {
    let integers =
        df!("k" => [10i64, -3, i64::MAX, 2, i64::MIN, 10], "x" => [1; 6], "y" => ["p"; 6]);
    let table = load_frame(integers.unwrap(), &simple()).unwrap();
    let (low, high) = (i64::MIN.to_string(), i64::MAX.to_string());
    assert_eq!(keys(&table), [&low, "-3", "2", "10", &high]);

    let composite = df!(
        "a" => ["x", "y", "x", "x"],
        "b" => [2, 1, 10, 2],
        "x" => [1, 2, 3, 4],
        "y" => [true, false, true, false],
    )
    .unwrap();
    let table = load_frame(composite, &DatasetSpec::new(["a", "b"], "y")).unwrap();
    assert_eq!(sizes(&table), [("x,2", 2), ("x,10", 1), ("y,1", 1)]);
    assert_eq!(table.classes(), ["false", "true"]);

    let ugly = df!("a" => ["x,\"", ""], "b" => ["", "z"], "x" => [1, 2], "y" => [1, 2]).unwrap();
    let table = load_frame(ugly, &DatasetSpec::new(["a", "b"], "y")).unwrap();
    assert_eq!(keys(&table), ["\"\",z", "\"x,\"\"\",\"\""]);
}

#[test]
fn columns_of_every_type_are_read_or_refused_by_name() {
    let days = pl::Series::new("x".into(), [1i32, 2])
        .cast(&pl::DataType::Date)
        .unwrap();
    let times = pl::Series::new("x".into(), [1i64, 2])
        .cast(&pl::DataType::Datetime(pl::TimeUnit::Milliseconds, None))
        .unwrap();
    let decimals = pl::Series::new("x".into(), [1.5, 2.5])
        .cast(&pl::DataType::Decimal(10, 2))
        .unwrap();
    let fine = [
        pl::Series::new("x".into(), [1i8, 2]),
        pl::Series::new("x".into(), [1u64, u64::MAX]),
        pl::Series::new("x".into(), [1.5f32, 2.0]),
        pl::Series::new("x".into(), [true, false]),
        pl::Series::new("x".into(), ["u", "v"]),
        days,
        times,
        decimals,
    ];
    for series in fine {
        let dtype = series.dtype().clone();
        let frame = pl::DataFrame::new(
            2,
            vec![
                pl::Series::new("k".into(), ["a", "b"]).into(),
                series.into(),
                pl::Series::new("y".into(), ["p", "q"]).into(),
            ],
        );
        let table =
            load_frame(frame.unwrap(), &simple()).unwrap_or_else(|e| panic!("{dtype}: {e}"));
        assert_eq!(table.rows(), 2, "{dtype}");
    }
    let lists = pl::Series::new(
        "x".into(),
        [
            pl::Series::new("".into(), [1]),
            pl::Series::new("".into(), [2]),
        ],
    );
    let bytes = pl::Series::new("x".into(), [&b"u"[..], b"v"]);
    for series in [lists, bytes] {
        let frame = pl::DataFrame::new(
            2,
            vec![
                pl::Series::new("k".into(), ["a", "b"]).into(),
                series.into(),
                pl::Series::new("y".into(), ["p", "q"]).into(),
            ],
        );
        let error = load_frame(frame.unwrap(), &simple()).unwrap_err();
        assert!(
            matches!(&error, Error::UnsupportedType { column, .. } if column == "x"),
            "{error}"
        );
    }
}

#[test]
fn an_interrupted_read_says_so() {
    let frame = df!("k" => ["a"], "y" => ["p"], "x" => [1]).unwrap();
    let query = Query::from_frame(frame.lazy(), &simple()).unwrap();
    let error = Table::collect(&query, &Arc::new(AtomicBool::new(true))).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}

/// A line of a made-up CSV file.
#[derive(Clone, Debug)]
enum Line {
    Row(Vec<String>),
    Blank(&'static str),
    Comment,
}

fn field() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => "[a-d]{1,2}",
        1 => "[ab]{0,1}[,\n\"][ab]{0,2}",
        1 => Just("é".to_owned()),
    ]
}

fn line() -> impl Strategy<Value = Line> {
    prop_oneof![
        6 => prop::collection::vec(field(), 3).prop_map(Line::Row),
        1 => prop::collection::vec(field(), 1..6).prop_map(Line::Row),
        1 => prop_oneof![Just(""), Just("  ")].prop_map(Line::Blank),
        1 => Just(Line::Comment),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever stands between the good rows, they and no others are read.
    #[test]
    fn a_messy_file_gives_its_good_rows(
        lines in prop::collection::vec(line(), 1..30),
        line_end in prop_oneof![Just("\n"), Just("\r\n")],
        header in any::<bool>(),
        terminated in any::<bool>(),
    ) {
        let mut text = String::new();
        if header {
            text += &format!("k,x,y{line_end}");
        }
        let mut expected: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut ragged = 0;
        for line in &lines {
            match line {
                Line::Blank(blank) => text += blank,
                Line::Comment => text += "#, \"",
                Line::Row(fields) => {
                    let quoted: Vec<String> = fields
                        .iter()
                        .map(|field| if field.contains([',', '"', '\n']) {
                            format!("\"{}\"", field.replace('"', "\"\""))
                        } else {
                            field.clone()
                        })
                        .collect();
                    text += &quoted.join(",");
                    match fields.as_slice() {
                        [k, x, y] => expected
                            .entry(k.clone())
                            .or_default()
                            .push((y.clone(), x.clone())),
                        _ => ragged += 1,
                    }
                }
            }
            text += line_end;
        }
        if !terminated {
            text.truncate(text.len() - line_end.len());
        }
        let mut spec = simple();
        spec.categorical = vec!["x".into()];
        spec.csv.comment = Some("#".into());
        if !header {
            spec.csv.columns = ["k", "x", "y"].map(String::from).to_vec();
        }
        match load_text("messy.csv", &text, &spec) {
            Ok(table) => {
                prop_assert_eq!(table.left_out().ragged, ragged);
                let expected: Vec<_> = expected
                    .into_iter()
                    .flat_map(|(k, rows)| rows.into_iter().map(move |(y, x)| (k.clone(), y, x)))
                    .collect();
                prop_assert_eq!(rows(&table), expected);
            }
            Err(error) => prop_assert!(expected.is_empty(), "{error}\n{text:?}"),
        }
    }

    /// Arbitrary bytes are a table or an error, never a panic.
    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        for name in ["bytes.csv", "bytes.parquet", "bytes.arrow", "bytes.ndjson", "bytes.csv.gz"] {
            let _ = load_text(name, &bytes, &simple());
        }
        let mut text = b"k,x,y\n".to_vec();
        text.extend(bytes);
        let _ = load_text("bytes.csv", &text, &simple());
    }

    /// Every entity has exactly its rows, in the order of the input.
    #[test]
    fn partitions_are_the_groups_of_the_key(
        keys in prop::collection::vec((-3i64..3, "[ab]{0,1}"), 1..60),
    ) {
        let numbers: Vec<f64> = (0..keys.len()).map(|row| row as f64).collect();
        let frame = df!(
            "a" => keys.iter().map(|(a, _)| *a).collect::<Vec<_>>(),
            "b" => keys.iter().map(|(_, b)| b.as_str()).collect::<Vec<_>>(),
            "x" => numbers,
            "y" => vec!["p"; keys.len()],
        ).unwrap();
        let table = load_frame(frame, &DatasetSpec::new(["a", "b"], "y")).unwrap();
        let mut expected: BTreeMap<(i64, String), Vec<f64>> = BTreeMap::new();
        for (row, key) in keys.iter().enumerate() {
            expected.entry(key.clone()).or_default().push(row as f64);
        }
        let found: Vec<Vec<f64>> = table
            .partitions()
            .map(|partition| {
                let (_, column) = partition.features().next().unwrap();
                let Column::Numbers(numbers) = column else { unreachable!() };
                partition.range().map(|row| numbers.get(row)).collect()
            })
            .collect();
        prop_assert_eq!(found, expected.into_values().collect::<Vec<_>>());
    }
}

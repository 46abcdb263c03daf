//! What holds of any file and of any rows.

use std::collections::BTreeMap;

use per_entity::source::DatasetSpec;
use per_entity::table::Column;
use polars::prelude::df;
use proptest::prelude::*;

use super::tables::{load_frame, load_text, rows, simple};

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

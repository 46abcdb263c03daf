//! Features without a value, and infinite ones.

use per_entity::encode::{EncodedPartition, EncoderScratch, Values};
use per_entity::error::InputError;
use per_entity::schema::{LeftOutByColumn, OnInfinite, OnMissing};
use per_entity::source::{DatasetSpec, Source};
use per_entity::table::{Column, ColumnNote, Query, Table};
use per_entity::{Cancel, Error};
use polars::prelude::*;
use proptest::prelude::*;

use super::tables::{load_frame, load_text, simple};
use crate::support::place::Place;

/// The values of a column as text; nothing for a missing one.
fn values(table: &Table, feature: usize) -> Vec<Option<String>> {
    let column = &table.columns()[feature];
    let value = |row: usize| match column {
        Column::Numbers(numbers) => Some(numbers.get(row))
            .filter(|number| !number.is_nan())
            .map(|number| number.to_string()),
        Column::Categories { .. } => column.category(row).map(str::to_owned),
    };
    (0..table.rows()).map(value).collect()
}

fn texts(values: &[Option<&str>]) -> Vec<Option<String>> {
    values
        .iter()
        .map(|value| value.map(str::to_owned))
        .collect()
}

fn dropping() -> DatasetSpec {
    DatasetSpec {
        on_missing: OnMissing::Drop,
        ..simple()
    }
}

fn infinite_as_missing(spec: DatasetSpec) -> DatasetSpec {
    DatasetSpec {
        on_infinite: OnInfinite::Missing,
        ..spec
    }
}

const GAPS: &str = "k,c,x,e,y\na,u,1,,p\na,,2.5,,q\na,v,,,p\n,u,1,,p\na,u,NaN,,\na,v,NaN,,q\n";

#[test]
fn rows_with_gaps_are_kept_or_left_out_as_is_said() {
    let table = load_text("gaps.csv", GAPS, &simple()).unwrap();
    assert_eq!(
        values(&table, 0),
        texts(&[Some("u"), None, Some("v"), Some("v")])
    );
    assert_eq!(
        values(&table, 1),
        texts(&[Some("1"), Some("2.5"), None, None])
    );
    assert_eq!(values(&table, 2), texts(&[None; 4]));
    assert_eq!(table.left_out().missing_value, 0);
    assert_eq!(table.left_out().total(), 2);
    assert_eq!(
        table
            .columns()
            .iter()
            .map(Column::missing)
            .collect::<Vec<_>>(),
        [1, 2, 4]
    );

    let spec = DatasetSpec {
        ignore: vec!["e".into()],
        ..dropping()
    };
    let table = load_text("gaps.csv", GAPS, &spec).unwrap();
    assert_eq!(table.rows(), 1);
    assert_eq!(
        table.rows() as u64 + table.left_out().total(),
        table.rows_read()
    );
    let blamed = |column: &str, missing, unusable| LeftOutByColumn {
        column: column.into(),
        missing,
        unusable,
    };
    let expected = [
        blamed("k", 1, 0),
        blamed("y", 1, 0),
        blamed("c", 1, 0),
        blamed("x", 1, 1),
    ];
    assert_eq!(table.left_out().columns, expected);
}

#[test]
fn an_infinite_feature_is_an_error_that_says_where_it_is() {
    let place = Place::new();
    place.write("i.csv", "k,x,y\na,1,p\na,2.5,q\na,-inf,p\na,1e999,p\n");
    place.write(
        "i.ndjson",
        "{\"k\":\"a\",\"x\":0.5,\"y\":\"p\"}\n{\"k\":\"a\",\"x\":1e999,\"y\":\"p\"}\n",
    );
    let frame = df!("k" => ["a"; 3], "x" => [0.5, f64::INFINITY, 2.0], "y" => ["p"; 3]).unwrap();
    let file = std::fs::File::create(place.path("i.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut frame.clone()).unwrap();
    for (name, place_in_file, value) in [
        ("i.csv", "i.csv:4: ", "-inf"),
        ("i.ndjson", "i.ndjson:2: ", "1e999"),
        ("i.parquet", "i.parquet:2: ", "inf"),
    ] {
        for spec in [simple(), dropping()] {
            let load = |spec: &DatasetSpec| {
                let source = Source::open(&[place.path(name).display().to_string()], None, spec)?;
                Table::load(&source.into(), spec, &Cancel::new())
            };
            let error = load(&spec).unwrap_err();
            assert!(matches!(error, Error::Input(InputError::BadValue { .. })));
            for said in [place_in_file, value, "'x'", "not a finite number"] {
                assert!(error.to_string().contains(said), "{error}");
            }
            let (table, rows) = (
                load(&infinite_as_missing(spec.clone())).unwrap(),
                spec.on_missing,
            );
            match rows {
                OnMissing::Learn => assert!(table.columns()[0].missing() > 0),
                OnMissing::Drop => assert!(table.left_out().not_finite > 0),
            }
            assert_eq!(
                table.rows() as u64 + table.left_out().total(),
                table.rows_read()
            );
        }
    }
    let error = load_frame(frame.clone(), &simple())
        .unwrap_err()
        .to_string();
    assert!(error.contains("'inf'") && error.contains("'x'"), "{error}");
    // A row that is filtered out is no error, and categories may be anything.
    let filtered = DatasetSpec {
        predicate: Some("x < 100".into()),
        ..simple()
    };
    assert_eq!(load_frame(frame.clone(), &filtered).unwrap().rows(), 2);
    let categories = DatasetSpec {
        categorical: vec!["x".into()],
        ..simple()
    };
    let table = load_frame(frame, &categories).unwrap();
    assert_eq!(values(&table, 0)[1].as_deref(), Some("inf"));
}

#[test]
fn a_feature_that_a_file_lacks_is_missing_there_and_said() {
    let place = Place::new();
    place.write("1.csv", "k,x,y\na,1,p\n");
    place.write("2.csv", "k,y\na,q\n");
    place.write("3.csv", "k,x\na,3\n");
    let load = |files: [&str; 2], spec: &DatasetSpec| {
        let files = files.map(|file| place.path(file).display().to_string());
        let input = Source::open(&files, None, spec)?.into();
        let query = Query::new(&input, spec)?;
        Ok((Table::load_query(&input, &query, &Cancel::new())?, query))
    };
    let (table, query) = load(["1.csv", "2.csv"], &simple()).unwrap();
    assert_eq!(values(&table, 0), texts(&[Some("1"), None]));
    let note = ColumnNote::Lacking {
        column: "x".into(),
        without: place.path("2.csv"),
    };
    assert_eq!(query.notes(), [note]);
    for (files, spec) in [
        (["1.csv", "2.csv"], dropping()),
        (["1.csv", "3.csv"], simple()),
    ] {
        let error: Error = load(files, &spec).err().unwrap();
        assert!(
            matches!(error, Error::Input(InputError::LackingColumn { .. })),
            "{error}"
        );
    }
}

/// Numbers of some width, some of them missing.
fn numbers() -> impl Strategy<Value = Vec<Option<f64>>> {
    let number = prop_oneof![
        (-3..3_i32).prop_map(f64::from),
        Just(f64::from(i8::MIN)),
        Just(f64::from(i16::MIN)),
        Just(f64::from(i32::MIN)),
        Just(f64::from(i32::MAX)),
        Just(0.5),
        Just(0.1),
    ];
    prop::collection::vec(prop::option::weighted(0.7, number), 1..12)
}

proptest! {
    /// Codes stand for the values of an entity in their order, the last one for missing values
    /// where it has some.
    #[test]
    fn the_last_code_stands_for_missing_values(numbers in numbers(), keys in prop::collection::vec(0..2_i32, 12)) {
        let rows = numbers.len();
        let words: Vec<Option<String>> = numbers
            .iter()
            .map(|number| number.map(|number| number.to_string()))
            .collect();
        let frame = df!(
            "k" => &keys[..rows], "y" => vec!["p"; rows], "x" => &numbers, "c" => &words,
        ).unwrap();
        let table = load_frame(frame, &simple()).unwrap();
        for partition in table.partitions() {
            let encoded = EncodedPartition::new(&partition, &mut EncoderScratch::default());
            for (feature, column) in encoded.codes().columns().iter().enumerate() {
                let found = values(&table, feature);
                let own = &found[partition.range()];
                let distinct: Vec<String> = match &encoded.encoder().values()[feature] {
                    Values::Numbers(numbers) => {
                        prop_assert!(numbers.is_sorted());
                        numbers.iter().map(f64::to_string).collect()
                    }
                    Values::Categories { codes, dictionary } => {
                        codes.iter().map(|code| dictionary[*code as usize].clone()).collect()
                    }
                };
                prop_assert_eq!(column.missing, own.contains(&None));
                let cardinality = distinct.len() + usize::from(column.missing);
                prop_assert_eq!(column.cardinality as usize, cardinality);
                for (row, value) in own.iter().enumerate() {
                    let code = column.codes.get(row) as usize;
                    prop_assert_eq!(distinct.get(code), value.as_ref());
                }
            }
        }
    }
}

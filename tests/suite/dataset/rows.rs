//! Rows that count, and rows that are left out.

use per_entity::error::SpecError;
use per_entity::schema::{LeftOut, LeftOutByColumn, OnInfinite, OnMissing};
use per_entity::source::DatasetSpec;
use per_entity::table::Table;
use per_entity::{Cancel, Error};
use polars::prelude::df;

use super::tables::{keys, load_frame, load_text, rows, simple};

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
            on_missing: OnMissing::Drop,
            on_infinite: OnInfinite::Missing,
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
        columns: [("k", 1, 0), ("y", 1, 0), ("x", 1, 2)]
            .map(|(column, missing, unusable)| LeftOutByColumn {
                column: column.into(),
                missing,
                unusable,
            })
            .into(),
        ..LeftOut::default()
    };
    assert_eq!(*table.left_out(), expected);
    assert_eq!(table.left_out_by_key()["a"], 4);
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
        on_missing: OnMissing::Drop,
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
        assert!(
            matches!(error, Error::Spec(SpecError::Filter { .. })),
            "{predicate}: {error}"
        );
    }
    let unknown = DatasetSpec {
        predicate: Some("z = 1".into()),
        ..simple()
    };
    let error = load_text("p.csv", "k,x,y\na,u,p\n", &unknown).unwrap_err();
    assert!(
        matches!(error, Error::Spec(SpecError::UnknownColumn { .. })),
        "{error}"
    );
}

#[test]
fn an_interrupted_read_says_so() {
    let frame = df!("k" => ["a"], "y" => ["p"], "x" => [1]).unwrap();
    let cancel = Cancel::new();
    cancel.cancel();
    let error = Table::load(&frame.into(), &simple(), &cancel).unwrap_err();
    assert!(matches!(error, Error::Interrupted), "{error}");
}

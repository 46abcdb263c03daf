//! Columns: their roles and their types.

use per_entity::Error;
use per_entity::error::SpecError;
use per_entity::schema::Task;
use per_entity::source::DatasetSpec;
use polars::prelude::{self as pl, NamedFrom, df};

use super::tables::{keys, load_frame, simple, sizes};

#[test]
fn a_column_has_one_role_and_must_exist() {
    let frame = || df!("k" => ["a"], "y" => ["p"], "x" => [1], "f" => [0.5]).unwrap();
    let error = |spec: DatasetSpec| load_frame(frame(), &spec).unwrap_err();
    assert!(matches!(
        error(DatasetSpec::new(["k"], "k")),
        Error::Spec(SpecError::TwoRoles { .. })
    ));
    assert!(matches!(
        error(DatasetSpec::new(["no"], "y")),
        Error::Spec(SpecError::UnknownColumn { .. })
    ));
    assert!(matches!(
        error(DatasetSpec::new(["k"], "no")),
        Error::Spec(SpecError::UnknownColumn { .. })
    ));
    assert!(matches!(
        error(DatasetSpec {
            task: Some(Task::Classification),
            ..DatasetSpec::new(["k"], "f")
        }),
        Error::Spec(SpecError::FractionalClass { .. })
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
        matches!(error(ignored), Error::Spec(SpecError::NoFeatures)),
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
            matches!(&error, Error::Spec(SpecError::UnsupportedType { column, .. }) if column == "x"),
            "{error}"
        );
    }
}

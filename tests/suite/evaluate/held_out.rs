//! Rows that are held out by time, and rows that a predicate chooses.

use std::fs::File;

use per_entity::schema::Holdout;
use per_entity::store::MemoryDirectory;
use per_entity::train::Conclusion;
use per_entity::{CartTrainer, DatasetSpec, Store, Training};
use polars::prelude::*;

use crate::support::place::Place;
use crate::support::program::finish;

/// Twenty days of two shops, one of them without rows before the eleventh; one day is not known.
fn days(dtype: &DataType) -> DataFrame {
    let days: Vec<Option<i32>> = (0..20).chain(10..20).map(Some).chain([None]).collect();
    let shops = (0..20)
        .map(|_| "a")
        .chain((10..20).map(|_| "b"))
        .chain(["a"]);
    // 2013-09-21 is the 15,969th day since 1970.
    let dates = days.iter().map(|day| day.map(|day| 15_969 + day));
    let dates = Series::new("day".into(), dates.collect::<Vec<_>>());
    let dates = dates.cast(&DataType::Date).unwrap().cast(dtype).unwrap();
    let rows = days.len() as i32;
    DataFrame::new(
        days.len(),
        vec![
            Column::new("shop".into(), shops.collect::<Vec<_>>()),
            dates.into_column(),
            Column::new("x".into(), (0..rows).collect::<Vec<_>>()),
            Column::new("y".into(), (0..rows).map(|row| row % 2).collect::<Vec<_>>()),
        ],
    )
    .unwrap()
}

/// Rows trained on, held out, and left out for want of a time.
fn split(frame: DataFrame, holdout: Holdout) -> per_entity::Result<(u64, u64, u64)> {
    let memory = MemoryDirectory::new();
    let spec = DatasetSpec {
        ignore: vec!["day".into()],
        ..DatasetSpec::new(["shop"], "y")
    };
    let training = Training::new(spec, CartTrainer::default());
    match training.holdout(holdout).run(frame, &memory)? {
        Conclusion::Committed(_) => {}
        other => panic!("{other:?}"),
    }
    let store = Store::open(&memory)?;
    let run = &store.generation().run;
    let records = store.records()?;
    let held_out = records.iter().filter_map(|record| record.holdout.as_ref());
    let noted = run.holdout.as_ref().map(|holdout| holdout.drawn.clone());
    assert!(
        records
            .iter()
            .all(|r| r.summary.is_none() || r.held_out() == noted)
    );
    Ok((
        store.generation().rows,
        held_out.map(|held_out| held_out.rows).sum(),
        run.left_out.null_time,
    ))
}

#[test]
fn rows_from_a_time_on_are_held_out_whatever_the_type_of_the_column() {
    let zone = |name: &str| TimeZone::opt_try_new(Some(name)).unwrap();
    for dtype in [
        DataType::Date,
        DataType::Datetime(TimeUnit::Milliseconds, None),
        DataType::Datetime(TimeUnit::Microseconds, zone("UTC")),
        DataType::Datetime(TimeUnit::Nanoseconds, zone("Asia/Kolkata")),
    ] {
        let after = |time: &str| Holdout::after("day", time.parse().unwrap());
        let frame = days(&dtype);
        // Shop b has no earlier rows, so none of its rows can be judged.
        assert_eq!(
            split(frame.clone(), after("2013-10-01")).unwrap(),
            (10, 10, 1),
            "{dtype}"
        );
        let noon = after("2013-10-02T12:00Z");
        assert_eq!(
            split(frame.clone(), noon).unwrap(),
            (10 + 2 + 2, 8 + 8, 1),
            "{dtype}"
        );
        let error = split(frame.clone(), after("2013-10-11"))
            .unwrap_err()
            .to_string();
        assert!(error.contains("no row would be held out"), "{error}");
        assert!(error.contains("from 2013-09-21 to 2013-10-10"), "{error}");
        let error = split(frame, after("2013-09-21")).unwrap_err().to_string();
        assert!(error.contains("all rows would be held out"), "{error}");
    }
}

#[test]
fn the_last_days_weeks_and_months_are_held_out_by_the_latest_row() {
    let last = |span: &str| {
        split(
            days(&DataType::Date),
            Holdout::last("day", span.parse().unwrap()),
        )
    };
    assert_eq!(last("1d").unwrap(), (19 + 9, 2, 1));
    assert_eq!(last("12h").unwrap(), (19 + 9, 2, 1));
    assert_eq!(last("1w").unwrap(), (13 + 3, 14, 1));
    let error = last("1mo").unwrap_err().to_string();
    assert!(
        error.contains("all rows would be held out (the last 1mo of 'day'"),
        "{error}"
    );
}

#[test]
fn what_is_no_time_is_refused_with_the_flag_that_named_it() {
    let place = Place::new();
    let mut frame = days(&DataType::Date);
    frame
        .with_column(
            Column::new("none".into(), vec![None::<i32>; 31])
                .cast(&DataType::Date)
                .unwrap(),
        )
        .unwrap();
    ParquetWriter::new(File::create(place.path("days.parquet")).unwrap())
        .finish(&mut frame)
        .unwrap();
    let train =
        "train --input days.parquet --key shop --target y --output-dir store --ignore none,day";
    for (flags, parts) in [
        (
            "--holdout-after 2013-10-01 --time x",
            &["'x' is of type i64, which cannot be a time", "--time"][..],
        ),
        (
            "--holdout-after 2013-10-01 --time shop",
            &["'shop' is of type str", "--time"],
        ),
        (
            "--holdout-last 8w --time date",
            &["no column 'date'", "--time"],
        ),
        (
            "--holdout-last 8w --time none",
            &["no row has a time in column 'none'"],
        ),
        (
            "--holdout-last 8x --time day",
            &["'8x' is not a span of time"],
        ),
        (
            "--holdout-after yesterday --time day",
            &["'yesterday' is neither a date"],
        ),
        ("--holdout-after 2013-10-01", &["--time"]),
        ("--time day", &["say what is held out"]),
        (
            "--holdout 0.2 --holdout-last 1d --time day",
            &["cannot be used with"],
        ),
    ] {
        let error = place.run(&format!("{train} {flags}")).failed(2);
        for part in parts {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert!(!place.path("store").exists(), "{flags}");
    }
    let text = place
        .run(&format!("{train} --holdout-last 1w --time day"))
        .succeeded()
        .stdout;
    for part in [
        "1 left out: no time to hold out by",
        "14 rows held out (the last 1w of 'day', after 2013-10-03)",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }

    let compare = "compare --input days.parquet --key shop --target y --ignore none,day --json";
    let compared = place.run(&format!("{compare} --holdout-last 1w --time day"));
    let compared = compared.succeeded().json();
    assert_eq!(
        (&compared["train_rows"], &compared["test_rows"]),
        (&16.into(), &14.into())
    );
    assert_eq!(compared["left_out"]["null_time"], 1);
    assert_eq!(compared["held_out"]["last"], "1w");
}

#[test]
fn rows_in_files_are_held_out_by_time_as_those_in_memory() {
    let place = Place::new();
    let rows = 3_000_000;
    let entity: Vec<i32> = (0..rows).map(|row| row % 100).collect();
    let mut frame = df!(
        "entity" => &entity,
        "x" => (0..rows).map(|row| f64::from(row % 977)).collect::<Vec<_>>(),
        "z" => (0..rows).map(|row| f64::from(row % 7)).collect::<Vec<_>>(),
        "day" => (0..rows).map(|row| row / 30_000).collect::<Vec<_>>(),
        "y" => (0..rows).map(|row| row / 3 % 2).collect::<Vec<_>>(),
    )
    .unwrap();
    let day = frame.column("day").unwrap().cast(&DataType::Date).unwrap();
    frame.with_column(day).unwrap();
    ParquetWriter::new(File::create(place.path("rows.parquet")).unwrap())
        .finish(&mut frame)
        .unwrap();
    let table = |store: &str, more: &str| {
        let train = "train --input rows.parquet --key entity --target y --max-depth 3 --holdout-last 1mo --time day";
        place
            .run(&format!("{train} --output-dir {store} {more}"))
            .succeeded();
        crate::support::store::content(&place.path(store))
    };
    assert!(table("whole", "") == table("parts", "--memory-limit 640MiB"));
}

#[test]
fn a_predicate_chooses_the_rows_to_compare_on() {
    let place = Place::new();
    let mut text = String::from("shop,x,part,y\n");
    for row in 0..200 {
        let part = ["train", "train", "test", ""][row % 4];
        text += &format!("s{},{row},{part},{}\n", row % 2, row / 2 % 2);
    }
    place.write("rows.csv", &text);
    place.write("copy.csv", &text);
    const COMPARE: &str = "compare --input rows.csv --key shop --target y --ignore part";
    let compare = |more: &str| place.run(&format!("{COMPARE} {more}"));
    let chosen = |predicate: &str| {
        let mut compare = place.command(&format!("{COMPARE} --json"));
        finish(compare.args(["--test-where", predicate]))
    };
    let json = chosen("part = 'test'").succeeded().json();
    // A row without a part is not one of the test.
    assert_eq!(
        (&json["train_rows"], &json["test_rows"]),
        (&150.into(), &50.into())
    );
    assert_eq!(json["held_out"]["predicate"], "part = 'test'");
    assert_eq!(json["shared_rows"], 0);
    for (predicate, part) in [
        ("y >= 0", "all rows are held out"),
        ("y < 0", "no row is held out"),
        ("z = 1", "no column 'z'"),
        ("x +", "filter 'x +'"),
    ] {
        let error = chosen(predicate).failed(2);
        assert!(error.contains(part), "{part} in {error}");
    }
    let error = compare("--test-where 'x +'").failed(2);
    assert!(error.contains("--test-where"), "{error}");

    for same in ["rows.csv", "./rows.csv", "copy.csv rows.csv"] {
        let error = compare(&format!("--test {same}")).failed(2);
        assert!(error.contains("is trained on and tested on"), "{error}");
    }
    let text = compare("--test copy.csv").succeeded().stdout;
    assert!(
        text.contains("200 of the rows to compare on are the same"),
        "{text}"
    );
    let json = compare("--test copy.csv --json").succeeded().json();
    assert_eq!(json["shared_rows"], 200);
}

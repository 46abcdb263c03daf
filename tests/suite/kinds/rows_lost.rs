//! Rows that are left out, entities without rows, and rows that a filter keeps.

use polars::prelude::{DataType, df};

use super::tables::{cast, write_parquet};
use crate::support::place::Place;
use crate::support::store::model_files;
use per_entity::store::EntityStatus;

#[test]
fn entities_that_lost_all_rows_are_named_and_stay_in_the_store_as_empty() {
    let place = Place::new();
    place.write(
        "rows.csv",
        "farm,milk,fat,breed\nf1,1,4.1,H\nf1,2,4.2,J\nf2,,4.1,H\nf2,2,,J\nf3,1,4.1,\nf4,3,inf,H\nf5,3,4,J\n,1,4,J\n",
    );
    let train = "train --input rows.csv --key farm --target breed --on-missing drop --on-infinite missing --output-dir models";
    let output = place.run(train).succeeded();
    for part in [
        "3 entities have no model",
        "all of their rows were left out",
        "f2, f3, f4",
    ] {
        assert!(output.stderr.contains(part), "{part} in {}", output.stderr);
    }
    for part in [
        "1 left out: null key",
        "1 left out: null target",
        "by column: ",
        "milk 1",
        "fat 2",
        "3 without rows",
    ] {
        assert!(output.stdout.contains(part), "{part} in {}", output.stdout);
    }
    let records = place.store("models").records().unwrap();
    let found: Vec<(&str, EntityStatus)> = records
        .iter()
        .map(|record| (record.key.as_str(), record.status))
        .collect();
    use EntityStatus::{Empty, Trained};
    assert_eq!(
        found,
        [
            ("f1", Trained),
            ("f2", Empty),
            ("f3", Empty),
            ("f4", Empty),
            ("f5", Trained)
        ]
    );
    let listed = place.run("inspect models").succeeded().stdout;
    let lines: Vec<&str> = listed
        .lines()
        .filter(|line| line.contains("empty"))
        .collect();
    assert_eq!(lines.len(), 3, "{listed}");
    let table = place.store("models").entities().unwrap().collect().unwrap();
    let statuses = table
        .column("status")
        .unwrap()
        .cast(&DataType::String)
        .unwrap();
    let statuses: Vec<Option<&str>> = statuses.str().unwrap().iter().collect();
    assert_eq!(
        statuses,
        [
            Some("trained"),
            Some("empty"),
            Some("empty"),
            Some("empty"),
            Some("trained")
        ]
    );
    // Their rows have no model, and why is known.
    let error = place
        .run("predict --models models --input rows.csv --output out.csv --unknown error")
        .failed(2);
    assert!(error.contains("'f2'"), "{error}");
    let report = place.run(&format!("{train} --json")).succeeded().json();
    let left_out = &report["generation"]["left_out"];
    let by_column = left_out["columns"].as_array().unwrap().iter();
    let by_column: Vec<String> = by_column
        .map(|column| {
            format!(
                "{} {} {}",
                column["column"], column["missing"], column["unusable"]
            )
        })
        .collect();
    assert_eq!(by_column.len(), 4, "{by_column:?}");
    for column in [
        "\"farm\" 1 0",
        "\"breed\" 1 0",
        "\"milk\" 1 0",
        "\"fat\" 1 1",
    ] {
        assert!(
            by_column.iter().any(|other| other == column),
            "{column} in {by_column:?}"
        );
    }
}

#[test]
fn dates_are_compared_with_texts_and_with_dates_in_every_format() {
    let place = Place::new();
    let days = [
        "2031-01-31",
        "2031-02-01",
        "2031-02-28",
        "2031-03-01",
        "2031-03-02",
    ];
    let (x, y) = ([1, 2, 3, 4, 5], ["p", "q", "p", "q", "p"]);
    let rows = (0..5).map(|row| (days[row], x[row], y[row]));
    let csv = rows.clone().map(|(day, x, y)| format!("a,{day},{x},{y}\n"));
    place.write(
        "rows.csv",
        format!("k,sold,x,y\n{}", csv.collect::<String>()),
    );
    let objects = rows
        .map(|(day, x, y)| format!("{{\"k\":\"a\",\"sold\":\"{day}\",\"x\":{x},\"y\":\"{y}\"}}\n"));
    place.write("rows.ndjson", objects.collect::<String>());
    let frame = df!("k" => ["a"; 5], "sold" => [22_310, 22_311, 22_338, 22_339, 22_340], "x" => x, "y" => y).unwrap();
    let dates = cast(cast(frame, "sold", DataType::Int32), "sold", DataType::Date);
    write_parquet(&place, "rows.parquet", dates.clone());
    let midnights = DataType::Datetime(polars::prelude::TimeUnit::Nanoseconds, None);
    write_parquet(&place, "midnights.parquet", cast(dates, "sold", midnights));
    for (predicate, kept) in [
        ("sold < DATE '2031-03-01'", 3),
        ("sold < '2031-03-01'", 3),
        ("sold >= '2031-02-01' AND sold <= DATE '2031-02-28'", 2),
        ("sold = '2031-03-02'", 1),
        ("sold BETWEEN '2031-02-01' AND '2031-03-01'", 3),
    ] {
        let mut expected = None;
        for input in [
            "rows.csv",
            "rows.ndjson",
            "rows.parquet",
            "midnights.parquet",
        ] {
            let mut command = place.command(&format!(
                "train --json --input {input} --key k --target y --ignore sold --output-dir models"
            ));
            command.args(["--where", predicate]);
            let report = crate::support::program::finish(&mut command)
                .succeeded()
                .json();
            assert_eq!(report["generation"]["rows"], kept, "{predicate} {input}");
            assert_eq!(
                report["generation"]["left_out"]["filter"],
                5 - kept,
                "{predicate} {input}"
            );
            let found = model_files(&place.path("models"));
            assert!(
                *expected.get_or_insert(found.clone()) == found,
                "{predicate} {input}"
            );
        }
    }
    let mut command = place.command("train --input rows.csv --key k --target y --output-dir none");
    command.args(["--where", "sold < 'March'"]);
    let error = crate::support::program::finish(&mut command).failed(2);
    assert!(error.contains("sold") && error.contains("March"), "{error}");
}

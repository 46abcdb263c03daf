//! What `describe` says of an input, and writes for training.

use crate::support::place::Place;
use crate::support::store::{content, model_files};

#[test]
fn what_describe_writes_trains_the_same_store() {
    let place = Place::new();
    place.write(
        "rows.csv",
        "id,region,opened,share,vip,bought\n\
        1,007,2031-01-05,0.5,true,no\n2,007,2031-02-05,1,false,yes\n\
        3,7,2031-01-05,2,true,yes\n4,7,2031-03-05,,false,no\n5,N,2031-03-05,3,true,no\n",
    );
    let roles = "--key region --target bought --ignore id";
    place
        .run(&format!(
            "train --quiet --input rows.csv {roles} --output-dir plain"
        ))
        .succeeded();
    place
        .run(&format!(
            "describe --quiet rows.csv {roles} --write-spec rows.toml"
        ))
        .succeeded();
    let train = "train --quiet --input rows.csv --spec rows.toml --output-dir described";
    place.run(train).succeeded();
    let entities = |store: &str| {
        content(&place.path(store))
            .remove("entities.parquet")
            .unwrap()
    };
    assert_eq!(
        blake3::hash(&entities("plain")),
        blake3::hash(&entities("described"))
    );
    assert_eq!(
        model_files(&place.path("plain")),
        model_files(&place.path("described"))
    );
    // An update sees no other dataset in it.
    let update = "train --json --update --input rows.csv --spec rows.toml --output-dir plain";
    let report = place.run(update).succeeded().json();
    assert_eq!(
        report["carried"], report["generation"]["trained"],
        "{report}"
    );
}

#[test]
fn describe_says_what_every_column_is_and_holds() {
    let place = Place::new();
    let mut rows = String::from("code,when,load,kind,done\n");
    for row in 0..1_200 {
        let load = if row == 1_100 {
            String::new()
        } else {
            format!("{}", row % 9)
        };
        rows += &format!(
            "{:03},2031-01-{:02},{load},t{},{}\n",
            row % 4,
            row % 28 + 1,
            row % 3,
            row % 2 == 0
        );
    }
    rows += "000,2031-02-28,7.5,t9,true\nshort\n";
    place.write("rows.csv", rows);
    let told = place
        .run("describe rows.csv --key code --target done")
        .succeeded();
    assert!(
        told.stdout
            .contains("1,201 rows; 1 with the wrong number of fields"),
        "{}",
        told.stdout
    );
    assert!(
        told.stdout
            .contains("4 entities; rows of an entity: 300 to 301"),
        "{}",
        told.stdout
    );
    for (column, parts) in [
        ("code", &["key", "text", "000", "003"][..]),
        ("when", &["feature", "date", "2031-01-01", "2031-02-28"]),
        ("load", &["number", "0", "8", "7.5"]),
        ("kind", &["text", "t0", "t9"]),
        ("done", &["target", "boolean", "false", "true"]),
    ] {
        let line = told
            .stdout
            .lines()
            .find(|line| line.contains(column))
            .unwrap();
        let line: Vec<&str> = line.split_whitespace().collect();
        for part in parts.iter().filter(|part| **part != "7.5") {
            assert!(
                line.iter().any(|word| word.trim_end_matches(',') == *part),
                "{part} in {line:?}"
            );
        }
    }
    let json = place
        .run("describe rows.csv --key code --target done --json")
        .succeeded()
        .json();
    assert_eq!((&json["rows"], &json["ragged"]), (&1_201.into(), &1.into()));
    let columns = json["columns"].as_array().unwrap();
    let load = columns
        .iter()
        .find(|column| column["column"] == "load")
        .unwrap();
    assert_eq!(load["type"], "number");
    assert_eq!(load["missing"], 1);
    assert_eq!(load["distinct"], 10);
    assert_eq!(
        (&load["smallest"], &load["largest"]),
        (&"0".into(), &"8".into())
    );
    assert_eq!(json["rows_per_entity"]["entities"], 4);
    assert_eq!(json["rows_per_entity"]["largest"], 301);
    // Neither key nor target need be known.
    let json = place.run("describe rows.csv --json").succeeded().json();
    assert_eq!(json["rows_per_entity"], serde_json::Value::Null);
}

#[test]
fn a_specification_says_what_columns_hold() {
    let place = Place::new();
    place.write(
        "rows.csv",
        "store,opened,seen,waited,y\n7,01.02.2031,02/01/2031 10:30,1 days 02:00:00,p\n\
        7,05.02.2031,02/01/2031 11:30,0 days 02:00:00,q\n8,05.02.2031,02/01/2031 11:30,P1DT2H,p\n",
    );
    place.write("spec.toml", "key = [\"store\"]\ntarget = \"y\"\n[types]\nstore = \"text\"\n\
        opened = { date = \"%d.%m.%Y\" }\nseen = { timestamp = \"%d/%m/%Y %H:%M\" }\nwaited = \"duration\"\n");
    place
        .run("train --quiet --input rows.csv --spec spec.toml --output-dir models")
        .succeeded();
    let store = place.store("models");
    let columns = &store.generation().run.columns;
    let found: Vec<String> = columns
        .iter()
        .map(|column| format!("{} {}", column.name, column.column_type))
        .collect();
    for column in [
        "store text",
        "opened date",
        "seen timestamp[μs]",
        "waited duration[μs]",
        "y text",
    ] {
        assert!(
            found.iter().any(|other| other == column),
            "{column} in {found:?}"
        );
    }
    for (wrong, parts) in [
        (
            "store = \"string\"",
            &["'string' is no type of a column", "text, boolean, whole"][..],
        ),
        ("opened = { date = \"%Q\" }", &["%Q", "%d.%m.%Y"]),
        ("shop = \"text\"", &["'shop'"]),
    ] {
        place.write(
            "wrong.toml",
            format!("key = [\"store\"]\ntarget = \"y\"\n[types]\n{wrong}\n"),
        );
        let error = place
            .run("train --input rows.csv --spec wrong.toml --output-dir none")
            .failed(2);
        for part in parts {
            assert!(error.contains(part), "{part} in {error}");
        }
    }
    // Errors name line and value of the file.
    place.write(
        "types.toml",
        "key = [\"store\"]\ntarget = \"y\"\n[types]\nopened = \"date\"\n",
    );
    let error = place
        .run("train --input rows.csv --spec types.toml --output-dir none")
        .failed(2);
    for part in ["rows.csv:2", "'opened'", "'01.02.2031'", "a date"] {
        assert!(error.contains(part), "{part} in {error}");
    }
}

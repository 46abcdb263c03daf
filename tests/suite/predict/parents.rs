//! Entities without a model are answered by their parents.

use std::fs;
use std::io::Write;
use std::process::Stdio;

use per_entity::predict::{Predictor, Unknown};
use per_entity::store::verify;
use polars::prelude::{DataFrame, df};

use super::shops::{answer, predictions};
use crate::support::place::Place;
use crate::support::store::{assert_whole, content};

/// Stores of two countries and three regions. Where one sells above 2 depends on the country, and
/// in region `north` all sell anything.
const ROWS: &str = "country,region,store,size,sold\n\
    NL,north,1,1,yes\nNL,north,1,4,yes\nNL,north,2,1,yes\nNL,north,2,4,yes\n\
    NL,south,1,1,no\nNL,south,1,2,no\nNL,south,1,3,yes\nNL,south,1,4,yes\n\
    NL,south,2,1,no\nNL,south,2,2,no\nNL,south,2,3,yes\nNL,south,2,4,yes\nNL,south,3,1,no\n\
    \"D,E\",west,1,1,yes\n\"D,E\",west,1,2,yes\n\"D,E\",west,1,3,no\n\"D,E\",west,1,4,no\n";

const TRAIN: &str = "train --input rows.csv --key country,region,store --target sold --min-rows 2 --parents --output-dir models";

fn place(more: &str) -> Place {
    let place = Place::new();
    place.write("rows.csv", ROWS);
    place.run(&format!("{TRAIN} {more}")).succeeded();
    place
}

/// Rows and who is to answer them.
fn rows() -> DataFrame {
    df!(
        "country" => [Some("NL"), Some("NL"), Some("NL"), Some("NL"), Some("D,E"), Some("FR"), Some("NL"), Some("NL"), None],
        "region" => [Some("south"), Some("north"), Some("south"), Some("east"), Some("east"), Some("south"), Some("north"), None, Some("south")],
        "store" => [Some(1_i64), Some(9), Some(3), Some(1), Some(1), Some(1), None, Some(1), Some(1)],
        "size" => [1.0, 1.0, 4.0, 4.0, 1.0, 1.0, 1.0, 4.0, 1.0],
    )
    .unwrap()
}

fn parent_predictor(place: &Place) -> Predictor {
    let predictor = Predictor::new(place.store("models")).unwrap();
    predictor.unknown(Unknown::Parent).unwrap()
}

#[test]
fn the_nearest_parent_answers_for_an_entity_without_a_model() {
    let place = place("");
    let expected = [
        answer("no", "own"),
        answer("yes", "parent"),
        // Its store was skipped.
        answer("yes", "parent"),
        // The region is new.
        answer("yes", "parent"),
        answer("yes", "parent"),
        // The country is new, and there is no pooled model.
        answer("", "none"),
        // A null ends what is known of the key.
        answer("yes", "parent"),
        answer("yes", "parent"),
        answer("", "none"),
    ];
    let mut predictor = parent_predictor(&place);
    let mut small = parent_predictor(&place).cache(0);
    for _ in 0..3 {
        let predicted = predictor.predict(&rows()).unwrap();
        assert_eq!(predictions(&predicted), expected);
        assert!(predicted.equals_missing(&small.predict(&rows()).unwrap()));
    }
    let answered = predictor.answered();
    assert_eq!(
        (
            answered.own,
            answered.parent,
            answered.fallback,
            answered.none
        ),
        (3, 18, 0, 6)
    );

    // Without being asked, no parent answers.
    let mut predictor = Predictor::new(place.store("models")).unwrap();
    let predicted = predictor.predict(&rows()).unwrap();
    assert_eq!(predictions(&predicted)[1], answer("", "none"));
}

#[test]
fn the_pooled_model_answers_where_no_parent_does() {
    let place = place("--pooled");
    let predicted = parent_predictor(&place).predict(&rows()).unwrap();
    let by = predictions(&predicted)
        .into_iter()
        .map(|(_, by)| by.unwrap());
    let expected = [
        "own", "parent", "parent", "parent", "parent", "fallback", "parent", "parent", "fallback",
    ];
    assert_eq!(by.collect::<Vec<_>>(), expected);
}

#[test]
fn files_and_streams_are_answered_by_parents_and_counted() {
    let place = place("--pooled");
    place.write(
        "new.csv",
        "country,region,store,size\nNL,south,1,1\nNL,north,7,1\nNL,east,7,4\nFR,x,1,1\n",
    );
    let predict = "predict --models models --input new.csv --output out.csv --unknown parent";
    let text = place.run(predict).succeeded().stdout;
    let counts =
        "4 rows: 1 by their own model, 2 by a parent's, 1 by the pooled one, 0 without a model";
    assert!(text.contains(counts), "{text}");
    let json = place.run(&format!("{predict} --json")).succeeded().json();
    assert_eq!(
        (&json["own"], &json["parent"], &json["fallback"]),
        (&1.into(), &2.into(), &1.into())
    );
    let by = |text: &str| -> Vec<String> {
        let lines = text.lines().skip(1);
        lines
            .map(|line| line.rsplit(',').next().unwrap().to_owned())
            .collect()
    };
    let expected = ["own", "parent", "parent", "fallback"];
    assert_eq!(by(&place.read("out.csv")), expected);

    let mut command =
        place.command("predict --models models --input - --format csv --output - --unknown parent");
    let mut run = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    run.stdin
        .take()
        .unwrap()
        .write_all(place.read("new.csv").as_bytes())
        .unwrap();
    let output = run.wait_with_output().unwrap();
    assert_eq!(by(&String::from_utf8(output.stdout).unwrap()), expected);
}

#[test]
fn parents_are_stored_beside_the_entities_and_verified() {
    for more in ["", "--models-per-file 2"] {
        let place = place(more);
        assert_whole(&place.path("models"));
        let store = place.store("models");
        let (generation, parents) = (store.generation(), store.parents().unwrap());
        assert_eq!((generation.entities, generation.trained), (6, 5));
        let noted = generation.parents.as_ref().unwrap();
        assert_eq!((noted.trained, noted.skipped, noted.failed), (5, 0, 0));
        let keys: Vec<&str> = parents.iter().map(|parent| parent.key.as_str()).collect();
        assert_eq!(
            keys,
            ["\"D,E\",west", "NL,north", "NL,south", "\"D,E\"", "NL"]
        );
        let rows: Vec<u64> = parents.iter().map(|parent| parent.rows).collect();
        assert_eq!(rows, [4, 4, 9, 4, 13]);
        let listed = place.run("inspect models --json").succeeded().json();
        assert_eq!(listed["entities"].as_array().unwrap().len(), 6);
        let verified = verify(place.path("models")).unwrap();
        assert_eq!((verified.models, verified.orphans.len()), (10, 0));

        for file in ["parents.parquet", "~parents-00000.cbor"] {
            let path = store.path().join(file);
            let whole = fs::read(&path).unwrap();
            let mut bytes = whole.clone();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0x55;
            fs::write(&path, bytes).unwrap();
            let verified = verify(place.path("models")).unwrap();
            assert_eq!(
                verified.problems.len(),
                1,
                "{file}: {:?}",
                verified.problems
            );
            fs::write(&path, whole).unwrap();
        }
    }
}

#[test]
fn a_damaged_model_is_answered_by_the_next_parent_and_reported() {
    let place = place("");
    let store = place.store("models");
    for own in fs::read_dir(store.path()).unwrap() {
        let path = own.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if name.ends_with(".cbor") && !name.starts_with('~') {
            fs::write(&path, "damaged").unwrap();
        }
    }
    // The first of the pack is that of D,E in the west.
    let pack = store.path().join("~parents-00000.cbor");
    let mut bytes = fs::read(&pack).unwrap();
    bytes[3] ^= 0x55;
    fs::write(pack, bytes).unwrap();
    let frame = df!(
        "country" => ["NL", "D,E", "D,E"],
        "region" => ["south", "west", "west"],
        "store" => [1, 1, 5],
        "size" => [1.0, 1.0, 4.0],
    );
    let frame = frame.unwrap();
    let mut predictor = parent_predictor(&place);
    for _ in 0..2 {
        let predicted = predictor.predict(&frame).unwrap();
        let expected = [
            answer("no", "parent"),
            answer("yes", "parent"),
            answer("no", "parent"),
        ];
        assert_eq!(predictions(&predicted), expected);
    }
    assert_eq!(predictor.damaged().count(), 3);
}

#[test]
fn an_update_takes_over_parents_that_did_not_change() {
    let place = place("");
    let whole = content(&place.path("models"));
    let update = format!("{TRAIN} --update --json");
    let json = place.run(&update).succeeded().json();
    assert_eq!(json["unchanged"], true);
    place.write("rows.csv", format!("{ROWS}NL,south,3,2,no\n"));
    let json = place.run(&update).succeeded().json();
    assert_eq!(
        (&json["carried"], &json["generation"]["parents"]["trained"]),
        (&5.into(), &5.into())
    );
    assert_whole(&place.path("models"));
    let rows = place.store("models").parents().unwrap();
    assert_eq!(
        rows.iter().map(|parent| parent.rows).collect::<Vec<_>>(),
        [4, 4, 10, 4, 14]
    );
    // Without --parents, they are gone, which is a change.
    let without = update.replace("--parents ", "");
    let json = place.run(&without).succeeded().json();
    assert_eq!(
        (&json["committed"], &json["generation"]["parents"]),
        (&true.into(), &serde_json::Value::Null)
    );
    place.write("rows.csv", ROWS);
    place.run(TRAIN).succeeded();
    assert!(content(&place.path("models")) == whole);
}

#[test]
fn what_cannot_have_parents_is_refused() {
    let place = place("");
    for (arguments, parts) in [
        (
            "train --input rows.csv --key store --target sold --parents --output-dir x",
            &["has one column, 'store'", "--key"][..],
        ),
        (
            &format!("{TRAIN} --update --vanished keep"),
            &["vanished", "--parents"],
        ),
    ] {
        let error = place.run(arguments).failed(2);
        for part in parts {
            assert!(error.contains(part), "{part} in {error}");
        }
    }
    place
        .run(&TRAIN.replace("--parents ", "").replace("models", "bare"))
        .succeeded();
    let error = place
        .run("predict --models bare --input rows.csv --output o.csv --unknown parent")
        .failed(2);
    assert!(
        error.contains("no models of parents") && error.contains("train --parents"),
        "{error}"
    );

    place
        .run("generate --rows 3000000 --entities 300 --complete --output big.parquet")
        .succeeded();
    let error = place
        .run("train --input big.parquet --key entity,sex --target income --parents --memory-limit 640MiB --output-dir big")
        .failed(2);
    assert!(error.contains("parents need all rows in memory"), "{error}");
}

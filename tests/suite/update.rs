//! What an update keeps of the generation before it: models of vanished entities, and champions
//! that a new model does not beat.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use per_entity::error::SpecError;
use per_entity::metrics::Metric;
use per_entity::predict::Predictor;
use per_entity::schema::Holdout;
use per_entity::store::{EntityRecord, MemoryDirectory, Store};
use per_entity::train::{Conclusion, Update};
use per_entity::tree::DecisionTreeParams;
use per_entity::{CartTrainer, DatasetSpec, Error, Training};
use polars::prelude::*;
use serde_json::Value;

use crate::support::place::Place;
use crate::support::program::{Finished, finish};
use crate::support::store::assert_whole;

/// Trains on the sample of all levels, some rows held out.
fn train_sample(place: &Place, store: &str, more: &str) -> Value {
    let output = train(place, store, &format!("--holdout 0.3 {more}"));
    output.succeeded().json()
}

/// Trains on the sample of all levels.
fn train(place: &Place, store: &str, more: &str) -> Finished {
    let train = "train --json --input sample.csv --where true";
    place.run(&format!("{train} --output-dir {store} {more}"))
}

/// A store that is whole.
fn store(place: &Place, store: &str) -> Store {
    assert_whole(&place.path(store));
    place.store(store)
}

fn records(place: &Place, store: &str) -> Vec<EntityRecord> {
    self::store(place, store).records().unwrap()
}

/// The accuracy on the rows held out.
fn accuracy(record: &EntityRecord) -> Option<f64> {
    record.holdout_score(Metric::Accuracy)
}

const SHALLOW: &str = "--max-depth 2";

#[test]
fn a_new_model_replaces_the_old_one_only_if_it_is_not_worse_on_the_same_rows() {
    let place = Place::with_sample();
    train_sample(&place, "old", SHALLOW);
    train_sample(&place, "new", "");
    for (metric, tolerance) in [
        ("accuracy", "0"),
        ("accuracy", "0.05"),
        ("brier-score", "0"),
    ] {
        let store = format!("{metric}-{tolerance}");
        train_sample(&place, &store, SHALLOW);
        let contest = format!("--update --keep-better {metric} --tolerance {tolerance}");
        let updated = train_sample(&place, &store, &contest);
        let table = self::store(&place, &store)
            .entities()
            .unwrap()
            .collect()
            .unwrap();
        let winners = table.column("winner").unwrap().str().unwrap().clone();
        let score = |column: &str, row: usize| {
            let scores = table.column(column).unwrap().f64().unwrap().clone();
            scores.get(row)
        };
        let (old, new) = (records(&place, "old"), records(&place, "new"));
        let (mut champions, mut challengers) = (0, 0);
        for (row, kept) in records(&place, &store).iter().enumerate() {
            let (old, new) = (&old[row], &new[row]);
            let bytes = |record: &EntityRecord, store: &str| {
                let mut bytes = Vec::new();
                let model = self::store(&place, store).model_of(record).unwrap();
                model.encode(&mut bytes);
                bytes
            };
            let (champion, challenger) =
                (score("champion_score", row), score("challenger_score", row));
            if metric == "accuracy" {
                assert_eq!((champion, challenger), (accuracy(old), accuracy(new)));
            }
            let tolerance: f64 = tolerance.parse().unwrap();
            let loss = match (champion, challenger) {
                (Some(champion), Some(challenger)) if metric == "accuracy" => champion - challenger,
                (Some(champion), Some(challenger)) => challenger - champion,
                _ => f64::NEG_INFINITY,
            };
            let stays = loss > tolerance;
            let expected = if stays {
                bytes(old, "old")
            } else {
                bytes(new, "new")
            };
            assert_eq!(bytes(kept, &store), expected, "{}", kept.key);
            let fingerprint = if stays {
                old.summary.unwrap().fingerprint
            } else {
                new.summary.unwrap().fingerprint
            };
            assert_eq!(
                kept.summary.unwrap().fingerprint,
                fingerprint,
                "{}",
                kept.key
            );
            if bytes(old, "old") == bytes(new, "new") {
                assert_eq!(winners.get(row), None);
            } else {
                assert_eq!(
                    winners.get(row),
                    Some(if stays { "champion" } else { "challenger" })
                );
                champions += u64::from(stays);
                challengers += u64::from(!stays);
            }
        }
        let contest = &updated["generation"]["contest"];
        assert_eq!(contest["champions"], champions);
        assert_eq!(contest["challengers"], challengers);
        assert!(
            champions > 0 || tolerance != "0",
            "{store}: no champion stayed"
        );
        assert!(
            challengers > 0 || metric != "accuracy",
            "{store}: no challenger won"
        );
        let holdout = &updated["generation"]["holdout"]["overall"]["micro"];
        let field = metric.replace('-', "_");
        assert_eq!(contest["after"], holdout[&field]);
    }
}

#[test]
fn a_regression_commits_nothing() {
    let place = Place::with_sample();
    // Averaged over their prunings, deep trees would not be worse.
    let unpruned = "--pruning none --category-splits one";
    let overall = |store: &str, more: &str| {
        let trained = train_sample(&place, store, &format!("{unpruned} {more}"));
        trained["generation"]["holdout"]["overall"].clone()
    };
    let (before, after) = (overall("store", SHALLOW), overall("new", ""));
    let accuracy = |overall: &Value| overall["micro"]["accuracy"].as_f64().unwrap();
    let drop = accuracy(&before) - accuracy(&after);
    assert!(drop > 0.0, "trees of depth 2 are better on these rows");
    let update = |limit: f64| {
        let more = format!("{unpruned} --holdout 0.3 --update --max-regression {limit}");
        train(&place, "store", &more)
    };
    let error = update(drop - 1e-9).failed(1);
    assert!(error.contains("nothing is committed"), "{error}");
    assert_eq!(store(&place, "store").generation().number, 1);
    let names = fs::read_dir(place.path("store")).unwrap();
    let left = names.filter(|name| {
        let name = name.as_ref().unwrap().file_name();
        name.to_string_lossy().starts_with(".staging")
    });
    assert_eq!(left.count(), 0);
    update(drop + 1e-9).succeeded();
    assert_eq!(store(&place, "store").generation().number, 2);
}

#[test]
fn a_contest_needs_rows_held_out_and_a_generation_to_update() {
    let place = Place::with_sample();
    for arguments in [
        "--keep-better accuracy --holdout 0.2",
        "--keep-better accuracy --update",
        "--max-regression 0.1 --update",
        "--tolerance 0.1 --update --holdout 0.2",
        "--max-regression -1 --update --holdout 0.2",
        "--keep-better accuracy --tolerance nan --update --holdout 0.2",
    ] {
        let output = train(&place, "store", arguments);
        assert_eq!(output.code, Some(2), "{arguments}: {}", output.stderr);
        assert!(!place.path("store").exists(), "{arguments}");
    }
    // The first run of all has nothing to compare with.
    let first = "--update --keep-better accuracy --max-regression 0";
    let first = train_sample(&place, "store", first);
    assert_eq!(first["generation"]["contest"], Value::Null);

    let other = "--ignore age --holdout 0.2 --update --keep-better f1 --other-dataset";
    let error = train(&place, "store", other).failed(2);
    assert!(error.contains("nor be compared"), "{error}");
}

#[test]
fn an_update_with_another_dataset_is_refused_unless_told() {
    let place = Place::new();
    place.write(
        "rows.csv",
        "shop,town,size,w,sold,kept\na,x,1,1,yes,1\na,y,2,1,no,2\nb,x,1,1,no,1\nb,y,2,1,yes,2\n",
    );
    let train = |more: &str| {
        let train = "train --input rows.csv --output-dir store --update";
        place.run(&format!("{train} {more}"))
    };
    let first = "--key shop --target sold --ignore kept,w --missing NA";
    train(first).succeeded();
    for (other, named) in [
        (
            "--key town --target sold --ignore kept,w --missing NA",
            &[
                "key: 'town' here, 'shop' in the store",
                "'shop' (categorical, text) here, 'town'",
            ][..],
        ),
        (
            "--key shop --target kept --ignore sold,w --missing NA",
            &["target: 'kept' (whole numbers) here, 'sold' (text) in the store"],
        ),
        (
            "--key shop --target sold --ignore kept --missing NA",
            &[
                "features that differ: 'w' (numeric, ",
                ") here, none in the store",
            ],
        ),
        (
            "--key shop --target sold --ignore kept,w,size --missing NA",
            &["features that differ: none here, 'size' (numeric, "],
        ),
        (
            "--key shop --target sold --ignore kept,w --categorical size --missing NA",
            &["'size' (categorical, ", ") here, 'size' (numeric, "],
        ),
        (
            "--key shop --target sold --ignore kept --weight w --missing NA",
            &["weight: 'w' here, none in the store"],
        ),
        (
            "--key shop --target sold --ignore kept,w --missing NA --where 'size > 0'",
            &["filter: 'size > 0' here, none in the store"],
        ),
        (
            "--key shop --target sold --ignore kept,w --missing none,NA",
            &["texts for a missing value: 'NA', 'none' here, 'NA' in the store"],
        ),
    ] {
        let error = train(other).failed(2);
        for part in named.iter().chain(&["--other-dataset"]) {
            assert!(error.contains(part), "{part} in {error}");
        }
        assert_eq!(store(&place, "store").generation().number, 1);
        train(&format!("{other} --other-dataset")).succeeded();
        assert_eq!(store(&place, "store").generation().number, 2);
        fs::remove_dir_all(place.path("store")).unwrap();
        train(first).succeeded();
    }
    // With another filter only, models can stay beside new ones.
    let update = format!("{first} --update --vanished keep --other-dataset");
    let mut update = place.command(&format!(
        "train --input rows.csv --output-dir store {update}"
    ));
    finish(update.args(["--where", "shop <> 'a'"])).succeeded();
    assert_eq!(records(&place, "store").len(), 2);
    let target = "--key shop --target kept --ignore sold,w --vanished keep --other-dataset";
    let error = train(target).failed(2);
    assert!(error.contains("neither stay next to new ones"), "{error}");
}

#[test]
fn what_vanished_stays_in_the_order_of_whole_number_keys() {
    let place = Place::new();
    let rows = |shops: &[u32], sold: &str| {
        let rows = shops
            .iter()
            .map(|shop| format!("{shop},1,{sold}\n{shop},2,no\n"));
        "shop,size,sold\n".to_owned() + &rows.collect::<String>()
    };
    place.write("all.csv", rows(&[1, 2, 9, 10, 11, 100], "perhaps"));
    place.write("some.csv", rows(&[2, 10, 12], "yes"));
    for (store, more) in [("single", ""), ("packed", "--models-per-file 4")] {
        let train = format!("train --key shop --target sold --output-dir {store} {more}");
        place.run(&format!("{train} --input all.csv")).succeeded();
        place
            .run(&format!(
                "{train} --input some.csv --update --vanished keep"
            ))
            .succeeded();
        let keys: Vec<String> = records(&place, store).into_iter().map(|r| r.key).collect();
        assert_eq!(keys, ["1", "2", "9", "10", "11", "12", "100"]);
        let store = self::store(&place, store);
        let row = df!("size" => [1]).unwrap();
        let predicted = |key: &str| store.model(key).unwrap().predict(&row).unwrap()[0].to_owned();
        assert_eq!(predicted("9"), "perhaps");
        assert_eq!(predicted("10"), "yes");
        // A class that only earlier models know is one of the store's.
        assert_eq!(store.generation().run.classes, ["no", "perhaps", "yes"]);
        let mixed = df!("shop" => [9, 10, 12], "size" => [1, 1, 1]).unwrap();
        let mut predictor = Predictor::new(store).unwrap();
        let predicted = predictor.predict(&mixed).unwrap();
        let predicted = predicted
            .column("prediction")
            .unwrap()
            .str()
            .unwrap()
            .clone();
        assert_eq!(
            predicted.iter().flatten().collect::<Vec<_>>(),
            ["perhaps", "yes", "yes"]
        );
    }
}

#[test]
fn an_update_in_which_nothing_changed_commits_nothing_unless_told() {
    let place = Place::new();
    place.write("rows.csv", "k,x,y\na,1,p\na,2,q\nb,1,q\nb,2,p\nc,1,p\n");
    place.write("some.csv", "k,x,y\na,1,p\na,2,q\n");
    let train = |more: &str| {
        let train = "train --key k --target y --output-dir store --update --holdout 0.4";
        place.run(&format!("{train} {more}"))
    };
    let all = "--input rows.csv --min-rows 2 --pooled";
    train(all).succeeded();
    let before = tree(&place.path("store"));
    let text = train(all).succeeded().stdout;
    for part in [
        "5 rows read",
        "nothing changed: all 3 entities",
        "gen-000001",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let json = train(&format!("{all} --json")).succeeded().json();
    assert_eq!(
        (&json["unchanged"], &json["committed"]),
        (&Value::from(true), &Value::from(false))
    );
    assert_eq!(
        (&json["generation"]["number"], &json["carried"]),
        (&1.into(), &2.into())
    );
    let kept = "--input some.csv --min-rows 2 --vanished keep";
    assert!(before == tree(&place.path("store")));

    for changed in [
        "--input rows.csv --min-rows 2",
        "--input rows.csv --min-rows 1 --pooled",
        "--input some.csv --min-rows 2 --pooled",
        "--input rows.csv --min-rows 2 --pooled --max-depth 1",
        "--input rows.csv --min-rows 2 --pooled --seed 1",
        "--input rows.csv --min-rows 2 --pooled --models-per-file 2",
        "--input rows.csv --min-rows 2 --pooled --commit-unchanged",
    ] {
        let json = train(&format!("{changed} --json")).succeeded().json();
        assert_eq!(json["committed"], true, "{changed}");
        place.run("rollback store 1").succeeded();
    }
    // What vanished and is kept has not changed either.
    train("--input rows.csv --min-rows 2").succeeded();
    let before = tree(&place.path("store"));
    let json = train(&format!("{kept} --json")).succeeded().json();
    assert_eq!(json["unchanged"], true);
    assert!(before == tree(&place.path("store")));
}

#[test]
fn the_order_of_columns_makes_nothing_new() {
    let frame = df!(
        "shop" => ["a", "a", "b", "b"],
        "size" => [1, 2, 1, 2],
        "colour" => ["red", "blue", "blue", "red"],
        "sold" => ["no", "yes", "yes", "no"],
    )
    .unwrap();
    let directory = MemoryDirectory::new();
    let spec = DatasetSpec::new(["shop"], "sold");
    let training = Training::new(spec, CartTrainer::default());
    training.run(frame.clone(), &directory).unwrap();
    let other = frame.select(["sold", "colour", "size", "shop"]).unwrap();
    let update = training.update(Update::new());
    let conclusion = update.run(other, &directory).unwrap();
    assert!(
        matches!(conclusion, Conclusion::Unchanged(_)),
        "features are known by their names"
    );
}

/// All files of a directory, by their paths.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => files.extend(tree(&path)),
            false => drop(files.insert(path.clone(), fs::read(&path).unwrap())),
        }
    }
    files
}

#[test]
fn models_that_may_have_seen_the_rows_held_out_do_not_compete() {
    let place = Place::new();
    let rows = |days: std::ops::Range<u32>| {
        let rows = days.flat_map(|day| {
            let shops = ["a", "b"].into_iter();
            shops.map(move |shop| format!("{shop},{day},2013-10-{day:02},{}\n", day / 2 % 2))
        });
        "shop,x,day,y\n".to_owned() + &rows.collect::<String>()
    };
    place.write("all.csv", rows(1..29));
    place.write("more.csv", rows(1..31));
    place.write(
        "a.csv",
        rows(1..29)
            .lines()
            .filter(|l| !l.starts_with("b,"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    let train = |more: &str| {
        let train = "train --key shop --target y --ignore day --output-dir store --update";
        place.run(&format!("{train} {more}"))
    };
    let refused = |more: &str, parts: &[&str]| {
        for gate in ["--keep-better accuracy", "--max-regression 0.5"] {
            let error = train(&format!("{more} {gate}")).failed(2);
            for part in [parts, &["--update without --keep-better"]].concat() {
                assert!(error.contains(part), "{part} in {error}");
            }
        }
    };
    let gate = "--keep-better accuracy --commit-unchanged";
    train("--input all.csv").succeeded();
    refused(
        "--input all.csv --holdout 0.25",
        &["2 of the current models", "without holding rows out"],
    );
    train("--input all.csv --holdout 0.25").succeeded();
    train(&format!("--input all.csv --holdout 0.25 {gate}")).succeeded();
    train(&format!("--input more.csv --holdout 0.25 {gate}")).succeeded();
    refused(
        "--input more.csv --holdout 0.5",
        &["'a'", "0.25 drawn with seed 0"],
    );
    refused(
        "--input more.csv --holdout 0.25 --seed 1",
        &["0.25 drawn with seed 0"],
    );
    refused(
        "--input more.csv --holdout 0.25 --holdout-by x",
        &["0.25 drawn with seed 0"],
    );

    // A model that stays has what was held out of its own training, however many runs ago.
    train("--input a.csv --holdout 0.5 --vanished keep").succeeded();
    train("--input a.csv --holdout 0.5 --vanished keep --max-regression 1 --commit-unchanged")
        .succeeded();
    refused(
        "--input all.csv --holdout 0.5",
        &["1 of the current models", "'b'", "0.25 drawn"],
    );
    let held_out = records(&place, "store");
    let held_out = held_out.iter().map(|r| r.held_out().unwrap().to_string());
    assert_eq!(
        held_out.collect::<Vec<_>>(),
        ["0.5 drawn with seed 0", "0.25 drawn with seed 0"]
    );
}

#[test]
fn a_time_to_hold_out_from_may_move_on_but_not_back() {
    let days = |last: i32| {
        let days: Vec<i32> = (0..last).collect();
        let frame = df!(
            "shop" => vec!["a"; days.len()],
            "day" => &days,
            "x" => &days,
            "y" => days.iter().map(|day| day / 3 % 2).collect::<Vec<_>>(),
        );
        let mut frame = frame.unwrap();
        let day = frame.column("day").unwrap().cast(&DataType::Date).unwrap();
        frame.with_column(day).unwrap();
        frame
    };
    let memory = MemoryDirectory::new();
    let run = |last: i32, span: &str, update: Update| {
        let spec = DatasetSpec {
            ignore: vec!["day".into()],
            ..DatasetSpec::new(["shop"], "y")
        };
        // Not pruned, the model of more days ties with the earlier one, and so replaces it.
        let trainer = CartTrainer::new(DecisionTreeParams::new()).unwrap();
        let training = Training::new(spec, trainer);
        let training = training.holdout(Holdout::last("day", span.parse().unwrap()));
        training.update(update).run(days(last), &memory)
    };
    let gate = || Update::new().keep_better(Metric::Accuracy, 0.0);
    run(60, "2w", Update::new()).unwrap();
    run(74, "2w", gate()).unwrap();
    let error = run(74, "4w", gate()).unwrap_err();
    assert!(
        matches!(error, Error::Spec(SpecError::ContestSeen { models: 1, .. })),
        "{error}"
    );
    run(74, "1w", gate()).unwrap();
}

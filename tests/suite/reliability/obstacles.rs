//! Names that are taken: by what is none of the store's, by links, pipes and folders.

use std::fs;
use std::os::unix::fs::symlink;

use per_entity::store::Store;
use rustix::fs::{CWD, FileType, Mode, mknodat};

use crate::support::place::Place;
use crate::support::store::{assert_whole, forge_manifest};

const TRAIN: &str = "train --input sample.csv --preset adult --output-dir models";

fn place() -> Place {
    let place = Place::with_sample();
    place.run(TRAIN).succeeded();
    place
}

fn pipe(place: &Place, name: &str) {
    mknodat(
        CWD,
        place.path(name),
        FileType::Fifo,
        Mode::RUSR | Mode::WUSR,
        0,
    )
    .unwrap();
}

#[test]
fn a_first_run_that_ended_between_its_renames_is_taken_up() {
    let place = place();
    let model = fs::read(place.path("models/gen-000001/Bachelors.cbor")).unwrap();
    fs::remove_file(place.path("models/manifest.json")).unwrap();
    let foreign = place.run(TRAIN).failed(2);
    assert!(foreign.contains("not a store"), "{foreign}");
    // With its journal, the folder is what an interrupted run left.
    place.write("models/gen-000001/.journal", "");
    place.run(TRAIN).succeeded();
    let again = fs::read(place.path("models/gen-000001/Bachelors.cbor")).unwrap();
    assert!(again == model);
    assert_whole(&place.path("models"));
}

#[test]
fn whatever_has_the_next_name_is_stepped_over_and_left() {
    let place = place();
    place.write("models/gen-000002", "mine");
    fs::create_dir(place.path("models/gen-000003")).unwrap();
    place.write("models/.staging-000001", "mine");
    symlink("/", place.path("models/.staging-000002")).unwrap();
    place.run(TRAIN).succeeded();
    assert_eq!(place.store("models").generation().number, 4);
    assert_eq!(place.read("models/gen-000002"), "mine");
    place.run(TRAIN).succeeded();
    assert_eq!(place.store("models").generation().number, 5);
    assert_whole(&place.path("models"));
}

#[test]
fn prune_removes_what_is_exactly_a_generation_and_tells_of_the_rest() {
    let place = place();
    for _ in 0..2 {
        place.run(TRAIN).succeeded();
    }
    let others = ["gen-000001.bak", "gen-notes", "gen-1", "gen-0000002"];
    for name in others {
        fs::create_dir(place.path(&format!("models/{name}"))).unwrap();
    }
    place.write("models/gen-x", "mine");
    symlink("/", place.path("models/gen-000009")).unwrap();
    place.write("models/gen-000003/.journal", "");
    let pruned = place
        .run("prune models --keep 1 --keep-for 0 --json")
        .succeeded()
        .json();
    assert_eq!(pruned["removed"].as_array().unwrap().len(), 2);
    assert_eq!(pruned["left"].as_array().unwrap().len(), 6, "{pruned}");
    for name in others {
        assert!(place.path(&format!("models/{name}")).is_dir(), "{name}");
    }
    assert!(place.path("models/gen-x").exists());
    assert!(!place.path("models/gen-000003/.journal").exists());
    assert_whole(&place.path("models"));
}

#[test]
fn generations_that_were_current_not_long_ago_are_kept() {
    let place = place();
    for _ in 0..2 {
        place.run(TRAIN).succeeded();
    }
    let pruned = place.run("prune models --keep 1 --json").succeeded().json();
    assert_eq!(pruned["recent"], serde_json::json!([1, 2]));
    assert_eq!(pruned["removed"].as_array().unwrap().len(), 0);
    // The first one was current until long ago, and of the second one that is known by the third.
    forge_manifest(&place.path("models/manifest.json"), |manifest| {
        let generations = manifest["generations"].as_array_mut().unwrap();
        generations[0]["current_until"] = "2020-01-01T00:00:00.000Z".into();
        let second = generations[1].as_object_mut().unwrap();
        assert!(second.remove("current_until").is_some());
    });
    let prune = "prune models --keep 1 --keep-for 4000000000y --json";
    let pruned = place.run(prune).succeeded().json();
    assert_eq!(pruned["recent"], serde_json::json!([1, 2]));
    let prune = "prune models --keep 1 --keep-for 1h --json";
    let pruned = place.run(prune).succeeded().json();
    assert_eq!(pruned["recent"], serde_json::json!([2]));
    let removed = pruned["removed"][0].as_str().unwrap();
    assert!(removed.ends_with("gen-000001"), "{removed}");
    let error = place.run("prune models --keep 1 --keep-for soon").failed(2);
    assert!(error.contains("span of time"), "{error}");
}

#[test]
fn the_last_number_is_given_and_no_other_one() {
    let place = place();
    let last: u64 = 1 << 48;
    let folder = format!("gen-{:06}", last - 1);
    fs::rename(
        place.path("models/gen-000001"),
        place.path(&format!("models/{folder}")),
    )
    .unwrap();
    forge_manifest(&place.path("models/manifest.json"), |manifest| {
        manifest["current"] = (last - 1).into();
        manifest["generations"][0]["number"] = (last - 1).into();
        manifest["generations"][0]["directory"] = folder.into();
    });
    place.run(TRAIN).succeeded();
    assert_eq!(place.store("models").generation().number, last);
    let error = place.run(TRAIN).failed(2);
    assert!(error.contains("another directory"), "{error}");
    assert_whole(&place.path("models"));
}

#[test]
fn no_link_is_followed_on_write() {
    let place = place();
    place.write("precious", "mine");
    for name in ["models/.manifest.json", "out.csv.partial"] {
        symlink(place.path("precious"), place.path(name)).unwrap();
    }
    place.run(TRAIN).succeeded();
    place
        .run("predict models --input sample.csv --output out.csv")
        .succeeded();
    assert_eq!(place.read("out.csv").lines().count(), 2_001);
    let lock = place.path("models/.lock");
    fs::remove_file(&lock).unwrap();
    symlink(place.path("precious"), &lock).unwrap();
    let error = place.run(TRAIN).failed(2);
    assert!(
        error.contains(".lock: is not a regular file; remove it"),
        "{error}"
    );
    assert_eq!(place.read("precious"), "mine");
}

#[test]
fn neither_a_pipe_nor_a_folder_is_waited_for() {
    let place = place();
    let lock = place.path("models/.lock");
    fs::remove_file(&lock).unwrap();
    pipe(&place, "models/.lock");
    for command in [TRAIN, "rollback models 1", "prune models --keep 1"] {
        let error = place.run(command).failed(2);
        assert!(error.contains("is not a regular file"), "{error}");
    }
    fs::remove_file(&lock).unwrap();
    fs::create_dir(&lock).unwrap();
    let error = place.run(TRAIN).failed(2);
    assert!(error.contains("is not a regular file"), "{error}");
    fs::remove_dir(&lock).unwrap();
    pipe(&place, "models/.manifest.json");
    pipe(&place, "out.csv.partial");
    place.run(TRAIN).succeeded();
    place
        .run("predict models --input sample.csv --output out.csv")
        .succeeded();
    for name in [
        "gen-000001/Bachelors.cbor",
        "gen-000001/entities.parquet",
        "manifest.json",
    ] {
        fs::remove_file(place.path("models").join(name)).unwrap();
        pipe(&place, &format!("models/{name}"));
        let output = place.run("verify models");
        assert!(matches!(output.code, Some(1 | 2)), "{output:?}");
        assert!(
            output.stderr.contains("is not a regular file"),
            "{output:?}"
        );
    }
}

#[test]
fn nobody_goes_back_to_a_damaged_generation() {
    let place = place();
    place.run(TRAIN).succeeded();
    let model = place.path("models/gen-000001/Masters.cbor");
    let mut bytes = fs::read(&model).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&model, bytes).unwrap();
    let error = place.run("rollback models 1").failed(2);
    assert!(error.contains("Masters"), "{error}");
    assert_eq!(
        Store::open(place.path("models"))
            .unwrap()
            .generation()
            .number,
        2
    );
}

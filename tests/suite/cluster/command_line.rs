//! The commands, as a shell runs them.

use std::fs::File;
use std::process::Stdio;

use per_entity::train::cluster::OutcomeStream;
use polars::prelude::*;

use super::{parts, rows};
use crate::support::mutation::Random;
use crate::support::place::Place;
use crate::support::program::finish;
use crate::support::store::{assert_whole, content};

/// Rows in a file, and in a stream for each part.
fn place() -> Place {
    let place = Place::new();
    let mut random = Random(1);
    let mut all = rows(&mut random, 1_000);
    let file = File::create(place.path("all.parquet")).unwrap();
    ParquetWriter::new(file).finish(&mut all).unwrap();
    for (part, rows) in parts(&mut random, &all, 3).into_iter().enumerate() {
        let file = File::create(place.path(&format!("part-{part}.arrow"))).unwrap();
        let mut stream = OutcomeStream::new(file);
        stream.write(rows).unwrap();
        stream.finish().unwrap();
    }
    place
}

const RUN: &str = "--key country,shop --target busy --ignore sales";

fn worker(place: &Place, part: usize) {
    let mut command = place.command(&format!("worker --plan plan --part {part}"));
    let rows = File::open(place.path(&format!("part-{part}.arrow"))).unwrap();
    let outcomes = File::create(place.path(&format!("outcomes-{part}.arrow"))).unwrap();
    let status = command
        .stdin(rows)
        .stdout(outcomes)
        .stderr(Stdio::null())
        .status();
    assert!(status.unwrap().success());
}

#[test]
fn streams_of_rows_become_the_store_of_a_single_run() {
    let place = place();
    place
        .run(&format!(
            "train --input all.parquet {RUN} --output-dir whole"
        ))
        .succeeded();
    let plan = format!("plan --input all.parquet {RUN} --output plan --json");
    let told = place.run(&plan).succeeded().json();
    assert_eq!(told["classes"], serde_json::json!(["false", "true"]));
    (0..3).for_each(|part| worker(&place, part));
    let commit = "commit --plan plan --input outcomes-0.arrow outcomes-1.arrow outcomes-2.arrow";
    let told = place
        .run(&format!(
            "{commit} --rows 1000 --parts 3 --output-dir models --json"
        ))
        .succeeded()
        .json();
    assert_eq!(told["committed"], true);
    assert_whole(&place.path("models"));
    let models = |store: &str| {
        let mut files = content(&place.path(store));
        files.retain(|name, _| name.starts_with("gen-"));
        files
    };
    assert!(models("models") == models("whole"));
    // Once more, for a retry of the whole commit is a generation of its own.
    place
        .run(&format!("{commit} --output-dir models"))
        .succeeded();
    assert_eq!(place.store("models").generation().number, 2);
}

#[test]
fn a_stream_is_an_input_like_any_file() {
    let place = place();
    let streams = "part-0.arrow part-1.arrow part-2.arrow";
    place
        .run(&format!(
            "train --input {streams} {RUN} --output-dir streams"
        ))
        .succeeded();
    place
        .run(&format!(
            "train --input all.parquet {RUN} --output-dir file"
        ))
        .succeeded();
    let table = |store: &str| {
        let table = place.store(store).entities().unwrap();
        table.collect().unwrap()
    };
    assert_eq!(table("streams"), table("file"));
    let bytes = std::fs::read(place.path("part-0.arrow")).unwrap();
    for cut in [
        7,
        8,
        9,
        100,
        bytes.len() / 2,
        bytes.len() - 9,
        bytes.len() - 8,
    ] {
        place.write("cut.arrow", &bytes[..cut]);
        let error = place.run("describe cut.arrow").failed(2);
        assert!(error.contains("cut.arrow"), "{cut}: {error}");
    }
}

#[test]
fn what_is_wrong_is_told_before_anything_is_written() {
    let place = place();
    let plan = format!("plan --input all.parquet {RUN} --output plan");
    place.run(&plan).succeeded();
    place.write(
        "rows.csv",
        "country,shop,hour,sky,customer,busy,sales\nNL,2,9,sun,1,maybe,1\n",
    );
    let error = place
        .run("worker --plan plan --part 0 --input rows.csv")
        .failed(2);
    assert!(error.contains("maybe"), "{error}");
    let error = place
        .run("worker --plan all.parquet --part 0 --input rows.csv")
        .failed(2);
    assert!(error.contains("not a plan"), "{error}");
    let mut command = place.command("worker --plan plan --part 0");
    command.stdin(Stdio::null());
    assert!(finish(&mut command).failed(2).contains("no rows"));
    worker(&place, 1);
    let error = place
        .run("commit --plan plan --input outcomes-1.arrow --parts 3 --output-dir models")
        .failed(2);
    assert!(error.contains("1 parts, and should have 3"), "{error}");
    assert!(!place.path("models").exists());
    let error = place
        .run(&format!(
            "plan --input all.parquet {RUN} --pooled --output other"
        ))
        .failed(2);
    assert!(error.contains("run in parts"), "{error}");
    assert!(!place.path("other").exists());
    let before = std::fs::read(place.path("all.parquet")).unwrap();
    let error = place
        .run(&format!(
            "plan --input all.parquet {RUN} --output all.parquet"
        ))
        .failed(2);
    assert!(error.contains("would overwrite"), "{error}");
    assert!(std::fs::read(place.path("all.parquet")).unwrap() == before);
}

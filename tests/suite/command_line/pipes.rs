//! Readers that have seen enough.

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;
use std::thread;

use crate::support::place::Place;
use crate::support::program::{Finished, finish};

/// Runs a command, reads one line of what it prints, and closes the pipe.
#[track_caller]
fn one_line_of(place: &Place, arguments: &str) {
    let mut run = place
        .command(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut reader = BufReader::with_capacity(64, run.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    assert!(!line.is_empty(), "{arguments}");
    drop(reader);
    let finished = Finished::from(run.wait_with_output().unwrap());
    assert_eq!(
        (finished.code, finished.stderr.as_str()),
        (Some(0), ""),
        "{arguments}"
    );
}

/// A store of many entities, and many rows of them, more than a pipe holds.
fn large() -> Place {
    let place = Place::new();
    place
        .run("generate --rows 40000 --entities 2000 --output rows.csv")
        .succeeded();
    place
        .run(
            "train --input rows.csv --key entity --target income --max-depth 2 --output-dir models",
        )
        .succeeded();
    place
}

#[test]
fn a_pipe_that_is_closed_early_ends_a_command_in_silence() {
    let place = large();
    for format in ["csv", "tsv", "ndjson", "parquet", "ipc"] {
        let mut run = place
            .command("predict models --input rows.csv --output - --output-format")
            .arg(format)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(run.stdout.take());
        let finished = Finished::from(run.wait_with_output().unwrap());
        assert_eq!(
            (finished.code, finished.stderr.as_str()),
            (Some(0), ""),
            "{format}"
        );
    }
    for command in [
        "predict models --input rows.csv --output -",
        "inspect models --limit 0",
        "inspect models --json",
        "inspect models --entity 0",
        "evaluate models --input rows.csv --json",
        "evaluate models --input rows.csv --limit 0",
        "history models",
        "history models --json",
        "verify models",
        "train --input rows.csv --key entity --target income --explain",
        "completions bash",
        "man",
        "--help",
    ] {
        one_line_of(&place, command);
    }
}

#[test]
fn a_closed_pipe_ends_rows_that_come_one_by_one() {
    let place = large();
    let rows = place.read("rows.csv");
    let mut run = place
        .command("predict models --input - --format csv --output -")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = run.stdin.take().unwrap();
    // The program may end before it has read all.
    let writer = thread::spawn(move || {
        let _ = input.write_all(rows.as_bytes());
    });
    let mut line = String::new();
    let mut reader = BufReader::with_capacity(64, run.stdout.take().unwrap());
    reader.read_line(&mut line).unwrap();
    drop(reader);
    let finished = Finished::from(run.wait_with_output().unwrap());
    assert_eq!((finished.code, finished.stderr.as_str()), (Some(0), ""));
    writer.join().unwrap();
}

#[test]
fn a_device_without_room_is_an_error() {
    let place = large();
    for command in [
        "predict models --input rows.csv --output -",
        "predict models --input rows.csv --output - --output-format parquet",
        "inspect models",
        "completions bash",
    ] {
        let full = std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap();
        let finished = finish(place.command(command).stdout(full));
        finished.failed(2);
    }
}

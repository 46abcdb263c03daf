//! A memory limit holds, for every command: by the memory that the program has at the peak.

use std::fmt::Write;

use crate::support::place::Place;
use crate::support::program::{Finished, PeakMemory, finish_watched};

/// The lowest limit.
const LIMIT: u64 = 640 << 20;

/// What the peak may be: a tenth above the limit.
const ALLOWED: u64 = LIMIT + LIMIT / 10;

fn limited(place: &Place, command: &str) -> (Finished, PeakMemory) {
    finish_watched(&mut place.command(&format!("{command} --memory-limit 640MiB")))
}

/// Runs a command within the limit, to its good end.
#[track_caller]
fn holds(place: &Place, command: &str) -> Finished {
    let (finished, peak) = limited(place, command);
    assert!(peak.resident <= ALLOWED, "{command}: {peak:?}");
    finished.succeeded()
}

/// Runs a command that needs more.
#[track_caller]
fn is_refused(place: &Place, command: &str, problem: &str) {
    let (finished, peak) = limited(place, command);
    let error = finished.failed(2);
    assert!(error.contains(problem), "{command}: {error}");
    assert!(error.contains("--memory-limit"), "{command}: {error}");
    assert!(peak.resident <= ALLOWED, "{command}: {peak:?}");
}

#[test]
fn more_rows_than_fit_are_trained_predicted_and_described_within_the_limit() {
    let place = Place::new();
    place
        .run("generate --rows 4000000 --entities 3000 --output rows.parquet")
        .succeeded();
    holds(
        &place,
        "train --input rows.parquet --key entity --target income --output-dir models",
    );
    let predicted = holds(
        &place,
        "predict --models models --input rows.parquet --output out.parquet --json",
    );
    assert_eq!(predicted.json()["rows"], 4_000_000);
    holds(&place, "describe rows.parquet");
    holds(&place, "inspect models --importance");
    holds(&place, "verify models");
    // All rows at once, and the least that will do.
    let evaluate = "evaluate --models models --input rows.parquet";
    let (finished, peak) = limited(&place, evaluate);
    let error = finished.failed(2);
    assert!(peak.resident < 128 << 20, "{peak:?}");
    let (_, least) = error.split_once("; give ").unwrap();
    let (least, _) = least.split_once(" MiB or more").unwrap();
    let least: u64 = least.parse().unwrap();
    let evaluate = format!("{evaluate} --memory-limit {least}MiB");
    let (finished, peak) = finish_watched(&mut place.command(&evaluate));
    finished.succeeded();
    assert!(
        peak.resident <= (least << 20) + (least << 20) / 10,
        "{peak:?}"
    );
    is_refused(
        &place,
        "compare --input rows.parquet --key entity --target income",
        "all rows are needed in memory at once",
    );
}

#[test]
fn what_needs_more_than_the_limit_ends_with_a_word() {
    let place = Place::new();
    // Each value is another, so describing the columns takes much.
    let mut text = "k,y".to_owned();
    (0..24).for_each(|column| write!(text, ",c{column}").unwrap());
    for row in 0..250_000 {
        write!(text, "\n{},{}", row % 3, row % 2).unwrap();
        (0..24).for_each(|column| write!(text, ",{column}-{row}-of-many").unwrap());
    }
    place.write("rows.csv", text);
    place.write("few.csv", "k,x,y\na,1,p\na,2,q\n");
    let train = "train --key k --target y --output-dir models --input";
    place.run(&format!("{train} few.csv")).succeeded();
    let before = place.store("models").generation().clone();
    let (finished, peak) = limited(&place, &format!("{train} rows.csv --pooled"));
    let error = finished.failed(2);
    let problem = "more memory is needed than the limit of 640 MiB";
    assert!(error.contains(problem), "{error}");
    assert!(error.contains("hint: --memory-limit"), "{error}");
    // Beside the pages of the file that the system maps.
    assert!(peak.own <= ALLOWED, "{peak:?}");
    assert_eq!(*place.store("models").generation(), before);
    holds(&place, &format!("{train} few.csv"));
}

#[test]
fn many_classes_are_trained_and_predicted_within_the_limit() {
    let place = Place::new();
    let mut text = "k,x,y\n".to_owned();
    for row in 0..200_000 {
        writeln!(text, "k{},{row},c{row}", row / 10).unwrap();
    }
    place.write("rows.csv", text);
    let train = "--key k --target y --output-dir models";
    holds(&place, &format!("train --input rows.csv {train}"));
    place.write("one.csv", "k,x\nk7,3\n");
    holds(
        &place,
        "predict --models models --input one.csv --output out.csv",
    );
}

#[test]
fn a_limit_that_is_too_low_touches_nothing() {
    let place = Place::with_sample();
    place
        .run("train --input sample.csv --output-dir models")
        .succeeded();
    place
        .run("plan --input sample.csv --output plan")
        .succeeded();
    for command in [
        "train --input sample.csv --output-dir other",
        "evaluate --models models --input sample.csv",
        "compare --input sample.csv",
        "predict --models models --input sample.csv --output out.csv",
        "describe sample.csv",
        "inspect models",
        "verify models",
        "plan --input sample.csv --output other",
        "worker --plan plan --part 0 --input sample.csv",
        "commit --plan plan --input sample.csv --output-dir other",
    ] {
        let error = place
            .run(&format!("{command} --memory-limit 600MiB"))
            .failed(2);
        assert!(error.contains("give 640 MiB or more"), "{command}: {error}");
        assert!(
            error.contains("hint: it is that of --memory-limit"),
            "{error}"
        );
    }
    assert!(!place.path("other").exists() && !place.path("out.csv").exists());
}

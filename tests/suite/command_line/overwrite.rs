//! Outputs that are inputs.

use std::fs;
use std::os::unix::fs::symlink;

use crate::support::place::Place;
use crate::support::program::finish;

#[test]
fn an_output_that_is_an_input_is_refused_and_left_as_it_is() {
    let place = Place::with_sample();
    place
        .run("train --input sample.csv --preset adult --output-dir models")
        .succeeded();
    let sample = place.read("sample.csv");
    fs::create_dir(place.path("folder")).unwrap();
    symlink(place.path("sample.csv"), place.path("link.csv")).unwrap();
    fs::hard_link(place.path("sample.csv"), place.path("hard.csv")).unwrap();
    place.write("other.csv.partial", &sample);
    for command in ["predict", "evaluate"] {
        for paths in [
            "--input sample.csv --output sample.csv",
            "--input sample.csv --output ./folder/../sample.csv",
            "--input sample.csv --output link.csv",
            "--input link.csv --output sample.csv",
            "--input sample.csv --output hard.csv",
            "--input 's*.csv' --output sample.csv",
            "--input other.csv.partial --format csv --output other.csv",
        ] {
            let run = place.run(&format!("{command} models {paths}"));
            let error = run.failed(2);
            assert!(
                error.contains("would overwrite the input"),
                "{paths}: {error}"
            );
            assert_eq!(place.read("sample.csv"), sample, "{command} {paths}");
            assert_eq!(place.read("other.csv.partial"), sample, "{command} {paths}");
        }
    }
    assert!(!place.path("sample.csv.partial").exists());
    let manifest = place.read("models/manifest.json");
    symlink(place.path("models/manifest.json"), place.path("link.json")).unwrap();
    for output in [
        "models/manifest.json",
        "link.json",
        "models/gen-000001/new.json",
        "folder/../models/new.json",
    ] {
        let error = place
            .run(&format!(
                "evaluate models --input sample.csv --output {output}"
            ))
            .failed(2);
        assert!(error.contains("lies in the store"), "{output}: {error}");
    }
    assert_eq!(place.read("models/manifest.json"), manifest);
    place
        .run("predict models --input sample.csv --output copy.csv")
        .succeeded();
    let mut inside = place.command("predict . --input ../sample.csv --output -");
    finish(inside.current_dir(place.path("models"))).succeeded();
}

#[test]
fn redirected_streams_are_files_too() {
    let place = Place::new();
    let rows = "{\"k\":\"a\",\"x\":1,\"y\":\"p\"}\n{\"k\":\"a\",\"x\":2,\"y\":\"q\"}\n";
    place.write("rows.ndjson", rows);
    place
        .run("train --input rows.ndjson --key k --target y --output-dir models")
        .succeeded();
    let input = || fs::File::open(place.path("rows.ndjson")).unwrap();
    let mut run = place.command("predict models --input - --output rows.ndjson");
    let error = finish(run.stdin(input())).failed(2);
    assert!(error.contains("would overwrite the input"), "{error}");
    let append = fs::File::options()
        .append(true)
        .open(place.path("rows.ndjson"));
    let mut run = place.command("predict models --input rows.ndjson --output -");
    let error = finish(run.stdout(append.unwrap())).failed(2);
    assert!(error.contains("would overwrite the input"), "{error}");
    assert_eq!(place.read("rows.ndjson"), rows);
}

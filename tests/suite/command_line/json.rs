//! What every command prints with `--json`.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::place::Place;

const PAGE: &str = include_str!("../../../src/cli/JSON.md");

/// Two generations, and rows to predict, of entities that one of them lacks.
fn place() -> Place {
    let place = Place::with_sample();
    place.write("failing.toml", "key = ['education']\n");
    let train = "train --input sample.csv --preset adult --output-dir models --holdout 0.3";
    place
        .run(&format!("{train} --pooled --max-depth 2"))
        .succeeded();
    place.run(&format!("{train} --where true")).succeeded();
    place
}

/// Each command with all that it can print, and its exit code.
const COMMANDS: [(&str, i32); 24] = [
    (
        "train --input sample.csv --preset adult --output-dir models --holdout 0.3 --max-depth 1 --update --keep-better accuracy --where true",
        0,
    ),
    (
        "train --input sample.csv --preset adult --output-dir models --holdout 0.3 --max-depth 0 --update --max-regression 0 --where true",
        1,
    ),
    ("train --input sample.csv --preset adult --explain", 0),
    (
        "train --input sample.csv --preset adult --output-dir other --holdout 0.3 --threshold f1 --importance permutation --class-weight >50K=2",
        0,
    ),
    (
        "train --input sample.csv --spec failing.toml --output-dir x",
        2,
    ),
    ("inspect models --sort log-loss", 0),
    ("inspect models --entity Doctorate", 0),
    ("inspect models --importance", 0),
    ("inspect models --entity Doctorate --importance", 0),
    ("evaluate models --input test.csv --group-by sex", 0),
    ("predict models --input sample.csv --output out.csv", 0),
    ("compare --input sample.csv --preset adult", 0),
    ("history models", 0),
    ("diff models 1 2", 0),
    ("verify models", 0),
    ("rollback models 1", 0),
    ("rollback models 99", 2),
    ("prune models --keep 1", 0),
    ("generate --rows 10 --output rows.csv", 0),
    (
        "train --input sample.csv --preset adult --target age --output-dir ages --holdout 0.3 --max-depth 2",
        0,
    ),
    ("inspect ages", 0),
    ("evaluate ages --input test.csv --group-by sex", 0),
    (
        "compare --input sample.csv --preset adult --target age --max-depth 2",
        0,
    ),
    ("history ages", 0),
];

#[test]
fn every_document_has_a_version_first_and_only_names_that_its_page_has() {
    let place = place();
    let sample = place.read("sample.csv");
    let odd = sample.lines().find(|line| line.contains("Bachelors"));
    let odd = odd
        .unwrap()
        .replace("50K", "90K")
        .replace("Bachelors", "Nowhere");
    let other = odd.replace("Nowhere", "Masters");
    place.write("test.csv", format!("{sample}{odd}\n{other}\n"));
    for (command, code) in COMMANDS {
        let output = place.run(&format!("{command} --json"));
        assert_eq!(output.code, Some(code), "{command}: {output:?}");
        let document = output.json();
        let first = output.stdout.trim_start_matches(['{', '\n', ' ']);
        assert!(first.starts_with("\"version\":"), "{command}: {first}");
        assert_eq!(document["version"], 1, "{command}");
        let mut names = BTreeSet::new();
        collect_names(&document, &mut names);
        for name in names {
            let is_snake_case = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
            assert!(name.chars().all(is_snake_case), "{command}: {name}");
            let is_named = PAGE.contains(&format!("`{name}`"));
            assert!(is_named, "{command}: `{name}` is not in src/cli/JSON.md");
        }
    }
}

#[test]
fn the_figures_in_a_file_are_the_document_that_is_printed() {
    let place = place();
    let evaluate = "evaluate models --input sample.csv --output report.json --json";
    let printed = place.run(evaluate).succeeded().stdout;
    assert_eq!(place.read("report.json"), printed);
}

fn collect_names(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                names.insert(name.clone());
                collect_names(value, names);
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect_names(value, names)),
        _ => {}
    }
}

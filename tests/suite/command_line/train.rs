//! What a user meets at the command line: training, looking into a store, bad input.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use per_entity::store::Store;
use polars::prelude::{IntoLazy, ParquetWriter, col, df};
use tempfile::TempDir;

const FIXTURE: &str = "fixtures/adult-sample.csv";

fn per_entity(arguments: &[&str]) -> Output {
    Command::cargo_bin("per-entity")
        .unwrap()
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A directory of a test's own, with a store to be trained in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn models(&self) -> PathBuf {
        self.path("models")
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) -> String {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name).display().to_string()
    }

    fn train(&self, arguments: &[&str]) -> Output {
        let models = self.models().display().to_string();
        per_entity(&[&["train", "--output-dir", models.as_str()], arguments].concat())
    }

    fn train_well(&self, arguments: &[&str]) -> Output {
        let output = self.train(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output
    }

    fn store(&self) -> Store {
        Store::open(self.models()).unwrap()
    }

    fn inspect(&self, arguments: &[&str]) -> Output {
        let models = self.models().display().to_string();
        per_entity(&[&["inspect", models.as_str()], arguments].concat())
    }

    /// The content of the current generation, by file name.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        std::fs::read_dir(self.store().path())
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, std::fs::read(entry.path()).unwrap())
            })
            .collect()
    }

    fn model_files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = self.files();
        files.retain(|name, _| name.ends_with(".cbor"));
        files
    }
}

#[test]
fn training_needs_no_flag_but_input_and_output() {
    let place = Place::new();
    let text = stdout(&place.train_well(&["--input", FIXTURE]));
    for part in [
        "2,000 rows read",
        "Bachelors",
        "Doctorate",
        "Masters",
        "3 trained",
        "missing value",
    ] {
        assert!(text.contains(part), "{part} in\n{text}");
    }
    let files = place.files();
    let names: Vec<&str> = files.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "Bachelors.cbor",
            "Doctorate.cbor",
            "Masters.cbor",
            "entities.parquet"
        ]
    );
    for record in place.store().records().unwrap() {
        let model = place.store().model(&record.key).unwrap();
        assert_eq!(model.node_count() as u32, record.nodes.unwrap());
        assert_eq!(model.depth() as u32, record.depth.unwrap());
    }
}

#[test]
fn output_is_for_people_or_for_scripts_or_nothing() {
    let place = Place::new();
    let quiet = place.train_well(&["--input", FIXTURE, "--quiet"]);
    assert_eq!(
        (stdout(&quiet), stderr(&quiet)),
        (String::new(), String::new())
    );

    let json = stdout(&place.train_well(&["--input", FIXTURE, "--json"]));
    let summary: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(summary["generation"]["number"], 2);
    assert_eq!(summary["generation"]["trained"], 3);
    assert_eq!(summary["generation"]["rows_read"], 2000);

    let error = per_entity(&["train", "--json", "--input", "no.csv", "--output-dir", "x"]);
    let error: serde_json::Value = serde_json::from_str(&stdout(&error)).unwrap();
    assert!(error["error"].as_str().unwrap().contains("no.csv"));

    let plan = per_entity(&["train", "--input", FIXTURE, "--explain"]);
    assert!(stdout(&plan).contains("FILTER"), "{}", stdout(&plan));
}

#[test]
fn a_tree_is_printed_as_rules_in_the_units_of_the_data() {
    let place = Place::new();
    let text = "k,hours,job,y\na,10,x,p\na,20,y,p\na,30,x,q\na,40,z,q\na,25,z,p\na,26,x,q\n";
    place.train_well(&[
        "--input",
        &place.write("in.csv", text),
        "--key",
        "k",
        "--target",
        "y",
    ]);
    let rules = stdout(&place.inspect(&["--entity", "a"]));
    assert_eq!(
        rules,
        "hours <= 25.5  (p 3, q 3)\n  yes: => p  (p 3, q 0)\n  no: => q  (p 0, q 3)\n"
    );
    let dot = stdout(&place.inspect(&["--entity", "a", "--format", "dot"]));
    assert!(
        dot.starts_with("digraph") && dot.contains("hours <= 25.5"),
        "{dot}"
    );
    let json = stdout(&place.inspect(&["--entity", "a", "--format", "json"]));
    let tree: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(tree["nodes"][0]["value"], 25.5);
    assert_eq!(tree["nodes"].as_array().unwrap().len(), 3);

    let list: serde_json::Value =
        serde_json::from_str(&stdout(&place.inspect(&["--json"]))).unwrap();
    assert_eq!(list["entities"][0]["key"], "a");
    let unknown = place.inspect(&["--entity", "b"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("'b'"));
}

#[test]
fn bad_input_is_named_and_touches_no_output() {
    let place = Place::new();
    let csv = |name: &str, text: &[u8]| place.write(name, text);
    let good = csv("good.csv", b"k,x,y\na,1,p\nb,2,q\n");
    let own = |path: &str, more: &[&str]| -> Vec<String> {
        [&["--input", path, "--key", "k", "--target", "y"], more]
            .concat()
            .iter()
            .map(|text| text.to_string())
            .collect()
    };
    let cases: Vec<(Vec<String>, &str)> = vec![
        (own("no/such.csv", &[]), "no/such.csv"),
        (own(&csv("empty.csv", b""), &[]), "empty.csv: holds no rows"),
        (own(&csv("header.csv", b"k,x,y\n"), &[]), "only a header"),
        (own(&good, &["--features", "zz"]), "feature: no column 'zz'"),
        (own(&good, &["--where", "zz = 1"]), "no column 'zz'"),
        (own(&good, &["--where", "x = = 1"]), "--where 'x = = 1'"),
        (own(&good, &["--where", "x > 100"]), "no row is left"),
        (
            own(&good, &["--numeric", "x", "--categorical", "x"]),
            "one role",
        ),
        (
            own(&good, &["--min-samples-split", "1"]),
            "min_samples_split is 1",
        ),
        (own(&good, &["--separator", "é"]), "separator"),
        (own(&csv("utf.csv", b"k,x,y\na,1,\xFF\n"), &[]), "utf.csv:2"),
        (
            own(&csv("nul.csv", b"k,x,y\na,1,p\n\0,1,p\n"), &[]),
            "nul.csv:3",
        ),
        (
            own(&csv("text.csv", b"k,x,y\na,many,p\n"), &["--numeric", "x"]),
            "text.csv:2: column 'x'",
        ),
        (
            own(&csv("short.csv", b"k,x,y\na,1,p\nb,1\n"), &["--strict"]),
            "short.csv:3: 2 fields",
        ),
        (
            own(&csv("float.csv", b"k,x,y\na,1,0.5\n"), &[]),
            "'y' is of type f64",
        ),
        (own(&csv("odd.xyz", b"k,x,y\na,1,p\n"), &[]), "--format"),
        (
            ["--input", &good, "--key", "k", "--target", "k"]
                .map(String::from)
                .to_vec(),
            "both key and target",
        ),
        (
            ["--input", &good, "--key", "no", "--target", "y"]
                .map(String::from)
                .to_vec(),
            "--key: no column 'no'",
        ),
        (
            ["--input", &good, "--key", "k"].map(String::from).to_vec(),
            "--target",
        ),
        (
            ["--input", &good, "--spec", &csv("s.toml", b"kee = 1")]
                .map(String::from)
                .to_vec(),
            "s.toml",
        ),
    ];
    for (arguments, message) in cases {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = place.train(&arguments);
        assert_eq!(
            output.status.code(),
            Some(2),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(message),
            "{arguments:?}: {}",
            stderr(&output)
        );
        assert!(!stderr(&output).contains("panicked"), "{}", stderr(&output));
        assert!(
            !place.models().exists(),
            "{arguments:?} touched the output directory"
        );
    }
}

#[test]
fn a_directory_that_is_no_store_is_left_alone() {
    let place = Place::new();
    std::fs::create_dir(place.models()).unwrap();
    std::fs::write(place.models().join("thesis.txt"), "precious").unwrap();
    let output = place.train(&["--input", FIXTURE]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("not a store"),
        "{}",
        stderr(&output)
    );
    assert_eq!(std::fs::read_dir(place.models()).unwrap().count(), 1);

    let unwritable = per_entity(&["train", "--input", FIXTURE, "--output-dir", "/proc/models"]);
    assert_eq!(unwritable.status.code(), Some(2));
    assert!(
        stderr(&unwritable).contains("/proc/models"),
        "{}",
        stderr(&unwritable)
    );
}

#[test]
fn training_again_makes_a_new_generation_and_keeps_the_old_one() {
    let place = Place::new();
    place.train_well(&["--input", FIXTURE]);
    let first = place.store();
    place.train_well(&["--input", FIXTURE, "--max-depth", "2"]);
    let second = place.store();
    assert_eq!(
        (first.generation().number, second.generation().number),
        (1, 2)
    );
    assert_eq!(second.model("Bachelors").unwrap().depth(), 2);
    assert!(
        first.model("Bachelors").unwrap().depth() > 2,
        "an open store does not change"
    );
}

#[test]
fn the_history_tells_how_good_each_generation_was() {
    let place = Place::new();
    place.train_well(&["--input", FIXTURE]);
    place.train_well(&["--input", FIXTURE, "--holdout", "0.3"]);
    let held_out = place.store().generation().run.holdout.clone().unwrap();
    let accuracy = held_out.overall.micro.accuracy.unwrap();
    let models = place.models().display().to_string();
    let history = stdout(&per_entity(&["history", &models]));
    let line = |generation: &str| {
        let is_its = |line: &&str| line.starts_with(generation);
        history.lines().find(is_its).unwrap().to_owned()
    };
    assert_eq!(line("1 ").matches('%').count(), 1, "{history}");
    let accuracy = format!("{:.2} %", 100.0 * accuracy);
    assert!(line("2 (current)").contains(&accuracy), "{history}");
}

#[test]
fn the_same_bytes_whatever_the_number_of_threads_or_the_order_of_the_rows() {
    let place = Place::new();
    let data = place.path("rows.parquet").display().to_string();
    let made = per_entity(&[
        "generate",
        "--rows",
        "60000",
        "--entities",
        "40",
        "--skew",
        "zipf",
        "--output",
        &data,
    ]);
    assert_eq!(made.status.code(), Some(0), "{}", stderr(&made));
    let key = [
        "--input",
        data.as_str(),
        "--key",
        "entity",
        "--target",
        "income",
    ];
    let mut all = Vec::new();
    for threads in ["1", "2", "4"] {
        place.train_well(&[&key[..], &["--threads", threads]].concat());
        all.push(place.files());
    }
    assert!(all[0] == all[1] && all[0] == all[2]);

    let mut lines: Vec<String> = std::fs::read_to_string(FIXTURE)
        .unwrap()
        .lines()
        .map(String::from)
        .collect();
    place.train_well(&["--input", FIXTURE]);
    let sorted = place.model_files();
    lines.reverse();
    place.train_well(&["--input", &place.write("reversed.csv", lines.join("\n"))]);
    assert_eq!(place.model_files(), sorted);
}

#[test]
fn ugly_keys_stay_within_the_store_and_are_read_back() {
    let place = Place::new();
    let long = "x".repeat(300);
    let keys = [
        "../x",
        "a/b",
        "a_b",
        "",
        "Paris",
        "paris",
        "CON",
        ".",
        long.as_str(),
        "é, \"ü\"\n",
    ];
    let mut frame = df!(
        "k" => keys,
        "x" => (0..keys.len() as i32).collect::<Vec<_>>(),
        "y" => vec!["p"; keys.len()],
    )
    .unwrap();
    let path = place.path("keys.parquet");
    ParquetWriter::new(std::fs::File::create(&path).unwrap())
        .finish(&mut frame)
        .unwrap();
    let path = path.display().to_string();
    let output = place.train_well(&["--input", &path, "--key", "k", "--target", "y"]);
    assert!(
        stdout(&output).contains("10 with one class only"),
        "{}",
        stdout(&output)
    );
    for key in keys {
        assert_eq!(place.store().model(key).unwrap().key(), key);
    }
    assert_eq!(place.model_files().len(), keys.len());
    assert_eq!(
        std::fs::read_dir(place.0.path()).unwrap().count(),
        2,
        "nothing lies outside"
    );
}

#[test]
fn packs_hold_the_same_models_as_single_files() {
    let place = Place::new();
    let data = place.path("rows.csv").display().to_string();
    per_entity(&[
        "generate",
        "--rows",
        "9000",
        "--entities",
        "1500",
        "--output",
        &data,
    ]);
    let key = [
        "--input",
        data.as_str(),
        "--key",
        "entity",
        "--target",
        "income",
    ];
    place.train_well(&key);
    assert_eq!(place.model_files().len(), 1, "many entities share packs");
    let packs = place.store();
    place.train_well(&[&key[..], &["--models-per-file", "7"]].concat());
    let sevens = place.store();
    assert_eq!(place.model_files().len(), 1500_usize.div_ceil(7));
    place.train_well(&[&key[..], &["--models-per-file", "1"]].concat());
    let single = place.store();
    assert_eq!(place.model_files().len(), 1500);
    for record in single.records().unwrap().iter().step_by(50) {
        let model = single.model(&record.key).unwrap();
        assert_eq!(model, packs.model(&record.key).unwrap());
        assert_eq!(model, sevens.model(&record.key).unwrap());
    }
}

#[test]
fn small_entities_are_skipped_and_listed() {
    let place = Place::new();
    let text = "k,x,y\na,1,p\na,2,q\nb,3,q\n";
    let input = place.write("in.csv", text);
    let output = place.train_well(&[
        "--input",
        &input,
        "--key",
        "k",
        "--target",
        "y",
        "--min-rows",
        "2",
    ]);
    assert!(
        stdout(&output).contains("1 trained, 1 skipped"),
        "{}",
        stdout(&output)
    );
    let record = place.store().record("b").unwrap();
    assert_eq!((record.status.as_str(), record.rows), ("skipped", 1));
    let error = place.store().model("b").unwrap_err().to_string();
    assert!(
        error.contains("'b'") && error.contains("skipped"),
        "{error}"
    );
}

#[test]
fn a_spec_file_says_what_the_columns_are() {
    let place = Place::new();
    let input = place.write(
        "in.csv",
        "country;store;id;x;y\nde;1;7;3;yes\nde;1;8;?;no\nfr;2;9;4;no\n",
    );
    let spec = place.write(
        "spec.toml",
        "key = ['country', 'store']\ntarget = 'y'\nignore = ['id']\nmissing = ['?']\n[csv]\nseparator = ';'\n",
    );
    let output = place.train_well(&["--input", &input, "--spec", &spec]);
    assert!(
        stdout(&output).contains("1 left out: missing value"),
        "{}",
        stdout(&output)
    );
    assert!(place.store().model("de,1").is_ok());
    let store = place.store();
    let features = &store.generation().run.features;
    assert_eq!(
        features.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
        ["x"]
    );
}

#[test]
fn linfa_and_cart_agree_where_there_is_one_way_to_split() {
    let place = Place::new();
    let input = place.write("in.csv", "k,x,c,y\na,1,u,p\na,2,v,p\na,8,u,q\na,9,v,q\n");
    let own = [
        "--input",
        input.as_str(),
        "--key",
        "k",
        "--target",
        "y",
        "--trainer",
    ];
    place.train_well(&[&own[..], &["cart"]].concat());
    let cart = place.model_files();
    place.train_well(&[&own[..], &["linfa"]].concat());
    let model = place.store().model("a").unwrap();
    assert_eq!(model.node_count(), 3);
    let frame = df!("x" => [1, 2, 8, 9], "c" => ["u", "v", "u", "v"]).unwrap();
    assert_eq!(model.predict(&frame).unwrap(), ["p", "p", "q", "q"]);
    assert_eq!(cart.len(), 1);
}

#[test]
fn generated_rows_depend_on_the_seed_only() {
    let place = Place::new();
    let make = |name: &str, seed: &str| {
        let path = place.path(name).display().to_string();
        let output = per_entity(&[
            "generate", "--rows", "300", "--seed", seed, "--output", &path,
        ]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        std::fs::read_to_string(path).unwrap()
    };
    let first = make("a.csv", "1");
    assert_eq!(first, make("b.csv", "1"));
    assert_ne!(first, make("c.csv", "2"));
    assert!(first.lines().all(|line| line.split(", ").count() == 15));
    let error = per_entity(&["generate", "--rows", "3", "--output", "x.docx"]);
    assert_eq!(error.status.code(), Some(2));
}

#[test]
fn help_completions_and_manual_pages_are_there() {
    for command in ["train", "inspect", "generate"] {
        let help = stdout(&per_entity(&[command, "--help"]));
        assert!(help.contains("Example"), "{help}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&per_entity(&["completions", shell])).contains("per-entity"));
    }
    assert!(stdout(&per_entity(&["man"])).contains(".TH per-entity"));
}

#[test]
fn every_cell_of_the_scratch_notebook_runs() {
    let scratch = |arguments: &[&str]| {
        let output = Command::cargo_bin("scratch")
            .unwrap()
            .args(arguments)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", stderr(&output));
        stdout(&output)
    };
    let cells = scratch(&["--list"]).lines().count();
    assert!(cells >= 7);
    let all = scratch(&["--input", FIXTURE]);
    for cell in 1..=cells {
        assert!(all.contains(&format!("[{cell}]")), "{cell}");
    }
    let some = scratch(&["2", "4"]);
    assert!(some.contains("[2]") && some.contains("[4]") && !some.contains("[3]"));
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_leaves_the_store_as_it_was() {
    use std::time::Duration;

    let place = Place::new();
    let data = place.path("rows.parquet").display().to_string();
    per_entity(&[
        "generate",
        "--rows",
        "2000000",
        "--entities",
        "200000",
        "--output",
        &data,
    ]);
    place.train_well(&["--input", FIXTURE]);
    for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_per-entity"))
            .args([
                "train", "--key", "entity", "--target", "income", "--quiet", "--input", &data,
            ])
            .arg("--output-dir")
            .arg(place.models())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let id = child.id().to_string();
        std::process::Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code));
        assert_eq!(place.store().generation().number, 1);
        place.store().model("Bachelors").unwrap();
    }
    place.train_well(&["--input", FIXTURE]);
    assert_eq!(place.store().generation().number, 2);
}

fn adult() -> Option<PathBuf> {
    let directory = std::env::var_os("PER_ENTITY_ADULT_DIR")
        .map_or_else(|| "../shared/data/adult".into(), PathBuf::from);
    if directory.join("adult.data").exists() {
        return Some(directory);
    }
    eprintln!("skipped: no Adult data in {}", directory.display());
    None
}

/// What scikit-learn's trees have on Adult, by level: nodes, and accuracy on the test rows.
const ADULT_REFERENCE: [(&str, f64, f64, f64, f64); 16] = [
    ("10th", 149.0, 149.0, 0.8958, 0.9132),
    ("11th", 137.0, 137.0, 0.9159, 0.9247),
    ("12th", 75.0, 77.0, 0.8700, 0.8850),
    ("1st-4th", 21.0, 25.0, 0.9155, 0.9718),
    ("5th-6th", 33.0, 33.0, 0.8944, 0.9255),
    ("7th-8th", 95.0, 97.0, 0.8722, 0.8872),
    ("9th", 77.0, 77.0, 0.8597, 0.8869),
    ("Assoc-acdm", 339.0, 351.0, 0.7675, 0.7836),
    ("Assoc-voc", 491.0, 499.0, 0.7347, 0.7561),
    ("Bachelors", 1941.0, 1967.0, 0.7478, 0.7538),
    ("Doctorate", 159.0, 161.0, 0.6627, 0.6864),
    ("HS-grad", 2723.0, 2773.0, 0.8086, 0.8149),
    ("Masters", 663.0, 677.0, 0.6922, 0.7193),
    ("Preschool", 1.0, 1.0, 0.9630, 0.9630),
    ("Prof-school", 209.0, 213.0, 0.7695, 0.8066),
    ("Some-college", 1891.0, 1913.0, 0.8094, 0.8181),
];

#[test]
fn adult_gives_the_trees_that_scikit_learn_gives() {
    let Some(directory) = adult() else { return };
    let input = directory.join("adult.data").display().to_string();
    let place = Place::new();
    place.train_well(&["--input", &input]);
    let records = place.store().records().unwrap();
    let accuracy = |key: &str| {
        let record = records.iter().find(|record| record.key == key).unwrap();
        (
            record.rows,
            (record.training_accuracy.unwrap() * 1e4).round() / 1e4,
        )
    };
    assert_eq!(accuracy("Bachelors"), (5_044, 0.9998));
    assert_eq!(accuracy("Masters"), (1_627, 1.0));
    assert_eq!(accuracy("Doctorate"), (375, 1.0));
    let bytes: u64 = records.iter().map(|record| record.model_bytes()).sum();
    assert!(bytes <= 244_000 / 4, "{bytes} bytes of models");

    place.train_well(&["--input", &input, "--where", "true"]);
    let store = place.store();
    let test = test_rows(&directory.join("adult.test"));
    for (key, fewest, most, lowest, highest) in ADULT_REFERENCE {
        let model = store.model(key).unwrap();
        let nodes = model.node_count() as f64;
        assert!(
            (fewest * 0.97..=most * 1.03).contains(&nodes),
            "{key}: {nodes} nodes"
        );
        let rows = test
            .clone()
            .lazy()
            .filter(col("education").eq(polars::prelude::lit(key)));
        let rows = rows.collect().unwrap();
        let labels = rows.column("income").unwrap().str().unwrap();
        let predictions = model.predict(&rows).unwrap();
        let correct = labels
            .iter()
            .zip(predictions)
            .filter(|(label, p)| *label == Some(p))
            .count();
        let accuracy = correct as f64 / rows.height() as f64;
        assert!(
            (lowest * 0.97..=highest * 1.03).contains(&accuracy),
            "{key}: accuracy {accuracy}"
        );
    }
}

/// The complete rows of adult.test, every key and category as text.
fn test_rows(path: &Path) -> polars::prelude::DataFrame {
    use per_entity::dataset::{DatasetSpec, Query, Source};
    let spec = DatasetSpec {
        predicate: None,
        ..DatasetSpec::adult()
    };
    let source = Source::open(&[path.display().to_string()], None, &spec).unwrap();
    let frame = Query::new(&source, &spec).unwrap().frame().clone();
    frame
        .with_columns([
            col("education").cast(polars::prelude::DataType::String),
            col("income").cast(polars::prelude::DataType::String),
        ])
        .drop_nulls(None)
        .collect()
        .unwrap()
}

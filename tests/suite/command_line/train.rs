//! Training, in every way that the command line offers.

use std::fs;
use std::fs::File;
use std::path::Path;

use polars::prelude::{ParquetWriter, df};

use crate::support::place::Place;
use crate::support::store::{content, model_files};

#[test]
fn training_needs_no_flag_but_input_and_output() {
    let place = Place::with_sample();
    let output = place.run("train --input sample.csv --output-dir models");
    let text = output.succeeded().stdout;
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
    let files = content(&place.path("models"));
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
    let store = place.store("models");
    for record in store.records().unwrap() {
        let model = store.model(&record.key).unwrap();
        assert_eq!(model.node_count() as u32, record.summary.unwrap().nodes);
        assert_eq!(model.depth() as u32, record.summary.unwrap().depth);
    }
}

#[test]
fn output_is_for_people_or_for_scripts_or_nothing() {
    let place = Place::with_sample();
    let quiet = place.run("train --input sample.csv --output-dir models --quiet");
    let quiet = quiet.succeeded();
    assert_eq!((quiet.stdout, quiet.stderr), (String::new(), String::new()));

    let summary = place.run("train --input sample.csv --output-dir models --json");
    let summary = summary.succeeded().json();
    assert_eq!(summary["generation"]["number"], 2);
    assert_eq!(summary["generation"]["trained"], 3);
    assert_eq!(summary["generation"]["rows_read"], 2000);

    let error = place
        .run("train --input no.csv --output-dir x --json")
        .json();
    assert!(error["error"].as_str().unwrap().contains("no.csv"));

    let plan = place.run("train --input sample.csv --explain").stdout;
    assert!(plan.contains("FILTER"), "{plan}");
}

#[test]
fn that_the_adult_data_is_assumed_is_said() {
    let place = Place::with_sample();
    for command in ["train --output-dir models", "compare"] {
        let said = |more: &str| {
            let run = place.run(&format!("{command} --input sample.csv {more}"));
            run.succeeded().stderr
        };
        let note = said("");
        assert!(
            note.starts_with("note: ") && note.contains("Adult"),
            "{note}"
        );
        assert_eq!(note.lines().count(), 1, "{note}");
        assert_eq!(said("--json"), note);
        for more in ["--quiet", "--preset adult", "--compat beam"] {
            assert_eq!(said(more), "", "{command} {more}");
        }
    }
}

#[test]
fn training_again_makes_a_new_generation_and_keeps_the_old_one() {
    let place = Place::with_sample();
    place
        .run("train --input sample.csv --output-dir models")
        .succeeded();
    let first = place.store("models");
    place
        .run("train --input sample.csv --output-dir models --max-depth 2")
        .succeeded();
    let second = place.store("models");
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
fn the_same_bytes_whatever_the_number_of_threads() {
    let place = Place::new();
    place
        .run("generate --rows 60000 --entities 40 --skew zipf --output rows.parquet")
        .succeeded();
    let files = |threads: u32| {
        let train = "train --input rows.parquet --key entity --target income --output-dir models";
        place
            .run(&format!("{train} --threads {threads}"))
            .succeeded();
        content(&place.path("models"))
    };
    let sequential = files(1);
    assert!(sequential == files(2) && sequential == files(4));
}

#[test]
fn the_same_models_whatever_the_order_of_the_rows() {
    let place = Place::with_sample();
    let sample = place.read("sample.csv");
    let reversed: Vec<&str> = sample.lines().rev().collect();
    place.write("reversed.csv", reversed.join("\n"));
    let models = |input: &str| {
        place
            .run(&format!("train --input {input} --output-dir models"))
            .succeeded();
        model_files(&place.path("models"))
    };
    assert_eq!(models("sample.csv"), models("reversed.csv"));
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
    ParquetWriter::new(File::create(place.path("keys.parquet")).unwrap())
        .finish(&mut frame)
        .unwrap();
    let output = place.run("train --input keys.parquet --key k --target y --output-dir models");
    let text = output.succeeded().stdout;
    assert!(text.contains("10 with one class only"), "{text}");
    let store = place.store("models");
    for key in keys {
        assert_eq!(store.model(key).unwrap().key(), key);
    }
    assert_eq!(model_files(&place.path("models")).len(), keys.len());
    assert_eq!(
        fs::read_dir(place.path("")).unwrap().count(),
        2,
        "nothing lies outside"
    );
}

#[test]
fn packs_hold_the_same_models_as_single_files() {
    let place = Place::new();
    place
        .run("generate --rows 9000 --entities 1500 --output rows.csv")
        .succeeded();
    let train = |more: &str| {
        let train = "train --input rows.csv --key entity --target income --output-dir models";
        place.run(&format!("{train} {more}")).succeeded();
        let files = model_files(&place.path("models")).len();
        (place.store("models"), files)
    };
    let (packs, files) = train("");
    assert_eq!(files, 1, "many entities share packs");
    let (sevens, files) = train("--models-per-file 7");
    assert_eq!(files, 1500_usize.div_ceil(7));
    let (single, files) = train("--models-per-file 1");
    assert_eq!(files, 1500);
    for record in single.records().unwrap().iter().step_by(50) {
        let model = single.model(&record.key).unwrap();
        assert_eq!(model, packs.model(&record.key).unwrap());
        assert_eq!(model, sevens.model(&record.key).unwrap());
    }
}

#[test]
fn small_entities_are_skipped_and_listed() {
    let place = Place::new();
    place.write("in.csv", "k,x,y\na,1,p\na,2,q\nb,3,q\n");
    let output =
        place.run("train --input in.csv --key k --target y --min-rows 2 --output-dir models");
    let text = output.succeeded().stdout;
    assert!(text.contains("1 trained, 1 skipped"), "{text}");
    let store = place.store("models");
    let record = store.record("b").unwrap();
    assert_eq!((record.status.name(), record.rows), ("skipped", 1));
    let error = store.model("b").unwrap_err().to_string();
    assert!(
        error.contains("'b'") && error.contains("skipped"),
        "{error}"
    );
}

#[test]
fn a_spec_file_says_what_the_columns_are() {
    let place = Place::new();
    place.write(
        "in.csv",
        "country;store;id;x;y\nde;1;7;3;yes\nde;1;8;?;no\nfr;2;9;4;no\n",
    );
    place.write(
        "spec.toml",
        "key = ['country', 'store']\ntarget = 'y'\nignore = ['id']\nmissing = ['?']\non-missing = 'drop'\n[csv]\nseparator = ';'\n",
    );
    let output = place.run("train --input in.csv --spec spec.toml --output-dir models");
    let text = output.succeeded().stdout;
    assert!(text.contains("1 left out: missing value"), "{text}");
    let store = place.store("models");
    assert!(store.model("de,1").is_ok());
    let features = &store.generation().run.features;
    assert_eq!(
        features.iter().map(|f| f.name.as_str()).collect::<Vec<_>>(),
        ["x"]
    );
}

#[test]
fn linfa_and_cart_agree_where_there_is_one_way_to_split() {
    let place = Place::new();
    place.write("in.csv", "k,x,c,y\na,1,u,p\na,2,v,p\na,8,u,q\na,9,v,q\n");
    let frame = df!("x" => [1, 2, 8, 9], "c" => ["u", "v", "u", "v"]).unwrap();
    for trainer in ["cart", "linfa"] {
        let train = "train --input in.csv --key k --target y --output-dir models";
        place
            .run(&format!("{train} --trainer {trainer}"))
            .succeeded();
        let model = place.store("models").model("a").unwrap();
        assert_eq!(model.node_count(), 3, "{trainer}");
        assert_eq!(model.predict(&frame).unwrap(), ["p", "p", "q", "q"]);
        assert_eq!(model_files(&place.path("models")).len(), 1);
    }
}

#[test]
fn a_directory_that_is_no_store_is_left_alone() {
    let place = Place::with_sample();
    fs::create_dir(place.path("models")).unwrap();
    place.write("models/thesis.txt", "precious");
    let output = place.run("train --input sample.csv --output-dir models");
    let error = output.failed(2);
    assert!(error.contains("not a store"), "{error}");
    assert_eq!(fs::read_dir(place.path("models")).unwrap().count(), 1);

    let output = place.run("train --input sample.csv --output-dir /proc/models");
    let error = output.failed(2);
    assert!(error.contains("/proc/models"), "{error}");
    assert!(!Path::new("/proc/models").exists());
}

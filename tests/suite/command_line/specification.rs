//! A run that is specified in a file.

use per_entity::source::Source;
use per_entity::train::{Conclusion, TrainingSpec};
use serde_json::json;

use crate::support::place::Place;
use crate::support::store::forge_manifest;

const RUN: &str = r#"
key = ["education"]
target = "income"
missing = ["?"]
trim = true

[csv]
columns = ["age", "workclass", "fnlwgt", "education", "education-num", "marital-status", "occupation", "relationship", "race", "sex", "capital-gain", "capital-loss", "hours-per-week", "native-country", "income"]

[train]
min-rows = 20
pooled = true
holdout = { share = 0.25, seed = 4 }

[tree]
criterion = "entropy"
max-depth = 5
"#;

/// A place with rows and a specification of a run.
fn place() -> Place {
    let place = Place::with_sample();
    place.write("run.toml", RUN);
    place
}

#[test]
fn a_run_of_a_file_is_that_of_its_flags() {
    let place = place();
    let train = "train --input sample.csv --spec run.toml";
    place.run(&format!("{train} --output-dir file")).succeeded();
    let dataset = RUN.split("[train]").next().unwrap();
    place.write("dataset.toml", dataset);
    let flags = "--min-rows 20 --pooled --holdout 0.25 --seed 4 --criterion entropy --max-depth 5";
    place
        .run(&format!(
            "train --input sample.csv --spec dataset.toml {flags} --output-dir flags"
        ))
        .succeeded();
    let (file, flags) = (place.store("file"), place.store("flags"));
    let (file, flags) = (file.generation(), flags.generation());
    assert_eq!(file.entities_file, flags.entities_file);
    assert_eq!(file.pooled, flags.pooled);
    assert_eq!(file.run.settings, flags.run.settings);
    assert!(file.skipped > 0 && file.trained > 0);

    place
        .run(&format!("{train} --max-depth 2 --output-dir shallow"))
        .succeeded();
    let shallow = place.store("shallow");
    assert_eq!(shallow.generation().run.trainer["params"]["max_depth"], 2);
    assert_eq!(
        shallow.generation().run.trainer["params"]["criterion"],
        "entropy"
    );
}

#[test]
fn a_run_is_repeated_from_its_manifest() {
    let place = place();
    place
        .run("train --input sample.csv --spec run.toml --output-dir first")
        .succeeded();
    let first = place.store("first");
    let first = first.generation();
    let spec = TrainingSpec::of_run(&first.run).unwrap();
    let input = [place.path("sample.csv").display().to_string()];
    let source = Source::open(&input, None, &spec.dataset).unwrap();
    let again = spec.training().unwrap().run(source, place.path("again"));
    let Conclusion::Committed(again) = again.unwrap() else {
        panic!("the first run commits");
    };
    assert_eq!(again.generation.entities_file, first.entities_file);
    assert_eq!(again.generation.pooled, first.pooled);
    assert_eq!(again.generation.run.settings, first.run.settings);
}

#[test]
fn a_manifest_of_an_earlier_version_says_what_it_knows() {
    let place = place();
    place
        .run("train --input sample.csv --spec run.toml --output-dir models")
        .succeeded();
    forge_manifest(&place.path("models/manifest.json"), |manifest| {
        let generation = manifest["generations"][0].as_object_mut().unwrap();
        assert!(generation.remove("settings").is_some());
    });
    let store = place.store("models");
    let spec = TrainingSpec::of_run(&store.generation().run).unwrap();
    assert_eq!((spec.train.min_rows, spec.train.pooled), (20, false));
    let held_out = spec.train.holdout.unwrap().to_string();
    assert_eq!(held_out, "0.25 drawn with seed 4");

    let mut run = store.generation().run.clone();
    run.trainer = json!({ "trainer": "forest", "params": {} });
    let error = TrainingSpec::of_run(&run).unwrap_err();
    assert!(error.to_string().contains("forest"), "{error}");
}

#[test]
fn a_typing_error_is_named_with_its_place_and_the_nearest_setting() {
    let place = place();
    place.write("run.toml", RUN.replace("max-depth", "max-dept"));
    let train = "train --input sample.csv --spec run.toml --output-dir models";
    let error = place.run(train).failed(2);
    for part in [
        "run.toml",
        "line 17",
        "'max-dept'",
        "did you mean 'max-depth'?",
    ] {
        assert!(error.contains(part), "{part} in {error}");
    }
    assert!(!place.path("models").exists());
}

#[test]
fn a_description_reads_the_dataset_alone_and_a_comparison_the_trees_too() {
    let place = place();
    place.run("describe sample.csv --spec run.toml").succeeded();
    let compare = |flags: &str| {
        let said = format!("compare --input sample.csv --spec run.toml --json {flags}");
        let mut said = place.run(&said).succeeded().json();
        // It repeats the flags.
        said["command"].take();
        said
    };
    assert_eq!(compare(""), compare("--max-depth 5 --criterion entropy"));
    assert_ne!(compare(""), compare("--max-depth 1"));
}

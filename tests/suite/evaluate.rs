//! What `evaluate`, `compare` and `train --holdout` tell of models.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use per_entity::evaluate::{ModelStatus, evaluate};
use per_entity::store::Store;
use polars::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

/// The education levels of Adult: the complete rows of adult.test, and the range of accuracies of
/// scikit-learn's trees on them.
const LEVELS: [(&str, u64, f64, f64); 16] = [
    ("10th", 403, 0.8958, 0.9132),
    ("11th", 571, 0.9159, 0.9247),
    ("12th", 200, 0.8700, 0.8850),
    ("1st-4th", 71, 0.9155, 0.9718),
    ("5th-6th", 161, 0.8944, 0.9255),
    ("7th-8th", 266, 0.8722, 0.8872),
    ("9th", 221, 0.8597, 0.8869),
    ("Assoc-acdm", 499, 0.7675, 0.7836),
    ("Assoc-voc", 652, 0.7347, 0.7561),
    ("Bachelors", 2526, 0.7478, 0.7538),
    ("Doctorate", 169, 0.6627, 0.6864),
    ("HS-grad", 4943, 0.8086, 0.8149),
    ("Masters", 887, 0.6922, 0.7193),
    ("Preschool", 27, 0.9630, 0.9630),
    ("Prof-school", 243, 0.7695, 0.8066),
    ("Some-college", 3221, 0.8094, 0.8181),
];

fn per_entity() -> Command {
    Command::cargo_bin("per-entity").expect("the binary is built")
}

fn run(arguments: &[&str]) -> String {
    let output = per_entity().args(arguments).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(output.stdout).expect("it prints text")
}

fn run_json(arguments: &[&str]) -> Value {
    serde_json::from_str(&run(arguments)).expect("it prints JSON")
}

/// The exit code and what is said on stderr.
fn fail(arguments: &[&str]) -> (Option<i32>, String) {
    let output = per_entity().args(arguments).output().expect("it runs");
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), errors)
}

/// A scratch directory, and paths in it as text.
struct Scratch(TempDir);

impl Scratch {
    fn new() -> Self {
        Self(TempDir::new().expect("a directory"))
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).display().to_string()
    }

    fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        fs::write(&path, text).expect("a file");
        path
    }
}

fn adult() -> Option<(String, String)> {
    let directory = std::env::var_os("PER_ENTITY_ADULT_DIR")
        .map_or_else(|| PathBuf::from("../shared/data/adult"), PathBuf::from);
    let file = |name: &str| directory.join(name).display().to_string();
    if Path::new(&file("adult.data")).exists() {
        return Some((file("adult.data"), file("adult.test")));
    }
    println!("skipped: no adult.data in {}", directory.display());
    None
}

fn entity<'a>(report: &'a Value, key: &str) -> &'a Value {
    let entities = report["entities"].as_array().expect("a list of entities");
    let found = entities.iter().find(|entity| entity["key"] == key);
    found.unwrap_or_else(|| panic!("no entity {key}"))
}

fn close(value: &Value, wanted: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - wanted).abs() < 1e-12, "{value} is not {wanted}");
}

/// Three classes of which `x` tells exactly, in two shops; `size` tells nothing.
fn shops(rows: u32) -> String {
    let mut text = String::from("shop,x,size,colour,group,class\n");
    for row in 0..rows {
        let class = ["low", "mid", "top"][(row % 3) as usize];
        let shop = if row % 2 == 0 { "north" } else { "south" };
        let group = if row % 5 < 2 { "a" } else { "b" };
        text += &format!("{shop},{}.5,{},red,{group},{class}\n", row % 3, row % 7);
    }
    text
}

fn train_shops(scratch: &Scratch, rows: u32) -> String {
    let input = scratch.write("train.csv", &shops(rows));
    let models = scratch.path("models");
    run(&[
        "train",
        "--input",
        &input,
        "--key",
        "shop",
        "--target",
        "class",
        "--ignore",
        "group",
        "--output-dir",
        &models,
        "--quiet",
    ]);
    models
}

#[test]
fn adult_trees_are_as_good_as_those_of_scikit_learn() {
    let Some((data, test)) = adult() else { return };
    let scratch = Scratch::new();
    let models = scratch.path("models");
    run(&[
        "train",
        "--input",
        &data,
        "--where",
        "true",
        "--output-dir",
        &models,
        "--quiet",
    ]);
    let output = scratch.path("metrics.json");
    run(&[
        "evaluate",
        "--models",
        &models,
        "--input",
        &test,
        "--output",
        &output,
        "--group-by",
        "sex",
    ]);
    let text = fs::read_to_string(&output).expect("the file is written");
    let report: Value = serde_json::from_str(&text).expect("it is JSON");

    for (level, rows, low, high) in LEVELS {
        let metrics = &entity(&report, level)["metrics"];
        assert_eq!(metrics["rows"], rows, "{level}");
        let accuracy = metrics["accuracy"].as_f64().expect("an accuracy");
        assert!(
            accuracy > low - 0.03 && accuracy < high + 0.03,
            "{level}: {accuracy}"
        );
    }
    assert_eq!(report["rows"], 15_060);
    let accuracy = report["overall"]["micro"]["accuracy"]
        .as_f64()
        .expect("an accuracy");
    assert!((accuracy - 0.8002).abs() < 0.006, "{accuracy}");
    assert_eq!(report["worst"][0]["key"], "Doctorate");
    agrees_with_predictions(&models, &test, &report);
}

/// The figures against counts of what the library predicts for each row.
fn agrees_with_predictions(models: &str, test: &str, report: &Value) {
    use per_entity::dataset::{Query, Source};
    let store = Store::open(models).expect("a store");
    let spec = &store.generation().run.dataset;
    let source = Source::open(&[test.to_owned()], None, spec).expect("files");
    let frame = Query::new(&source, spec).expect("a query").frame().clone();
    let frame = frame.drop_nulls(None).collect().expect("rows");
    for (level, ..) in LEVELS {
        let own = col("education").cast(DataType::String).eq(lit(level));
        let rows = frame.clone().lazy().filter(own).collect().expect("rows");
        let model = store.model(level).expect("a model");
        let predicted = model.predict(&rows).expect("predictions");
        let text = |name: &str| {
            let column = rows.column(name).expect("a column");
            column.cast(&DataType::String).expect("text")
        };
        let (truth, sex) = (text("income"), text("sex"));
        let (truth, sex) = (truth.str().expect("text"), sex.str().expect("text"));
        let (mut right, mut hits, mut selected, mut positive) = (0.0, 0.0, 0.0, 0.0);
        let mut groups: BTreeMap<&str, (f64, f64)> = BTreeMap::new();
        for (row, predicted) in predicted.iter().enumerate() {
            let is_positive = truth.get(row) == Some(">50K");
            let is_selected = *predicted == ">50K";
            right += f64::from(truth.get(row) == Some(*predicted));
            hits += f64::from(is_positive && is_selected);
            selected += f64::from(is_selected);
            positive += f64::from(is_positive);
            let group = groups.entry(sex.get(row).expect("a sex")).or_default();
            group.0 += f64::from(is_selected);
            group.1 += 1.0;
        }
        let entity = entity(report, level);
        let metrics = &entity["metrics"];
        close(&metrics["accuracy"], right / predicted.len() as f64);
        if positive > 0.0 {
            close(&metrics["recall"], hits / positive);
            close(&metrics["f1"], 2.0 * hits / (selected + positive));
        }
        match selected > 0.0 {
            true => close(&metrics["precision"], hits / selected),
            false => assert!(metrics["precision"].is_null()),
        }
        let rates: Vec<f64> = groups
            .values()
            .map(|(selected, rows)| selected / rows)
            .collect();
        let disparity = &entity["fairness"]["disparity"];
        close(
            &disparity["demographic_parity_difference"],
            (rates[0] - rates[1]).abs(),
        );
        for (group, rate) in entity["fairness"]["groups"]
            .as_array()
            .expect("groups")
            .iter()
            .zip(rates)
        {
            close(&group["selection_rate"], rate);
        }
    }
}

/// `benches/python/record_report.py` made the golden file, from the predictions of the same models.
#[test]
fn reports_agree_with_scikit_learn_and_fairlearn() {
    let golden: Vec<Value> = serde_json::from_str(include_str!("../golden/report.json")).unwrap();
    let adult = adult().map(|(data, _)| PathBuf::from(data).parent().unwrap().to_owned());
    for case in &golden {
        let scratch = Scratch::new();
        let name = case["name"].as_str().unwrap();
        let (models, output) = (scratch.path("models"), scratch.path("report.json"));
        let mut arguments: Vec<String> = ["train", "--output-dir", &models].map(Into::into).into();
        let given = case["train"]
            .as_array()
            .unwrap()
            .iter()
            .chain([&case["test"]]);
        arguments.extend(given.map(|text| text.as_str().unwrap().to_owned()));
        if arguments
            .iter()
            .any(|argument| argument.starts_with("ADULT"))
        {
            let Some(adult) = &adult else {
                eprintln!("{name} skipped: needs the Adult data");
                continue;
            };
            let adult = adult.display().to_string();
            arguments
                .iter_mut()
                .for_each(|argument| *argument = argument.replace("ADULT", &adult));
        }
        let test = arguments.pop().unwrap();
        run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        let groups: Vec<&str> = case["group_by"]
            .as_array()
            .unwrap()
            .iter()
            .map(|g| g.as_str().unwrap())
            .collect();
        run(&[
            "evaluate",
            "--models",
            &models,
            "--input",
            &test,
            "--output",
            &output,
            "--group-by",
            &groups.join(","),
            "--positive",
            case["positive"].as_str().unwrap(),
        ]);
        let report: Value = serde_json::from_slice(&fs::read(&output).unwrap()).unwrap();
        let overall = serde_json::json!({
            "metrics": report["overall"]["micro"],
            "fairness": report["fairness"],
        });
        agrees(&overall, &case["overall"], name);
        let entities = case["entities"].as_object().unwrap();
        assert_eq!(
            report["entities"].as_array().unwrap().len(),
            entities.len(),
            "{name}"
        );
        for (key, wanted) in entities {
            agrees(entity(&report, key), wanted, &format!("{name}: {key}"));
        }
    }
}

fn agrees(figures: &Value, wanted: &Value, name: &str) {
    same(&figures["metrics"], &wanted["metrics"], name);
    let (fairness, wanted) = (&figures["fairness"], &wanted["fairness"]);
    if wanted.is_null() {
        return;
    }
    let groups = fairness["groups"].as_array().unwrap();
    let wanted_groups = wanted["groups"].as_array().unwrap();
    assert_eq!(groups.len(), wanted_groups.len(), "{name}");
    for (group, wanted) in groups.iter().zip(wanted_groups) {
        same(group, wanted, name);
    }
    let disparity = &fairness["disparity"];
    // There is nothing to compare one group with.
    if groups.len() < 2 {
        return;
    }
    for rate in ["true_positive_rate", "false_positive_rate"] {
        if groups.iter().filter(|group| !group[rate].is_null()).count() > 1 {
            let difference = format!("{rate}_difference");
            same(
                &disparity[&difference],
                &wanted["defined"][&difference],
                name,
            );
        }
    }
    for figure in ["demographic_parity_difference", "demographic_parity_ratio"] {
        same(&disparity[figure], &wanted["fairlearn"][figure], name);
    }
    // Fairlearn takes an undefined rate for 0.
    let all_defined =
        disparity["groups_without_positives"] == 0 && disparity["groups_without_negatives"] == 0;
    if all_defined {
        same(disparity, &wanted["fairlearn"], name);
    }
}

/// Whether all that is wanted is there, numbers to within 1e-12.
fn same(value: &Value, wanted: &Value, name: &str) {
    match wanted {
        Value::Object(fields) => {
            for (field, wanted) in fields {
                same(&value[field], wanted, &format!("{name}: {field}"));
            }
        }
        Value::Array(items) => {
            assert_eq!(value.as_array().map(Vec::len), Some(items.len()), "{name}");
            for (position, wanted) in items.iter().enumerate() {
                same(&value[position], wanted, name);
            }
        }
        Value::Number(wanted) => {
            let (value, wanted) = (value.as_f64(), wanted.as_f64().unwrap());
            let is_close =
                value.is_some_and(|value| (value - wanted).abs() <= 1e-12 * wanted.abs().max(1.0));
            assert!(is_close, "{name}: {value:?} instead of {wanted}");
        }
        wanted => assert_eq!(value, wanted, "{name}"),
    }
}

#[test]
fn one_tree_per_education_level_is_no_gain_on_adult() {
    let Some((data, test)) = adult() else { return };
    let comparison = run_json(&[
        "compare", "--input", &data, "--test", &test, "--where", "true", "--json",
    ]);
    let accuracy = |way: &str| {
        comparison["overall"][way]["accuracy"]
            .as_f64()
            .expect("a number")
    };
    assert!((accuracy("majority") - 0.7716).abs() < 0.0001);
    assert!((accuracy("per_entity") - 0.8002).abs() < 0.006);
    assert!((accuracy("pooled") - 0.8060).abs() < 0.006);
    let gain = &comparison["overall"]["gain"];
    let end = |name: &str| gain[name].as_f64().expect("a number");
    close(
        &gain["difference"],
        accuracy("per_entity") - accuracy("pooled"),
    );
    let verdict = comparison["verdict"].as_str().expect("a sentence");
    assert!(verdict.to_lowercase().contains("no gain"), "{verdict}");
    assert_eq!(
        verdict.starts_with("A draw"),
        end("low") <= 0.0 && end("high") >= 0.0
    );
}

#[test]
fn comparison_says_when_entities_need_their_own_trees() {
    let scratch = Scratch::new();
    let mut text = String::from("shop,x,y\n");
    for row in 0..400 {
        let shop = row % 2;
        let x = row / 2 % 2;
        text += &format!("shop{shop},{x},{}\n", if x == shop { "yes" } else { "no" });
    }
    let input = scratch.write("rows.csv", &text);
    let arguments = [
        "compare",
        "--input",
        &input,
        "--key",
        "shop",
        "--target",
        "y",
        "--max-depth",
        "1",
        "--quiet",
    ];
    let verdict = run(&arguments);
    assert!(
        verdict.starts_with("Training per entity pays here"),
        "{verdict}"
    );
}

#[test]
fn several_classes_have_a_confusion_matrix_and_averages() {
    let scratch = Scratch::new();
    let models = train_shops(&scratch, 210);
    // In the north, the five rows of class top look like low ones.
    let mut test = String::from("shop,x,size,colour,class\n");
    for row in 0..30 {
        let class = ["low", "mid", "top"][row % 3];
        let x = if row % 3 == 2 && row < 15 { 0 } else { row % 3 };
        test += &format!("north,{x}.5,1,blue,{class}\n");
    }
    let test = scratch.write("test.csv", &test);
    let report = run_json(&["evaluate", "--models", &models, "--input", &test, "--json"]);
    assert_eq!(report["classes"], serde_json::json!(["low", "mid", "top"]));
    let north = entity(&report, "north");
    assert_eq!(
        north["confusion"]["counts"],
        serde_json::json!([10, 0, 0, 0, 10, 0, 5, 0, 5])
    );
    close(&north["metrics"]["accuracy"], 25.0 / 30.0);
    close(
        &north["metrics"]["precision"],
        (10.0 / 15.0 + 1.0 + 1.0) / 3.0,
    );
    close(&north["metrics"]["recall"], (1.0 + 1.0 + 0.5) / 3.0);
    close(&north["metrics"]["f1"], (0.8 + 1.0 + 2.0 / 3.0) / 3.0);
    close(&report["overall"]["micro"]["accuracy"], 25.0 / 30.0);
}

#[test]
fn groups_of_several_classes_need_a_positive_one() {
    let scratch = Scratch::new();
    let models = train_shops(&scratch, 210);
    let test = scratch.write("test.csv", &shops(60));
    let base = [
        "evaluate",
        "--models",
        &models,
        "--input",
        &test,
        "--group-by",
        "group",
    ];
    let (code, error) = fail(&base);
    assert_eq!(code, Some(2));
    assert!(
        error.contains("--positive") && error.contains("'low', 'mid', 'top'"),
        "{error}"
    );
    let report = run_json(&[&base[..], &["--positive", "top", "--json"]].concat());
    let groups = report["fairness"]["groups"].as_array().expect("groups");
    assert_eq!(groups[0]["values"], serde_json::json!(["a"]));
    assert_eq!(groups[0]["rows"], 24);
    close(&groups[0]["selection_rate"], 8.0 / 24.0);
    close(&groups[0]["true_positive_rate"], 1.0);
    close(&groups[0]["false_positive_rate"], 0.0);
    close(
        &report["fairness"]["disparity"]["equalized_odds_difference"],
        0.0,
    );
}

#[test]
fn unseen_targets_and_unknown_entities_are_reported() {
    let scratch = Scratch::new();
    let models = train_shops(&scratch, 210);
    let test = scratch.write(
        "test.csv",
        "shop,x,size,colour,class\nnorth,0.5,1,red,low\nnorth,1.5,1,red,huge\nwest,0.5,1,red,low\n",
    );
    let base = ["evaluate", "--models", &models, "--input", &test];
    let report = run_json(&[&base[..], &["--json"]].concat());
    assert_eq!(report["unseen_targets"], serde_json::json!({ "huge": 1 }));
    assert_eq!(report["rows_without_model"], 1);
    assert_eq!(entity(&report, "west")["model"]["status"], "unknown");
    close(&entity(&report, "north")["metrics"]["accuracy"], 0.5);
    assert_eq!(report["overall"]["micro"]["rows"], 2);
    let text = run(&base);
    assert!(
        text.contains("'huge'") && text.contains("1 entities without a model"),
        "{text}"
    );
}

#[test]
fn a_damaged_model_is_named_and_the_others_are_evaluated() {
    let scratch = Scratch::new();
    let models = train_shops(&scratch, 210);
    let file = Path::new(&models).join("gen-000001/south.cbor");
    let mut bytes = fs::read(&file).expect("a model");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, bytes).expect("a model");
    let test = scratch.write("test.csv", &shops(60));
    let (code, error) = fail(&["evaluate", "--models", &models, "--input", &test]);
    assert_eq!(code, Some(1));
    assert!(
        error.contains("south.cbor") && error.contains("digest"),
        "{error}"
    );

    let frame = LazyCsvReader::new(PlRefPath::new(&test))
        .finish()
        .expect("a frame");
    let report = evaluate(&Store::open(&models).expect("a store"), frame).expect("a report");
    assert_eq!(report.entities[0].model, ModelStatus::Evaluated);
    assert_eq!(report.overall.micro.accuracy, Some(1.0));
    assert!(matches!(report.entities[1].model, ModelStatus::Damaged(_)));
}

#[test]
fn input_that_the_models_cannot_read_is_an_error_that_names_the_column() {
    let scratch = Scratch::new();
    let models = train_shops(&scratch, 210);
    let cases = [
        ("shop,size,colour,class\nnorth,1,red,low\n", "'x'"),
        ("shop,x,size,colour\nnorth,1,1,red\n", "'class'"),
        ("shop,x,size,colour,class\nnorth,wide,1,red,low\n", "'x'"),
        ("shop,x,size,colour,class\n", "holds no rows"),
    ];
    for (text, named) in cases {
        let test = scratch.write("test.csv", text);
        let (code, error) = fail(&["evaluate", "--models", &models, "--input", &test]);
        assert_eq!(code, Some(2), "{error}");
        assert!(error.contains(named), "{error}");
    }
    let store = Store::open(&models).expect("a store");
    let frame = df!(
        "shop" => ["north"], "x" => ["1.5"], "size" => [1.0], "colour" => ["red"], "class" => ["low"],
    );
    let error = evaluate(&store, frame.expect("a frame").lazy()).expect_err("x is text");
    assert!(
        error.to_string().contains("column 'x' is of type str"),
        "{error}"
    );
}

#[test]
fn figures_are_written_as_tables_too() {
    let scratch = Scratch::new();
    let models = train_shops(&scratch, 210);
    let test = scratch.write("test.csv", &shops(60));
    let (csv, parquet) = (scratch.path("metrics.csv"), scratch.path("metrics.parquet"));
    for output in [&csv, &parquet] {
        run(&[
            "evaluate", "--models", &models, "--input", &test, "--output", output, "--quiet",
        ]);
    }
    let text = fs::read_to_string(&csv).expect("a file");
    assert!(
        text.starts_with("scope,entity,group,model,rows,accuracy,"),
        "{text}"
    );
    assert!(text.contains("\nentity,north,,evaluated,30,1.0,"), "{text}");
    let frame = LazyFrame::scan_parquet(PlRefPath::new(&parquet), Default::default());
    let frame = frame.and_then(LazyFrame::collect).expect("a table");
    assert_eq!(frame.height(), text.lines().count() - 1);
}

fn entities(models: &str) -> DataFrame {
    let store = Store::open(models).expect("a store");
    let entities = store.entities().expect("a table of entities");
    entities.collect().expect("a table of entities")
}

#[test]
fn holdout_figures_stand_in_the_store_whatever_the_threads() {
    let scratch = Scratch::new();
    let input = scratch.write("train.csv", &shops(600));
    let base = [
        "train",
        "--input",
        &input,
        "--key",
        "shop",
        "--target",
        "class",
        "--holdout",
        "0.2",
        "--quiet",
        "--output-dir",
    ];
    let (one, many) = (scratch.path("one"), scratch.path("many"));
    run(&[&base[..], &[&one, "--threads", "1"]].concat());
    run(&[&base[..], &[&many, "--threads", "4"]].concat());
    let table = |models: &str| fs::read(Path::new(models).join("gen-000001/entities.parquet"));
    assert_eq!(
        table(&one).expect("a table"),
        table(&many).expect("a table")
    );

    let entities = entities(&one);
    let number = |name: &str| {
        entities
            .column(name)
            .expect("a column")
            .cast(&DataType::Float64)
    };
    let held_out = number("holdout_rows").expect("numbers");
    let held_out = held_out.f64().expect("numbers").get(0).expect("a number");
    assert!((held_out - 60.0).abs() <= 3.0, "{held_out}");
    let rows = number("rows").expect("numbers");
    assert_eq!(rows.f64().expect("numbers").get(0), Some(300.0 - held_out));
    for name in [
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
    ] {
        let column = number(name).expect("numbers");
        assert_eq!(column.f64().expect("numbers").get(0), Some(1.0), "{name}");
    }
    let run = &Store::open(&one).expect("a store").generation().run.clone();
    let overall = &run.holdout.as_ref().expect("a holdout").overall;
    assert_eq!(overall.micro.accuracy, Some(1.0));
}

#[test]
fn added_rows_leave_the_holdout_as_it_was() {
    use per_entity::dataset::{Column, DatasetSpec, Holdout, Source, Table};
    let scratch = Scratch::new();
    let held_out = |rows: u32, seed: u64| -> Vec<f64> {
        let mut text = String::from("shop,number,class\n");
        for row in 0..rows {
            text += &format!("{},{row},{}\n", ["n", "s"][(row % 2) as usize], row % 3);
        }
        let input = scratch.write("rows.csv", &text);
        let spec = DatasetSpec::new(["shop"], "class");
        let source = Source::open(&[input], None, &spec).expect("files");
        let table = Table::load(&source, &spec, &Default::default()).expect("a table");
        let (train, test) = Holdout::new(0.25, seed, None)
            .expect("a holdout")
            .split(&table);
        assert_eq!(train.rows() + test.rows(), rows as usize);
        assert!((test.rows() as f64 - 0.25 * f64::from(rows)).abs() <= 12.0);
        let Column::Numbers(numbers) = &test.columns()[0] else {
            panic!("numbers")
        };
        (0..test.rows()).map(|row| numbers.get(row)).collect()
    };
    let before = held_out(600, 7);
    let mut after = held_out(1_000, 7);
    after.retain(|&number| number < 600.0);
    assert_eq!(before, after);
    assert_ne!(before, held_out(600, 8));
}

#[test]
fn rows_with_the_same_value_are_held_out_together() {
    let scratch = Scratch::new();
    let mut text = String::from("shop,customer,x,class\n");
    for row in 0..400 {
        text += &format!("n,c{},{},{}\n", row % 40, row % 2, row % 2);
    }
    let input = scratch.write("rows.csv", &text);
    let models = scratch.path("models");
    run(&[
        "train",
        "--input",
        &input,
        "--key",
        "shop",
        "--target",
        "class",
        "--ignore",
        "customer",
        "--holdout",
        "0.3",
        "--holdout-by",
        "customer",
        "--output-dir",
        &models,
        "--quiet",
    ]);
    let held_out = entities(&models);
    let held_out = held_out
        .column("holdout_rows")
        .expect("a column")
        .u64()
        .expect("numbers")
        .get(0);
    // Each of the 40 customers has ten rows.
    assert!(
        held_out.is_some_and(|rows| rows > 0 && rows % 10 == 0),
        "{held_out:?}"
    );
}

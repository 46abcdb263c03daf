//! Reports on a few rows, each of whose figures can be counted by hand.

use std::fs;
use std::fs::File;

use per_entity::evaluate::{Evaluator, ModelStatus};
use per_entity::metrics::Metric;
use polars::prelude::{LazyCsvReader, LazyFileListReader, ParquetReader, PlRefPath, SerReader, df};
use serde_json::json;

use super::figures::{close, entity};
use super::shops::{shops, trained_shops};
use crate::support::place::Place;

#[test]
fn several_classes_have_a_confusion_matrix_and_averages() {
    let place = trained_shops(210);
    // In the north, the five rows of class top look like low ones.
    let mut test = String::from("shop,x,size,colour,class\n");
    for row in 0..30 {
        let class = ["low", "mid", "top"][row % 3];
        let x = if row % 3 == 2 && row < 15 { 0 } else { row % 3 };
        test += &format!("north,{x}.5,1,blue,{class}\n");
    }
    place.write("test.csv", test);
    let report = place
        .run("evaluate --models models --input test.csv --json")
        .succeeded()
        .json();
    assert_eq!(report["classes"], json!(["low", "mid", "top"]));
    let north = entity(&report, "north");
    assert_eq!(
        north["confusion"]["counts"],
        json!([10, 0, 0, 0, 10, 0, 5, 0, 5])
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
fn figures_are_the_same_to_the_last_digit_whatever_the_order_of_rows() {
    let place = trained_shops(210);
    let rows = |test: u64| -> Vec<String> {
        let row = |row: u64| {
            let drawn = row * 7919 % 104_729 + test;
            let shop = ["north", "south"][drawn as usize % 2];
            let class = ["low", "mid", "top"][drawn as usize / 7 % 3];
            format!(
                "{shop},{}.{},{},blue,{class}\n",
                drawn % 4,
                drawn % 89,
                drawn % 3
            )
        };
        (0..900).map(row).collect()
    };
    let header = "shop,x,size,colour,class\n";
    place.write("train.csv", header.to_owned() + &rows(1).concat());
    let mut told = Vec::new();
    for turn in 0..3 {
        let mut test = rows(0);
        test.rotate_left(turn * 307);
        if turn == 2 {
            test.reverse();
        }
        place.write("test.csv", header.to_owned() + &test.concat());
        let commands = [
            "evaluate --models models --input test.csv --group-by x --positive top --json",
            "compare --input train.csv --test test.csv --key shop --target class --json",
        ];
        let run = |command| place.run(command).succeeded().json();
        told.push(commands.map(run));
    }
    assert_eq!(told[0], told[1]);
    assert_eq!(told[0], told[2]);
}

#[test]
fn probabilities_are_held_against_what_came_true() {
    let place = Place::new();
    let rows = |shop: &str, yes: usize, no: usize| {
        let yes = format!("{shop},1,yes\n").repeat(yes);
        yes + &format!("{shop},1,no\n").repeat(no)
    };
    let header = "shop,x,y\n";
    // Of the one, 80 % are yes at training and half of 40 afterwards; of the other, all are no.
    let train = format!("{header}{}{}", rows("a", 8, 2), rows("b", 0, 10));
    place.write("train.csv", train);
    place.write(
        "test.csv",
        format!("{header}{}{}", rows("a", 20, 20), rows("b", 0, 10)),
    );
    place
        .run("train --input train.csv --key shop --target y --pruning none --output-dir models")
        .succeeded();
    let evaluate = "evaluate --models models --input test.csv";
    let report = place.run(&format!("{evaluate} --json")).succeeded().json();
    close(
        &entity(&report, "a")["calibration"]["expected_calibration_error"],
        0.3,
    );
    assert!(
        entity(&report, "b")["calibration"].is_null(),
        "ten rows say too little"
    );
    let calibration = &report["calibration"];
    close(
        &calibration["expected_calibration_error"],
        0.3 * 40.0 / 50.0,
    );
    assert_eq!(calibration["bins"][7]["rows"], 40);
    close(&calibration["bins"][7]["mean_predicted"], 0.8);
    close(&calibration["bins"][7]["observed_share"], 0.5);
    assert_eq!(calibration["bins"][0]["rows"], 10);
    let text = place.run(evaluate).succeeded().stdout;
    for said in ["expected calibration error 0.2400", "probability of 'yes'"] {
        assert!(text.contains(said), "{said}: {text}");
    }
}

#[test]
fn groups_of_several_classes_need_a_positive_one() {
    let place = trained_shops(210);
    place.write("test.csv", shops(60));
    let evaluate = "evaluate --models models --input test.csv --group-by group";
    let error = place.run(evaluate).failed(2);
    assert!(
        error.contains("--positive") && error.contains("'low', 'mid', 'top'"),
        "{error}"
    );
    let report = place
        .run(&format!("{evaluate} --positive top --json"))
        .succeeded()
        .json();
    let groups = report["fairness"]["groups"].as_array().expect("groups");
    assert_eq!(groups[0]["values"], json!(["a"]));
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
    let place = trained_shops(210);
    place.write(
        "test.csv",
        "shop,x,size,colour,class\nnorth,0.5,1,red,low\nnorth,1.5,1,red,huge\nwest,0.5,1,red,low\n",
    );
    let report = place
        .run("evaluate --models models --input test.csv --json")
        .succeeded()
        .json();
    assert_eq!(
        report["unseen_targets"],
        json!([{ "target": "huge", "rows": 1 }])
    );
    assert_eq!(report["rows_without_model"], 1);
    assert_eq!(entity(&report, "west")["model"]["status"], "unknown");
    close(&entity(&report, "north")["metrics"]["accuracy"], 0.5);
    assert_eq!(report["overall"]["micro"]["rows"], 2);
    let output = place.run("evaluate --models models --input test.csv");
    let text = output.succeeded().stdout;
    assert!(
        text.contains("'huge'") && text.contains("1 entities without a model"),
        "{text}"
    );
}

#[test]
fn a_damaged_model_is_named_and_the_others_are_evaluated() {
    let place = trained_shops(210);
    let file = place.path("models/gen-000001/south.cbor");
    let mut bytes = fs::read(&file).expect("a model");
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, bytes).expect("a model");
    place.write("test.csv", shops(60));
    let error = place
        .run("evaluate --models models --input test.csv")
        .failed(1);
    assert!(
        error.contains("south.cbor") && error.contains("digest"),
        "{error}"
    );

    let frame = LazyCsvReader::new(PlRefPath::new(place.path("test.csv").display().to_string()))
        .finish()
        .expect("a frame");
    let report = Evaluator::new(place.store("models"))
        .run(frame)
        .expect("a report");
    assert_eq!(report.entities[0].model, ModelStatus::Evaluated);
    assert_eq!(Metric::Accuracy.of(&report.overall.micro), Some(1.0));
    assert!(matches!(report.entities[1].model, ModelStatus::Damaged(_)));
}

#[test]
fn input_that_the_models_cannot_read_is_an_error_that_names_the_column() {
    let place = trained_shops(210);
    let cases = [
        ("shop,size,colour,class\nnorth,1,red,low\n", "'x'"),
        ("shop,x,size,colour\nnorth,1,1,red\n", "'class'"),
        ("shop,x,size,colour,class\nnorth,wide,1,red,low\n", "'x'"),
        ("shop,x,size,colour,class\n", "holds no rows"),
    ];
    for (text, named) in cases {
        place.write("test.csv", text);
        let error = place
            .run("evaluate --models models --input test.csv")
            .failed(2);
        assert!(error.contains(named), "{error}");
    }

    let evaluator = Evaluator::new(place.store("models"));
    let evaluate = |x: &str| {
        let frame = df!(
            "shop" => ["north"], "x" => [x], "size" => [1.0], "colour" => ["red"], "class" => ["low"],
        );
        evaluator.run(frame.expect("a frame"))
    };
    assert!(evaluate("1.5").is_ok(), "a text of a number is one");
    let error = evaluate("wide").expect_err("x is no number").to_string();
    for part in ["column 'x'", "'wide'", "not a number as at training"] {
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn figures_are_written_as_tables_too() {
    let place = trained_shops(210);
    place.write("test.csv", shops(60));
    for name in ["metrics.csv", "metrics.parquet"] {
        place
            .run(&format!(
                "evaluate --models models --input test.csv --output {name}"
            ))
            .succeeded();
    }
    let text = place.read("metrics.csv");
    assert!(
        text.starts_with("scope,entity,group,model,rows,accuracy,"),
        "{text}"
    );
    assert!(text.contains("\nentity,north,,evaluated,30,1.0,"), "{text}");
    let file = File::open(place.path("metrics.parquet")).expect("a file");
    let frame = ParquetReader::new(file).finish().expect("a table");
    assert_eq!(frame.height(), text.lines().count() - 1);
}

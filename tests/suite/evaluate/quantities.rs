//! Models of quantities, evaluated and compared: every figure is calculated again in the test.

use per_entity::metrics::Metric;
use serde_json::{Value, json};

use super::figures::{close, entity};
use crate::support::place::Place;

/// A row: its shop, the side of the only split, its group, and what it sells.
struct Row {
    shop: &'static str,
    x: u32,
    group: &'static str,
    sold: f64,
}

/// Rows of two shops to train on. In the north, a row of side 0 sells 10 and one of side 1 sells
/// 30; in the south, it is the other way round, and all is ten times as much.
fn training(rows: u32) -> Vec<Row> {
    let row = |row: u32| {
        let x = row / 2 % 2;
        match row % 2 {
            0 => ("north", x, f64::from(10 + 20 * x)),
            _ => ("south", x, f64::from(300 - 200 * x)),
        }
    };
    let rows = (0..rows).map(|number| (row(number), number));
    rows.map(|((shop, x, sold), number)| Row {
        shop,
        x,
        group: ["a", "b"][(number % 3 == 0) as usize],
        sold: sold + [-0.5, 0.5][(number / 4 % 2) as usize],
    })
    .collect()
}

/// What a tree of one split learns that is not pruned: the mean of the side.
fn prediction(row: &Row) -> f64 {
    match (row.shop, row.x) {
        ("north", x) => f64::from(10 + 20 * x),
        (_, x) => f64::from(300 - 200 * x),
    }
}

/// Rows to evaluate on, whose errors are known: in the south they are larger, and group b is
/// predicted too high.
fn test() -> Vec<Row> {
    let mut rows = training(160);
    for (number, row) in rows.iter_mut().enumerate() {
        let size = if row.shop == "south" { 5.0 } else { 1.0 };
        let sign = if row.group == "b" { 1.0 } else { -0.5 };
        row.sold = prediction(row) - size * sign * (1.0 + number as f64 / 100.0);
    }
    rows
}

fn csv(rows: &[Row]) -> String {
    let lines = rows
        .iter()
        .map(|row| format!("{},{},{},{}\n", row.shop, row.x, row.group, row.sold));
    format!("shop,x,group,sold\n{}", lines.collect::<String>())
}

/// A place with a store of both shops, and rows to evaluate on.
fn place() -> Place {
    let place = Place::new();
    place.write("train.csv", csv(&training(160)));
    place.write("test.csv", csv(&test()));
    let train = "train --input train.csv --key shop --target sold --ignore group";
    place
        .run(&format!(
            "{train} --max-depth 1 --pruning none --output-dir models"
        ))
        .succeeded();
    place
}

/// The errors of some rows, each the prediction minus the truth.
fn errors<'a>(rows: impl IntoIterator<Item = &'a Row>) -> Vec<f64> {
    let rows = rows.into_iter();
    rows.map(|row| prediction(row) - row.sold).collect()
}

fn mean(numbers: &[f64]) -> f64 {
    numbers.iter().sum::<f64>() / numbers.len() as f64
}

fn mean_squared(numbers: &[f64]) -> f64 {
    mean(&numbers.iter().map(|n| n * n).collect::<Vec<_>>())
}

fn mean_size(numbers: &[f64]) -> f64 {
    mean(&numbers.iter().map(|n| n.abs()).collect::<Vec<_>>())
}

/// Whether figures are those of these rows, to within rounding.
#[track_caller]
fn assert_figures(figures: &Value, rows: &[&Row]) {
    let errors = errors(rows.iter().copied());
    let truths: Vec<f64> = rows.iter().map(|row| row.sold).collect();
    let deviations: Vec<f64> = truths.iter().map(|truth| truth - mean(&truths)).collect();
    let nearly = |name: &str, wanted: f64| {
        let value = figures[name].as_f64().unwrap();
        assert!((value - wanted).abs() < 1e-9, "{name}: {value}, {wanted}");
    };
    assert_eq!(figures["rows"], rows.len());
    nearly("mean_absolute_error", mean_size(&errors));
    nearly("root_mean_squared_error", mean_squared(&errors).sqrt());
    nearly(
        "r2",
        1.0 - mean_squared(&errors) / mean_squared(&deviations),
    );
    nearly("mean_error", mean(&errors));
    let mut sorted = errors;
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let median = (sorted[middle - 1] + sorted[middle]) / 2.0;
    let value = figures["error_quantiles"]["median"].as_f64().unwrap();
    assert!((value - median).abs() < 1e-9, "{value} {median}");
}

#[test]
fn errors_are_those_of_the_predictions_entity_by_entity_and_together() {
    let place = place();
    let evaluate = "evaluate --models models --input test.csv --group-by group";
    let report = place.run(&format!("{evaluate} --json")).succeeded().json();
    let rows = test();
    let of = |shop: &str| -> Vec<&Row> { rows.iter().filter(|r| r.shop == shop).collect() };
    for shop in ["north", "south"] {
        assert_figures(&entity(&report, shop)["metrics"], &of(shop));
    }
    let overall = &report["overall"];
    assert_figures(&overall["micro"], &rows.iter().collect::<Vec<_>>());
    let [north, south] = ["north", "south"].map(|shop| mean_squared(&errors(of(shop))).sqrt());
    let mean = &overall["macro_mean"]["root_mean_squared_error"]["value"];
    assert!((mean.as_f64().unwrap() - (north + south) / 2.0).abs() < 1e-9);

    assert_eq!(report["task"], "regression");
    assert_eq!(
        (&report["rows"], &report["rows_without_model"]),
        (&json!(160), &json!(0))
    );
    for (name, document) in [("report", &report), ("entity", entity(&report, "north"))] {
        let fields = document.as_object().unwrap();
        for field in [
            "classes",
            "positive",
            "unseen_targets",
            "confusion",
            "calibration",
        ] {
            assert!(!fields.contains_key(field), "{name}: {field}");
        }
    }

    let all = mean_squared(&errors(&rows)).sqrt();
    let worst = report["worst"].as_array().unwrap();
    assert_eq!((worst.len(), &worst[0]["key"]), (1, &json!("south")));
    let ratio = worst[0]["ratio_to_overall"].as_f64().unwrap();
    assert!((ratio - south / all).abs() < 1e-9, "{ratio}");
}

#[test]
fn groups_of_a_quantity_are_compared_by_their_errors() {
    let place = place();
    let evaluate = "evaluate --models models --input test.csv --group-by group";
    let report = place.run(&format!("{evaluate} --json")).succeeded().json();
    let rows = test();
    let of = |group: &str| errors(rows.iter().filter(|row| row.group == group));
    let groups = report["fairness"]["groups"].as_array().unwrap();
    for (group, name) in groups.iter().zip(["a", "b"]) {
        assert_eq!(group["values"], json!([name]));
        let errors = of(name);
        let nearly = |field: &str, wanted: f64| {
            let value = group[field].as_f64().unwrap();
            assert!(
                (value - wanted).abs() < 1e-9,
                "{name} {field}: {value}, {wanted}"
            );
        };
        assert_eq!(group["rows"], errors.len());
        nearly("mean_error", mean(&errors));
        nearly("mean_absolute_error", mean_size(&errors));
        nearly("root_mean_squared_error", mean_squared(&errors).sqrt());
    }
    let difference = &report["fairness"]["disparity"]["mean_error_difference"];
    let wanted = mean(&of("b")) - mean(&of("a"));
    assert!(wanted > 0.0 && (difference.as_f64().unwrap() - wanted).abs() < 1e-9);

    // Of a shop, group b has fewer than 30 rows, so no gap between its groups is told.
    assert_eq!(report["largest_gaps"], json!([]));
    let twice = format!(
        "{}{}",
        place.read("test.csv"),
        &csv(&rows)["shop,x,group,sold\n".len()..]
    );
    place.write("test.csv", twice);
    let report = place.run(&format!("{evaluate} --json")).succeeded().json();
    let gap = &report["largest_gaps"][0];
    assert_eq!(
        (&gap["key"], &gap["most"], &gap["least"]),
        (&json!("south"), &json!(["b"]), &json!(["a"]))
    );

    let text = place.run(evaluate).succeeded().stdout;
    for said in [
        "errors by group",
        "MAE",
        "RMSE",
        "mean error",
        "largest RMSE",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    let error = place.run(&format!("{evaluate} --positive b")).failed(2);
    assert!(
        error.contains("predict a quantity") && error.contains("--positive"),
        "{error}"
    );
}

#[test]
fn tables_of_figures_have_the_errors() {
    let place = place();
    let evaluate = "evaluate --models models --input test.csv --group-by group";
    let report = place
        .run(&format!("{evaluate} --output figures.csv --json"))
        .succeeded()
        .json();
    let text = place.read("figures.csv");
    let cells = |line: &str| -> Vec<String> { line.split(',').map(String::from).collect() };
    let header = cells(text.lines().next().unwrap());
    let cell = |start: &str, column: &str| {
        let line = text.lines().find(|line| line.starts_with(start)).unwrap();
        let position = header.iter().position(|name| name == column).unwrap();
        json!(cells(line)[position].parse::<f64>().unwrap())
    };
    let south = &entity(&report, "south")["metrics"];
    for column in [
        "mean_absolute_error",
        "root_mean_squared_error",
        "r2",
        "mean_error",
    ] {
        close(
            &cell("entity,south", column),
            south[column].as_f64().unwrap(),
        );
    }
    let last = &south["error_quantiles"]["percentile_95"];
    close(
        &cell("entity,south", "error_percentile_95"),
        last.as_f64().unwrap(),
    );
    let group = &report["fairness"]["groups"][1]["mean_error"];
    close(&cell("group,,b", "mean_error"), group.as_f64().unwrap());
    assert!(!header.contains(&"accuracy".to_owned()), "{header:?}");
}

#[test]
fn the_gain_is_the_difference_of_the_mean_squared_errors() {
    let place = place();
    let compare = "compare --input train.csv --test test.csv --key shop --target sold";
    let compare = format!("{compare} --ignore group --max-depth 1 --pruning none");
    let comparison = place.run(&format!("{compare} --json")).succeeded().json();
    let overall = &comparison["overall"];
    let squared = |way: &str| {
        let error = overall[way]["root_mean_squared_error"].as_f64().unwrap();
        error * error
    };
    let rows = test();
    let own = errors(&rows);
    assert!((squared("per_entity") - mean_squared(&own)).abs() < 1e-9);
    // The mean of a shop is what its two sides have in the middle.
    let middle = |row: &Row| if row.shop == "north" { 20.0 } else { 200.0 };
    let of_mean: Vec<f64> = rows.iter().map(|row| middle(row) - row.sold).collect();
    assert!((squared("baseline") - mean_squared(&of_mean)).abs() < 1e-6);
    // One split tells one tree for all the shops apart, so it predicts their means.
    assert!((squared("pooled") - mean_squared(&of_mean)).abs() < 1e-6);

    let gains: Vec<f64> = of_mean
        .iter()
        .zip(&own)
        .map(|(m, o)| m * m - o * o)
        .collect();
    let deviations: Vec<f64> = gains.iter().map(|gain| gain - mean(&gains)).collect();
    let n = gains.len() as f64;
    let error = (mean_squared(&deviations) * n / (n - 1.0) / n).sqrt();
    let gain = &overall["gain"];
    for (name, wanted) in [
        ("difference", mean(&gains)),
        ("low", mean(&gains) - 1.959_963_984_540_054 * error),
        ("high", mean(&gains) + 1.959_963_984_540_054 * error),
    ] {
        let value = gain[name].as_f64().unwrap();
        assert!((value - wanted).abs() < 1e-6, "{name}: {value}, {wanted}");
    }
    let verdict = comparison["verdict"].as_str().unwrap();
    assert!(
        verdict.starts_with("Training per entity pays here"),
        "{verdict}"
    );
    assert!(verdict.contains("mean squared error"), "{verdict}");
    let text = place.run(&compare).succeeded().stdout;
    assert!(
        text.contains("RMSE: baseline") && text.contains(&format!("\n{verdict}\n")),
        "{text}"
    );
}

#[test]
fn one_row_has_no_interval_and_no_verdict() {
    let place = place();
    place.write("test.csv", "shop,x,group,sold\nnorth,0,a,11\n");
    let compare = "compare --input train.csv --test test.csv --key shop --target sold";
    let comparison = place.run(&format!("{compare} --json")).succeeded().json();
    assert!(comparison["overall"]["gain"].is_null(), "{comparison}");
    assert!(
        comparison["verdict"]
            .as_str()
            .unwrap()
            .starts_with("No verdict")
    );
    place.run(compare).succeeded();
}

#[test]
fn training_tells_how_good_models_of_a_quantity_are() {
    let place = Place::new();
    place.write("train.csv", csv(&training(400)));
    let train = "train --input train.csv --key shop --target sold --ignore group --max-depth 1";
    let train = format!("{train} --pruning none --holdout 0.3 --output-dir models");
    let text = place.run(&train).succeeded().stdout;
    for said in [
        "taken for a quantity",
        "training R²",
        "holdout RMSE",
        "root mean squared error",
    ] {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(
        !text.contains("classes  ") && !text.contains("accuracy"),
        "{text}"
    );

    let store = place.store("models");
    let generation = store.generation();
    assert_eq!(generation.training_accuracy, None);
    // All but half a piece of 20 or 200 is told.
    let r2 = generation.training_r2.unwrap();
    assert!(r2 > 0.99 && r2 < 1.0, "{r2}");
    let held_out = generation.run.holdout.as_ref().unwrap();
    let error = Metric::RootMeanSquaredError
        .of(&held_out.overall.micro)
        .unwrap();
    assert!((error - 0.5).abs() < 0.05, "{error}");

    let list = place.run("inspect models --json").succeeded().json();
    for listed in list["entities"].as_array().unwrap() {
        assert!(listed["training_accuracy"].is_null());
        assert!(listed["training_r2"].as_f64().unwrap() > 0.99, "{listed}");
        assert!(
            listed["root_mean_squared_error"].as_f64().unwrap() < 0.6,
            "{listed}"
        );
    }
    let history = place.run("history models").succeeded().stdout;
    assert!(
        history.contains("training R²") && history.contains("holdout RMSE"),
        "{history}"
    );
    place.run("inspect models --sort training-r2").succeeded();
    let error = place
        .run("inspect models --sort training-accuracy")
        .failed(2);
    assert!(error.contains("models are of regression"), "{error}");

    // A tree without a split is worse, so the earlier ones stay.
    let worse = train.replace("--max-depth 1", "--max-depth 0");
    let update = format!("{worse} --update --keep-better root-mean-squared-error");
    let text = place.run(&update).succeeded().stdout;
    assert!(text.contains("2 earlier ones stayed"), "{text}");
    place.run(&worse).succeeded();
    let diff = place.run("diff models 1 3").succeeded().stdout;
    assert!(
        diff.contains("training R²") && diff.contains("holdout RMSE"),
        "{diff}"
    );
}

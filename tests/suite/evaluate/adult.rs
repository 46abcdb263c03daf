//! Trees of Adult, evaluated.

use std::collections::BTreeMap;

use per_entity::source::Source;
use per_entity::table::Query;
use polars::prelude::{DataType, IntoLazy, col, lit};
use serde_json::Value;

use super::figures::{close, entity};
use crate::support::adult::{LEVELS, Level, adult};
use crate::support::place::Place;

#[test]
fn adult_trees_are_as_good_as_those_of_scikit_learn() {
    let Some(place) = adult() else { return };
    // As scikit-learn has them.
    let trees = "--pruning none --category-splits one";
    place
        .run(&format!(
            "train --input adult.data --where true {trees} --output-dir models"
        ))
        .succeeded();
    place
        .run("evaluate --models models --input adult.test --output metrics.json --group-by sex")
        .succeeded();
    let report: Value = serde_json::from_str(&place.read("metrics.json")).expect("it is JSON");
    for level in LEVELS {
        let (key, (low, high)) = (level.key, level.accuracy);
        let metrics = &entity(&report, key)["metrics"];
        assert_eq!(metrics["rows"], level.test_rows, "{key}");
        let accuracy = metrics["accuracy"].as_f64().expect("an accuracy");
        assert!(
            accuracy > low - 0.03 && accuracy < high + 0.03,
            "{key}: {accuracy}"
        );
    }
    assert_eq!(report["rows"], 15_060);
    let accuracy = report["overall"]["micro"]["accuracy"]
        .as_f64()
        .expect("an accuracy");
    assert!((accuracy - 0.8002).abs() < 0.006, "{accuracy}");
    assert_eq!(report["worst"][0]["key"], "Doctorate");
    agrees_with_predictions(&place, &report);
}

/// The figures against counts of what the library predicts for each row.
fn agrees_with_predictions(place: &Place, report: &Value) {
    let store = place.store("models");
    let spec = &store.generation().run.dataset;
    let test = place.path("adult.test").display().to_string();
    let source = Source::open(&[test], None, spec).expect("files");
    let query = Query::new(&source.into(), spec).expect("a query");
    let frame = query.frame().clone();
    let frame = frame.drop_nulls(None).collect().expect("rows");
    for Level { key: level, .. } in LEVELS {
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

//! What scikit-learn and Fairlearn say of the predictions of whole stores.
//! `benches/python/record_report.py` made the golden file, from the predictions of the same models.

use serde_json::{Value, json};

use super::figures::entity;
use crate::support::adult::adult;
use crate::support::place::Place;

#[test]
fn reports_agree_with_scikit_learn_and_fairlearn() {
    let golden: Vec<Value> =
        serde_json::from_str(include_str!("../../golden/report.json")).unwrap();
    for case in &golden {
        let name = text(&case["name"]);
        let Some(report) = report(case) else {
            continue;
        };
        let overall = json!({
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

/// The report of a case; none if the case needs the Adult data and they are not at hand.
fn report(case: &Value) -> Option<Value> {
    let place = match text(&case["test"]) {
        "ADULT/adult.test" => adult()?,
        _ => Place::with_sample(),
    };
    let here = |argument: &str| {
        let argument = argument.replace("ADULT/", "");
        argument.replace("fixtures/adult-sample.csv", "sample.csv")
    };
    let train = here(&texts(&case["train"]).join(" "));
    let trees = "--pruning none --category-splits one";
    place
        .run(&format!("train {train} {trees} --output-dir models"))
        .succeeded();
    let (test, positive) = (here(text(&case["test"])), text(&case["positive"]));
    let groups = texts(&case["group_by"]).join(",");
    let evaluate = format!("evaluate --models models --input {test} --output report.json");
    place
        .run(&format!(
            "{evaluate} --group-by {groups} --positive {positive}"
        ))
        .succeeded();
    Some(serde_json::from_str(&place.read("report.json")).unwrap())
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().unwrap().iter().map(text).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap()
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

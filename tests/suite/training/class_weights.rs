//! Weights of classes are weights of their rows.

use std::collections::HashMap;

use per_entity::Model;
use per_entity::train::ClassWeight;
use polars::prelude::*;

use super::rows::{refused, rows, spec, trained};
use crate::support::place::Place;

const SHOPS: [&str; 2] = ["a", "b"];

/// The model of a run whose rows weigh what `amount` says, or all the same.
fn model(tree: &str, is_weighted: bool, frame: &DataFrame, key: &str) -> Model {
    let mut spec = spec(tree);
    if is_weighted {
        spec.dataset.ignore.retain(|column| column != "amount");
        spec.dataset.weight = Some("amount".into());
    }
    trained(&spec, frame).model(key).unwrap()
}

/// The rows, with the weights of classes multiplied into the column `weighted`; `balanced` or 5 for
/// yes.
fn weighted(frame: &DataFrame, is_balanced: bool, has_weights: bool) -> DataFrame {
    let text = |name: &str| {
        let column = frame.column(name).unwrap().str().unwrap();
        column
            .iter()
            .map(|text| text.unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let (shops, classes) = (text("shop"), text("busy"));
    let amounts = frame.column("amount").unwrap().f64().unwrap();
    let own: Vec<f64> = match has_weights {
        true => amounts.iter().map(Option::unwrap).collect(),
        false => vec![1.0; frame.height()],
    };
    let mut sums: HashMap<(&str, &str), f64> = HashMap::new();
    for ((shop, class), own) in shops.iter().zip(&classes).zip(&own) {
        *sums.entry((shop, class)).or_default() += own;
    }
    let factor = |shop: &str, class: &str| match is_balanced {
        true => (sums[&(shop, "no")] + sums[&(shop, "yes")]) / 2.0 / sums[&(shop, class)],
        false if class == "yes" => 5.0,
        false => 1.0,
    };
    let weights = shops.iter().zip(&classes).zip(&own);
    let weights: Vec<f64> = weights
        .map(|((shop, class), own)| own * factor(shop, class))
        .collect();
    let mut frame = frame.clone();
    frame
        .with_column(Column::new("amount".into(), weights))
        .unwrap();
    frame
}

#[test]
fn they_train_the_very_trees_of_rows_that_weigh_so() {
    let frame = rows(&SHOPS, 0);
    for (weight, is_balanced) in [("'balanced'", true), ("{ yes = 5 }", false)] {
        for has_weights in [false, true] {
            for trainer in ["'cart'", "'linfa'"] {
                let tree = format!("[tree]\nmax-depth = 4\ntrainer = {trainer}\n");
                let by_class = format!("{tree}class-weight = {weight}");
                let explicit = weighted(&frame, is_balanced, has_weights);
                for key in SHOPS {
                    let expected = model(&tree, true, &explicit, key);
                    let found = model(&by_class, has_weights, &frame, key);
                    assert_eq!(found, expected, "{weight} {trainer} {key}");
                    let unweighted = model(&tree, has_weights, &frame, key);
                    assert_ne!(found, unweighted, "{weight} {trainer} {key}");
                }
            }
        }
    }
}

/// Three features, and classes that they tell by and large.
pub fn recorded() -> DataFrame {
    let numbers = |of: &dyn Fn(i64) -> i64| (0..24).map(of).collect::<Vec<_>>();
    let (a, b, c) = (
        numbers(&|i| 7 * i % 11),
        numbers(&|i| 5 * i % 7),
        numbers(&|i| 3 * i % 5),
    );
    let is_yes = |i: usize| a[i] + 2 * b[i] > 14 || c[i] == 4;
    df!(
        "shop" => vec!["x"; 24],
        "busy" => (0..24).map(|i| if is_yes(i) { "yes" } else { "no" }).collect::<Vec<_>>(),
        "sales" => (0..24).map(|i| 1.5 * a[i] as f64 + if b[i] > 3 { 10.0 } else { 0.0 } - 0.25 * c[i] as f64).collect::<Vec<_>>(),
        "amount" => (0..24).map(|i| 1.0 + f64::from(i % 3)).collect::<Vec<_>>(),
        "a" => &a,
        "b" => &b,
        "c" => &c,
    )
    .unwrap()
}

#[test]
fn balanced_trees_are_scikit_learns() {
    // DecisionTreeClassifier(max_depth=2, class_weight="balanced") of scikit-learn 1.9.1.
    let expected = [
        [12.0, 12.0],
        [12.0, 5.333333333333333],
        [8.8, 0.0],
        [3.2, 5.333333333333333],
        [0.0, 6.666666666666667],
    ];
    let more = "features = ['a', 'b', 'c']\n[tree]\nmax-depth = 2\npruning = 'none'\n\
        class-weight = 'balanced'";
    let more = more.replace("[tree]", "[tree]\ncriterion = 'gini'");
    let text = format!("key = ['shop']\ntarget = 'busy'\n{more}");
    let spec = per_entity::train::TrainingSpec::from_toml(&text).unwrap();
    let model = trained(&spec, &recorded()).model("x").unwrap();
    let counts = model.tree().unwrap().node_counts();
    assert_eq!(counts.nrows(), expected.len());
    for (found, expected) in counts.iter().zip(expected.iter().flatten()) {
        assert!((found - expected).abs() < 1e-12, "{counts}");
    }
}

#[test]
fn what_cannot_be_weighed_is_named() {
    let frame = rows(&SHOPS, 0);
    let error = |more: &str| refused(&spec(more), &frame).to_string();
    let unknown = error("tree.class-weight = { often = 2 }");
    for part in ["'often'", "'no'", "'yes'"] {
        assert!(unknown.contains(part), "{unknown}");
    }
    for weight in ["0", "-1", "inf", "nan", "1e10"] {
        let error = error(&format!("tree.class-weight = {{ yes = {weight} }}"));
        assert!(error.contains("the weight of class 'yes' is"), "{error}");
    }
    let quantity = spec("task = 'regression'\ntree.class-weight = 'balanced'");
    let mut quantities = frame.clone();
    quantities.rename("busy", "class".into()).unwrap();
    quantities.rename("noise", "busy".into()).unwrap();
    let error = refused(&quantity, &quantities).to_string();
    assert!(
        error.contains("is a quantity, which has no classes"),
        "{error}"
    );
    for text in ["", "yes", "yes=", "yes=a", "yes=1,yes=2", "even"] {
        let error = text.parse::<ClassWeight>().unwrap_err().to_string();
        assert!(error.contains("yes=5,no=1"), "{error}");
    }
}

#[test]
fn the_command_line_says_which_flag_is_wrong() {
    let place = Place::new();
    place.write("in.csv", "k,x,y\na,1,p\na,2,q\na,3,q\n");
    let train = "train --input in.csv --key k --target y --output-dir models --class-weight";
    let error = place.run(&format!("{train} r=2")).failed(2);
    assert!(
        error.contains("--class-weight") && error.contains("'p', 'q'"),
        "{error}"
    );
    place.run(&format!("{train} p=2,q=0.5")).succeeded();
    let trainer = place.run("history models --json").json()["generations"][0]["trainer"].clone();
    assert_eq!(trainer["class_weight"][0]["class"], "p");
    assert_eq!(trainer["class_weight"][1]["weight"], 0.5);
}

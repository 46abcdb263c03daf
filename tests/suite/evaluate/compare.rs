//! Models that know their entity against one for all.

use serde_json::Value;

use super::figures::close;
use crate::support::adult::adult;
use crate::support::place::Place;
use crate::support::program::finish;

#[test]
fn one_tree_per_education_level_is_no_gain_on_adult() {
    let Some(place) = adult() else { return };
    // As scikit-learn has them.
    let trees = "--pruning none --category-splits one";
    let compare = "compare --input adult.data --test adult.test --where true --json";
    let compare = format!("{compare} --shared-rounds 20 --shared-members best");
    let comparison = place.run(&format!("{compare} {trees}")).succeeded().json();
    let accuracy = |way: &str| {
        comparison["overall"][way]["accuracy"]
            .as_f64()
            .expect("a number")
    };
    assert!((accuracy("baseline") - 0.7716).abs() < 0.0001);
    assert!((accuracy("per_entity") - 0.8002).abs() < 0.006);
    assert!((accuracy("pooled") - 0.8060).abs() < 0.006);
    let gain = &comparison["overall"]["gain"];
    let end = |name: &str| gain[name].as_f64().expect("a number");
    close(
        &gain["difference"],
        accuracy("per_entity") - accuracy("pooled"),
    );
    assert!(end("low") <= 0.0);
    assert_ne!(comparison["winner"], "per_entity");
}

#[test]
fn comparison_says_when_entities_need_their_own_trees() {
    let place = Place::new();
    let mut text = String::from("shop,x,y\n");
    for row in 0..400 {
        let shop = row % 2;
        let x = row / 2 % 2;
        text += &format!("shop{shop},{x},{}\n", if x == shop { "yes" } else { "no" });
    }
    place.write("rows.csv", text);
    let output = place.run("compare --input rows.csv --key shop --target y --max-depth 1 --quiet");
    let verdict = output.succeeded().stdout;
    assert!(
        verdict.starts_with("Training per entity pays here"),
        "{verdict}"
    );
}

/// Rows of shops with a quantity that depends on the shop, `x` and `z`, and noise.
fn rows(shops: u64, rows: u64, noise: f64, quantity: impl Fn(u64, f64, f64) -> f64) -> String {
    let mut text = String::from("shop,x,z,y\n");
    for shop in 0..shops {
        for row in 0..rows {
            let place = (shop * rows + row) * 4;
            let [x, z, first, second] = [0, 1, 2, 3].map(|part| uniform(place + part));
            let y = quantity(shop, x, z) + noise * (first + second - 1.0);
            text += &format!("s{shop},{x:.4},{z:.4},{y:.4}\n");
        }
    }
    text
}

/// A number from 0 to 1 that is the same for the same seed (Steele et al. 2014, SplitMix).
fn uniform(seed: u64) -> f64 {
    let mut mixed = seed.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// What each shop has above the others.
fn level(shop: u64) -> f64 {
    8.0 * uniform(1_000_000 + shop)
}

/// Something that each shop has a number of its own for in each sixteenth of `x`.
fn shape(shop: u64, x: f64) -> f64 {
    20.0 * uniform(2_000_000 + 16 * shop + (x * 16.0) as u64)
}

fn smooth(x: f64, z: f64) -> f64 {
    3.0 * (4.0 * x).sin() + 2.0 * z
}

const COMPARE: &str =
    "compare --input rows.csv --key shop --target y --task regression --shared-rounds 200";

/// Rows, the way that wins on them, how the verdict begins, how the command ends, and what the
/// rows are then answered by.
fn won() -> [(
    String,
    &'static str,
    &'static str,
    &'static str,
    &'static str,
); 4] {
    let step = |x: f64| if x > 0.5 { 3.0 } else { 0.0 };
    [
        (
            rows(40, 30, 2.0, |shop, x, z| level(shop) + smooth(x, z)),
            "shared",
            "A shared model pays here: -",
            "--shared-rounds 200 --trainer shared",
            "own",
        ),
        (
            rows(10, 100, 0.2, |shop, x, _| shape(shop, x)),
            "per_entity",
            "Training per entity pays here: -",
            "--task regression",
            "own",
        ),
        (
            rows(10, 100, 2.0, |_, x, _| step(x)),
            "pooled",
            "One model for all is enough, one pooled tree; no gain over it is shown",
            "--task regression --pooled --min-rows 1001",
            "fallback",
        ),
        (
            rows(10, 100, 2.0, |_, x, z| smooth(x, z)),
            "unknown",
            "One model for all is enough, a boosted one: -",
            "--shared-rounds 200 --trainer shared --min-rows 1001",
            "shared",
        ),
    ]
}

#[test]
fn the_verdict_names_the_winner_and_its_command_trains_it() {
    for (rows, winner, verdict, flags, answered_by) in won() {
        let place = Place::new();
        place.write("rows.csv", rows);
        let comparison = place.run(&format!("{COMPARE} --json")).succeeded().json();
        assert_eq!(comparison["winner"], winner, "{comparison}");
        let sentence = comparison["verdict"].as_str().unwrap();
        assert!(sentence.starts_with(verdict), "{sentence}");

        let text = place.run(COMPARE).succeeded().stdout;
        let command = text.lines().last().unwrap().trim_start();
        let wanted = "per-entity train --input rows.csv --key shop --target y --task regression";
        assert!(command.starts_with(wanted), "{command}");
        let end = format!("{flags} --output-dir models");
        assert!(command.ends_with(&end), "{command}");
        let words: Vec<&str> = command.split(' ').collect();
        assert_eq!(comparison["command"], serde_json::json!(words));

        let train = command.strip_prefix("per-entity ").unwrap();
        place.run(train).succeeded();
        let asked = text.split('`').nth(1).unwrap_or("predict");
        let unknown = asked.strip_prefix("predict").unwrap();
        let predict = "predict models --input rows.csv --output answers.csv";
        place.run(&format!("{predict} {unknown}")).succeeded();
        let answers = place.read("answers.csv");
        let mut answers = answers.lines().skip(1);
        assert!(answers.all(|line| line.ends_with(answered_by)), "{winner}");
    }
}

#[test]
fn the_command_has_the_arguments_that_the_winner_has_use_for() {
    let place = Place::new();
    let level = rows(40, 30, 2.0, |shop, x, z| level(shop) + smooth(x, z));
    place.write("rows.csv", &level);
    let predicate = "x > 0.01 and shop <> 'it''s'";
    let flags = "--features x,z --max-depth 9 --holdout 0.4 --seed 2 --limit 1";
    let shared = "--shared-members best --shared-rounds 200";
    let compare = |more: &str| {
        let said = format!("{COMPARE} --shared-members best {flags} {more}");
        finish(place.command(&said).args(["--where", predicate])).succeeded()
    };
    let comparison = compare("--json").json();
    let words = comparison["command"].as_array().unwrap();
    let words: Vec<&str> = words.iter().filter_map(Value::as_str).collect();
    let wanted = "per-entity train --input rows.csv --key shop --target y --task regression";
    let mut wanted: Vec<&str> = wanted.split(' ').collect();
    wanted.extend(["--features", "x,z", "--where", predicate]);
    wanted.extend(shared.split(' '));
    wanted.extend(["--trainer", "shared", "--output-dir", "models"]);
    assert_eq!(words, wanted);

    let text = compare("").stdout;
    let quoted = predicate.replace('\'', r"'\''");
    let quoted = format!("--where '{quoted}' --shared");
    assert!(text.contains(&quoted), "{quoted} in {text}");
}

#[test]
fn a_command_that_train_would_refuse_is_not_told() {
    let place = Place::new();
    let level = rows(40, 30, 2.0, |shop, x, z| level(shop) + smooth(x, z));
    place.write("rows.csv", &level);
    let trees = "key = ['shop']\ntarget = 'y'\n[tree]\nmax-depth = 9\n";
    place.write("run.toml", trees);
    let compare = "compare --input rows.csv --spec run.toml --task regression";
    let comparison = place.run(&format!("{compare} --json")).succeeded().json();
    assert_eq!(comparison["winner"], "shared");
    assert!(comparison["command"].is_null());
    let text = place.run(compare).succeeded().stdout;
    assert!(text.contains("`train` would refuse"), "{text}");

    // Of a specification that says so already, it has nothing to refuse.
    place.write(
        "run.toml",
        trees.replace("max-depth = 9", "trainer = 'shared'"),
    );
    let text = place.run(compare).succeeded().stdout;
    let end = "--spec run.toml --task regression --trainer shared --output-dir models\n";
    assert!(text.ends_with(end), "{text}");
}

#[test]
fn gains_are_differences_of_mean_squared_errors() {
    let place = Place::new();
    let level = rows(6, 40, 2.0, |shop, x, z| level(shop) + smooth(x, z));
    place.write("rows.csv", &level);
    let comparison = place.run(&format!("{COMPARE} --json")).succeeded().json();
    let squared = |strategies: &Value, way: &str| {
        let error = &strategies[way]["root_mean_squared_error"];
        error.as_f64().unwrap().powi(2)
    };
    let is_difference = |gain: &Value, strategies: &Value, way: &str, over: &str| {
        let wanted = squared(strategies, over) - squared(strategies, way);
        let [found, low, high] =
            ["difference", "low", "high"].map(|name| gain[name].as_f64().unwrap());
        assert!((found - wanted).abs() < 1e-9, "{gain} is not {wanted}");
        assert!(low < found && found < high, "{gain}");
    };
    let overall = &comparison["overall"];
    let entities = comparison["entities"].as_array().unwrap();
    for strategies in entities.iter().chain([overall]) {
        is_difference(&strategies["gain"], strategies, "per_entity", "pooled");
        is_difference(&strategies["shared_gain"], strategies, "shared", "pooled");
    }
    let gains = comparison["gains"].as_array().unwrap();
    assert_eq!(gains.len(), 6);
    for gain in gains {
        let [way, over] = ["way", "over"].map(|name| gain[name].as_str().unwrap());
        is_difference(gain, overall, way, over);
    }
}

#[test]
fn more_classes_than_a_shared_model_learns_are_compared_without_it() {
    let place = Place::new();
    let rows = (0..1_200).map(|row| format!("k{},{row},c{}\n", row % 3, row % 110));
    place.write("rows.csv", format!("k,x,y\n{}", rows.collect::<String>()));
    let compare = "compare --input rows.csv --key k --target y --max-depth 1";
    let comparison = place.run(&format!("{compare} --json")).succeeded().json();
    assert!(comparison["overall"]["shared"].is_null());
    assert!(comparison["overall"]["per_entity"]["accuracy"].is_number());
    assert_eq!(comparison["gains"].as_array().unwrap().len(), 1);
    let text = place.run(compare).succeeded().stdout;
    assert!(!text.contains("shared"), "{text}");
}

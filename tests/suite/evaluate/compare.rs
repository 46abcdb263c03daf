//! One tree per entity against one for all.

use super::figures::close;
use crate::support::adult::adult;
use crate::support::place::Place;

#[test]
fn one_tree_per_education_level_is_no_gain_on_adult() {
    let Some(place) = adult() else { return };
    // As scikit-learn has them.
    let trees = "--pruning none --category-splits one";
    let compare = "compare --input adult.data --test adult.test --where true --json";
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
    let verdict = comparison["verdict"].as_str().expect("a sentence");
    assert!(verdict.to_lowercase().contains("no gain"), "{verdict}");
    assert_eq!(
        verdict.starts_with("A draw"),
        end("low") <= 0.0 && end("high") >= 0.0
    );
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

//! Looking into a store.

use crate::support::place::Place;

#[test]
fn a_tree_is_printed_as_rules_in_the_units_of_the_data() {
    let place = Place::new();
    place.write(
        "in.csv",
        "k,hours,job,y\na,10,x,p\na,20,y,p\na,30,x,q\na,40,z,q\na,25,z,p\na,26,x,q\n",
    );
    place
        .run("train --input in.csv --key k --target y --output-dir models")
        .succeeded();
    let rules = place.run("inspect models --entity a").succeeded().stdout;
    assert_eq!(
        rules,
        "hours <= 25.5  (p 3, q 3)\n  yes: => p  (p 3, q 0)\n  no: => q  (p 0, q 3)\n"
    );
    let dot = place.run("inspect models --entity a --format dot").stdout;
    assert!(
        dot.starts_with("digraph") && dot.contains("hours <= 25.5"),
        "{dot}"
    );
    let tree = place.run("inspect models --entity a --format json").json();
    assert_eq!(tree["nodes"][0]["value"], 25.5);
    assert_eq!(tree["nodes"].as_array().unwrap().len(), 3);

    let list = place.run("inspect models --json").json();
    assert_eq!(list["entities"][0]["key"], "a");
    let unknown = place.run("inspect models --entity b").failed(2);
    assert!(unknown.contains("'b'"), "{unknown}");
}

#[test]
fn the_history_tells_how_good_each_generation_was() {
    let place = Place::with_sample();
    place
        .run("train --input sample.csv --output-dir models")
        .succeeded();
    place
        .run("train --input sample.csv --output-dir models --holdout 0.3")
        .succeeded();
    let store = place.store("models");
    let held_out = store.generation().run.holdout.as_ref().unwrap();
    let accuracy = held_out.overall.micro.accuracy.unwrap();
    let history = place.run("history models").succeeded().stdout;
    let line = |generation: &str| {
        let is_its = |line: &&str| line.starts_with(generation);
        history.lines().find(is_its).unwrap()
    };
    assert_eq!(line("1 ").matches('%').count(), 1, "{history}");
    let accuracy = format!("{:.2} %", 100.0 * accuracy);
    assert!(line("2 (current)").contains(&accuracy), "{history}");
}

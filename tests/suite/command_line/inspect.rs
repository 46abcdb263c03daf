//! Looking into a store.

use crate::support::SAMPLE;
use crate::support::place::Place;
use crate::support::program::{Finished, run};

fn inspect(place: &Place, arguments: &[&str]) -> Finished {
    run(&[&["inspect", &place.text("models")], arguments].concat())
}

#[test]
fn a_tree_is_printed_as_rules_in_the_units_of_the_data() {
    let place = Place::new();
    let text = "k,hours,job,y\na,10,x,p\na,20,y,p\na,30,x,q\na,40,z,q\na,25,z,p\na,26,x,q\n";
    let input = place.write("in.csv", text);
    let own = ["--input", &input, "--key", "k", "--target", "y"];
    place.train("models", &own).succeeded();
    let rules = inspect(&place, &["--entity", "a"]).stdout;
    assert_eq!(
        rules,
        "hours <= 25.5  (p 3, q 3)\n  yes: => p  (p 3, q 0)\n  no: => q  (p 0, q 3)\n"
    );
    let dot = inspect(&place, &["--entity", "a", "--format", "dot"]).stdout;
    assert!(
        dot.starts_with("digraph") && dot.contains("hours <= 25.5"),
        "{dot}"
    );
    let tree = inspect(&place, &["--entity", "a", "--format", "json"]).json();
    assert_eq!(tree["nodes"][0]["value"], 25.5);
    assert_eq!(tree["nodes"].as_array().unwrap().len(), 3);

    let list = inspect(&place, &["--json"]).json();
    assert_eq!(list["entities"][0]["key"], "a");
    let unknown = inspect(&place, &["--entity", "b"]).failed(2);
    assert!(unknown.contains("'b'"), "{unknown}");
}

#[test]
fn the_history_tells_how_good_each_generation_was() {
    let place = Place::new();
    place.train("models", &["--input", SAMPLE]).succeeded();
    let held_out = ["--input", SAMPLE, "--holdout", "0.3"];
    place.train("models", &held_out).succeeded();
    let store = place.store("models");
    let held_out = store.generation().run.holdout.as_ref().unwrap();
    let accuracy = held_out.overall.micro.accuracy.unwrap();
    let history = run(&["history", &place.text("models")]).stdout;
    let line = |generation: &str| {
        let is_its = |line: &&str| line.starts_with(generation);
        history.lines().find(is_its).unwrap()
    };
    assert_eq!(line("1 ").matches('%').count(), 1, "{history}");
    let accuracy = format!("{:.2} %", 100.0 * accuracy);
    assert!(line("2 (current)").contains(&accuracy), "{history}");
}

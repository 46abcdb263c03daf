//! Looking into a store.

use per_entity::metrics::Metric;

use crate::support::place::Place;

#[test]
fn a_tree_is_printed_as_rules_in_the_units_of_the_data() {
    let place = Place::new();
    place.write(
        "in.csv",
        "k,hours,job,y\na,10,x,p\na,20,y,p\na,30,x,q\na,40,z,q\na,25,z,p\na,26,x,q\n",
    );
    place
        .run("train --input in.csv --key k --target y --pruning none --output-dir models")
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
    let accuracy = Metric::Accuracy.of(&held_out.overall.micro).unwrap();
    let history = place.run("history models").succeeded().stdout;
    let line = |generation: &str| {
        let is_its = |line: &&str| line.starts_with(generation);
        history.lines().find(is_its).unwrap()
    };
    assert_eq!(line("1 ").matches('%').count(), 1, "{history}");
    let accuracy = format!("{:.2} %", 100.0 * accuracy);
    assert!(line("2 (current)").contains(&accuracy), "{history}");
}

/// The keys of the entities that `inspect` lists.
fn keys(place: &Place, arguments: &str) -> Vec<String> {
    let list = place.run(&format!("inspect models --json {arguments}"));
    let list = list.succeeded().json();
    let entities = list["entities"].as_array().unwrap().iter();
    let keys = entities.map(|entity| entity["key"].as_str().unwrap().to_owned());
    keys.collect()
}

#[test]
fn entities_are_sorted_by_what_one_looks_for() {
    let place = Place::new();
    // `a` cannot be told apart, `b` is large and simple, `c` is deep, `d` is too small.
    let mut text = String::from("k,x,y\n");
    for row in 0..10 {
        text += &format!("a,1,{}\n", row % 2);
    }
    for row in 0..30 {
        text += &format!("b,{row},{}\n", row / 15);
    }
    for row in 0..20 {
        text += &format!("c,{row},{}\n", row % 2);
    }
    place.write("in.csv", text + "d,1,1\n");
    let train = "train --input in.csv --key k --target y --min-rows 5 --pruning none";
    let train = format!("{train} --output-dir models");
    place.run(&train).succeeded();
    assert_eq!(keys(&place, ""), ["a", "b", "c", "d"]);
    assert_eq!(keys(&place, "--sort key"), ["a", "b", "c", "d"]);
    assert_eq!(keys(&place, "--sort rows"), ["b", "c", "a", "d"]);
    assert_eq!(keys(&place, "--sort nodes"), ["c", "b", "a", "d"]);
    assert_eq!(keys(&place, "--sort depth --limit 2"), ["c", "b"]);
    assert_eq!(
        keys(&place, "--sort training-accuracy"),
        ["a", "b", "c", "d"]
    );
    assert_eq!(keys(&place, "--sort accuracy --limit 1"), ["a"]);
    let table = place
        .run("inspect models --sort rows --limit 1")
        .succeeded()
        .stdout;
    assert!(table.lines().nth(1).unwrap().starts_with("b "), "{table}");
    assert!(table.contains("and 3 more"), "{table}");
    let error = place.run("inspect models --sort log-loss").failed(2);
    assert!(error.contains("no rows were held out"), "{error}");

    place.run(&format!("{train} --holdout 0.4")).succeeded();
    let worst = keys(&place, "--sort accuracy");
    assert_eq!(
        worst[0], "c",
        "its training accuracy is 1, but it cannot be told"
    );
    assert_eq!(worst[3], "d");
    assert_eq!(keys(&place, "--sort log-loss")[0], "c");
    let table = place
        .run("inspect models --sort log-loss")
        .succeeded()
        .stdout;
    assert!(
        table.contains("holdout accuracy  holdout log loss"),
        "{table}"
    );
    let error = place.run("inspect models --sort r2").failed(2);
    assert!(error.contains("models are of classification"), "{error}");
}

#[test]
fn quiet_prints_nothing() {
    let place = Place::with_sample();
    place
        .run("train --input sample.csv --preset adult --output-dir models")
        .succeeded();
    for command in [
        "inspect models",
        "inspect models --entity Doctorate",
        "inspect models --entity Doctorate --format dot",
        "inspect models --format json",
        "history models",
        "diff models 1 1",
    ] {
        let quiet = place.run(&format!("{command} --quiet")).succeeded();
        assert_eq!(
            (quiet.stdout.as_str(), quiet.stderr.as_str()),
            ("", ""),
            "{command}"
        );
    }
    place.run("inspect nowhere --quiet").failed(2);
}

#[test]
fn numbers_in_rules_are_as_short_as_they_can_be() {
    let place = Place::new();
    for (low, high, text, json) in [
        ("7.48", "7.49", "7.485", "7.485"),
        ("2", "4", "3", "3"),
        ("1e-9", "3e-9", "2e-9", "2e-9"),
        ("1e30", "3e30", "2e30", "2e+30"),
        ("0.1", "0.2", "0.15000000000000002", "0.15000000000000002"),
        ("-30000000", "-10000000", "-20000000", "-20000000"),
    ] {
        place.write("in.csv", format!("k,x,y\na,{low},p\na,{high},q\n"));
        place
            .run("train --input in.csv --key k --target y --numeric x --output-dir models")
            .succeeded();
        let said = |more: &str| {
            let inspect = place.run(&format!("inspect models --entity a {more}"));
            inspect.succeeded().stdout
        };
        let rules = said("");
        assert!(
            rules.starts_with(&format!("x <= {text}  (p 1, q 1)\n")),
            "{rules}"
        );
        let dot = said("--format dot");
        assert!(dot.contains(&format!("x <= {text}\\n1 / 1")), "{dot}");
        let nodes = said("--format json");
        assert!(nodes.contains(&format!("\"value\":{json},")), "{nodes}");
        assert!(nodes.contains("\"counts\":[1,1]"), "{nodes}");
        let number: f64 = text.parse().unwrap();
        let (low, high): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
        assert_eq!(number, low / 2.0 + high / 2.0, "it is the very threshold");
    }
}

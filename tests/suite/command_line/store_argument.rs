//! Naming the store.

use crate::support::place::Place;

fn place() -> Place {
    let place = Place::with_sample();
    for depth in [1, 2] {
        place
            .run(&format!(
                "train --input sample.csv --preset adult --output-dir models --max-depth {depth}"
            ))
            .succeeded();
    }
    place
}

/// What stands before and behind the store.
const COMMANDS: [(&str, &str); 9] = [
    ("inspect", ""),
    ("history", ""),
    ("diff", "1 2"),
    ("rollback", "2"),
    ("verify", ""),
    ("evaluate", "--input sample.csv"),
    ("predict", "--input sample.csv --output out.csv"),
    ("inspect", "--entity Doctorate"),
    ("prune", "--keep 2"),
];

#[test]
fn a_store_is_named_by_position_or_by_a_flag() {
    let place = place();
    for (command, rest) in COMMANDS {
        let by_position = place.run(&format!("{command} models {rest}")).succeeded();
        for order in [
            format!("{command} --models models {rest}"),
            format!("{command} {rest} --models models"),
        ] {
            assert_eq!(
                place.run(&order).succeeded().stdout,
                by_position.stdout,
                "{order}"
            );
        }
    }
}

#[test]
fn a_store_that_is_named_twice_or_not_at_all_is_an_error() {
    let place = place();
    for (command, rest) in COMMANDS {
        let twice = place.run(&format!("{command} models {rest} --models models"));
        let error = twice.failed(2);
        assert!(error.contains("given twice"), "{command}: {error}");
        let error = place.run(&format!("{command} {rest}")).failed(2);
        let is_clear =
            error.contains("no store is given") || error.contains("numbers of generations");
        assert!(is_clear, "{command}: {error}");
    }
    for (command, message) in [
        ("diff models 1", "1 of 2 numbers of generations are given"),
        (
            "diff --models models 1",
            "1 of 2 numbers of generations are given",
        ),
        (
            "rollback models newest",
            "'newest' is not the number of a generation",
        ),
        ("rollback models", "0 of 1 numbers of generations are given"),
        ("inspect --models nowhere", "nowhere: no store here"),
    ] {
        let error = place.run(command).failed(2);
        assert!(error.contains(message), "{command}: {error}");
    }
}

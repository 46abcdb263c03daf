//! Made-up rows.

use crate::support::SAMPLE;
use crate::support::place::Place;
use crate::support::program::finish;

#[test]
fn generated_rows_depend_on_the_seed_only() {
    let place = Place::new();
    let make = |seed: u32| {
        place
            .run(&format!(
                "generate --rows 300 --seed {seed} --output rows.csv"
            ))
            .succeeded();
        place.read("rows.csv")
    };
    let first = make(1);
    assert_eq!(first, make(1));
    assert_ne!(first, make(2));
    assert!(first.lines().all(|line| line.split(", ").count() == 15));
    place.run("generate --rows 3 --output x.docx").failed(2);
}

#[test]
fn quantities_and_gaps_are_the_same_on_any_number_of_threads() {
    let place = Place::new();
    let make = |threads: &str, name: &str| {
        let arguments = "generate --rows 20000 --entities 40 --task regression --missing 0.2";
        let mut command = place.command(&format!("{arguments} --output {name}"));
        let threads = command.env("RAYON_NUM_THREADS", threads);
        finish(threads).succeeded();
        std::fs::read(place.path(name)).unwrap()
    };
    for name in ["rows.csv", "rows.parquet"] {
        assert_eq!(make("1", name), make("3", name), "{name}");
    }
}

#[test]
fn without_their_options_neither_quantities_nor_gaps_are_made() {
    let place = Place::new();
    let said = "generate --rows 2000 --task classification --missing 0 --output rows.csv";
    place.run(said).succeeded();
    assert_eq!(
        place.read("rows.csv"),
        std::fs::read_to_string(SAMPLE).unwrap()
    );
}

#[test]
fn a_share_of_missing_values_that_is_none_is_refused() {
    let place = Place::new();
    for share in ["1", "-0.1", "NaN"] {
        let said = place.run(&format!(
            "generate --rows 3 --missing={share} --output rows.csv"
        ));
        assert!(said.failed(2).contains("0.1 for 10 %"), "{share}");
    }
    assert!(!place.path("rows.csv").exists());
    let both = place.run("generate --rows 3 --missing 0.1 --complete --output rows.csv");
    assert!(both.failed(2).contains("--complete"));
}

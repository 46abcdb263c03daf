//! Made-up rows.

use crate::support::place::Place;
use crate::support::program::run;

#[test]
fn generated_rows_depend_on_the_seed_only() {
    let place = Place::new();
    let make = |name: &str, seed: &str| {
        place.generate(name, 300, &["--seed", seed]);
        place.read(name)
    };
    let first = make("a.csv", "1");
    assert_eq!(first, make("b.csv", "1"));
    assert_ne!(first, make("c.csv", "2"));
    assert!(first.lines().all(|line| line.split(", ").count() == 15));
    run(&["generate", "--rows", "3", "--output", "x.docx"]).failed(2);
}

//! Made-up rows.

use crate::support::place::Place;

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

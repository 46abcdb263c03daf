//! Rows that are held out.

use per_entity::Cancel;
use per_entity::metrics::Metric;
use per_entity::schema::Holdout;
use per_entity::source::{DatasetSpec, Source};
use per_entity::store::Store;
use per_entity::table::{Column, Table};
use polars::prelude::{DataFrame, DataType};

use super::shops::shops;
use crate::support::place::Place;
use crate::support::store::content;

/// A store's table of entities.
fn entities(store: &Store) -> DataFrame {
    let entities = store.entities().expect("a table of entities");
    entities.collect().expect("a table of entities")
}

#[test]
fn holdout_figures_stand_in_the_store_whatever_the_threads() {
    let place = Place::new();
    place.write("train.csv", shops(600));
    let table = |threads: u32| {
        let train = "train --input train.csv --key shop --target class --holdout 0.2";
        place
            .run(&format!("{train} --threads {threads} --output-dir models"))
            .succeeded();
        content(&place.path("models"))
            .remove("entities.parquet")
            .expect("a table")
    };
    assert_eq!(table(1), table(4));
    let store = place.store("models");
    let entities = entities(&store);
    let number = |name: &str| {
        entities
            .column(name)
            .expect("a column")
            .cast(&DataType::Float64)
    };
    let held_out = number("holdout_rows").expect("numbers");
    let held_out = held_out.f64().expect("numbers").get(0).expect("a number");
    assert!((held_out - 60.0).abs() <= 3.0, "{held_out}");
    let rows = number("rows").expect("numbers");
    assert_eq!(rows.f64().expect("numbers").get(0), Some(300.0 - held_out));
    for name in [
        "accuracy",
        "balanced_accuracy",
        "precision",
        "recall",
        "f1",
        "roc_auc",
    ] {
        let column = number(name).expect("numbers");
        assert_eq!(column.f64().expect("numbers").get(0), Some(1.0), "{name}");
    }
    let holdout = &store.generation().run.holdout;
    let overall = &holdout.as_ref().expect("a holdout").overall;
    assert_eq!(Metric::Accuracy.of(&overall.micro), Some(1.0));
}

#[test]
fn added_rows_leave_the_holdout_as_it_was() {
    let place = Place::new();
    let held_out = |rows: u32, seed: u64| -> Vec<f64> {
        let mut text = String::from("shop,number,class\n");
        for row in 0..rows {
            text += &format!("{},{row},{}\n", ["n", "s"][(row % 2) as usize], row % 3);
        }
        place.write("rows.csv", text);
        let input = place.path("rows.csv").display().to_string();
        let spec = DatasetSpec::new(["shop"], "class");
        let source = Source::open(&[input], None, &spec).expect("files");
        let table = Table::load(&source.into(), &spec, &Cancel::new()).expect("a table");
        let (train, test) = Holdout::drawn(0.25, seed, None)
            .expect("a holdout")
            .split(&table);
        assert_eq!(train.rows() + test.rows(), rows as usize);
        assert!((test.rows() as f64 - 0.25 * f64::from(rows)).abs() <= 12.0);
        let Column::Numbers(numbers) = &test.columns()[0] else {
            panic!("numbers")
        };
        (0..test.rows()).map(|row| numbers.get(row)).collect()
    };
    let before = held_out(600, 7);
    let mut after = held_out(1_000, 7);
    after.retain(|&number| number < 600.0);
    assert_eq!(before, after);
    assert_ne!(before, held_out(600, 8));
}

#[test]
fn rows_with_the_same_value_are_held_out_together() {
    let place = Place::new();
    let mut text = String::from("shop,customer,x,class\n");
    for row in 0..400 {
        text += &format!("n,c{},{},{}\n", row % 40, row % 2, row % 2);
    }
    place.write("rows.csv", text);
    let train = "train --input rows.csv --key shop --target class --ignore customer";
    place
        .run(&format!(
            "{train} --holdout 0.3 --holdout-by customer --output-dir models"
        ))
        .succeeded();
    let held_out = entities(&place.store("models"));
    let held_out = held_out
        .column("holdout_rows")
        .expect("a column")
        .u64()
        .expect("numbers")
        .get(0);
    // Each of the 40 customers has ten rows.
    assert!(
        held_out.is_some_and(|rows| rows > 0 && rows % 10 == 0),
        "{held_out:?}"
    );
}

//! Rows of made-up shops, and runs on them.

use per_entity::store::MemoryDirectory;
use per_entity::train::{Conclusion, TrainingReport, TrainingSpec};
use per_entity::{Error, Store};
use polars::prelude::*;

/// Rows of these shops: `late` decides by and large about `busy`, `noise` about nothing, and
/// `part` says which rows are held out. Rows held out of another `draw` have other classes.
pub fn rows(shops: &[&str], draw: u32) -> DataFrame {
    let rows: Vec<(usize, u32)> = (0..shops.len())
        .flat_map(|shop| (0..120).map(move |row| (shop, row)))
        .collect();
    let mixed = |shop: usize, row: u32, salt: u32| {
        let bits = (row + 1).wrapping_mul(2_654_435_761) ^ ((shop as u32 + 1) * 40_503 + salt * 97);
        (bits.wrapping_mul(2_246_822_519) >> 20) % 100
    };
    let is_held_out = |row: u32| row.is_multiple_of(3);
    let late = |shop, row| mixed(shop, row, 1) % 12;
    let busy = |&(shop, row): &(usize, u32)| {
        let salt = if is_held_out(row) { 2 + draw } else { 2 };
        let chance = 8 * late(shop, row);
        if mixed(shop, row, salt) < chance {
            "yes"
        } else {
            "no"
        }
    };
    let weight = |&(shop, row): &(usize, u32)| f64::from(1 + mixed(shop, row, 9) % 4);
    df!(
        "shop" => rows.iter().map(|(shop, _)| shops[*shop]).collect::<Vec<_>>(),
        "late" => rows.iter().map(|&(shop, row)| late(shop, row)).collect::<Vec<_>>(),
        "noise" => rows.iter().map(|&(shop, row)| mixed(shop, row, 3)).collect::<Vec<_>>(),
        "constant" => vec![1; rows.len()],
        "amount" => rows.iter().map(weight).collect::<Vec<_>>(),
        "part" => rows.iter().map(|&(_, row)| if is_held_out(row) { "test" } else { "train" }).collect::<Vec<_>>(),
        "busy" => rows.iter().map(busy).collect::<Vec<_>>(),
    )
    .unwrap()
}

/// What a specification says that does not know of `part`; `more` stands at its end.
pub fn spec(more: &str) -> TrainingSpec {
    let text = format!("key = ['shop']\ntarget = 'busy'\nignore = ['part', 'amount']\n{more}");
    TrainingSpec::from_toml(&text).unwrap()
}

/// Trains into a store, and commits.
#[track_caller]
pub fn train(spec: &TrainingSpec, rows: &DataFrame, store: &MemoryDirectory) -> TrainingReport {
    let conclusion = spec.training().unwrap().run(rows.clone(), store);
    match conclusion.unwrap() {
        Conclusion::Committed(report) => *report,
        other => panic!("{other:?}"),
    }
}

/// The store of a run of its own.
#[track_caller]
pub fn trained(spec: &TrainingSpec, rows: &DataFrame) -> Store {
    let memory = MemoryDirectory::new();
    train(spec, rows, &memory);
    Store::open(&memory).unwrap()
}

/// What is wrong with a run.
pub fn refused(spec: &TrainingSpec, rows: &DataFrame) -> Error {
    let training = spec.training();
    let run = training.and_then(|training| training.run(rows.clone(), MemoryDirectory::new()));
    run.expect_err("the run is refused")
}

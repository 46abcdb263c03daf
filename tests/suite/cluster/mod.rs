//! Runs in parts: the same store as of a single run, or none.

mod command_line;
mod faults;
mod same_bytes;

use std::collections::BTreeMap;

use per_entity::source::DatasetSpec;
use per_entity::store::{Directory, MemoryDirectory};
use per_entity::train::cluster::{Plan, Worker};
use per_entity::train::{TrainerKind, TrainingSpec};
use per_entity::{Error, Store};
use polars::prelude::*;

use crate::support::mutation::Random;

/// Rows of entities of many sizes, in an order at random.
fn rows(random: &mut Random, rows: usize) -> DataFrame {
    let shops = 40;
    let shop: Vec<usize> = (0..rows)
        .map(|_| random.below(shops).min(random.below(shops)))
        .collect();
    let hour: Vec<Option<i64>> = (0..rows)
        .map(|_| (random.below(20) > 0).then(|| random.below(24) as i64))
        .collect();
    let sky: Vec<Option<&str>> = (0..rows)
        .map(|_| random.one_of(&[Some("sun"), Some("rain"), Some("snow"), None]))
        .collect();
    let customer: Vec<i64> = (0..rows).map(|_| random.below(300) as i64).collect();
    let busy: Vec<Option<bool>> = (0..rows)
        .map(|row| {
            let is_late = hour[row].is_some_and(|hour| hour > 12 + (shop[row] % 5) as i64);
            (random.below(50) > 0).then(|| is_late ^ (random.below(6) == 0))
        })
        .collect();
    let sales: Vec<f64> = (0..rows)
        .map(|row| {
            hour[row].unwrap_or(9) as f64 * 1.5 + shop[row] as f64 + random.below(100) as f64 / 40.0
        })
        .collect();
    df!(
        "country" => shop.iter().map(|shop| ["NL", "a,b"][shop % 2]).collect::<Vec<_>>(),
        "shop" => shop.iter().map(|&shop| shop as i64).collect::<Vec<_>>(),
        "hour" => hour,
        "sky" => sky,
        "customer" => customer,
        "busy" => busy,
        "sales" => sales,
    )
    .unwrap()
}

/// A run on such rows.
fn spec(trainer: TrainerKind, target: &str) -> TrainingSpec {
    let other = if target == "busy" { "sales" } else { "busy" };
    let mut spec = TrainingSpec::from(DatasetSpec {
        ignore: vec![other.into()],
        ..DatasetSpec::new(["country", "shop"], target)
    });
    spec.tree.trainer = trainer;
    spec.train.min_rows = 5;
    spec
}

/// The rows by what part they go to, all of an entity to the same; the order within a part is at
/// random.
fn parts(random: &mut Random, rows: &DataFrame, parts: usize) -> Vec<DataFrame> {
    let shop = rows.column("shop").unwrap().i64().unwrap();
    let salt = random.next();
    let part_of = |shop: i64| (shop as u64 ^ salt).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    let mut places: Vec<Vec<IdxSize>> = vec![Vec::new(); parts];
    for (row, shop) in shop.iter().enumerate() {
        let part = part_of(shop.unwrap()) as usize % parts;
        places[part].push(row as IdxSize);
    }
    let take = |mut rows_of: Vec<IdxSize>| {
        for place in (1..rows_of.len()).rev() {
            rows_of.swap(place, random.below(place + 1));
        }
        let places = IdxCa::from_vec("row".into(), rows_of);
        rows.take(&places).unwrap()
    };
    places.into_iter().map(take).collect()
}

/// The outcomes of a part.
fn outcomes(plan: &Plan, part: usize, rows: DataFrame) -> Result<Vec<DataFrame>, Error> {
    let mut frames = Vec::new();
    let worker = Worker::new(plan.clone(), part.to_string())?.threads(1 + part % 2);
    worker.run(rows, |frame| {
        frames.push(frame);
        Ok(())
    })?;
    Ok(frames)
}

/// All files of a store's generations.
fn files(store: &MemoryDirectory) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let folders = store.list("").unwrap().into_iter();
    for folder in folders.filter(|entry| entry.is_folder) {
        for file in store.list(&folder.name).unwrap() {
            let name = format!("{}/{}", folder.name, file.name);
            let bytes = store.read(&name).unwrap();
            files.insert(name, bytes);
        }
    }
    files
}

/// What the manifest says of the generation, apart from when and by which command it was made.
fn generation(store: &MemoryDirectory) -> serde_json::Value {
    let store = Store::open(store).unwrap();
    let mut generation = serde_json::to_value(store.generation()).unwrap();
    for name in ["created", "command", "inputs"] {
        generation.as_object_mut().unwrap().remove(name);
    }
    generation
}

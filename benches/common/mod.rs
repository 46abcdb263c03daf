//! What the benches share: where the data is, and medians.

#![allow(dead_code)]

use std::path::{Path, PathBuf};

use per_entity::generate::{Generator, Skew};
use per_entity::source::Source;
use per_entity::table::Table;
use per_entity::{Cancel, CartTrainer, DatasetSpec, Store, Training};

/// A directory for made-up data, kept from run to run.
pub fn scratch_directory() -> PathBuf {
    let directory = std::env::temp_dir().join("per-entity-bench");
    std::fs::create_dir_all(&directory).expect("the temporary directory can be written");
    directory
}

/// The directory of the real Adult data, if it is there.
pub fn real_adult() -> Option<PathBuf> {
    let directory = std::env::var_os("PER_ENTITY_ADULT_DIR")
        .map_or_else(|| PathBuf::from("../shared/data/adult"), PathBuf::from);
    directory.join("adult.data").exists().then_some(directory)
}

/// The real Adult data, or as many made-up rows in its form.
pub fn adult() -> PathBuf {
    if let Some(directory) = real_adult() {
        return directory.join("adult.data");
    }
    let path = scratch_directory().join("adult-made-up.csv");
    println!("no Adult data; made-up rows instead");
    let file = std::fs::File::create(&path).expect("the temporary directory can be written");
    Generator::new(32_561)
        .write_csv(file, &mut |_| true)
        .expect("made-up rows can be written");
    path
}

/// Made-up rows of many entities, as many for each, in Parquet.
pub fn entities(rows: u64, entities: u64) -> PathBuf {
    made_up(
        &format!("{rows}-rows-{entities}-entities.parquet"),
        Generator::new(rows).entities(entities),
    )
}

/// The same, a third of the rows in one entity.
pub fn skewed_entities(rows: u64, entities: u64) -> PathBuf {
    made_up(
        &format!("{rows}-rows-{entities}-skewed-entities.parquet"),
        Generator::new(rows).entities(entities).skew(Skew::Zipf),
    )
}

fn made_up(name: &str, generator: Generator) -> PathBuf {
    let path = scratch_directory().join(name);
    if !path.exists() {
        let file = std::fs::File::create(&path).expect("the temporary directory can be written");
        generator
            .write_parquet(file, &mut |_| true)
            .expect("made-up rows can be written");
    }
    path
}

pub fn load(path: &Path, spec: &DatasetSpec) -> Table {
    let source = open(path, spec);
    Table::load(&source.into(), spec, &Cancel::new()).expect("the input is fine")
}

pub fn open(path: &Path, spec: &DatasetSpec) -> Source {
    Source::open(&[path.display().to_string()], None, spec).expect("the input is fine")
}

/// A store with a model for each entity of a file, trained afresh.
pub fn train(path: &Path, spec: &DatasetSpec, directory: &Path) -> Store {
    let _ = std::fs::remove_dir_all(directory);
    Training::new(spec.clone(), CartTrainer::default())
        .run(open(path, spec), directory)
        .expect("the temporary directory can be written");
    Store::open(directory).expect("a store is there")
}

/// The middle one of some measurements.
pub fn median(mut seconds: Vec<f64>) -> f64 {
    seconds.sort_unstable_by(f64::total_cmp);
    seconds[seconds.len() / 2]
}

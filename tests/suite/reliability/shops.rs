//! Small data sets, and what a store of each must hold.

use std::collections::BTreeMap;

use per_entity::store::{Directory, Location, ModelsPerFile, Store};
use per_entity::train::cluster::{Commit, Planner, Worker};
use per_entity::train::{Conclusion, TrainingReport, TrainingSpec, Update};
use per_entity::{CartTrainer, DatasetSpec, Result, Training};
use polars::prelude::*;

use crate::support::faulty::FaultyDirectory;

/// The files of a generation, by name.
pub type Content = BTreeMap<String, Vec<u8>>;

/// How a run writes its models.
#[derive(Clone, Copy, Debug)]
pub enum Files {
    Single,
    Packs,
}

/// The rows of six shops, of which some differ from one number to the next.
pub fn rows(number: u64) -> DataFrame {
    let shops: Vec<u64> = (0..6).flat_map(|shop| [shop; 5]).collect();
    let keys: Vec<String> = shops.iter().map(|shop| format!("shop{shop}")).collect();
    let hours: Vec<i64> = (0..30).map(|row| row * 7 % 24).collect();
    let busy: Vec<&str> = (0..30u64)
        .map(|row| {
            let is_changed = shops[row as usize] % 3 == number % 3 && number > 0;
            match (row + u64::from(is_changed) * row * number) % 5 {
                0 | 1 => "yes",
                2 | 3 => "no",
                _ => "rather",
            }
        })
        .collect();
    df!("shop" => keys, "hour" => hours, "busy" => busy).unwrap()
}

impl From<Files> for ModelsPerFile {
    fn from(files: Files) -> Self {
        match files {
            Files::Single => ModelsPerFile::Fixed(1),
            Files::Packs => ModelsPerFile::Fixed(2),
        }
    }
}

fn training(files: Files) -> Training {
    let spec = DatasetSpec::new(["shop"], "busy");
    let training = Training::new(spec, CartTrainer::default()).threads(1);
    training.models_per_file(files.into())
}

/// Commits the outcomes of some rows, of which every shop is a part.
pub fn commit(store: impl Into<Location>, number: u64, files: Files) -> Result<TrainingReport> {
    let mut spec = TrainingSpec::from(DatasetSpec::new(["shop"], "busy"));
    spec.train.models_per_file = files.into();
    spec.train.threads = 1;
    let rows = rows(number);
    let plan = Planner::new(spec).plan(rows.clone())?;
    let mut outcomes = Vec::new();
    for part in 0..6 {
        let worker = Worker::new(plan.clone(), part.to_string())?;
        worker.run(rows.slice(part * 5, 5), |frame| {
            outcomes.push(frame);
            Ok(())
        })?;
    }
    let commit = Commit::new(plan).rows(30).entities(6).parts(6);
    commit.run(outcomes, store)
}

/// Trains on some rows; nothing where the update found nothing new.
pub fn train(
    store: impl Into<Location>,
    number: u64,
    files: Files,
    is_update: bool,
) -> Result<Option<Box<TrainingReport>>> {
    let update = is_update.then(Update::new);
    let training = training(files).update(update);
    match training.run(rows(number), store)? {
        Conclusion::Committed(report) => Ok(Some(report)),
        Conclusion::Unchanged(_) => Ok(None),
        Conclusion::Refused(refusal) => panic!("{refusal}"),
    }
}

/// What a generation of a store holds; nothing where there is no store.
pub fn content(directory: &FaultyDirectory, number: Option<u64>) -> Option<Content> {
    directory.files().get("manifest.json")?;
    let location = directory.location();
    let store = match number {
        Some(number) => Store::open_generation(&location, number),
        None => Store::open(&location),
    };
    let folder = store.unwrap().generation().directory.clone() + "/";
    let files = directory.files().into_iter();
    let files = files.filter_map(|(name, bytes)| {
        let name = name.strip_prefix(&folder)?.to_owned();
        (name != ".journal").then_some((name, bytes))
    });
    Some(files.collect())
}

/// What a store of some rows holds.
pub fn expected(number: u64, files: Files) -> Content {
    let directory = FaultyDirectory::new();
    train(&directory, number, files, false).unwrap();
    assert!(directory.is_folder("gen-000001"));
    content(&directory, None).unwrap()
}

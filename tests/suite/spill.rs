//! Rows that exceed a memory limit are trained in parts, and nothing else changes.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use per_entity::Cancel;
use per_entity::schema::Task;
use per_entity::source::{DatasetSpec, Source};
use per_entity::store::{Directory, Durability, verify};
use per_entity::table::{
    Column, Input, MemoryLimit, Partition, Query, Scratch, ScratchFolder, Spilled, Table, Target,
};
use proptest::prelude::*;

use crate::support::SAMPLE;
use crate::support::faulty::{Fault, FaultyDirectory, Part};
use crate::support::place::Place;
use crate::support::program::Finished;
use crate::support::store::content;

/// An entity as text: its key, and its rows with all that models see of them.
type Entity = (String, Vec<String>);

fn entities(table: &Table) -> Vec<Entity> {
    let entity = |partition: Partition| {
        let row = |row: usize| {
            let target = match table.target() {
                Target::Classes { labels, classes } => classes[labels.get(row) as usize].clone(),
                Target::Numbers(numbers) => numbers[row].to_string(),
            };
            let columns = table.columns().iter().chain(table.carried());
            let values = columns.map(|column| match column {
                Column::Numbers(numbers) => numbers.get(row).to_string(),
                Column::Categories { .. } => column.category(row).unwrap_or("(missing)").into(),
            });
            let weight = partition
                .weights()
                .map(|weights| weights[row - partition.range().start]);
            format!("{target} {weight:?} {:?}", values.collect::<Vec<_>>())
        };
        (
            partition.key().to_owned(),
            partition.range().map(row).collect(),
        )
    };
    table.partitions().map(entity).collect()
}

fn load(path: &Path, spec: &DatasetSpec, carried: &[String]) -> (Input, Query) {
    let source = Source::open(&[path.display().to_string()], None, spec).unwrap();
    let input = Input::from(source);
    let query = Query::new_carrying(&input, spec, carried).unwrap();
    (input, query)
}

/// Whether parts of at most `rows` rows hold what one table does. Returns their number.
fn assert_same(path: &Path, spec: &DatasetSpec, carried: &[String], rows: u64) -> usize {
    let cancel = Cancel::new();
    let (input, query) = load(path, spec, carried);
    let whole = Table::load_query(&input, &query, &cancel);
    let place = Place::new();
    let limit = MemoryLimit::of_rows(rows, ScratchFolder::new(place.path("rows")));
    let spilled = Spilled::write(&input, &query, &limit, &cancel);
    let (whole, spilled) = match (whole, spilled) {
        (Ok(whole), Ok(spilled)) => (whole, spilled),
        (whole, spilled) => {
            let (whole, spilled) = (whole.err().unwrap(), spilled.err().unwrap());
            assert_eq!(whole.to_string(), spilled.to_string());
            return 0;
        }
    };
    let tables: Vec<Table> = spilled.tables(&cancel).map(Result::unwrap).collect();
    let in_parts: Vec<Entity> = tables.iter().flat_map(entities).collect();
    let too_large = |entity: &Entity| entity.1.len() as u64 > rows;
    let (large, expected): (Vec<Entity>, Vec<Entity>) =
        entities(&whole).into_iter().partition(too_large);
    assert_eq!(in_parts, expected);
    for key in spilled.keys() {
        assert_eq!(
            key.too_large.is_some(),
            large.iter().any(|(large, _)| *large == key.key)
        );
    }
    let keys: Vec<&str> = spilled.keys().iter().map(|key| key.key.as_str()).collect();
    assert_eq!(
        keys,
        whole.partitions().map(|p| p.key()).collect::<Vec<_>>()
    );
    assert_eq!(spilled.classes(), whole.classes());
    assert_eq!(spilled.task(), whole.task());
    assert_eq!(spilled.task_reason(), whole.task_reason());
    assert_eq!(spilled.left_out(), whole.left_out());
    assert_eq!(spilled.rows_read(), whole.rows_read());
    for table in &tables {
        assert_eq!(table.classes(), whole.classes());
    }
    drop(spilled);
    assert!(!place.path("rows").exists());
    tables.len()
}

#[test]
fn parts_hold_the_same_rows_in_the_same_order() {
    let sample = Path::new(SAMPLE);
    let mut spec = DatasetSpec::adult();
    assert_eq!(assert_same(sample, &spec, &[], 1_000), 1);
    spec.predicate = None;
    assert!(assert_same(sample, &spec, &[], 800) >= 2);
    assert!(assert_same(sample, &spec, &["sex".into()], 500) >= 2);
    spec.key = vec!["education".into(), "race".into()];
    assert!(assert_same(sample, &spec, &[], 400) > 2);
    spec.key = vec!["age".into(), "sex".into()];
    assert!(assert_same(sample, &spec, &[], 60) > 10);
    spec.weight = Some("fnlwgt".into());
    assert!(assert_same(sample, &spec, &[], 60) > 10);
    spec.predicate = Some("age > 1000".into());
    assert_eq!(assert_same(sample, &spec, &[], 60), 0);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn any_rows_are_the_same_in_parts(
        rows in prop::collection::vec(
            (prop::option::of(-3i64..12), "[ab,\"]{0,2}", prop::option::of(-2i32..3), 0u8..3),
            1..60,
        ),
        limit in 1u64..20,
        by_text in any::<bool>(),
        target in prop_oneof![Just("y"), Just("few"), Just("many"), Just("fraction")],
        task in prop_oneof![Just(None), Just(Some(Task::Classification)), Just(Some(Task::Regression))],
    ) {
        let mut text = "number,text,x,y,few,many,fraction\n".to_owned();
        for (row, (number, word, x, y)) in rows.into_iter().enumerate() {
            let number = number.map_or(String::new(), |number| number.to_string());
            let x = x.map_or(String::new(), |x| x.to_string());
            let word = word.replace('"', "\"\"");
            // Of many rows, many are different; some are missing or infinite.
            let many = i64::from(y) + 3 * row as i64;
            let few = if y == 2 && row > 0 { String::new() } else { y.to_string() };
            let fraction = if y == 2 { "inf".into() } else { format!("{}", row as f64 / 2.0) };
            text += &format!("{number},\"{word}\",{x},c{y},{few},{many},{fraction}\n");
        }
        let place = Place::new();
        place.write("rows.csv", text);
        let keys: &[&str] = if by_text { &["text", "number"] } else { &["number"] };
        let spec = DatasetSpec {
            // Text is never a quantity.
            task: task.filter(|_| target != "y"),
            features: vec!["x".into()],
            ..DatasetSpec::new(keys.iter().copied(), target)
        };
        assert_same(&place.path("rows.csv"), &spec, &[], limit);
    }
}

/// Trains with notes of what is done.
fn train(place: &Place, store: &str, more: &str) -> Finished {
    let train = "train --input data.parquet --key entity --target income -v";
    place.run(&format!("{train} --output-dir {store} {more}"))
}

#[test]
fn the_store_is_the_same_to_the_byte_and_nothing_is_left() {
    let place = Place::new();
    place
        .run("generate --rows 2000000 --entities 3000 --output data.parquet")
        .succeeded();
    for (name, more) in [("plain", ""), ("held-out", "--holdout 0.2")] {
        let (whole, parts) = (format!("{name}-whole"), format!("{name}-parts"));
        train(&place, &whole, more).succeeded();
        let limited = format!("{more} --memory-limit 640MiB");
        let said = train(&place, &parts, &limited).succeeded().stderr;
        assert!(said.contains("trained in"), "{said}");
        let same_bytes = || content(&place.path(&whole)) == content(&place.path(&parts));
        assert!(same_bytes(), "{name}");
        assert_eq!(verify(place.path(&parts)).unwrap().orphans.len(), 0);
        let run = |store: &str| {
            let mut run = place.store(store).generation().run.clone();
            run.command.clear();
            // They say how much memory there was.
            run.settings = serde_json::Value::Null;
            run
        };
        assert_eq!(run(&whole), run(&parts));
        train(&place, &whole, &format!("{limited} --update")).succeeded();
        assert!(same_bytes(), "{name}, updated");
    }
    for (arguments, problem) in [
        ("--memory-limit 100MiB", "give 640 MiB or more"),
        ("--memory-limit 640MiB --pooled", "--pooled"),
        ("--memory-limit much", "2GiB"),
    ] {
        let said = train(&place, "none", arguments).failed(2);
        assert!(said.contains(problem), "{said}");
        assert!(!place.path("none").exists());
    }
}

/// Rows in files of a directory that fails.
#[derive(Clone, Debug)]
struct Staged(FaultyDirectory);

impl Scratch for Staged {
    fn path(&self, file: &str) -> PathBuf {
        self.0.path(file)
    }

    fn create(&self) -> per_entity::Result<()> {
        self.0.create_folder("rows")
    }

    fn append(&self, file: &str, bytes: &[u8]) -> per_entity::Result<()> {
        self.0
            .append(&format!("rows/{file}"), bytes, Durability::Later)
    }

    fn read(&self, file: &str) -> per_entity::Result<Vec<u8>> {
        self.0.read(&format!("rows/{file}"))
    }

    fn remove(&self) {
        let _ = self.0.remove("rows");
    }
}

/// All entities of the sample by way of files; `meanwhile` is done when these are written.
fn through(
    scratch: &Staged,
    meanwhile: impl FnOnce(&FaultyDirectory),
) -> per_entity::Result<Vec<Entity>> {
    let spec = DatasetSpec::adult();
    let (input, query) = load(Path::new(SAMPLE), &spec, &[]);
    let cancel = Cancel::new();
    let limit = MemoryLimit::of_rows(500, scratch.clone());
    let spilled = Spilled::write(&input, &query, &limit, &cancel)?;
    meanwhile(&scratch.0);
    let tables = spilled
        .tables(&cancel)
        .collect::<per_entity::Result<Vec<_>>>()?;
    Ok(tables.iter().flat_map(entities).collect())
}

#[test]
fn rows_in_files_are_those_that_were_written_or_an_error() {
    let all = std::env::var("PER_ENTITY_FAULTS").is_ok_and(|faults| faults == "all");
    let whole = Staged(FaultyDirectory::new());
    let mut files = BTreeMap::new();
    let expected = through(&whole, |directory| files = directory.files()).unwrap();
    let (calls, _) = whole.0.calls();
    assert!(files.len() > 1, "{} files", files.len());
    let left: Vec<String> = whole.0.files().into_keys().collect();
    assert_eq!(left, Vec::<String>::new());
    let mut injected = 0;
    for call in 1..=calls {
        for part in [Part::Nothing, Part::Half, Part::All] {
            for fault in [Fault::Fail(part, ErrorKind::StorageFull), Fault::Kill(part)] {
                let scratch = Staged(FaultyDirectory::new());
                scratch.0.inject(call, fault);
                let found = through(&scratch, |_| ());
                // Only what fails to be removed does not matter.
                assert!(found.is_err() || call == calls, "call {call}, {fault:?}");
                assert!(found.is_err() || found.unwrap() == expected);
                injected += 1;
            }
        }
    }
    let flips = if all { 1_500 } else { 8 };
    for (name, bytes) in &files {
        for flip in 0..flips {
            let bit = bytes.len() * 8 / flips * flip + flip % 8;
            let flipped = through(&Staged(FaultyDirectory::new()), |directory| {
                directory.flip(name, bit);
            });
            let error = flipped.unwrap_err().to_string();
            assert!(error.contains("not those that were written"), "{error}");
        }
    }
    println!("{injected} faults, {} bits flipped", flips * files.len());
}

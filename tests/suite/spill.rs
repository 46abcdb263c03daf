//! Rows that exceed a memory limit are trained in parts, and nothing else changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use per_entity::dataset::{DatasetSpec, MemoryLimit, Query, Source, Spilled, Table};
use per_entity::store::{Store, verify};
use proptest::prelude::*;
use tempfile::TempDir;

/// An entity as text: its key, and its rows with all that models see of them.
type Entity = (String, Vec<String>);

fn entities(table: &Table) -> Vec<Entity> {
    use per_entity::dataset::Column;
    let entity = |partition: per_entity::dataset::Partition| {
        let row = |row: usize| {
            let label = &table.classes()[table.labels().get(row) as usize];
            let columns = table.columns().iter().chain(table.carried());
            let values = columns.map(|column| match column {
                Column::Numbers(numbers) => numbers.get(row).to_string(),
                Column::Categories { codes, dictionary } => {
                    dictionary[codes.get(row) as usize].clone()
                }
            });
            let weight = partition
                .weights()
                .map(|weights| weights[row - partition.range().start]);
            format!("{label} {weight:?} {:?}", values.collect::<Vec<_>>())
        };
        (
            partition.key().to_owned(),
            partition.range().map(row).collect(),
        )
    };
    table.partitions().map(entity).collect()
}

fn load(path: &Path, spec: &DatasetSpec, carried: &[String]) -> (Source, Query) {
    let source = Source::open(&[path.display().to_string()], None, spec).unwrap();
    let query = Query::new_carrying(&source, spec, carried).unwrap();
    (source, query)
}

/// Whether parts of at most `rows` rows hold what one table does. Returns their number.
fn assert_same(path: &Path, spec: &DatasetSpec, carried: &[String], rows: u64) -> usize {
    let interrupt = Arc::new(AtomicBool::new(false));
    let (source, query) = load(path, spec, carried);
    let whole = Table::load_query(&source, &query, spec, &interrupt);
    let directory = TempDir::new().unwrap();
    let limit = MemoryLimit::of_rows(rows, directory.path().join("rows"));
    let spilled = Spilled::write(&source, &query, spec, &limit, &interrupt);
    let (whole, spilled) = match (whole, spilled) {
        (Ok(whole), Ok(spilled)) => (whole, spilled),
        (whole, spilled) => {
            let (whole, spilled) = (whole.err().unwrap(), spilled.err().unwrap());
            assert_eq!(whole.to_string(), spilled.to_string());
            return 0;
        }
    };
    let tables: Vec<Table> = spilled.tables(&interrupt).map(Result::unwrap).collect();
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
    assert_eq!(spilled.left_out(), whole.left_out());
    assert_eq!(spilled.rows_read(), whole.rows_read());
    for table in &tables {
        assert_eq!(table.classes(), whole.classes());
    }
    drop(spilled);
    assert!(!directory.path().join("rows").exists());
    tables.len()
}

#[test]
fn parts_hold_the_same_rows_in_the_same_order() {
    let sample = Path::new("fixtures/adult-sample.csv");
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
    ) {
        let directory = TempDir::new().unwrap();
        let path = directory.path().join("rows.csv");
        let mut text = "number,text,x,y\n".to_owned();
        for (number, word, x, y) in rows {
            let number = number.map_or(String::new(), |number| number.to_string());
            let x = x.map_or(String::new(), |x| x.to_string());
            let word = word.replace('"', "\"\"");
            text += &format!("{number},\"{word}\",{x},c{y}\n");
        }
        fs::write(&path, text).unwrap();
        let keys: &[&str] = if by_text { &["text", "number"] } else { &["number"] };
        assert_same(&path, &DatasetSpec::new(keys.iter().copied(), "y"), &[], limit);
    }
}

fn train(store: &Path, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_per-entity"))
        .args([
            "train",
            "--key",
            "entity",
            "--target",
            "income",
            "-v",
            "--output-dir",
        ])
        .arg(store)
        .args(more)
        .output()
        .unwrap()
}

fn content(store: &Path) -> BTreeMap<String, Vec<u8>> {
    let files = fs::read_dir(Store::open(store).unwrap().path()).unwrap();
    files
        .map(|file| {
            let file = file.unwrap();
            (
                file.file_name().into_string().unwrap(),
                fs::read(file.path()).unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_store_is_the_same_to_the_byte_and_nothing_is_left() {
    let directory = TempDir::new().unwrap();
    let path = |name: &str| directory.path().join(name);
    let data = path("data.parquet").display().to_string();
    let generated = Command::new(env!("CARGO_BIN_EXE_per-entity"))
        .args([
            "generate",
            "--rows",
            "2000000",
            "--entities",
            "3000",
            "--output",
            &data,
        ])
        .output()
        .unwrap();
    assert!(generated.status.success());
    let limited = ["--input", &data, "--memory-limit", "640MiB"];
    for (name, more) in [("plain", &[][..]), ("held out", &["--holdout", "0.2"])] {
        let (whole, parts) = (
            path(&format!("{name} whole")),
            path(&format!("{name} parts")),
        );
        let output = train(&whole, &[&["--input", &data], more].concat());
        assert!(output.status.success());
        let output = train(&parts, &[&limited[..], more].concat());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.success() && said.contains("trained in"),
            "{said}"
        );
        assert!(content(&whole) == content(&parts), "{name}");
        assert_eq!(verify(&parts).unwrap().orphans.len(), 0);
        let run = |store: &Path| {
            let mut run = Store::open(store).unwrap().generation().run.clone();
            run.command.clear();
            run
        };
        assert_eq!(run(&whole), run(&parts));
        let update = [&limited[..], more, &["--update"]].concat();
        assert!(train(&whole, &update).status.success());
        assert!(content(&whole) == content(&parts), "{name}, updated");
    }
    let (none, too_low) = (path("none"), ["--input", &data, "--memory-limit", "100MiB"]);
    for (arguments, problem) in [
        (&too_low[..], "give 640 MiB or more"),
        (&[&limited[..], &["--pooled"]].concat(), "--pooled"),
        (&["--input", &data, "--memory-limit", "much"], "2GiB"),
    ] {
        let output = train(&none, arguments);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(problem), "{said}");
        assert!(!none.exists());
    }
}

//! Tables of what tests read, and what is in them.

use std::fs;
use std::path::Path;

use per_entity::source::{DatasetSpec, Source};
use per_entity::table::{Column, Table, Target};
use per_entity::{Cancel, Result};
use polars::prelude::DataFrame;

pub fn load(path: &Path, spec: &DatasetSpec) -> Result<Table> {
    let source = Source::open(&[path.display().to_string()], None, spec)?;
    Table::load(&source.into(), spec, &Cancel::new())
}

pub fn load_text(name: &str, text: impl AsRef<[u8]>, spec: &DatasetSpec) -> Result<Table> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join(name);
    fs::write(&path, text).unwrap();
    load(&path, spec)
}

pub fn load_frame(frame: DataFrame, spec: &DatasetSpec) -> Result<Table> {
    Table::load(&frame.into(), spec, &Cancel::new())
}

/// The key, label and first feature of every row, in the order of the table.
pub fn rows(table: &Table) -> Vec<(String, String, String)> {
    let mut rows = Vec::new();
    for partition in table.partitions() {
        let (_, column) = partition.features().next().unwrap();
        for row in partition.range() {
            let value = match column {
                Column::Numbers(numbers) => numbers.get(row).to_string(),
                Column::Categories { .. } => column.category(row).unwrap_or("(missing)").into(),
            };
            rows.push((
                partition.key().to_owned(),
                label(partition.target(), row),
                value,
            ));
        }
    }
    rows
}

/// The target of a row as text.
pub fn label(target: &Target, row: usize) -> String {
    match target {
        Target::Classes { labels, classes } => classes[labels.get(row) as usize].clone(),
        Target::Numbers(numbers) => numbers[row].to_string(),
    }
}

/// The keys, in the order of the table.
pub fn keys(table: &Table) -> Vec<&str> {
    table
        .partitions()
        .map(|partition| partition.key())
        .collect()
}

/// The number of rows of every key.
pub fn sizes(table: &Table) -> Vec<(&str, usize)> {
    table
        .partitions()
        .map(|partition| (partition.key(), partition.rows()))
        .collect()
}

/// Key `k`, target `y`.
pub fn simple() -> DatasetSpec {
    DatasetSpec::new(["k"], "y")
}

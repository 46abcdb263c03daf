//! The whole `train` process against processes that only read the same files with the same Polars.
//!
//! `cargo bench --bench process`; `-- --large` adds 50 million rows of a million entities, for
//! which it needs 700 MB of disk and 5 GB of memory.

mod common;

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use polars::prelude::*;

/// What this program does when it is started by itself.
const ROLE: &str = "PER_ENTITY_BENCH_ROLE";

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    if let Ok(role) = std::env::var(ROLE) {
        let path = std::env::args().nth(1).expect("a path");
        match role.as_str() {
            "scan" => scan(&path),
            "group" => group(&path),
            "stream" => stream(&path),
            other => panic!("no role {other}"),
        }
        return;
    }
    println!("| work | against | train | other | ratio |");
    println!("| --- | --- | --- | --- | --- |");
    let adult = common::adult();
    compare("Adult, three levels", &adult, &[], "scan", 21);
    let million = common::entities(1_000_000, 20_000);
    let key = ["--key", "entity", "--target", "income"];
    compare("1 M rows, 20,000 entities", &million, &key, "group", 7);
    if std::env::args().any(|argument| argument == "--large") {
        let fifty = common::entities(50_000_000, 1_000_000);
        compare("50 M rows, 1 M entities", &fifty, &key, "stream", 3);
    }
}

fn compare(work: &str, input: &Path, arguments: &[&str], role: &str, runs: usize) {
    let store = common::scratch_directory().join("models");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        let _ = std::fs::remove_dir_all(&store);
        let mut train = Command::new(env!("CARGO_BIN_EXE_per-entity"));
        train
            .arg("train")
            .arg("--input")
            .arg(input)
            .arg("--output-dir")
            .arg(&store);
        train.args(arguments);
        ours.push(seconds(&mut train));
        let mut other = Command::new(std::env::current_exe().expect("this program has a path"));
        other.arg(input).env(ROLE, role);
        theirs.push(seconds(&mut other));
    }
    let (ours, theirs) = (common::median(ours), common::median(theirs));
    println!(
        "| {work} | {role} | {ours:.3} s | {theirs:.3} s | {:.2} × |",
        ours / theirs
    );
}

fn seconds(command: &mut Command) -> f64 {
    let start = Instant::now();
    let status = command
        .stdout(Stdio::null())
        .status()
        .expect("the program can be started");
    assert!(status.success(), "{command:?}");
    start.elapsed().as_secs_f64()
}

/// Scans a CSV file in Adult's form and collects it.
fn scan(path: &str) {
    let frame = LazyCsvReader::new(PlRefPath::new(path))
        .with_has_header(false)
        .finish()
        .and_then(|frame| frame.collect())
        .expect("the file can be read");
    println!("{}", frame.height());
}

/// Scans a Parquet file and groups its rows by entity.
fn group(path: &str) {
    let frame = LazyFrame::scan_parquet(PlRefPath::new(path), ScanArgsParquet::default())
        .map(|frame| frame.group_by([col("entity")]).agg([all().as_expr()]))
        .and_then(|frame| frame.collect())
        .expect("the file can be read");
    println!("{}", frame.height());
}

/// Streams a Parquet file into one buffer per column: codes of text, and numbers.
fn stream(path: &str) {
    let mut frame = LazyFrame::scan_parquet(PlRefPath::new(path), ScanArgsParquet::default())
        .expect("the file can be read");
    let schema = frame.collect_schema().expect("the file has a schema");
    let columns: Vec<Expr> = schema
        .iter()
        .map(|(name, dtype)| match dtype {
            DataType::String => {
                let categories = Categories::random(PlSmallStr::EMPTY, CategoricalPhysical::U32);
                col(name.clone())
                    .cast(DataType::from_categories(categories))
                    .to_physical()
            }
            _ => col(name.clone()).cast(DataType::UInt32),
        })
        .collect();
    let buffers = Arc::new(Mutex::new(vec![Vec::<u32>::new(); columns.len()]));
    let sink = buffers.clone();
    let take = move |batch: DataFrame| {
        let mut buffers = sink.lock().expect("no batch panics");
        for (buffer, column) in buffers.iter_mut().zip(batch.columns()) {
            let column = column.as_materialized_series();
            buffer.extend(column.u32()?.iter().map(|value| value.unwrap_or_default()));
        }
        Ok(false)
    };
    frame
        .select(columns)
        .sink_batches(PlanCallback::new(take), false, None)
        .and_then(|frame| frame.collect_with_engine(Engine::Streaming))
        .expect("the file can be read");
    println!("{}", buffers.lock().expect("no batch panics")[0].len());
}

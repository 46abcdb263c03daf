//! The whole `train` process against processes that only read the same files with the same Polars,
//! and against itself with more rows or unevenly many for each entity.
//!
//! `cargo bench --bench process`; `-- --large` adds up to 50 million rows of a million entities,
//! for which it needs 3 GB of disk and 5 GB of memory.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

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
    println!("| work | against | train | other | ratio | peak memory of train |");
    println!("| --- | --- | --- | --- | --- | --- |");
    let adult = common::adult();
    compare("Adult, three levels", &adult, &[], "scan", 21);
    let million = common::entities(1_000_000, 20_000);
    let key = ["--key", "entity", "--target", "income"];
    compare("1 M rows, 20,000 entities", &million, &key, "group", 7);
    if std::env::args().any(|argument| argument == "--large") {
        let fifty = common::entities(50_000_000, 1_000_000);
        compare("50 M rows, 1 M entities", &fifty, &key, "stream", 3);
        grow(&key);
    }
}

/// What a row costs as rows become more, and when a third of them are one entity's: in trees
/// without a limit, where that entity's is deep, and in trees as deep for all.
fn grow(key: &[&str]) {
    let even = common::entities(10_000_000, 200_000);
    let skewed = common::skewed_entities(10_000_000, 200_000);
    let shallow = [key, &["--max-depth", "6"]].concat();
    let lines = [
        ("10 M", 10.0, even.clone(), key),
        ("20 M", 20.0, common::entities(20_000_000, 400_000), key),
        ("40 M", 40.0, common::entities(40_000_000, 800_000), key),
        ("10 M, a third in one entity", 10.0, skewed.clone(), key),
        ("10 M, `--max-depth 6`", 10.0, even, &shallow),
        (
            "10 M, a third in one entity, `--max-depth 6`",
            10.0,
            skewed,
            &shallow,
        ),
    ];
    let mut seconds = [const { Vec::new() }; 6];
    let mut peaks = [0; 6];
    for _ in 0..3 {
        for (line, (_, _, input, arguments)) in lines.iter().enumerate() {
            let (elapsed, peak) = measure(&mut train(input, arguments));
            seconds[line].push(elapsed);
            peaks[line] = peaks[line].max(peak);
        }
    }
    let seconds = seconds.map(common::median);
    println!();
    println!("| rows | train | a row | against 10 M | peak memory |");
    println!("| --- | --- | --- | --- | --- |");
    for (line, (name, millions, ..)) in lines.iter().enumerate() {
        let cost = seconds[line] / millions;
        println!(
            "| {name} | {:.2} s | {cost:.3} µs | {:.2} × | {:.2} GiB |",
            seconds[line],
            cost / (seconds[0] / 10.0),
            gibibytes(peaks[line])
        );
    }
}

fn compare(work: &str, input: &Path, arguments: &[&str], role: &str, runs: usize) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut peak = 0;
    for _ in 0..runs {
        let (elapsed, memory) = measure(&mut train(input, arguments));
        ours.push(elapsed);
        peak = peak.max(memory);
        let mut other = Command::new(std::env::current_exe().expect("this program has a path"));
        other.arg(input).env(ROLE, role);
        theirs.push(measure(&mut other).0);
    }
    let (ours, theirs) = (common::median(ours), common::median(theirs));
    println!(
        "| {work} | {role} | {ours:.3} s | {theirs:.3} s | {:.2} × | {:.2} GiB |",
        ours / theirs,
        gibibytes(peak)
    );
}

fn gibibytes(kilobytes: u64) -> f64 {
    kilobytes as f64 / (1 << 20) as f64
}

/// Trains a store afresh; what was written before is on disk.
fn train(input: &Path, arguments: &[&str]) -> Command {
    let store = common::scratch_directory().join("models");
    let _ = std::fs::remove_dir_all(&store);
    rustix::fs::sync();
    let mut train = Command::new(env!("CARGO_BIN_EXE_per-entity"));
    train.arg("train").arg("--input").arg(input);
    train.arg("--output-dir").arg(&store).args(arguments);
    train
}

/// Seconds, and the most memory that was resident, in kB.
fn measure(command: &mut Command) -> (f64, u64) {
    let start = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .spawn()
        .expect("the program can be started");
    let memory = PathBuf::from(format!("/proc/{}/status", child.id()));
    let (stop, stopped) = mpsc::channel::<()>();
    let watch = thread::spawn(move || {
        let mut peak = 0;
        while stopped.recv_timeout(Duration::from_millis(5)) == Err(RecvTimeoutError::Timeout) {
            peak = peak.max(high_water_mark(&memory).unwrap_or_default());
        }
        peak
    });
    let status = child.wait().expect("the program was started");
    let elapsed = start.elapsed().as_secs_f64();
    assert!(status.success(), "{command:?}");
    drop(stop);
    (elapsed, watch.join().expect("the watch does not panic"))
}

/// Linux tells the most memory of a process while it lasts.
fn high_water_mark(status: &Path) -> Option<u64> {
    let status = std::fs::read_to_string(status).ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
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

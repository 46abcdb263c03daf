//! The lines of the table: which work, who does it, and whether it is the same work.

use std::path::Path;
use std::time::Instant;

use per_entity::encode::{EncodedPartition, EncoderScratch};
use per_entity::train::{Trainer, TrainerScratch};
use per_entity::{CartTrainer, DatasetSpec, Predictor};
use polars::prelude::{ParquetReader, SerReader};
use serde::Serialize;

use crate::common;
use crate::peer::{Run, ours, python};

/// One comparison: medians of both sides, in the unit of the line.
#[derive(Serialize)]
pub struct Line {
    pub work: String,
    pub against: String,
    pub unit: &'static str,
    pub ours: f64,
    pub theirs: f64,
    /// How many times less we take.
    pub ratio: f64,
    pub goal: Option<f64>,
}

impl Line {
    fn new(
        work: &str,
        against: &str,
        unit: &'static str,
        (ours, theirs): (f64, f64),
        goal: Option<f64>,
    ) -> Self {
        let ratio = theirs / ours;
        println!("{work}, against {against}: {ours:.4} and {theirs:.4} {unit}, {ratio:.0} times");
        Self {
            work: work.into(),
            against: against.into(),
            unit,
            ours,
            theirs,
            ratio,
            goal,
        }
    }
}

/// Runs both sides in alternation. Nothing where the other side is skipped.
fn alternate(
    runs: usize,
    mut ours: impl FnMut() -> f64,
    mut theirs: impl FnMut() -> Option<f64>,
) -> Option<(f64, f64)> {
    let (mut our_seconds, mut their_seconds) = (Vec::new(), Vec::new());
    for _ in 0..runs {
        their_seconds.push(theirs()?);
        our_seconds.push(ours());
    }
    Some((common::median(our_seconds), common::median(their_seconds)))
}

fn store() -> String {
    let store = common::scratch_directory().join("versus-models");
    let _ = std::fs::remove_dir_all(&store);
    store.display().to_string()
}

/// The lines on the Adult data, in whose directory `adult` is.
pub fn on_adult(adult: &Path, runs: usize) -> Vec<Line> {
    let data = adult.join("adult.data").display().to_string();
    let test = adult.join("adult.test").display().to_string();
    let mut lines = Vec::new();

    let input = ["--input", &data, "--test", &test];
    let all_levels = [&input[..], &["--all-levels"]].concat();
    if let Some(peer) = python("pandas_sklearn.py", &all_levels) {
        same_work(&data, &test, &["--where", "true"], &peer);
        let fit = || Some(python("pandas_sklearn.py", &all_levels)?.number("/seconds/fit"));
        let medians = alternate(runs, || fit_all_levels(&data), fit);
        lines.extend(medians.map(|medians| {
            let work = "Adult, fit all 16 levels, one thread";
            Line::new(work, "scikit-learn, Pipeline.fit", "s", medians, Some(60.0))
        }));
    }
    for (script, against, arguments, goal) in [
        (
            "pandas_sklearn.py",
            "a loop over pandas groups",
            &[][..],
            None,
        ),
        (
            "beam_pipeline.py",
            "Apache Beam",
            &["--compat", "beam"],
            Some(60.0),
        ),
    ] {
        let Some(peer) = python(script, &input) else {
            continue;
        };
        same_work(&data, &test, arguments, &peer);
        let medians = alternate(
            runs,
            // Some hundredths of a second, so that a median is needed in each round.
            || common::median((0..7).map(|_| train(&data, arguments).wall).collect()),
            || Some(python(script, &input[..2])?.wall),
        );
        lines.extend(medians.map(|medians| {
            let work = "Adult, three levels, whole process";
            Line::new(work, against, "s", medians, goal)
        }));
    }
    lines
}

fn train(data: &str, arguments: &[&str]) -> Run {
    let store = store();
    ours(
        &[
            &["train", "--input", data, "--output-dir", &store],
            arguments,
        ]
        .concat(),
    )
}

/// Whether a peer trained as many entities on as many rows, to about the same accuracy.
fn same_work(data: &str, test: &str, arguments: &[&str], peer: &Run) {
    let store = store();
    let own = ["train", "--input", data, "--output-dir", &store];
    let trained = ours(&[&own[..], arguments].concat());
    let number = |name: &str| trained.number(&format!("/generation/{name}"));
    assert_eq!(number("rows"), peer.number("/rows"), "rows trained on");
    assert_eq!(number("entities"), peer.number("/entities"), "entities");
    let evaluated = ours(&["evaluate", "--models", &store, "--input", test]);
    let accuracy = evaluated.number("/overall/micro/accuracy");
    let difference = (accuracy - peer.number("/accuracy")).abs();
    assert!(difference < 0.02, "accuracies differ by {difference}");
}

/// Encoding, training and serializing all levels on one thread, as `Pipeline.fit` encodes and
/// trains.
fn fit_all_levels(data: &str) -> f64 {
    let mut spec = DatasetSpec::adult();
    spec.predicate = None;
    let table = common::load(Path::new(data), &spec);
    let names: Vec<&str> = table.features().iter().map(|f| f.name.as_str()).collect();
    let trainer = CartTrainer::default();
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let mut encoder_scratch = EncoderScratch::default();
    let mut scratch = TrainerScratch::default();
    let mut once = || {
        let started = Instant::now();
        let mut bytes = Vec::new();
        for partition in table.partitions() {
            let encoded = EncodedPartition::new(&partition, &mut encoder_scratch);
            let fitted = trainer.train(&encoded, &mut scratch);
            let fitted = fitted.expect("the rows are fine");
            let model = fitted.model(partition.key(), &names, encoded.encoder());
            model.encode(&mut bytes);
        }
        started.elapsed().as_secs_f64()
    };
    let runs = || (0..5).map(|_| once()).collect();
    common::median(pool.expect("a thread can be started").install(runs))
}

const ROWS: u64 = 1_000_000;
const ENTITIES: u64 = 20_000;

/// Entities that a Python version trains; the others cost as much each as the second of these
/// numbers beyond the first.
const TRAINED: [u64; 2] = [200, 1_000];

/// The lines on a million rows of 20,000 entities.
pub fn on_many_entities(runs: usize) -> Vec<Line> {
    let path = common::entities(ROWS, ENTITIES);
    let data = path.display().to_string();
    let key = ["--key", "entity", "--target", "income"];
    let mut lines = Vec::new();
    let mut bytes = None;
    for (script, against, goal) in [
        ("joblib_sklearn.py", "joblib, both cores", Some(150.0)),
        ("pandas_sklearn.py", "a loop over pandas groups", None),
        ("spark_apply_in_pandas.py", "Spark, applyInPandas", None),
        ("ray_map_groups.py", "Ray, map_groups", None),
        ("h2o_segments.py", "H2O, segment models", None),
    ] {
        let theirs = || {
            let run = |entities: u64| {
                let limit = entities.to_string();
                let own = ["--input", &data, "--limit-entities", &limit];
                python(script, &[&own[..], &key].concat())
            };
            let [few, many] = [run(TRAINED[0])?, run(TRAINED[1])?];
            assert_eq!(many.number("/entities"), TRAINED[1] as f64);
            bytes.get_or_insert(many.number("/model_bytes") / TRAINED[1] as f64);
            let each = (many.wall - few.wall) / (TRAINED[1] - TRAINED[0]) as f64;
            Some(many.wall + each * (ENTITIES - TRAINED[1]) as f64)
        };
        let medians = alternate(runs, || train(&data, &key).wall, theirs);
        lines.extend(medians.map(|medians| {
            let work = "1 M rows, 20,000 entities, whole process";
            Line::new(
                work,
                &format!("{against} (extrapolated)"),
                "s",
                medians,
                goal,
            )
        }));
    }
    let trained = train(&data, &key);
    if let Some(theirs) = bytes {
        let directory = std::path::PathBuf::from(store_of(&trained));
        let medians = (directory_bytes(&directory) as f64 / ENTITIES as f64, theirs);
        let work = "bytes of a model of 50 rows";
        lines.push(Line::new(work, "joblib", "B", medians, Some(10.0)));
    }
    lines.extend(prediction(&data, &key, runs));
    lines
}

fn store_of(trained: &Run) -> String {
    let directory = trained.report.pointer("/generation/directory");
    let directory = directory.and_then(|name| name.as_str()).unwrap_or_default();
    let store = common::scratch_directory().join("versus-models");
    store.join(directory).display().to_string()
}

fn directory_bytes(directory: &Path) -> u64 {
    let files = std::fs::read_dir(directory).expect("the store is there");
    let length = |file: std::io::Result<std::fs::DirEntry>| file.and_then(|file| file.metadata());
    files
        .map(|file| length(file).map_or(0, |file| file.len()))
        .sum()
}

/// Microseconds per row: all entities, models read from the store, against a loop of scikit-learn
/// pipelines in memory.
fn prediction(data: &str, key: &[&str], runs: usize) -> Vec<Line> {
    let store = common::scratch_directory().join("versus-models");
    let models = store.display().to_string();
    let output = common::scratch_directory().join("versus-predicted.parquet");
    let output = output.display().to_string();
    let file = std::fs::File::open(data).expect("the rows are there");
    let rows = ParquetReader::new(file).finish();
    let rows = rows.expect("the rows can be read");
    let micros = |seconds: f64, rows: f64| seconds * 1e6 / rows;
    let mut library = Vec::new();
    let process = || {
        let run = ours(&[
            "predict", "--models", &models, "--input", data, "--output", &output,
        ]);
        let started = Instant::now();
        let opened = per_entity::store::Store::open(&store).expect("the store is whole");
        let mut predictor = Predictor::new(opened).expect("the store is whole");
        let predicted = predictor.predict(&rows).expect("the rows are fine");
        library.push(micros(
            started.elapsed().as_secs_f64(),
            predicted.height() as f64,
        ));
        micros(run.wall, run.number("/rows"))
    };
    let limit = ["--input", data, "--limit-entities", "500"];
    let theirs = || {
        let run = python("predict_sklearn.py", &[&limit[..], key].concat())?;
        Some(micros(run.number("/seconds/total"), run.number("/rows")))
    };
    let Some((process, theirs)) = alternate(runs, process, theirs) else {
        return Vec::new();
    };
    let library = common::median(library);
    let line = |work, ours, goal| {
        let against = "a loop of scikit-learn pipelines, 500 entities";
        Line::new(work, against, "µs a row", (ours, theirs), goal)
    };
    vec![
        line("predict 20,000 entities, library", library, Some(300.0)),
        line("predict 20,000 entities, file to file", process, None),
    ]
}

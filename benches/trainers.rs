//! The exact tree against linfa-trees on the same partitions, in one run and on one thread.
//!
//! `cargo bench --bench trainers`; `-- --quick` leaves out the partition of all rows, on which
//! linfa-trees takes half a minute.

mod common;

use std::hint::black_box;
use std::time::Instant;

use linfa::ParamGuard;
use per_entity::dataset::DatasetSpec;
use per_entity::encode::{EncodedPartition, EncoderScratch};
use per_entity::train::{CartTrainer, LinfaTrainer, Trainer};
use per_entity::tree::DecisionTreeParams;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let params = DecisionTreeParams::new().check_unwrap();
    let cart = CartTrainer::new(params.clone());
    let linfa = LinfaTrainer::new(params);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .stack_size(256 << 20)
        .build()
        .expect("a thread can be started");
    let path = common::adult();
    let by_level = DatasetSpec {
        predicate: None,
        ..DatasetSpec::adult()
    };
    // All rows as one entity: a key that is always the same.
    let as_one = DatasetSpec {
        predicate: Some("\"education-num\" > 0".into()),
        missing: vec!["?".into()],
        key: vec!["one".into()],
        ..by_level.clone()
    };
    println!("| partition | rows | linfa-trees | cart | ratio |");
    println!("| --- | --- | --- | --- | --- |");
    let table = common::load(&path, &by_level);
    for key in ["Doctorate", "Bachelors", "HS-grad"] {
        let partition = table.partitions().find(|partition| partition.key() == key);
        let partition = partition.expect("every level has rows");
        let encoded = EncodedPartition::new(&partition, &mut EncoderScratch::default());
        pool.install(|| compare(key, &encoded, &cart, &linfa));
    }
    if !quick {
        let source =
            per_entity::dataset::Source::open(&[path.display().to_string()], None, &by_level)
                .expect("the input is fine");
        let frame = source.scan(&by_level).expect("the input is fine");
        use polars::prelude::*;
        let frame = frame.with_column(lit("all").alias("one"));
        let spec = DatasetSpec {
            csv: Default::default(),
            ..as_one
        };
        let query =
            per_entity::dataset::Query::from_frame(frame, &spec).expect("the columns are there");
        let interrupt = Default::default();
        let table = per_entity::dataset::Table::collect(&query, &interrupt).expect("rows are left");
        let encoded = EncodedPartition::new(&table.partition(0), &mut EncoderScratch::default());
        pool.install(|| compare("all rows", &encoded, &cart, &linfa));
    }
}

fn compare(name: &str, encoded: &EncodedPartition, cart: &CartTrainer, linfa: &LinfaTrainer) {
    let time = |trainer: &dyn Trainer, runs: usize| {
        let seconds = (0..runs)
            .map(|_| {
                let start = Instant::now();
                black_box(trainer.train(encoded).expect("the partition can be learnt"));
                start.elapsed().as_secs_f64()
            })
            .collect();
        common::median(seconds)
    };
    let ours = time(cart, 15);
    let theirs = time(linfa, if encoded.rows() > 1_000 { 1 } else { 5 });
    println!(
        "| {name} | {} | {:.2} ms | {:.2} ms | {:.0} × |",
        encoded.rows(),
        theirs * 1e3,
        ours * 1e3,
        theirs / ours
    );
}

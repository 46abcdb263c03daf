//! The exact tree against linfa-trees on the same partitions, in one run and on one thread.
//!
//! `cargo bench --bench trainers`; `-- --quick` leaves out the partition of all rows, on which
//! linfa-trees takes half a minute.

mod common;

use std::hint::black_box;
use std::time::Instant;

use per_entity::encode::{EncodedPartition, EncoderScratch};
use per_entity::table::Table;
use per_entity::train::{LinfaTrainer, Trainer, TrainerScratch};
use per_entity::tree::DecisionTreeParams;
use per_entity::{Cancel, CartTrainer, DatasetSpec};
use polars::prelude::lit;

fn main() {
    let quick = std::env::args().any(|argument| argument == "--quick");
    let cart = CartTrainer::default();
    let linfa = LinfaTrainer::new(DecisionTreeParams::new()).expect("the defaults are fine");
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
        let frame = common::open(&path, &by_level).rows();
        let frame = frame.expect("the input is fine");
        let frame = frame.with_column(lit("all").alias("one"));
        let spec = DatasetSpec {
            csv: Default::default(),
            ..as_one
        };
        let table = Table::load(&frame.into(), &spec, &Cancel::new()).expect("rows are left");
        let encoded = EncodedPartition::new(&table.partition(0), &mut EncoderScratch::default());
        pool.install(|| compare("all rows", &encoded, &cart, &linfa));
    }
}

fn compare(name: &str, encoded: &EncodedPartition, cart: &CartTrainer, linfa: &LinfaTrainer) {
    let time = |trainer: &dyn Trainer, runs: usize| {
        let mut scratch = TrainerScratch::default();
        let seconds = (0..runs)
            .map(|_| {
                let start = Instant::now();
                let fitted = trainer.train(encoded, &mut scratch);
                black_box(fitted.expect("the partition can be learnt"));
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

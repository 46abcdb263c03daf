//! Prediction of a million rows of 20,000 entities, in criterion: `cargo bench --bench predict`.

mod common;

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use per_entity::{DatasetSpec, Predictor};

const ROWS: u64 = 1_000_000;
const ENTITIES: u64 = 20_000;

fn predict(criterion: &mut Criterion) {
    let path = common::entities(ROWS, ENTITIES);
    let spec = DatasetSpec::new(["entity"], "income");
    let store = common::train(
        &path,
        &spec,
        &common::scratch_directory().join("predict-models"),
    );
    let rows = common::open(&path, &spec)
        .rows()
        .expect("the input is fine")
        .collect();
    let rows = rows.expect("the input is fine");
    let mut group = criterion.benchmark_group("predict 1 M rows, 20,000 entities");
    group.sample_size(10).throughput(Throughput::Elements(ROWS));
    group.bench_function("models read from the store", |bencher| {
        bencher.iter(|| {
            let mut predictor = Predictor::new(store.clone()).expect("the store is whole");
            black_box(predictor.predict(&rows).expect("the rows are fine"));
        });
    });
    let mut predictor = Predictor::new(store).expect("the store is whole");
    group.bench_function("models held", |bencher| {
        bencher.iter(|| black_box(predictor.predict(&rows).expect("the rows are fine")));
    });
    group.finish();
}

criterion_group!(benches, predict);
criterion_main!(benches);

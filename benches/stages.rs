//! Every stage on its own, in criterion: `cargo bench --bench stages`.

mod common;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use linfa::ParamGuard;
use per_entity::encode::{EncodedPartition, EncoderScratch};
use per_entity::table::Table;
use per_entity::tree::{DecisionTreeParams, DecisionTreeValidParams};
use per_entity::{DatasetSpec, Model};

const ROWS_PER_ENTITY: [u64; 5] = [10, 50, 500, 5_000, 50_000];

fn table(rows_per_entity: u64) -> Table {
    let rows = rows_per_entity.max(20_000);
    let path = common::entities(rows, rows / rows_per_entity);
    common::load(&path, &DatasetSpec::new(["entity"], "income"))
}

fn params() -> DecisionTreeValidParams {
    DecisionTreeParams::new().check_unwrap()
}

fn model(table: &Table, encoded: &EncodedPartition) -> Model {
    let names: Vec<&str> = table.features().iter().map(|f| f.name.as_str()).collect();
    let tree = params()
        .fit_codes(
            encoded.codes(),
            encoded.labels(),
            encoded.encoder().class_count(),
            None,
        )
        .unwrap();
    Model::new("key", &names, encoded.encoder(), &tree)
}

fn scan_and_partition(criterion: &mut Criterion) {
    let path = common::entities(1_000_000, 20_000);
    let spec = DatasetSpec::new(["entity"], "income");
    let mut group = criterion.benchmark_group("scan and partition");
    group
        .sample_size(10)
        .throughput(Throughput::Elements(1_000_000));
    group.bench_function("1 M rows, 20,000 entities", |bencher| {
        bencher.iter(|| black_box(common::load(&path, &spec)).rows());
    });
    group.finish();
}

fn by_size(criterion: &mut Criterion, stage: &str, run: impl Fn(&Table, &EncodedPartition)) {
    let mut group = criterion.benchmark_group(stage);
    for rows in ROWS_PER_ENTITY {
        let table = table(rows);
        let encoded = EncodedPartition::new(&table.partition(0), &mut EncoderScratch::default());
        group
            .sample_size(20)
            .throughput(Throughput::Elements(encoded.rows() as u64));
        group.bench_with_input(
            BenchmarkId::from_parameter(rows),
            &encoded,
            |bencher, encoded| {
                bencher.iter(|| run(&table, encoded));
            },
        );
    }
    group.finish();
}

fn encode(criterion: &mut Criterion) {
    by_size(criterion, "encode", |table, _| {
        let mut scratch = EncoderScratch::default();
        black_box(EncodedPartition::new(&table.partition(0), &mut scratch));
    });
}

fn train(criterion: &mut Criterion) {
    let params = params();
    by_size(criterion, "train", |_, encoded| {
        let classes = encoded.encoder().class_count();
        black_box(
            params
                .fit_codes(encoded.codes(), encoded.labels(), classes, None)
                .unwrap(),
        );
    });
}

fn serialize(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("serialize");
    for rows in ROWS_PER_ENTITY {
        let table = table(rows);
        let encoded = EncodedPartition::new(&table.partition(0), &mut EncoderScratch::default());
        let model = model(&table, &encoded);
        let mut bytes = Vec::new();
        model.encode(&mut bytes);
        group
            .sample_size(20)
            .throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_function(BenchmarkId::new("encode", rows), |bencher| {
            bencher.iter(|| {
                let mut bytes = Vec::new();
                model.encode(&mut bytes);
                black_box(bytes);
            });
        });
        group.bench_function(BenchmarkId::new("decode", rows), |bencher| {
            bencher.iter(|| black_box(Model::decode(&bytes, None).expect("the bytes are a model")));
        });
    }
    group.finish();
}

criterion_group!(benches, scan_and_partition, encode, train, serialize);
criterion_main!(benches);

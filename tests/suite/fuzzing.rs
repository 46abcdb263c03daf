//! Files of every kind, changed so that readers go deep into them before they come upon it: each is
//! read, or refused with a word. In the suite this takes seconds; for as long as one likes:
//!
//! `PER_ENTITY_FUZZ=1000000 PER_ENTITY_FUZZ_SEED=7 cargo test --release --test suite fuzzing`
//!
//! A case is told by its seed and number alone. What ends the process leaves the file of its case
//! in the directory for temporary files.

use std::env;
use std::fs;
use std::io::{Cursor, sink};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::OnceLock;

use per_entity::describe::Description;
use per_entity::evaluate::Evaluator;
use per_entity::predict::{Destination, OnBadRow, RowInput};
use per_entity::source::{Format, Source};
use per_entity::store::MemoryDirectory;
use per_entity::train::Conclusion;
use per_entity::{Cancel, CartTrainer, DatasetSpec, Error, Predictor, Store, Training};
use polars::prelude::*;

use crate::support::hostile;
use crate::support::mutation::{Random, binary, ipc, json, parquet, text};
use crate::support::place::Place;

const CASES: usize = 150;

/// Runs as many cases as are asked for, and tells those that panic.
fn fuzz(kind: &str, case: impl Fn(&mut Random)) {
    let number = |name: &str, default: usize| {
        let text = env::var(name).ok();
        text.map_or(default, |text| text.parse().expect("a number"))
    };
    let cases = number("PER_ENTITY_FUZZ", CASES);
    let seed = number("PER_ENTITY_FUZZ_SEED", 0) as u64;
    let mut failed = Vec::new();
    for number in 0..cases {
        let mut random = Random(seed.wrapping_mul(0x2545_F491_4F6C_DD1D) ^ number as u64);
        if catch_unwind(AssertUnwindSafe(|| case(&mut random))).is_err() {
            failed.push(number);
        }
    }
    eprintln!("{kind}: {cases} cases");
    assert!(failed.is_empty(), "{kind}, seed {seed}: cases {failed:?}");
}

fn spec() -> DatasetSpec {
    DatasetSpec::new(["k"], "y")
}

#[track_caller]
fn assert_told(error: &Error) {
    assert!(!matches!(error, Error::Defect(_)), "{error}");
    assert!(!error.to_string().is_empty());
}

/// Describes, trains on and predicts a file; rows are counted on the way.
fn read_all(path: &Path) {
    let inputs = [path.display().to_string()];
    let source = match Source::open(&inputs, None, &spec()) {
        Ok(source) => source,
        Err(error) => return assert_told(&error),
    };
    if let Err(error) = Description::of(&source.clone().into(), &DatasetSpec::default()) {
        assert_told(&error);
    }
    let store = MemoryDirectory::new();
    let report = match Training::new(spec(), CartTrainer::default()).run(source, &store) {
        Ok(Conclusion::Committed(report)) => report,
        Ok(other) => panic!("{other:?}"),
        Err(error) => return assert_told(&error),
    };
    let run = &report.generation.run;
    assert_eq!(
        report.generation.rows + run.left_out.total(),
        run.rows_read,
        "rows that are neither used nor left out"
    );
    let mut predictor = Predictor::new(Store::open(&store).unwrap()).unwrap();
    let source = Source::open(&inputs, None, &predictor.spec()).unwrap();
    let ragged = source.ragged();
    let to = Destination::Writer(Box::new(sink()));
    match predictor.predict_files(&source, to, Format::Csv, &Cancel::new()) {
        Ok(account) => assert_eq!(account.written + ragged, run.rows_read),
        Err(error) => assert_told(&error),
    }
}

/// Predicts the rows of a text that comes from a reader; returns the rows read, the rows written and
/// those told of.
fn stream(bytes: &[u8], format: Format) -> Option<(u64, u64, u64)> {
    let mut predictor = Predictor::new(Store::open(&trained().path).unwrap()).unwrap();
    let input = RowInput::new(Cursor::new(bytes.to_vec()), "rows", format);
    let to = Destination::Writer(Box::new(sink()));
    let input = input.on_bad_row(OnBadRow::Skip);
    match predictor.predict_rows(input, to, Format::Ndjson, &Cancel::new()) {
        Ok(account) => Some((account.read, account.written, account.bad)),
        Err(error) => {
            assert_told(&error);
            None
        }
    }
}

struct Trained {
    _place: Place,
    path: std::path::PathBuf,
}

/// A store of two entities, with pooled and parents' models, and its files.
fn trained() -> &'static Trained {
    static TRAINED: OnceLock<Trained> = OnceLock::new();
    TRAINED.get_or_init(|| {
        let place = Place::new();
        let path = place.path("models");
        let training = Training::new(spec(), CartTrainer::default()).pooled(true);
        training.run(frame(), &path).unwrap();
        Trained {
            _place: place,
            path,
        }
    })
}

fn frame() -> DataFrame {
    let rows = 60_i64;
    let every = |step: i64| (0..rows).map(move |row| row % step);
    let frame = df!(
        "k" => every(2).map(|row| ["a", "b"][row as usize]).collect::<Vec<_>>(),
        "x" => every(7).map(|row| (row != 3).then_some(row as f64 * 0.5)).collect::<Vec<_>>(),
        "n" => every(11).collect::<Vec<_>>(),
        "c" => every(3).map(|row| ["red", "é", ""][row as usize]).collect::<Vec<_>>(),
        "b" => every(5).map(|row| row == 0).collect::<Vec<_>>(),
        "d" => every(13).collect::<Vec<_>>(),
        "y" => every(4).map(|row| ["p", "q"][usize::from(row > 1)]).collect::<Vec<_>>(),
    );
    let frame = frame.unwrap().lazy();
    let frame = frame.with_column(col("d").cast(DataType::Date));
    frame.collect().unwrap()
}

/// The frame in files of one kind, in several ways.
fn parquets() -> Vec<Vec<u8>> {
    let write = |compression: ParquetCompression, row_group: Option<usize>, frame: DataFrame| {
        let mut bytes = Vec::new();
        let writer = ParquetWriter::new(&mut bytes).with_compression(compression);
        let writer = writer.with_row_group_size(row_group);
        writer.finish(&mut frame.clone()).unwrap();
        bytes
    };
    let categories = DataType::from_categories(Categories::global());
    let typed = frame().lazy().with_column(col("c").cast(categories));
    vec![
        write(ParquetCompression::Uncompressed, None, frame()),
        write(ParquetCompression::default(), Some(20), frame()),
        write(
            ParquetCompression::Uncompressed,
            Some(7),
            typed.collect().unwrap(),
        ),
    ]
}

fn ipcs() -> Vec<Vec<u8>> {
    let write = |compression: Option<IpcCompression>, frame: DataFrame| {
        let mut bytes = Vec::new();
        let mut writer = IpcWriter::new(&mut bytes).with_compression(compression);
        writer.finish(&mut frame.clone()).unwrap();
        bytes
    };
    let mut wrapped = Vec::new();
    wrapped.push(write(None, frame()));
    wrapped.push(write(Some(IpcCompression::LZ4), frame()));
    wrapped.push(write(
        Some(IpcCompression::ZSTD(Default::default())),
        frame(),
    ));
    let categories = DataType::from_categories(Categories::global());
    let typed = frame().lazy().with_column(col("c").cast(categories));
    wrapped.push(write(None, typed.collect().unwrap()));
    wrapped
}

fn csv() -> Vec<u8> {
    let mut bytes = Vec::new();
    CsvWriter::new(&mut bytes).finish(&mut frame()).unwrap();
    [
        bytes,
        b"a,\"1\",2,\"two\nlines\",\"\"\"\",,p\nb,,,\"x\"\n".to_vec(),
    ]
    .concat()
}

fn ndjson() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = JsonWriter::new(&mut bytes).with_json_format(JsonFormat::JsonLines);
    writer.finish(&mut frame()).unwrap();
    [
        bytes,
        b"{\"k\":\"a\",\"y\":\"p\",\"z\":{\"deep\":[1,[2,{\"e\":\"\\u00e9\"}]]}}\n".to_vec(),
    ]
    .concat()
}

fn fuzz_files(
    kind: &str,
    extension: &str,
    valid: &[Vec<u8>],
    mutate: fn(&mut Random, &[u8]) -> Vec<u8>,
) {
    let place = Place::new();
    let path = place.path(&format!("fuzzed.{extension}"));
    for valid in valid {
        fs::write(&path, valid).unwrap();
        let source = Source::open(&[path.display().to_string()], None, &spec());
        source.unwrap_or_else(|error| panic!("{error}"));
    }
    fuzz(kind, |random| {
        let valid = &valid[random.below(valid.len())];
        // Another file: a reader that gave up may still have the one before mapped.
        fs::remove_file(&path).unwrap();
        fs::write(&path, mutate(random, valid)).unwrap();
        read_all(&path);
    });
}

#[test]
fn parquet_is_read_or_refused() {
    fuzz_files("Parquet", "parquet", &parquets(), parquet);
}

#[test]
fn ipc_is_read_or_refused() {
    fuzz_files("IPC", "arrow", &ipcs(), ipc);
}

#[test]
fn csv_is_read_or_refused() {
    fuzz_files("CSV", "csv", &[csv()], text);
}

#[test]
fn ndjson_is_read_or_refused() {
    fuzz_files("NDJSON", "ndjson", &[ndjson()], text);
}

/// Of a text that a file and a stream can be read of, they count the same rows, and every row is
/// written or told of.
#[test]
fn streams_and_files_count_the_same_rows() {
    let (csv, ndjson) = (csv(), ndjson());
    let place = Place::new();
    fuzz("streams", |random| {
        let format = random.one_of(&[Format::Csv, Format::Tsv, Format::Ndjson]);
        let valid = match format {
            Format::Ndjson => ndjson.clone(),
            Format::Tsv => String::from_utf8(csv.clone())
                .unwrap()
                .replace(',', "\t")
                .into_bytes(),
            _ => csv.clone(),
        };
        let bytes = text(random, &valid);
        let streamed = stream(&bytes, format);
        if let Some((read, written, bad)) = streamed {
            assert_eq!(read, written + bad);
        }
        let path = place.path(&format!("text.{}", format.name()));
        fs::write(&path, &bytes).unwrap();
        let spec = Predictor::new(Store::open(&trained().path).unwrap())
            .unwrap()
            .spec();
        let rows = Source::open(&[path.display().to_string()], None, &spec).map(|source| {
            source.rows().unwrap().collect().unwrap().height() as u64 + source.ragged()
        });
        if let (Ok(rows), Some((read, ..))) = (rows, streamed) {
            assert_eq!(rows, read, "{:?}", String::from_utf8_lossy(&bytes));
        }
    });
}

#[test]
fn models_are_decoded_or_refused() {
    let store = Store::open(&trained().path).unwrap();
    let models: Vec<Vec<u8>> = fs::read_dir(store.path())
        .unwrap()
        .map(|file| file.unwrap().path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "cbor")
        })
        .map(|path| fs::read(path).unwrap())
        .collect();
    assert!(models.len() >= 3);
    fuzz("models", |random| {
        let model = &models[random.below(models.len())];
        hostile::model(&binary(random, model));
    });
}

#[test]
fn tables_of_entities_are_read_or_refused() {
    let store = Store::open(&trained().path).unwrap();
    let table = fs::read(store.path().join("entities.parquet")).unwrap();
    fuzz("tables of entities", |random| {
        let bytes = parquet(random, &table);
        let directory = tempfile::tempdir().unwrap();
        hostile::write_store(directory.path(), &bytes, &bytes);
        hostile::store(directory.path());
    });
}

/// Whatever a stranger's manifest says, the store is used or refused.
#[test]
fn manifests_are_obeyed_or_refused() {
    let store = &trained().path;
    let manifest = fs::read_to_string(store.join("manifest.json")).unwrap();
    let mut manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    // With its digest, none would be read but this one.
    manifest.as_object_mut().unwrap().remove("digest").unwrap();
    let generation = Store::open(store).unwrap().path().to_owned();
    let place = Place::new();
    let copy = place.path("generation");
    let copied = copy.join(generation.file_name().unwrap());
    fs::create_dir_all(&copied).unwrap();
    for file in fs::read_dir(&generation).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), copied.join(file.file_name())).unwrap();
    }
    fuzz("manifests", |random| {
        let mut manifest = manifest.clone();
        json(random, &mut manifest);
        fs::write(copy.join("manifest.json"), manifest.to_string()).unwrap();
        hostile::store(&copy);
        let Ok(store) = Store::open(&copy) else {
            return;
        };
        if let Ok(mut predictor) = Predictor::new(store.clone())
            && let Err(error) = predictor.predict(&frame())
        {
            assert_told(&error);
        }
        if let Err(error) = Evaluator::new(store).run(frame()) {
            assert_told(&error);
        }
    });
}

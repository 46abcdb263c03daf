//! Data of every type and shape: always an error or a store that verifies and whose counts add up,
//! never a panic.

use std::collections::HashSet;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use per_entity::error::SpecError;
use per_entity::evaluate::Evaluator;
use per_entity::schema::{OnInfinite, Task};
use per_entity::source::Source;
use per_entity::table::Table;
use per_entity::train::Conclusion;
use per_entity::{Cancel, CartTrainer, DatasetSpec, Error, Predictor, Result, Training};
use polars::prelude::*;
use proptest::prelude::*;

use crate::support::place::Place;
use crate::support::store::assert_whole;

/// Trains, verifies, evaluates and predicts. An error of reading or training is returned; from
/// there on, all must go well.
fn work(path: &Path, spec: &DatasetSpec) -> Result<u64> {
    let place = Place::new();
    let models = place.path("models");
    let source = Source::open(&[path.display().to_string()], None, spec)?;
    let table = Table::load(&source.clone().into(), spec, &Cancel::new())?;
    assert_eq!(
        table.rows() as u64 + table.left_out().total(),
        table.rows_read(),
        "rows that are neither used nor left out"
    );
    let training = Training::new(spec.clone(), CartTrainer::default()).min_rows(2);
    let Conclusion::Committed(report) = training.run(source.clone(), &models)? else {
        panic!("nothing can refuse it");
    };
    let generation = report.generation;
    let partitions = table.partitions();
    let kept: HashSet<&str> = partitions.map(|partition| partition.key()).collect();
    let dropped = table.left_out_by_key().keys();
    let lost = dropped.filter(|key| !kept.contains(key.as_str())).count() as u64;
    assert_eq!(generation.empty, lost);
    assert_eq!(generation.entities, table.len() as u64 + lost);
    assert_eq!(
        generation.trained + generation.skipped + generation.failed + lost,
        generation.entities
    );
    if table.task() == Task::Classification {
        assert_eq!(generation.failed, 0);
    }
    assert_whole(&models);

    let store = place.store("models");
    let rows = source.rows().unwrap().collect().unwrap();
    let mut predictor = Predictor::new(store.clone()).unwrap();
    let predicted = predictor.predict(&rows).unwrap();
    assert_eq!(predicted.height(), rows.height());
    assert_eq!(predictor.damaged().count(), 0);
    let evaluated = Evaluator::new(store).run(rows);
    // Rows whose weights were refused at training count here, with targets that may be no classes.
    let is_told = match &evaluated {
        Ok(_) | Err(Error::NoRows(_)) => true,
        Err(Error::Spec(SpecError::FractionalClass { trained, .. })) => *trained,
        Err(_) => false,
    };
    assert!(is_told, "{evaluated:?}");
    Ok(generation.trained)
}

/// A column of one of all types, each value one of its extremes or null.
fn column(kind: usize, name: &str, picks: &[u8]) -> PolarsResult<Column> {
    let name: PlSmallStr = name.into();
    fn pool<T: Clone>(values: &[T], picks: &[u8]) -> Vec<Option<T>> {
        let pick = |pick: &u8| values.get(*pick as usize % (values.len() + 1)).cloned();
        picks.iter().map(pick).collect()
    }
    let whole = |dtype: DataType| {
        let values = [i64::MIN, -1, 0, 1, 255, i64::MAX, 86_399];
        Column::new(name.clone(), pool(&values, picks)).cast(&dtype)
    };
    let small = |dtype: DataType| {
        Column::new(name.clone(), pool(&[0i64, 1, 2, 3, 100], picks)).cast(&dtype)
    };
    let texts = [
        "",
        " ",
        "a",
        "A",
        "é\u{1F600}",
        "?",
        "\"",
        ",",
        "\n",
        "NaN",
        "1",
        "null",
    ];
    let text = |dtype: DataType| Column::new(name.clone(), pool(&texts, picks)).cast(&dtype);
    let float = [
        f64::NAN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.0,
        5e-324,
        f64::MAX,
        0.1,
    ];
    match kind {
        0 => whole(DataType::Int8),
        1 => whole(DataType::Int16),
        2 => whole(DataType::Int32),
        3 => whole(DataType::Int64),
        4 => whole(DataType::UInt8),
        5 => whole(DataType::UInt16),
        6 => whole(DataType::UInt32),
        7 => Ok(Column::new(name, pool(&[0, 1, u64::MAX], picks))),
        8 => whole(DataType::Int128),
        9 => Ok(Column::new(name, pool(&float, picks))),
        10 => Column::new(name, pool(&float, picks)).cast(&DataType::Float32),
        11 => Ok(Column::new(name, pool(&[true, false], picks))),
        12 => text(DataType::String),
        13 => text(DataType::from_categories(Categories::global())),
        14 => text(DataType::Binary),
        15 => small(DataType::Date),
        16 => whole(DataType::Datetime(TimeUnit::Microseconds, None)),
        17 => small(DataType::Datetime(
            TimeUnit::Milliseconds,
            Some(TimeZone::UTC),
        )),
        18 => whole(DataType::Duration(TimeUnit::Nanoseconds)),
        19 => small(DataType::Time),
        20 => small(DataType::Decimal(38, 9)),
        21 => small(DataType::Int64)?
            .as_materialized_series()
            .reshape_list(&[ReshapeDimension::Infer, ReshapeDimension::new_dimension(1)])
            .map(|series| series.with_name(name).into_column()),
        22 => Ok(
            df!("x" => pool(&[1, 2], picks), "y" => pool(&["a"], picks))?
                .into_struct(name)
                .into_column(),
        ),
        23 => Ok(Column::new_empty(name.clone(), &DataType::Null)
            .extend_constant(AnyValue::Null, picks.len())?),
        _ => {
            let long = "long ".repeat(200_000);
            Ok(Column::new(name, pool(&[long.as_str(), ""], picks)))
        }
    }
}

const KINDS: usize = 25;

/// Whether Polars can write the frame in the format of the path.
fn write(frame: &mut DataFrame, path: &Path) -> bool {
    let written = catch_unwind(AssertUnwindSafe(|| try_write(frame, path)));
    written.unwrap_or(false)
}

fn try_write(frame: &mut DataFrame, path: &Path) -> bool {
    let file = fs::File::create(path).unwrap();
    match path.extension().unwrap().to_str().unwrap() {
        "parquet" => ParquetWriter::new(file).finish(frame).is_ok(),
        "arrow" => IpcWriter::new(file).finish(frame).is_ok(),
        "csv" => CsvWriter::new(file).finish(frame).is_ok(),
        _ => {
            let mut writer = JsonWriter::new(file).with_json_format(JsonFormat::JsonLines);
            writer.finish(frame).is_ok()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_types_in_any_roles_are_trained_or_refused(
        kinds in prop::collection::vec(0..KINDS, 3..7),
        height in 0usize..24,
        seed in any::<u64>(),
        format in prop::sample::select(vec!["parquet", "parquet", "arrow", "ndjson", "csv"]),
        weighted in prop::bool::weighted(0.2),
    ) {
        let picks = |position: usize| -> Vec<u8> {
            let bytes = blake3::hash(&[seed.to_le_bytes(), (position as u64).to_le_bytes()].concat());
            bytes.as_bytes()[..height].to_vec()
        };
        let columns: PolarsResult<Vec<Column>> = kinds
            .iter()
            .enumerate()
            .map(|(position, kind)| column(*kind, &format!("c{position}"), &picks(position)))
            .collect();
        let mut frame = DataFrame::new(height, columns.unwrap()).unwrap();
        let place = Place::new();
        let path = place.path(&format!("data.{format}"));
        // Some formats cannot hold some types.
        prop_assume!(write(&mut frame, &path));
        let mut spec = DatasetSpec::new(["c0"], "c1");
        if weighted {
            spec.weight = Some("c2".into());
        }
        spec.on_infinite = OnInfinite::Missing;
        let _ = work(&path, &spec);
        let _ = work(&path, &DatasetSpec::new(["c0", "c2"], "c1"));
    }

    #[test]
    fn any_bytes_are_a_csv_file_or_refused(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..300),
            "[abc0-9.,\"\n\r ?#-]{0,300}".prop_map(String::into_bytes),
            "k,x,y\n([ab]?,[0-9.]{0,3},\"?[yn]\"?\n){0,20}".prop_map(String::into_bytes),
        ],
        extension in prop::sample::select(vec!["csv", "tsv", "parquet", "arrow", "ndjson", "csv.gz"]),
    ) {
        let place = Place::new();
        let path = place.path(&format!("data.{extension}"));
        fs::write(&path, bytes).unwrap();
        let _ = work(&path, &DatasetSpec::new(["k"], "y"));
        let _ = work(&path, &DatasetSpec::new(["a"], "b"));
    }
}

#[test]
fn keys_of_every_scalar_type_name_their_entities() {
    let place = Place::new();
    let rows: Vec<u8> = (0..24).collect();
    for kind in 0..KINDS {
        let key = column(kind, "k", &rows).unwrap();
        let is_nested = key.dtype().is_nested() || key.dtype().is_binary();
        let distinct = key.drop_nulls().n_unique().unwrap() as u64;
        let x: Vec<i64> = (0..24).collect();
        let y: Vec<&str> = rows
            .iter()
            .map(|row| ["no", "yes"][*row as usize % 2])
            .collect();
        let mut frame = df!("x" => x, "y" => y).unwrap();
        frame.with_column(key).unwrap();
        let path = place.path("data.arrow");
        if !write(&mut frame, &path) {
            continue;
        }
        let trained = work(&path, &DatasetSpec::new(["k"], "y"));
        match trained {
            // As texts, 0 and -0 are two.
            Ok(trained) => assert!(trained <= distinct + 1 && !is_nested, "{kind}: {trained}"),
            Err(error) => {
                let is_no_date = error.to_string().contains("out of range");
                assert!(is_nested || distinct == 0 || is_no_date, "{kind}: {error}");
            }
        }
    }
}

#[test]
fn one_entity_of_all_rows_one_row_for_each_and_a_million_categories() {
    let place = Place::new();
    let rows = 1_000_000;
    let number: Vec<i64> = (0..rows).collect();
    let text: Vec<String> = number
        .iter()
        .map(|number| format!("category {number}"))
        .collect();
    let label: Vec<bool> = number.iter().map(|number| number % 3 == 0).collect();
    let one = vec!["all"; rows as usize];
    let mut frame = df!("n" => number, "text" => text, "y" => label, "one" => one, "x" => vec![1; rows as usize]).unwrap();
    assert!(write(&mut frame, &place.path("data.parquet")));
    let trained = |key: &str, more: &str| {
        let train = "train --quiet --input data.parquet --target y --max-depth 3";
        place
            .run(&format!("{train} --key {key} --output-dir {key} {more}"))
            .succeeded();
        assert_whole(&place.path(key));
        place.store(key).generation().trained
    };
    assert_eq!(trained("one", ""), 1);
    assert_eq!(trained("text", "--ignore n,one"), rows as u64);
}

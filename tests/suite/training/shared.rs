//! Models that borrow strength: what all entities share, and what is each one's own.

use per_entity::predict::Predictor;
use per_entity::store::{MemoryDirectory, verify};
use per_entity::train::{Conclusion, TrainingSpec};
use per_entity::{Error, Store};
use polars::prelude::*;

use super::rows::{train, trained};
use crate::support::place::Place;

/// Numbers that look drawn: from 0 to below 1.
fn drawn(row: usize, salt: u64) -> f64 {
    let mut bits = (row as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ (salt << 32 | salt);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((bits ^ (bits >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// Rows of shops whose sales follow the same curve over the day, each at a level of its own.
fn sales(shops: usize, rows: usize) -> DataFrame {
    let all: Vec<(usize, usize)> = (0..shops * rows).map(|row| (row % shops, row)).collect();
    let hour = |row: usize| (drawn(row, 1) * 14.0).floor() + 8.0;
    let sold = |&(shop, row): &(usize, usize)| {
        let curve = 10.0 * ((hour(row) - 8.0) / 4.0).sin();
        let warm = if drawn(row, 3) < 0.5 { 4.0 } else { 0.0 };
        curve + warm + 25.0 * drawn(shop, 7) + 4.0 * (drawn(row, 5) - 0.5)
    };
    let level = |target: f64| if target > 14.0 { "much" } else { "little" };
    let column = |of: &dyn Fn(&(usize, usize)) -> f64| all.iter().map(of).collect::<Vec<f64>>();
    df!(
        "shop" => all.iter().map(|(shop, _)| format!("s{shop:03}")).collect::<Vec<_>>(),
        "hour" => all.iter().map(|&(_, row)| (drawn(row, 9) > 0.1).then(|| hour(row))).collect::<Vec<_>>(),
        "sky" => all.iter().map(|&(_, row)| if drawn(row, 3) < 0.5 { "sun" } else { "rain" }).collect::<Vec<_>>(),
        "weight" => column(&|&(_, row)| 1.0 + (drawn(row, 11) * 3.0).floor()),
        "sold" => column(&sold),
        "busy" => all.iter().map(|row| level(sold(row))).collect::<Vec<_>>(),
        "kind" => all.iter().map(|row| ["none", "some", "many"][(sold(row).clamp(0.0, 29.0) / 10.0) as usize]).collect::<Vec<_>>(),
    )
    .unwrap()
}

fn spec(target: &str, more: &str) -> TrainingSpec {
    let others = ["sold", "busy", "kind", "weight"];
    let ignored = others.iter().filter(|other| **other != target);
    let ignored: Vec<String> = ignored.map(|other| format!("'{other}'")).collect();
    let text = format!(
        "key = ['shop']\ntarget = '{target}'\nignore = [{}]\n[tree]\nshared-rounds = 40\n{more}",
        ignored.join(", ")
    );
    TrainingSpec::from_toml(&text).unwrap()
}

const SHARED: &str = "trainer = 'shared'\n";

/// Every other row of each shop, and the rest.
fn halves(frame: &DataFrame, shops: usize) -> [DataFrame; 2] {
    [0, 1].map(|half| {
        let is_in = (0..frame.height()).map(|row| (row / shops) % 2 == half);
        frame.filter(&is_in.collect::<BooleanChunked>()).unwrap()
    })
}

fn predicted(store: Store, frame: &DataFrame) -> DataFrame {
    Predictor::new(store).unwrap().predict(frame).unwrap()
}

fn numbers(frame: &DataFrame, column: &str) -> Vec<f64> {
    let column = frame.column(column).unwrap().f64().unwrap();
    column.iter().map(Option::unwrap).collect()
}

/// The mean squared error of predictions.
fn error(frame: &DataFrame) -> f64 {
    let pairs = numbers(frame, "sold")
        .into_iter()
        .zip(numbers(frame, "prediction"));
    pairs
        .map(|(truth, predicted)| (truth - predicted).powi(2))
        .sum::<f64>()
        / frame.height() as f64
}

#[test]
fn small_shops_learn_from_each_other() {
    let [rows, new] = halves(&sales(60, 16), 60);
    let errors = [SHARED, "", "trainer = 'boosted'\n"].map(|trainer| {
        let spec = match trainer {
            "" => TrainingSpec::from_toml(
                "key = ['shop']\ntarget = 'sold'\nignore = ['busy', 'kind', 'weight']",
            )
            .unwrap(),
            trainer => spec("sold", trainer),
        };
        error(&predicted(trained(&spec, &rows), &new))
    });
    let [shared, own, boosted] = errors;
    assert!(shared < 0.4 * own && shared < 0.4 * boosted, "{errors:?}");
}

#[test]
fn one_large_entity_is_boosted_alone() {
    let [rows, new] = halves(&sales(1, 3_000), 1);
    let boosted = trained(&spec("sold", "trainer = 'boosted'\n"), &rows);
    // The noise has a variance of 16/12, and a tenth of the hours is missing.
    assert!(error(&predicted(boosted, &new)) < 8.0);
    let classes = trained(&spec("kind", "trainer = 'boosted'\n"), &rows);
    let answers = predicted(classes, &new);
    let hits = answers.column("kind").unwrap().str().unwrap().iter();
    let hits = hits.zip(answers.column("prediction").unwrap().str().unwrap().iter());
    let share = hits.filter(|(one, other)| one == other).count() as f64 / new.height() as f64;
    assert!(share > 0.75, "{share}");
}

/// All files of a generation but what tells of the run.
fn bytes(spec: &TrainingSpec, frame: &DataFrame) -> Vec<(String, u64)> {
    let memory = MemoryDirectory::new();
    train(spec, frame, &memory);
    let store = Store::open(&memory).unwrap();
    assert!(verify(&memory).unwrap().problems.is_empty());
    let mut digests = Vec::new();
    let generation = store.generation();
    let shared = generation.shared.as_ref().unwrap();
    digests.push((shared.file.digest.clone(), shared.file.length));
    for record in store.records().unwrap() {
        let model = store.model(&record.key).unwrap();
        let mut bytes = Vec::new();
        model.encode(&mut bytes);
        digests.push((record.key, blake3_of(&bytes)));
    }
    digests
}

fn blake3_of(bytes: &[u8]) -> u64 {
    let digest = blake3::hash(bytes);
    u64::from_le_bytes(*digest.as_bytes().first_chunk().unwrap())
}

#[test]
fn neither_the_order_of_rows_nor_the_number_of_threads_matters() {
    let frame = sales(30, 20);
    let reversed = frame.reverse();
    for (target, weight) in [("sold", ""), ("busy", "weight"), ("kind", "")] {
        let run = |frame: &DataFrame, threads: usize| {
            let mut spec = spec(target, SHARED);
            if !weight.is_empty() {
                spec.dataset.ignore.retain(|column| column != weight);
                spec.dataset.weight = Some(weight.into());
            }
            spec.train.threads = threads;
            bytes(&spec, frame)
        };
        let one = run(&frame, 1);
        assert_eq!(one.len(), 31);
        assert_eq!(one, run(&reversed, 2), "{target}");
    }
}

#[test]
fn units_of_weights_and_of_targets_do_not_matter() {
    let frame = sales(30, 20);
    let scaled = |column: &str, factor: f64| {
        let mut frame = frame.clone();
        let numbers: Vec<f64> = numbers(&frame, column).iter().map(|n| n * factor).collect();
        frame
            .with_column(Column::new(column.into(), numbers))
            .unwrap();
        frame
    };
    let run = |training: &DataFrame| {
        let mut spec = spec("sold", SHARED);
        spec.dataset.ignore.retain(|column| column != "weight");
        spec.dataset.weight = Some("weight".into());
        numbers(&predicted(trained(&spec, training), &frame), "prediction")
    };
    let expected = run(&frame);
    for (column, factor) in [
        ("weight", 1e-9),
        ("weight", 1e6),
        ("sold", 1e-7),
        ("sold", 1e9),
    ] {
        let unit = if column == "sold" { factor } else { 1.0 };
        for (one, other) in expected.iter().zip(run(&scaled(column, factor))) {
            assert!(
                (one * unit - other).abs() < 0.3 * unit,
                "{column} {factor}: {one} {other}"
            );
        }
    }
}

#[test]
fn a_target_beyond_what_squares_have_room_for_is_refused() {
    let mut frame = sales(4, 8);
    let mut numbers = numbers(&frame, "sold");
    numbers[5] = 1e200;
    frame
        .with_column(Column::new("sold".into(), numbers))
        .unwrap();
    let training = spec("sold", SHARED).training().unwrap();
    let error = training.run(frame, MemoryDirectory::new()).unwrap_err();
    assert!(error.to_string().contains("1e200"), "{error}");
}

#[test]
fn a_sample_serves_all_entities() {
    let frame = sales(80, 12);
    let store = trained(
        &spec("busy", &format!("{SHARED}shared-rows = 300\n")),
        &frame,
    );
    assert_eq!(store.records().unwrap().len(), 80);
    let answers = predicted(store, &frame);
    let own = answers.column("model").unwrap().str().unwrap();
    assert!(own.iter().all(|model| model == Some("own")));
}

#[test]
fn shops_that_training_did_not_see_are_answered() {
    let frame = sales(40, 20);
    let store = trained(&spec("busy", SHARED), &frame);
    let new = df!(
        "shop" => [Some("new"), None, Some("s001")],
        "hour" => [Some(12.0), None, Some(9.0)],
        "sky" => [Some("sun"), Some("snow"), None],
    )
    .unwrap();
    let answers = predicted(store, &new);
    let models = answers.column("model").unwrap().str().unwrap();
    let models: Vec<Option<&str>> = models.iter().collect();
    assert_eq!(models, [Some("shared"), Some("shared"), Some("own")]);
    let sums = numbers(&answers, "probability_much").into_iter();
    for (much, little) in sums.zip(numbers(&answers, "probability_little")) {
        assert!((much + little - 1.0).abs() < 1e-12 && much > 0.0 && little > 0.0);
    }
}

#[test]
fn an_entity_of_one_row_or_one_class_has_a_share() {
    let mut frame = sales(20, 12);
    let single = df!(
        "shop" => ["one", "pure", "pure", "pure", "pure"],
        "hour" => [Some(9.0), None, Some(9.0), Some(10.0), Some(11.0)],
        "sky" => ["sun", "sun", "rain", "sun", "sun"],
        "weight" => [1.0; 5],
        "sold" => [3.0; 5],
        "busy" => ["much"; 5],
        "kind" => ["many"; 5],
    )
    .unwrap();
    frame.vstack_mut(&single).unwrap();
    for target in ["sold", "busy", "kind"] {
        let store = trained(&spec(target, SHARED), &frame);
        for key in ["one", "pure"] {
            let model = store.model(key).unwrap();
            let (_, share) = model.share().unwrap();
            assert!(
                share.level.iter().all(|level| level.is_finite()),
                "{target}"
            );
        }
    }
}

#[test]
fn what_does_not_go_together_is_refused() {
    let frame = sales(4, 8);
    for more in [
        "criterion = 'gini'\n",
        "max-depth = 3\n",
        "shared-rows = 5\n",
    ] {
        let training = spec("busy", &format!("{SHARED}{more}")).training();
        assert!(
            matches!(training.map(|_| ()), Err(Error::Params(_))),
            "{more}"
        );
    }
    let mut pooled = spec("busy", SHARED);
    pooled.train.pooled = true;
    let run = pooled
        .training()
        .unwrap()
        .run(frame, MemoryDirectory::new());
    assert!(matches!(run, Err(Error::Spec(_))));
    let place = Place::new();
    place.write("rows.csv", "shop,hour,busy\na,1,yes\na,2,no\n");
    let error = place.run(
        "train --input rows.csv --key shop --target busy --output-dir models --shared-members best",
    );
    let error = error.failed(2);
    assert!(error.contains("--trainer shared"), "{error}");
}

#[test]
fn the_program_trains_tells_evaluates_and_predicts() {
    let place = Place::new();
    let mut frame = sales(12, 30);
    let mut file = std::fs::File::create(place.path("rows.parquet")).unwrap();
    ParquetWriter::new(&mut file).finish(&mut frame).unwrap();
    let columns = "--key shop --target busy --ignore sold,kind,weight";
    place
        .run(&format!("train --input rows.parquet {columns} --trainer shared --shared-rounds 40 --holdout 0.2 --output-dir models"))
        .succeeded();
    let verified = place.run("verify --models models").succeeded();
    assert!(verified.stdout.contains("0 problems"));
    let told = place
        .run("inspect --models models --entity s003")
        .succeeded();
    for part in ["verdict", "shared by all entities", "own level"] {
        assert!(told.stdout.contains(part), "{}", told.stdout);
    }
    place
        .run("evaluate --models models --input rows.parquet")
        .succeeded();
    place
        .run("predict --models models --input rows.parquet --output out.csv")
        .succeeded();
    let run = place.run(&format!("train --input rows.parquet {columns} --trainer shared --shared-models one --shared-members best --shared-rounds 40 --output-dir models"));
    run.succeeded();
    let store = place.store("models");
    let shared = store.shared().unwrap().unwrap();
    assert_eq!(shared.parts().members.len(), 1);
    assert_eq!(shared.parts().members[0].trees.len(), 1);
}

#[test]
fn a_run_can_be_repeated_from_its_manifest() {
    let spec = spec(
        "busy",
        &format!("{SHARED}shared-members = 'best'\nshared-seed = 3\n"),
    );
    let store = trained(&spec, &sales(6, 20));
    let again = TrainingSpec::of_run(&store.generation().run).unwrap();
    assert_eq!(again.tree, spec.tree);
    let text = again.to_toml().unwrap();
    assert_eq!(TrainingSpec::from_toml(&text).unwrap().tree, spec.tree);
    let memory = MemoryDirectory::new();
    let run = again.training().unwrap().run(sales(6, 20), &memory);
    assert!(matches!(run, Ok(Conclusion::Committed(_))));
}

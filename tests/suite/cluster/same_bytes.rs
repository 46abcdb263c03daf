//! The same bytes as of a single run.

use per_entity::metrics::ThresholdMetric;
use per_entity::schema::{Holdout, ImportanceKind};
use per_entity::source::{DatasetSpec, Source};
use per_entity::store::{MemoryDirectory, ModelsPerFile};
use per_entity::train::cluster::{Commit, OutcomeStream, Plan, Planner};
use per_entity::train::{Conclusion, Threshold, TrainerKind, TrainingSpec};
use polars::prelude::*;

use super::{files, generation, outcomes, parts, rows, spec};
use crate::support::mutation::Random;
use crate::support::place::Place;

/// Trains at once and in parts; the stores must be the same.
#[track_caller]
fn assert_same(random: &mut Random, spec: &TrainingSpec, rows: &DataFrame) {
    let whole = MemoryDirectory::new();
    let conclusion = spec.training().unwrap().run(rows.clone(), &whole).unwrap();
    assert!(matches!(conclusion, Conclusion::Committed(_)));
    let plan = Planner::new(spec.clone()).plan(rows.clone()).unwrap();
    let plan = Plan::from_bytes(&plan.to_bytes()).unwrap();
    let count = 1 + random.below(9);
    let mut frames = Vec::new();
    for (part, rows) in parts(random, rows, count).into_iter().enumerate() {
        // Some are done twice.
        for _ in 0..1 + usize::from(random.below(4) == 0) {
            frames.extend(outcomes(&plan, part, rows.clone()).unwrap());
        }
    }
    for place in (1..frames.len()).rev() {
        frames.swap(place, random.below(place + 1));
    }
    let store = MemoryDirectory::new();
    let commit = Commit::new(plan)
        .rows(rows.height() as u64)
        .parts(count as u64);
    commit.run(frames, &store).unwrap();
    assert_eq!(generation(&store), generation(&whole));
    assert!(files(&store) == files(&whole), "{spec:?}");
}

#[test]
fn parts_make_the_store_of_a_single_run_whatever_they_are() {
    for seed in 0..12 {
        let mut random = Random(seed);
        let random = &mut random;
        let rows = rows(random, 1_500);
        let trainer = random.one_of(&[TrainerKind::Cart, TrainerKind::Cart, TrainerKind::Boosted]);
        let mut spec = spec(trainer, random.one_of(&["busy", "sales"]));
        spec.train.importance = random.one_of(&[None, Some(ImportanceKind::Impurity)]);
        spec.train.models_per_file =
            random.one_of(&[ModelsPerFile::Automatic, ModelsPerFile::Fixed(7)]);
        spec.train.min_rows = 1 + random.below(40);
        spec.dataset.predicate = random
            .one_of(&[None, Some("hour < 20 OR hour IS NULL")])
            .map(Into::into);
        assert_same(random, &spec, &rows);
    }
}

#[test]
fn what_entities_share_is_settled_by_the_plan() {
    for target in ["busy", "sales"] {
        let mut random = Random(5);
        let rows = rows(&mut random, 1_200);
        assert_same(&mut random, &spec(TrainerKind::Shared, target), &rows);
    }
}

#[test]
fn rows_held_out_and_thresholds_are_those_of_a_single_run() {
    for (seed, target) in [(1, "busy"), (2, "sales"), (3, "busy")] {
        let mut random = Random(seed);
        let rows = rows(&mut random, 2_000);
        let mut spec = spec(TrainerKind::Cart, target);
        let by = Some("customer".into());
        spec.train.holdout = Some(match seed {
            3 => Holdout::chosen("customer < 60"),
            _ => Holdout::drawn(0.3, 4, by).unwrap(),
        });
        if target == "busy" {
            spec.train.threshold = Some(Threshold::Best(ThresholdMetric::F1));
            spec.train.importance = Some(ImportanceKind::Permutation);
        }
        assert_same(&mut random, &spec, &rows);
    }
}

#[test]
fn a_plan_of_a_sample_knows_the_classes_that_it_is_told() {
    let mut random = Random(9);
    let rows = rows(&mut random, 900);
    let rows = rows
        .lazy()
        .with_column((col("hour") % lit(5)).fill_null(7).alias("kind"))
        .collect()
        .unwrap();
    let spec = TrainingSpec::from(DatasetSpec {
        ignore: vec!["busy".into(), "sales".into(), "hour".into()],
        ..DatasetSpec::new(["shop"], "kind")
    });
    let sample = rows.head(Some(3));
    let missing = Planner::new(spec.clone()).plan(sample.clone()).unwrap();
    let refused = outcomes(&missing, 0, rows.clone()).unwrap_err().to_string();
    assert!(
        refused.contains("which the plan does not have"),
        "{refused}"
    );
    let classes = ["7", "4", "0", "3", "2", "1"].map(String::from).to_vec();
    let plan = Planner::new(spec.clone())
        .classes(classes)
        .plan(sample)
        .unwrap();
    let frames = outcomes(&plan, 0, rows.clone()).unwrap();
    let (store, whole) = (MemoryDirectory::new(), MemoryDirectory::new());
    Commit::new(plan).run(frames, &store).unwrap();
    spec.training().unwrap().run(rows, &whole).unwrap();
    assert_eq!(generation(&store), generation(&whole));
    assert!(files(&store) == files(&whole));
}

#[test]
fn outcomes_may_come_from_files_of_any_typed_format_and_rows_by_way_of_a_memory_limit() {
    let mut random = Random(11);
    let rows = rows(&mut random, 1_000);
    let spec = spec(TrainerKind::Cart, "busy");
    let whole = MemoryDirectory::new();
    spec.training().unwrap().run(rows.clone(), &whole).unwrap();
    let plan = Planner::new(spec).plan(rows.clone()).unwrap();
    let place = Place::new();
    for format in ["parquet", "arrow", "stream"] {
        for (part, rows) in parts(&mut random, &rows, 3).into_iter().enumerate() {
            let frames = outcomes(&plan, part, rows).unwrap();
            let path = place.path(&format!(
                "{format}/{part}.{}",
                format.replace("stream", "arrow")
            ));
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            let file = std::fs::File::create(path).unwrap();
            let mut frame = frames[0].clone();
            match format {
                "parquet" => {
                    ParquetWriter::new(file).finish(&mut frame).unwrap();
                }
                "arrow" => IpcWriter::new(file).finish(&mut frame).unwrap(),
                _ => {
                    let mut stream = OutcomeStream::new(file);
                    frames
                        .into_iter()
                        .for_each(|frame| stream.write(frame).unwrap());
                    stream.finish().unwrap();
                }
            }
        }
        let store = MemoryDirectory::new();
        let folder = place.path(format).display().to_string();
        let source = Source::open(&[folder], None, &DatasetSpec::default()).unwrap();
        Commit::new(plan.clone())
            .run_files(&source, &store)
            .unwrap();
        assert!(files(&store) == files(&whole), "{format}");
    }
}

//! Outcomes that are lost, doubled, cut, damaged or contradict each other: the store stays as it was.

use per_entity::Error;
use per_entity::error::StoreError;
use per_entity::store::{Directory, Location, MemoryDirectory, Store, verify};
use per_entity::train::TrainerKind;
use per_entity::train::cluster::{Commit, Plan, Planner};
use polars::prelude::*;

use super::{outcomes, parts, rows, spec};
use crate::support::mutation::Random;
use crate::support::place::Place;

struct Run {
    plan: Plan,
    rows: DataFrame,
    /// By part.
    outcomes: Vec<DataFrame>,
}

fn run(seed: u64) -> Run {
    let mut random = Random(seed);
    let rows = rows(&mut random, 800);
    let mut spec = spec(TrainerKind::Cart, "busy");
    spec.train.min_rows = seed as usize;
    let plan = Planner::new(spec).plan(rows.clone()).unwrap();
    let parts = parts(&mut random, &rows, 4).into_iter().enumerate();
    let outcomes = parts.map(|(part, rows)| {
        let frames = outcomes(&plan, part, rows).unwrap();
        let [frame] = <[DataFrame; 1]>::try_from(frames).unwrap();
        frame
    });
    Run {
        outcomes: outcomes.collect(),
        plan,
        rows,
    }
}

/// What a commit of these outcomes is refused with; the store stays as it was.
#[track_caller]
fn refused(plan: &Plan, outcomes: Vec<DataFrame>) -> String {
    let store = MemoryDirectory::new();
    let error = Commit::new(plan.clone()).run(outcomes, &store).unwrap_err();
    assert_eq!(store.list("").unwrap(), [], "{error}");
    error.to_string()
}

fn without_row(frame: &DataFrame, lost: usize) -> DataFrame {
    let rest = frame.slice(lost as i64 + 1, frame.height());
    frame.head(Some(lost)).vstack(&rest).unwrap()
}

#[test]
fn any_row_that_is_lost_is_missed() {
    let run = run(1);
    for (part, frame) in run.outcomes.iter().enumerate() {
        for lost in [0, frame.height() / 2, frame.height() - 1] {
            let mut outcomes = run.outcomes.clone();
            outcomes[part] = without_row(frame, lost);
            let error = refused(&run.plan, outcomes);
            assert!(
                error.contains(&format!("part '{part}' is not whole")),
                "{error}"
            );
        }
    }
}

#[test]
fn a_part_that_never_came_is_missed_by_the_counts() {
    let run = run(2);
    let mut outcomes = run.outcomes.clone();
    outcomes.remove(1);
    let store = MemoryDirectory::new();
    for (commit, what) in [
        (Commit::new(run.plan.clone()).parts(4), "3 parts"),
        (
            Commit::new(run.plan.clone()).rows(run.rows.height() as u64),
            " rows",
        ),
        (Commit::new(run.plan.clone()).entities(10_000), " entities"),
    ] {
        let error = commit
            .run(outcomes.clone(), &store)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains(what) && error.contains("nothing is committed"),
            "{error}"
        );
        assert_eq!(store.list("").unwrap(), []);
    }
    assert!(refused(&run.plan, Vec::new()).contains("no row is left"));
}

#[test]
fn entities_whose_rows_went_to_several_parts_are_named() {
    let run = run(3);
    let half = run.rows.height() / 2;
    let halves = [run.rows.head(Some(half)), run.rows.slice(half as i64, half)];
    let halves = halves.into_iter().enumerate();
    let outcomes = halves.flat_map(|(part, rows)| outcomes(&run.plan, part, rows).unwrap());
    let error = refused(&run.plan, outcomes.collect());
    assert!(error.contains("several outcomes that differ"), "{error}");
    assert!(error.contains("'\"a,b\",1'"), "{error}");
}

#[test]
fn a_part_that_was_done_again_on_other_rows_is_refused() {
    let run = run(4);
    let fewer = run.rows.head(Some(700));
    let all = outcomes(&run.plan, 0, run.rows.clone()).unwrap();
    let again = outcomes(&run.plan, 0, fewer).unwrap();
    refused(&run.plan, [all, again].concat());
}

#[test]
fn any_flipped_bit_is_found() {
    let run = run(5);
    let frame = &run.outcomes[2];
    let mut random = Random(8);
    for column in ["outcome", "digest"] {
        for _ in 0..60 {
            let row = random.below(frame.height());
            let values = frame.column(column).unwrap().binary().unwrap();
            let mut values: Vec<Vec<u8>> =
                values.iter().map(|value| value.unwrap().to_vec()).collect();
            let bit = random.below(values[row].len() * 8);
            values[row][bit / 8] ^= 1 << (bit % 8);
            let mut damaged = frame.clone();
            damaged
                .with_column(Column::new(column.into(), &values))
                .unwrap();
            let mut outcomes = run.outcomes.clone();
            outcomes[2] = damaged;
            let error = refused(&run.plan, outcomes);
            assert!(error.contains("outcome of part '2'"), "{error}");
        }
    }
}

#[test]
fn outcomes_of_another_plan_and_what_are_none_are_refused() {
    let (run, other) = (run(6), run(7));
    let mut outcomes = run.outcomes.clone();
    outcomes[3] = other.outcomes[3].clone();
    let error = refused(&run.plan, outcomes);
    assert!(error.contains("part '3' are of another plan"), "{error}");
    assert!(refused(&run.plan, vec![run.rows.clone()]).contains("no outcomes"));
}

#[test]
fn plans_are_refused_that_were_damaged_or_need_all_rows() {
    let run = run(8);
    let bytes = run.plan.to_bytes();
    assert_eq!(Plan::from_bytes(&bytes).unwrap().to_bytes(), bytes);
    let mut random = Random(3);
    for _ in 0..200 {
        let mut damaged = bytes.clone();
        let bit = random.below(damaged.len() * 8);
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(Plan::from_bytes(&damaged).is_err());
        assert!(Plan::from_bytes(&bytes[..random.below(bytes.len())]).is_err());
    }
    for settings in [
        "pooled = true",
        "parents = true",
        "update = {}",
        "holdout = { share = 0.2 }",
        "holdout = { time = 'hour', last = '7d' }",
    ] {
        let text = format!("key = ['country', 'shop']\ntarget = 'busy'\n[train]\n{settings}");
        let spec = per_entity::train::TrainingSpec::from_toml(&text).unwrap();
        let error = Planner::new(spec).plan(run.rows.clone()).unwrap_err();
        assert!(
            error.to_string().contains("run in parts"),
            "{settings}: {error}"
        );
    }
}

#[test]
fn of_eight_commits_at_once_each_makes_a_generation_or_is_told_to_wait() {
    let run = run(9);
    let place = Place::new();
    let memory = MemoryDirectory::new();
    let stores = [
        Location::from(place.path("models")),
        Location::from(&memory),
    ];
    for store in stores {
        let mut committed = 0;
        for _ in 0..12 {
            let commits = std::thread::scope(|scope| {
                let commit = || {
                    let commit = Commit::new(run.plan.clone());
                    commit.run(run.outcomes.clone(), store.clone())
                };
                let threads: Vec<_> = (0..8).map(|_| scope.spawn(commit)).collect();
                let ended = threads.into_iter().map(|thread| thread.join().unwrap());
                ended.collect::<Vec<_>>()
            });
            let done = commits.iter().filter(|commit| commit.is_ok()).count();
            assert!(done >= 1);
            committed += done;
            for refused in commits.into_iter().filter_map(Result::err) {
                let is_told = matches!(refused, Error::Store(StoreError::Locked { .. }));
                assert!(is_told, "{refused}");
            }
        }
        let generations = Store::open(store.clone())
            .unwrap()
            .manifest()
            .generations
            .len();
        assert_eq!(generations, committed);
        assert_eq!(verify(store).unwrap().problems, Vec::<String>::new());
    }
}

#[test]
fn features_are_those_of_the_plan_whatever_columns_a_part_has() {
    let run = run(10);
    let models = |rows: DataFrame| {
        let frames = outcomes(&run.plan, 0, rows).unwrap();
        let values = frames[0].column("outcome").unwrap().binary().unwrap();
        values
            .iter()
            .map(|value| value.unwrap().to_vec())
            .collect::<Vec<_>>()
    };
    let mut more = run.rows.clone();
    let extra = Column::new("extra".into(), vec![1_i64; more.height()]);
    more.with_column(extra).unwrap();
    assert_eq!(models(more), models(run.rows.clone()));
    let lacking = run.rows.drop("sky").unwrap();
    let error = outcomes(&run.plan, 0, lacking).unwrap_err().to_string();
    assert!(error.contains("no column 'sky'"), "{error}");
}

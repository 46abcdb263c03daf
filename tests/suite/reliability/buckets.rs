//! A store in a bucket: faults at every request, and many writers at a time, without a lock.

use std::collections::BTreeMap;

use per_entity::Error;
use per_entity::error::StoreError;
use per_entity::store::{Location, Store, prune, rollback, verify};
use tokio::runtime::{Builder, Runtime};

use super::shops::{Content, Files, commit, expected, train};
use crate::support::flaky_bucket::{Answer, FlakyBucket};

/// So many of all faults are injected where not all are asked for, by `PER_ENTITY_FAULTS=all`.
const SHARE: u64 = 11;

#[derive(Clone, Copy, Debug)]
enum Command {
    Train,
    Update,
    Commit,
    Rollback,
    Prune,
}

impl Command {
    fn run(self, store: Location, files: Files) -> per_entity::Result<()> {
        match self {
            Self::Train => train(store, 2, files, false).map(drop),
            Self::Update => train(store, 2, files, true).map(drop),
            Self::Commit => commit(store, 2, files).map(drop),
            Self::Rollback => rollback(store, 1).map(drop),
            Self::Prune => prune(store, 1, None).map(drop),
        }
    }
}

/// The files of the current generation, by name; nothing where there is no store.
fn content(store: &Location) -> Option<Content> {
    let opened = match Store::open(store) {
        Err(Error::Store(StoreError::Missing { .. })) => return None,
        opened => opened.unwrap(),
    };
    let folder = opened.generation().directory.clone();
    let files = store.list(&folder).unwrap().into_iter();
    let files = files.filter(|file| file.name != ".journal");
    let files = files.map(|file| {
        let bytes = store.read(&format!("{folder}/{}", file.name)).unwrap();
        (file.name, bytes)
    });
    Some(files.collect::<BTreeMap<_, _>>())
}

fn runtime() -> Runtime {
    Builder::new_current_thread().build().unwrap()
}

#[test]
fn a_fault_at_any_request_leaves_the_old_or_the_new_generation_and_says_which() {
    let all = std::env::var("PER_ENTITY_FAULTS").is_ok_and(|faults| faults == "all");
    let share = if all { 1 } else { SHARE };
    let answers = [
        Answer::Refused,
        Answer::Lost,
        Answer::Conflict,
        Answer::Slow,
        Answer::Killed,
    ];
    let runtime = runtime();
    let (mut turn, mut injected, mut committed) = (0, 0, 0);
    for files in [Files::Single, Files::Packs] {
        let of_parts = FlakyBucket::default();
        commit(of_parts.store(), 2, files).unwrap();
        let of_parts = content(&of_parts.store()).unwrap();
        let [one, two] = [1, 2].map(|number| expected(number, files));
        for (command, numbers, after) in [
            (Command::Train, &[][..], &two),
            (Command::Train, &[1], &two),
            (Command::Update, &[1], &two),
            (Command::Commit, &[1], &of_parts),
            (Command::Rollback, &[1, 2], &one),
            (Command::Prune, &[1, 1, 2], &two),
        ] {
            let start = FlakyBucket::default();
            for &number in numbers {
                train(start.store(), number, files, false).unwrap();
            }
            let before = content(&start.store());
            let whole = runtime.block_on(start.copied());
            command.run(whole.store(), files).unwrap();
            let requests = whole.requests();
            assert!(content(&whole.store()).as_ref() == Some(after));
            for request in 1..=requests {
                for answer in answers {
                    turn += 1;
                    if turn % share != 0 {
                        continue;
                    }
                    injected += 1;
                    let what = format!("{command:?} after {numbers:?}, {request}, {answer:?}");
                    let bucket = runtime.block_on(start.copied());
                    bucket.inject(Some((request, answer)));
                    let result = command.run(bucket.store(), files);
                    bucket.inject(None);
                    let found = content(&bucket.store());
                    let is_new = found.as_ref() == Some(after);
                    assert!(is_new || found == before, "{what}: {result:?}");
                    let is_told = match &result {
                        Ok(()) => is_new,
                        // Whether it was committed may not be known, and then that is said.
                        Err(error) => {
                            !is_new || before.as_ref() == Some(after) || {
                                answer == Answer::Killed
                                    || error.to_string().contains("cannot be told")
                            }
                        }
                    };
                    assert!(is_told, "{what}: {result:?}");
                    assert!(
                        result.is_ok() || answer != Answer::Slow,
                        "{what}: {result:?}"
                    );
                    committed += u64::from(is_new);
                    if let Err(error) = command.run(bucket.store(), files) {
                        panic!("{what}: again: {error}");
                    }
                    assert!(
                        content(&bucket.store()).as_ref() == Some(after),
                        "{what}: again"
                    );
                    let found = verify(bucket.store()).unwrap();
                    assert_eq!(found.problems, Vec::<String>::new(), "{what}");
                }
            }
        }
    }
    println!("{injected} of {turn} faults injected; committed after {committed}");
    assert!(committed > 0 && committed < injected);
}

#[test]
fn of_eight_committers_at_once_exactly_one_wins_each_of_a_hundred_rounds() {
    let bucket = FlakyBucket::default();
    train(bucket.store(), 0, Files::Packs, false).unwrap();
    for round in 0..100 {
        // All of them know the same generation, and only then one of them commits.
        let gate = std::sync::Barrier::new(8);
        let store = bucket.store();
        let manifest = store.read("manifest.json").unwrap();
        let won = std::thread::scope(|scope| {
            let commit = |number: usize| {
                let (store, manifest, gate) = (bucket.store(), &manifest, &gate);
                move || {
                    let text = String::from_utf8(manifest.clone()).unwrap();
                    let bytes = format!("{text}{}", " ".repeat(number + 1)).into_bytes();
                    let prepared = store.prepare("manifest.json", &bytes).unwrap();
                    gate.wait();
                    (store.commit(prepared, Some(manifest)), bytes)
                }
            };
            let threads: Vec<_> = (0..8).map(|number| scope.spawn(commit(number))).collect();
            let ended = threads.into_iter().map(|thread| thread.join().unwrap());
            let mut won = Vec::new();
            for (result, bytes) in ended {
                match result {
                    Ok(()) => won.push(bytes),
                    Err(Error::Store(StoreError::Changed { .. })) => {}
                    Err(error) => panic!("round {round}: {error}"),
                }
            }
            won
        });
        assert_eq!(won.len(), 1, "round {round}");
        assert!(bucket.store().read("manifest.json").unwrap() == won[0]);
        // The next round begins from a manifest that is one.
        let prepared = store.prepare("manifest.json", &manifest).unwrap();
        store.commit(prepared, Some(&won[0])).unwrap();
    }
}

#[test]
fn of_eight_runs_at_once_each_makes_a_generation_or_is_told_that_another_one_did() {
    let bucket = FlakyBucket::default();
    let mut committed = 0;
    for _ in 0..20 {
        let ended = std::thread::scope(|scope| {
            let run = |number| {
                let store = bucket.store();
                move || train(store, number, Files::Packs, false)
            };
            let threads: Vec<_> = (0..8).map(|number| scope.spawn(run(number))).collect();
            let ended = threads.into_iter().map(|thread| thread.join().unwrap());
            ended.collect::<Vec<_>>()
        });
        let done = ended.iter().filter(|ended| ended.is_ok()).count();
        assert!(done >= 1);
        committed += done;
        for refused in ended.into_iter().filter_map(Result::err) {
            let is_told = matches!(refused, Error::Store(StoreError::Changed { .. }));
            assert!(is_told, "{refused}");
        }
    }
    let store = Store::open(bucket.store()).unwrap();
    let numbers: Vec<u64> = store
        .manifest()
        .generations
        .iter()
        .map(|g| g.number)
        .collect();
    assert_eq!(numbers, (1..=committed as u64).collect::<Vec<_>>());
    assert_eq!(
        verify(bucket.store()).unwrap().problems,
        Vec::<String>::new()
    );
}

#[test]
fn a_run_that_may_still_go_on_is_not_pruned() {
    let bucket = FlakyBucket::default();
    train(bucket.store(), 1, Files::Packs, false).unwrap();
    let whole = bucket.requests();
    bucket.inject(Some((whole - 4, Answer::Killed)));
    assert!(train(bucket.store(), 2, Files::Packs, false).is_err());
    bucket.inject(None);
    let found = verify(bucket.store()).unwrap();
    assert_eq!((found.problems.len(), found.orphans.len()), (0, 1));
    let pruned = prune(bucket.store(), 1, None).unwrap();
    assert_eq!(pruned.running, found.orphans);
    assert_eq!(pruned.removed, Vec::<std::path::PathBuf>::new());
    let report = train(bucket.store(), 2, Files::Packs, false)
        .unwrap()
        .unwrap();
    assert!(report.carried > 0, "finished models are taken over");
    assert_eq!(content(&bucket.store()), Some(expected(2, Files::Packs)));
}

//! Several writers, and readers beside them.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use per_entity::store::{Store, prune, verify};
use rustix::process::Signal;

use super::ground::{ENTITIES, Ground, signal, start, succeed};
use super::shops::{Files, train};
use crate::support::faulty::FaultyDirectory;
use crate::support::program::{Finished, finish};
use crate::support::store::assert_whole;

#[test]
fn of_two_writers_one_is_told_to_wait() {
    let ground = Ground::new();
    let store = ground.path("store");
    let first = start(ground.train("data.csv", "store"), &store);
    // The first one is stopped, so that it holds the lock for as long as the second one tries.
    signal(&first, Signal::STOP);
    let second = finish(&mut ground.train("data.csv", "store"));
    signal(&first, Signal::CONT);
    let error = second.failed(2);
    let holder = format!("process {}", first.id());
    assert!(error.contains(&holder), "{error}");
    Finished::from(first.wait_with_output().unwrap()).succeeded();
    assert_whole(&store);
}

#[test]
fn a_reader_sees_a_whole_generation_during_twenty_commits() {
    let ground = Ground::new();
    ground.generate("other.csv", 1);
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", "store"));
    let ended = AtomicBool::new(false);
    let polls = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut polls = 0_u64;
            while !ended.load(Ordering::Relaxed) {
                let store = Store::open(&store).unwrap();
                let records = store.records().unwrap();
                assert_eq!(records.len() as u64, ENTITIES);
                for record in &records {
                    store.model_of(record).unwrap();
                }
                polls += 1;
            }
            polls
        });
        for commit in 0..20 {
            let data = ["other.csv", "data.csv"][commit % 2];
            succeed(&mut ground.train(data, "store"));
        }
        ended.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    println!("{polls} polls of {ENTITIES} models each");
    assert_eq!(Store::open(&store).unwrap().generation().number, 21);
}

#[test]
fn a_generation_that_is_pruned_while_it_is_verified_is_no_problem() {
    let directory = FaultyDirectory::new();
    train(&directory, 0, Files::Single, false).unwrap();
    thread::scope(|scope| {
        let pruning = scope.spawn(|| {
            for number in 0..40 {
                train(&directory, number % 4, Files::Single, false).unwrap();
                let pruned = prune(directory.location(), 1, None).unwrap();
                assert_eq!(pruned.problems, Vec::<String>::new());
            }
        });
        while !pruning.is_finished() {
            let found = verify(directory.location()).unwrap();
            assert_eq!(found.problems, Vec::<String>::new());
        }
    });
}

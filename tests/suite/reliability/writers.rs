//! Several writers, and readers beside them.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use per_entity::store::{Store, Writer};
use rustix::process::Signal;

use super::ground::{ENTITIES, Ground, signal, start, succeed};
use crate::support::place::Place;
use crate::support::program::{Finished, finish};
use crate::support::store::assert_whole;

#[test]
fn of_two_writers_one_is_told_to_wait() {
    let ground = Ground::new();
    let store = ground.path("store");
    let first = start(ground.train("data.csv", &store), &store);
    // The first one is stopped, so that it holds the lock for as long as the second one tries.
    signal(&first, Signal::STOP);
    let second = finish(&mut ground.train("data.csv", &store));
    signal(&first, Signal::CONT);
    let error = second.failed(2);
    let holder = format!("process {}", first.id());
    assert!(error.contains(&holder), "{error}");
    Finished::from(first.wait_with_output().unwrap()).succeeded();
    assert_whole(&store);
}

#[test]
fn first_runs_that_fail_never_let_two_writers_in() {
    let place = Place::new();
    let store = place.path("store");
    let (writers, taken) = (AtomicU64::new(0), AtomicU64::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..500 {
                    // Dropped without a commit, it removes what it made, the lock too.
                    let Ok(writer) = Writer::begin(&store) else {
                        continue;
                    };
                    assert_eq!(writers.fetch_add(1, Ordering::SeqCst), 0);
                    taken.fetch_add(1, Ordering::SeqCst);
                    thread::yield_now();
                    writers.fetch_sub(1, Ordering::SeqCst);
                    drop(writer);
                }
            });
        }
    });
    assert!(taken.load(Ordering::SeqCst) > 20);
}

#[test]
fn a_reader_sees_a_whole_generation_during_twenty_commits() {
    let ground = Ground::new();
    ground.generate("other.csv", 1);
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", &store));
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
            succeed(&mut ground.train(data, &store));
        }
        ended.store(true, Ordering::Relaxed);
        reader.join().unwrap()
    });
    println!("{polls} polls of {ENTITIES} models each");
    assert_eq!(Store::open(&store).unwrap().generation().number, 21);
}

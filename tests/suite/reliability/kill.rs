//! Runs that are killed or told to stop.

use std::os::unix::process::ExitStatusExt;
use std::thread;
use std::time::{Duration, Instant};

use per_entity::store::{Store, verify};
use rustix::process::Signal;

use super::ground::{Ground, signal, staging, start, succeed};
use crate::support::program::Finished;
use crate::support::store::{assert_whole, content};

#[test]
fn kill_at_any_moment_leaves_a_whole_generation_and_loses_no_finished_model() {
    let ground = Ground::new();
    ground.generate("other.csv", 1);
    let (store, expected) = (ground.path("store"), ground.path("expected"));
    succeed(&mut ground.train("data.csv", "store"));
    let started = Instant::now();
    succeed(&mut ground.train("other.csv", "expected"));
    let whole_run = started.elapsed().as_micros() as u64;
    let before = content(&store);
    let after = content(&expected);

    let (mut killed, mut seen_staging) = (0, 0);
    let mut round = 0;
    while killed < 50 {
        round += 1;
        assert!(
            round < 200,
            "only {killed} of {round} runs were killed in time"
        );
        let mut command = ground.train("other.csv", "store");
        let mut run = if round % 5 == 0 {
            // Whatever else keeps the machine busy: not before some packs are finished.
            start(command, &store)
        } else {
            let run = command.spawn().unwrap();
            // From the start of a run to its end, in an order that jumps back and forth.
            let moment = whole_run * (round * 37 % 50) / 60;
            thread::sleep(Duration::from_micros(moment));
            run
        };
        run.kill().unwrap();
        let output = run.wait_with_output().unwrap();
        killed += u32::from(output.status.signal() == Some(9));
        // Nothing is said of a panic.
        let _ = Finished::from(output);
        seen_staging += u32::from(!staging(&store).is_empty());
        let now = content(&store);
        assert!(now == before || now == after, "round {round}");
        assert_whole(&store);
    }
    let resumed = succeed(&mut ground.train("other.csv", "store"));
    assert!(content(&store) == after);
    assert_whole(&store);
    println!(
        "{killed} runs killed, {seen_staging} of them with finished packs; {} models taken over",
        resumed["carried"]
    );
    assert!(seen_staging > 0);
}

#[test]
fn a_killed_run_is_taken_up_where_it_was_cut_off() {
    let ground = Ground::new();
    let (store, expected) = (ground.path("store"), ground.path("expected"));
    succeed(&mut ground.train("data.csv", "expected"));
    let mut run = start(ground.train("data.csv", "store"), &store);
    run.kill().unwrap();
    run.wait().unwrap();
    assert!(Store::open(&store).is_err());
    let resumed = succeed(&mut ground.train("data.csv", "store"));
    assert!(resumed["carried"].as_u64().unwrap() >= 300);
    assert!(content(&store) == content(&expected));
    let report = verify(&store).unwrap();
    assert_eq!((report.problems.len(), report.orphans.len()), (0, 0));
}

#[test]
fn signals_stop_a_run_and_keep_what_it_finished() {
    let ground = Ground::new();
    let store = ground.path("store");
    succeed(&mut ground.train("data.csv", "store"));
    ground.generate("other.csv", 1);
    let before = content(&store);
    for (request, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let run = start(ground.train("other.csv", "store"), &store);
        signal(&run, request);
        let said = Finished::from(run.wait_with_output().unwrap()).failed(code);
        assert!(said.contains("takes them over"), "{said}");
        assert!(content(&store) == before);
        assert_whole(&store);
    }
    let resumed = succeed(&mut ground.train("other.csv", "store"));
    assert!(resumed["carried"].as_u64().unwrap() >= 300);
}

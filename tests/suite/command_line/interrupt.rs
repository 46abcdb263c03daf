//! Runs that are interrupted while they read.

use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::place::Place;

#[test]
fn an_interrupted_run_leaves_the_store_as_it_was() {
    let place = Place::with_sample();
    place
        .run("generate --rows 2000000 --entities 200000 --output rows.parquet")
        .succeeded();
    let train_sample = || {
        place
            .run("train --input sample.csv --output-dir models")
            .succeeded()
    };
    train_sample();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut run = place
            .command("train --input rows.parquet --key entity --target income --output-dir models")
            .arg("--quiet")
            .spawn()
            .unwrap();
        thread::sleep(Duration::from_millis(300));
        kill_process(Pid::from_child(&run), signal).unwrap();
        assert_eq!(run.wait().unwrap().code(), Some(code));
        assert_eq!(place.store("models").generation().number, 1);
        place.store("models").model("Bachelors").unwrap();
    }
    train_sample();
    assert_eq!(place.store("models").generation().number, 2);
}

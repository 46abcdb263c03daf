//! Runs that are interrupted while they read.

use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::support::SAMPLE;
use crate::support::place::Place;
use crate::support::program::per_entity;

#[test]
fn an_interrupted_run_leaves_the_store_as_it_was() {
    let place = Place::new();
    let data = place.generate("rows.parquet", 2_000_000, &["--entities", "200000"]);
    let train_sample = || place.train("models", &["--input", SAMPLE]).succeeded();
    train_sample();
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let mut run = per_entity()
            .args(["train", "--key", "entity", "--target", "income", "--quiet"])
            .args(["--input", &data, "--output-dir", &place.text("models")])
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

//! Made-up data of many entities, and a place for stores.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::place::Place;
use crate::support::program::{Finished, finish};

pub const ENTITIES: u64 = 4_000;

/// A place with the rows of many entities in `data.csv`.
pub struct Ground(Place);

impl Ground {
    pub fn new() -> Self {
        let ground = Self(Place::new());
        ground.generate("data.csv", 0);
        ground
    }

    /// Makes up other rows of the same entities.
    pub fn generate(&self, name: &str, seed: u64) {
        let generate = format!("generate --rows 60000 --entities {ENTITIES} --seed {seed}");
        self.run(&format!("{generate} --output {name}")).succeeded();
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path(name)
    }

    /// Runs a command of `per-entity`.
    pub fn run(&self, arguments: &str) -> Finished {
        self.0.run(arguments)
    }

    /// A command of `per-entity`.
    pub fn command(&self, arguments: &str) -> Command {
        self.0.command(arguments)
    }

    /// A command that trains from a file into a store, with small packs and one thread.
    pub fn train(&self, data: &str, store: &str) -> Command {
        let train = "train --json --key entity --target income --models-per-file 100 --threads 1";
        let arguments = format!("{train} --input {data} --output-dir {store}");
        let mut command = self.0.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }
}

/// What a command that ends well prints.
#[track_caller]
pub fn succeed(command: &mut Command) -> Value {
    finish(command).succeeded().json()
}

/// The staging directories that hold some finished packs.
pub fn staging(store: &Path) -> Vec<PathBuf> {
    fs::read_dir(store)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.to_string_lossy().contains("/.staging-"))
        .filter(|path| path.join("pack-00003.cbor").exists())
        .collect()
}

/// Starts a run and waits until it has finished some packs.
pub fn start(mut command: Command, store: &Path) -> Child {
    let before = staging(store);
    let mut run = command.spawn().unwrap();
    while staging(store).iter().all(|path| before.contains(path)) {
        assert!(run.try_wait().unwrap().is_none(), "ended too early");
        thread::sleep(Duration::from_micros(200));
    }
    run
}

pub fn signal(run: &Child, signal: Signal) {
    kill_process(Pid::from_child(run), signal).unwrap();
}

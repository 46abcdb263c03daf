//! Faults of the system itself, injected into calls of the real binary by `strace`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::place::Place;
use crate::support::program::{Finished, finish};
use crate::support::store::{assert_whole, content};

/// Every how many of the calls one is chosen, where not all are, by `PER_ENTITY_FAULTS=all`.
const SHARE: u64 = 17;

/// The calls that change something, but `write`, for the program and its log write, too.
const CALLS: [&str; 6] = [
    "rename",
    "fsync",
    "fdatasync",
    "mkdir",
    "unlink",
    "unlinkat",
];

const FAULTS: [&str; 4] = ["error=EIO", "error=ENOSPC", "error=EINTR", "signal=SIGKILL"];

type Content = BTreeMap<String, Vec<u8>>;

/// Some commands in their order, for a store that is not there; and one that is tried.
const COMMANDS: [(&[&str], &str); 4] = [
    (&[], TRAIN_OTHER),
    (&[TRAIN], TRAIN_OTHER),
    (&[TRAIN, TRAIN_OTHER], "rollback models 1"),
    (
        &[TRAIN, TRAIN, TRAIN_OTHER],
        "prune models --keep 1 --keep-for 0",
    ),
];

const TRAIN: &str =
    "train --input sample.csv --preset adult --output-dir models --models-per-file 9 --threads 1";
const TRAIN_OTHER: &str = "train --input sample.csv --preset adult --output-dir models --models-per-file 9 --threads 1 --max-depth 2";

fn current(store: &Path) -> Option<Content> {
    let is_there = store.join("manifest.json").exists();
    is_there.then(|| {
        let mut files = content(store);
        files.remove(".journal");
        files
    })
}

/// A place with a store that some commands made.
fn place(commands: &[&str]) -> Place {
    let place = Place::with_sample();
    for command in commands {
        place.run(command).succeeded();
    }
    place
}

/// Runs a command with its calls traced: how it ended, and the trace.
fn trace(place: &Place, command: &str, calls: &str) -> (Finished, String) {
    let run = place.command(command);
    let mut traced = Command::new("strace");
    traced.current_dir(place.path(""));
    traced.args(["-f", "-qq", "-o", "trace", "-e", calls]);
    traced.arg(run.get_program()).args(run.get_args());
    let finished = finish(traced.stdout(Stdio::piped()).stderr(Stdio::piped()));
    (finished, place.read("trace"))
}

/// The largest number of a call that any thread makes, by call.
fn counts(trace: &str) -> BTreeMap<&str, usize> {
    let mut of_thread: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for line in trace.lines() {
        let thread = line.split_once(' ');
        let call = thread.and_then(|(thread, rest)| Some((thread, rest.trim().split_once('(')?.0)));
        *of_thread.entry(call.unwrap_or_default()).or_default() += 1;
    }
    let mut counts = BTreeMap::new();
    for ((_, call), count) in of_thread {
        let largest: &mut usize = counts.entry(call).or_default();
        *largest = count.max(*largest);
    }
    counts
}

/// A command, the stores that it is run in, and what they hold before and after.
struct Case<'a> {
    before: &'a [&'a str],
    command: &'a str,
    old: Option<Content>,
    new: Option<Content>,
}

impl Case<'_> {
    fn assert_survives(&self, fault: &str) -> bool {
        let what = format!("{}: {fault}", self.command);
        let place = place(self.before);
        let (finished, trace) = trace(&place, self.command, fault);
        let store = place.path("models");
        let found = current(&store);
        match finished.code {
            Some(0 | 1) => assert!(found == self.new, "{what}"),
            Some(2) => assert!(found == self.old, "{what}: {}", finished.stderr),
            _ => assert!(found == self.old || found == self.new, "{what}"),
        }
        if found.is_some() {
            assert_whole(&store);
        }
        let again = place.run(self.command);
        assert_eq!(again.code, Some(0), "{what}: again: {}", again.stderr);
        assert!(current(&store) == self.new, "{what}: again");
        assert_whole(&store);
        trace.contains("(INJECTED)") || trace.contains("killed by SIGKILL")
    }
}

#[test]
fn a_fault_at_any_system_call_leaves_the_old_or_the_new_generation_and_says_which() {
    let probe = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .status();
    if !probe.is_ok_and(|status| status.success()) {
        println!("skipped: there is no strace that may trace");
        return;
    }
    let all = std::env::var("PER_ENTITY_FAULTS").is_ok_and(|faults| faults == "all");
    let share = if all { 1 } else { SHARE };
    let (mut turn, mut injected) = (0, 0);
    for (before, command) in COMMANDS {
        let whole = place(before);
        let old = current(&whole.path("models"));
        let (finished, trace) = trace(&whole, command, &format!("trace={}", CALLS.join(",")));
        finished.succeeded();
        let new = current(&whole.path("models"));
        let case = Case {
            before,
            command,
            old,
            new,
        };
        for (call, count) in counts(&trace) {
            for when in 1..=count {
                for fault in FAULTS {
                    turn += 1;
                    if turn % share == 0 {
                        let fault = format!("inject={call}:{fault}:when={when}");
                        injected += u64::from(case.assert_survives(&fault));
                    }
                }
            }
        }
    }
    println!("{injected} faults of {turn} injected");
    assert!(injected > 0);
}

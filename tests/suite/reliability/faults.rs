//! A fault at every call of every command that writes.

use std::io::ErrorKind;

use per_entity::Result;
use per_entity::store::{Manifest, Store, prune, rollback, verify};

use super::shops::{Content, Files, commit, content, expected, train};
use crate::support::faulty::{Cut, Fault, FaultyDirectory, Part};

/// So many of all faults are injected where not all are asked for, by `PER_ENTITY_FAULTS=all`.
const SHARE: u64 = 37;

/// What writes to a store.
#[derive(Clone, Copy, Debug)]
enum Command {
    Train,
    Update,
    Commit,
    Rollback,
    Prune,
}

/// A command, the store that it is run in, and what that holds before and after.
struct Case {
    name: String,
    start: FaultyDirectory,
    command: Command,
    files: Files,
    before: Option<Content>,
    after: Content,
    /// The generations that there are in the end.
    generations: usize,
}

impl Case {
    fn run(&self, directory: &FaultyDirectory) -> Result<()> {
        let location = directory.location();
        match self.command {
            Command::Train => train(directory, 2, self.files, false).map(drop),
            Command::Update => train(directory, 2, self.files, true).map(drop),
            Command::Commit => commit(directory, 2, self.files).map(drop),
            Command::Rollback => rollback(location, 1).map(drop),
            Command::Prune => prune(location, 1, None).map(drop),
        }
    }

    fn all() -> Vec<Self> {
        let mut cases = Vec::new();
        for files in [Files::Single, Files::Packs] {
            let [one, two] = [1, 2].map(|number| expected(number, files));
            let store = |numbers: &[u64]| {
                let directory = FaultyDirectory::new();
                for &number in numbers {
                    train(&directory, number, files, false).unwrap();
                }
                directory
            };
            let mut add = |command, start: FaultyDirectory, after: &Content, generations| {
                cases.push(Self {
                    name: format!("{command:?} with {files:?} after {generations:?}"),
                    before: content(&start, None),
                    start,
                    command,
                    files,
                    after: after.clone(),
                    generations,
                });
            };
            add(Command::Train, store(&[]), &two, 1);
            add(Command::Train, store(&[1]), &two, 2);
            add(Command::Train, interrupted(store(&[]), files), &two, 1);
            add(Command::Train, interrupted(store(&[1]), files), &two, 2);
            add(Command::Update, store(&[1]), &two, 2);
            add(Command::Update, interrupted(store(&[1]), files), &two, 2);
            let of_parts = FaultyDirectory::new();
            commit(&of_parts, 2, files).unwrap();
            let of_parts = content(&of_parts, None).unwrap();
            add(Command::Commit, store(&[]), &of_parts, 1);
            add(Command::Commit, store(&[1]), &of_parts, 2);
            add(
                Command::Commit,
                interrupted(store(&[1]), files),
                &of_parts,
                2,
            );
            add(Command::Rollback, store(&[1, 2]), &one, 2);
            add(Command::Prune, store(&[1, 1, 2]), &two, 1);
            add(Command::Prune, interrupted(store(&[1, 2]), files), &two, 1);
        }
        cases
    }
}

/// A store in which a run was killed when it had finished most files.
fn interrupted(directory: FaultyDirectory, files: Files) -> FaultyDirectory {
    let calls = {
        let whole = directory.copy();
        whole.restart(Cut::Kept);
        train(&whole, 2, files, false).unwrap();
        whole.calls().0
    };
    directory.inject(calls * 2 / 3, Fault::Kill(Part::Half));
    assert!(train(&directory, 2, files, false).is_err());
    directory.restart(Cut::Kept);
    directory
}

/// Everything that may happen at a call, with what becomes of the disk afterwards.
fn faults() -> Vec<(Fault, Cut)> {
    let parts = [Part::Nothing, Part::Half, Part::All];
    let kinds = [
        ErrorKind::Other,
        ErrorKind::StorageFull,
        ErrorKind::Interrupted,
    ];
    let cuts = [Cut::Kept, Cut::Lost, Cut::Halved, Cut::Zeroed];
    let mut faults = Vec::new();
    for part in parts {
        faults.extend(kinds.map(|kind| (Fault::Fail(part, kind), Cut::Kept)));
        // An error, and then a power cut.
        faults.push((Fault::Fail(part, ErrorKind::Other), Cut::Lost));
        faults.extend(cuts.map(|cut| (Fault::Kill(part), cut)));
    }
    faults
}

#[test]
fn a_fault_at_any_call_leaves_the_old_or_the_new_generation_and_says_which() {
    let all = std::env::var("PER_ENTITY_FAULTS").is_ok_and(|faults| faults == "all");
    let share = if all { 1 } else { SHARE };
    let (mut turn, mut injected, mut committed) = (0, 0, 0);
    for case in Case::all() {
        let whole = case.start.copy();
        whole.restart(Cut::Kept);
        case.run(&whole).unwrap();
        let (calls, _) = whole.calls();
        assert!(
            content(&whole, None).as_ref() == Some(&case.after),
            "{}",
            case.name
        );
        for call in 1..=calls {
            for (fault, cut) in faults() {
                turn += 1;
                if turn % share == 0 {
                    injected += 1;
                    committed += u64::from(assert_survives(&case, call, fault, cut));
                }
            }
        }
    }
    println!(
        "{injected} faults of {turn} injected; the new generation was there after {committed}"
    );
    assert!(committed > 0 && committed < injected);
}

/// Injects one fault. Returns whether the command was accomplished nevertheless.
fn assert_survives(case: &Case, call: u64, fault: Fault, cut: Cut) -> bool {
    let what = format!("{}, call {call}, {fault:?}, {cut:?}", case.name);
    let directory = case.start.copy();
    directory.restart(Cut::Kept);
    directory.inject(call, fault);
    let result = case.run(&directory);
    let (_, is_killed) = directory.calls();
    directory.restart(Cut::Kept);
    if !is_killed {
        let told = match &result {
            Ok(()) => Some(&case.after),
            Err(_) => case.before.as_ref(),
        };
        assert!(
            content(&directory, None).as_ref() == told,
            "{what}: {result:?}"
        );
    }
    directory.restart(cut);
    let found = content(&directory, None);
    let is_old = found == case.before;
    let is_new = found.as_ref() == Some(&case.after);
    assert!(is_old || is_new, "{what}");
    if found.is_some() {
        let found = verify(directory.location()).unwrap();
        assert_eq!(found.problems, Vec::<String>::new(), "{what}");
    }
    assert_same_in_the_end(case, &directory, &what);
    is_new
}

/// The same command again ends as if nothing had happened.
fn assert_same_in_the_end(case: &Case, directory: &FaultyDirectory, what: &str) {
    if let Err(error) = case.run(directory) {
        panic!("{what}: again: {error}");
    }
    assert!(
        content(directory, None).as_ref() == Some(&case.after),
        "{what}: again"
    );
    // Whatever was left is removed by the next prune at the latest.
    prune(directory.location(), 9, None).unwrap();
    let found = verify(directory.location()).unwrap();
    assert_eq!(
        (found.problems, found.orphans),
        (vec![], vec![]),
        "{what}: again"
    );
    let store = Store::open(directory.location()).unwrap();
    let Manifest { generations, .. } = store.manifest();
    // One more where the first try had been accomplished.
    let more = generations.len() - case.generations;
    assert!(more <= 1, "{what}: again");
}

#[test]
fn what_was_accomplished_outlasts_a_power_cut() {
    for case in Case::all() {
        for cut in [Cut::Lost, Cut::Halved, Cut::Zeroed] {
            let directory = case.start.copy();
            directory.restart(Cut::Kept);
            case.run(&directory).unwrap();
            directory.restart(cut);
            let found = content(&directory, None);
            assert!(
                found.as_ref() == Some(&case.after),
                "{}, {cut:?}",
                case.name
            );
        }
    }
}

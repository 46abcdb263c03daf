//! Random sequences of commands, faults and damages, against a plain model of what there should be.

use std::collections::BTreeMap;

use per_entity::store::{Directory, Store, prune, rollback, verify};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use super::shops::{Content, Files, content, expected, train};
use crate::support::faulty::{Cut, Fault, FaultyDirectory, Part};

/// What is done next.
#[derive(Clone, Copy, Debug)]
enum Step {
    Train(u64),
    Update(u64),
    Rollback(usize),
    Prune(usize),
    /// A bit flips of a file of a generation or of the manifest, and back once it was found.
    Damage(usize, usize),
    /// A bit flips of what an interrupted run left, for good.
    DamageLeftover(usize, usize),
}

/// What happens at a call of a step.
type Trouble = Option<(u64, Fault, Cut)>;

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..4u64).prop_map(Step::Train),
        3 => (0..4u64).prop_map(Step::Update),
        2 => (0..6usize).prop_map(Step::Rollback),
        1 => (1..4usize).prop_map(Step::Prune),
        2 => any::<(usize, usize)>().prop_map(|(file, bit)| Step::Damage(file, bit)),
        2 => any::<(usize, usize)>().prop_map(|(file, bit)| Step::DamageLeftover(file, bit)),
    ]
}

fn trouble() -> impl Strategy<Value = Trouble> {
    let part = prop::sample::select(vec![Part::Nothing, Part::Half, Part::All]);
    let cut = prop::sample::select(vec![Cut::Kept, Cut::Lost, Cut::Halved, Cut::Zeroed]);
    let trouble = (1..60u64, part, cut, any::<bool>()).prop_map(|(call, part, cut, is_kill)| {
        let fault = match is_kill {
            true => Fault::Kill(part),
            false => Fault::Fail(part, std::io::ErrorKind::Other),
        };
        (call, fault, cut)
    });
    prop::option::weighted(0.7, trouble)
}

/// What there should be: which rows each generation is of, and which one is current.
#[derive(Clone, Debug, Default, PartialEq)]
struct Expected {
    generations: BTreeMap<u64, u64>,
    current: Option<u64>,
    /// The largest number that was ever given.
    last: u64,
}

impl Expected {
    /// After a step without trouble. A number that was tried may not be given again.
    fn after(&self, step: Step) -> Self {
        let mut next = self.clone();
        match step {
            Step::Update(rows) if self.rows() == Some(rows) => {}
            Step::Train(rows) | Step::Update(rows) => {
                next.last += 1;
                next.generations.insert(next.last, rows);
                next.current = Some(next.last);
            }
            Step::Rollback(_) => next.current = self.chosen(step).or(self.current),
            Step::Prune(keep) => {
                let newest = self.generations.keys().rev().take(keep);
                let kept: Vec<u64> = newest.copied().chain(self.current).collect();
                next.generations.retain(|number, _| kept.contains(number));
            }
            Step::Damage(..) | Step::DamageLeftover(..) => {}
        }
        next
    }

    fn rows(&self) -> Option<u64> {
        self.generations.get(&self.current?).copied()
    }

    /// The generation that a step goes back to.
    fn chosen(&self, step: Step) -> Option<u64> {
        let Step::Rollback(choice) = step else {
            return None;
        };
        let numbers: Vec<u64> = self.generations.keys().copied().collect();
        let choice = choice.checked_rem(numbers.len())?;
        Some(numbers[choice])
    }

    /// What a store has, in the order of numbers.
    fn of(directory: &FaultyDirectory, contents: &[Content]) -> Self {
        if !directory.files().contains_key("manifest.json") {
            return Self::default();
        }
        let store = Store::open(directory.location()).unwrap();
        let manifest = store.manifest();
        let rows = |number: u64| {
            let found = content(directory, Some(number)).unwrap();
            let rows = contents.iter().position(|content| *content == found);
            rows.expect("a generation is not that of any rows") as u64
        };
        let numbers = manifest.generations.iter().map(|g| g.number);
        Self {
            generations: numbers.map(|number| (number, rows(number))).collect(),
            current: Some(manifest.current),
            last: manifest.generations.iter().map(|g| g.number).max().unwrap(),
        }
    }
}

fn run(directory: &FaultyDirectory, step: Step, model: &Expected) -> bool {
    let location = directory.location();
    match step {
        Step::Train(rows) => train(directory, rows, Files::Packs, false).is_ok(),
        Step::Update(rows) => train(directory, rows, Files::Packs, true).is_ok(),
        Step::Rollback(_) => match model.chosen(step) {
            Some(number) => rollback(location, number).is_ok(),
            None => true,
        },
        Step::Prune(keep) => prune(location, keep, None).is_ok_and(|p| p.problems.is_empty()),
        Step::Damage(..) | Step::DamageLeftover(..) => true,
    }
}

/// Flips a bit of a file that a generation needs; it is found, and flipped back.
fn assert_damage_is_found(directory: &FaultyDirectory, file: usize, bit: usize) {
    let files = directory.files();
    let needed = |name: &&String| {
        let is_named = name.starts_with("gen-") && !name.ends_with(".journal");
        *name == "manifest.json" || is_named
    };
    let names: Vec<&String> = files.keys().filter(needed).collect();
    let Some(name) = file.checked_rem(names.len()).map(|file| names[file]) else {
        return;
    };
    let is_orphan = match verify(directory.location()) {
        Ok(found) => found
            .orphans
            .iter()
            .any(|path| directory.path(name).starts_with(path)),
        Err(_) => false,
    };
    if is_orphan {
        return;
    }
    let bit = bit % (files[name].len() * 8);
    directory.flip(name, bit);
    let found = verify(directory.location());
    let is_found = found.is_err() || found.is_ok_and(|found| !found.problems.is_empty());
    assert!(is_found, "bit {bit} of {name}");
    directory.flip(name, bit);
}

fn damage_leftover(directory: &FaultyDirectory, file: usize, bit: usize) {
    let files = directory.files();
    let is_leftover = |name: &&String| name.starts_with(".staging") || name.ends_with(".journal");
    let names: Vec<&String> = files.keys().filter(is_leftover).collect();
    if let Some(name) = file.checked_rem(names.len()).map(|file| names[file]) {
        let bits = files[name].len() * 8;
        if let Some(bit) = bit.checked_rem(bits) {
            directory.flip(name, bit);
        }
    }
}

/// Does the steps, and looks after each whether there is what should be. Returns how many faults
/// came about.
fn assert_as_expected(steps: &[(Step, Trouble)], contents: &[Content]) -> u64 {
    let directory = FaultyDirectory::new();
    let mut model = Expected::default();
    let mut faults = 0;
    for &(step, trouble) in steps {
        match step {
            Step::Damage(file, bit) => assert_damage_is_found(&directory, file, bit),
            Step::DamageLeftover(file, bit) => damage_leftover(&directory, file, bit),
            _ => {}
        }
        if matches!(step, Step::Prune(_)) && model.current.is_none() {
            continue;
        }
        directory.restart(Cut::Kept);
        if let Some((call, fault, _)) = trouble {
            directory.inject(call, fault);
        }
        let is_done = run(&directory, step, &model);
        let (calls, is_killed) = directory.calls();
        let met = trouble.filter(|(call, ..)| calls >= *call);
        faults += u64::from(met.is_some());
        directory.restart(met.map_or(Cut::Kept, |(.., cut)| cut));
        let after = model.after(step);
        let found = Expected::of(&directory, contents);
        let same = |expected: &Expected| {
            let rows = |one: &Expected| one.generations.values().copied().collect::<Vec<_>>();
            found.rows() == expected.rows() && rows(&found) == rows(expected)
        };
        let is_cut = met.is_some_and(|(.., cut)| cut != Cut::Kept);
        match () {
            () if is_killed || is_cut => {
                assert!(same(&model) || same(&after), "{step:?} {trouble:?}")
            }
            // What could not be removed is no longer named all the same.
            () if is_done || matches!(step, Step::Prune(_)) && same(&after) => {
                assert!(
                    same(&after),
                    "{step:?} {trouble:?}: {found:?} is not {after:?}"
                );
            }
            () => assert!(
                same(&model),
                "{step:?} {trouble:?}: {found:?} is not {model:?}"
            ),
        }
        if found.current.is_some() {
            let verified = verify(directory.location()).unwrap();
            assert_eq!(
                verified.problems,
                Vec::<String>::new(),
                "{step:?} {trouble:?}"
            );
        }
        model = Expected {
            last: found.last.max(model.last),
            ..found
        };
    }
    faults
}

#[test]
fn any_sequence_of_commands_and_faults_leaves_what_should_be_there() {
    let cases = std::env::var("PER_ENTITY_SEQUENCES");
    let cases = cases.map_or(24, |cases| cases.parse().unwrap());
    let contents: Vec<Content> = (0..4).map(|rows| expected(rows, Files::Packs)).collect();
    let differs = |(rows, content): (usize, &Content)| !contents[..rows].contains(content);
    assert!(contents.iter().enumerate().all(differs));
    let mut runner = TestRunner::new(Config {
        failure_persistence: None,
        ..Config::with_cases(cases)
    });
    let (mut steps, mut faults) = (0, 0);
    let counted = std::cell::RefCell::new((&mut steps, &mut faults));
    let sequences = prop::collection::vec((step(), trouble()), 1..20);
    runner
        .run(&sequences, |sequence| {
            let found = assert_as_expected(&sequence, &contents);
            let mut counted = counted.borrow_mut();
            *counted.0 += sequence.len();
            *counted.1 += found;
            Ok(())
        })
        .unwrap();
    println!("{steps} steps in {cases} sequences, {faults} faults");
    assert!(faults > 0);
}

//! Flags and specifications say the same.

use clap::{Args, Command, Parser};
use per_entity::Error;
use per_entity::error::SpecError;
use per_entity::train::TrainingSpec;
use tempfile::TempDir;

use super::Train;

#[derive(Parser)]
struct Program {
    #[command(flatten)]
    train: Train,
}

/// What the flags make of a specification.
fn spec(text: &str, flags: &str) -> TrainingSpec {
    let place = TempDir::new().unwrap();
    let path = place.path().join("run.toml");
    std::fs::write(&path, text).unwrap();
    let arguments = ["train", "--input", "rows.csv", "--output-dir", "models"];
    let arguments = arguments.into_iter().chain(flags.split_whitespace());
    let arguments = arguments.chain(["--spec", path.to_str().unwrap()]);
    let program = Program::try_parse_from(arguments).unwrap();
    program.train.spec().unwrap()
}

/// The settings of a table, as the error for one that is not known lists them.
fn known(table: &str) -> Vec<String> {
    let header = match table {
        "" => String::new(),
        table => format!("[{table}]\n"),
    };
    match TrainingSpec::from_toml(&format!("{header}none = 0")) {
        Err(Error::Spec(SpecError::UnknownSetting { known, .. })) => known,
        other => panic!("{other:?}"),
    }
}

/// The table and the name of the setting that a flag stands for, where their names differ.
const OTHERWISE_NAMED: [(&str, &str, &str); 9] = [
    ("text", "", "types"),
    ("date", "", "types"),
    ("timestamp", "", "types"),
    ("holdout", "train.holdout", "share"),
    ("holdout-by", "train.holdout", "by"),
    ("holdout-after", "train.holdout", "from"),
    ("holdout-last", "train.holdout", "last"),
    ("time", "train.holdout", "time"),
    ("seed", "train.holdout", "seed"),
];

/// Which files are read and written, what stands in place of a specification, what trains nothing,
/// and what limits files, which a specification, being a file itself, must not.
const NO_SETTINGS: [&str; 10] = [
    "input",
    "format",
    "output-dir",
    "spec",
    "preset",
    "compat",
    "explain",
    "max-row-size",
    "max-columns",
    "max-nesting",
];

#[test]
fn every_flag_has_its_setting() {
    let command = Train::augment_args(Command::new("train"));
    let tables = ["", "csv", "train", "train.update", "tree"];
    let tables = tables.map(known);
    for flag in command.get_arguments().filter_map(|flag| flag.get_long()) {
        let mut otherwise = OTHERWISE_NAMED.iter();
        let has_setting = match otherwise.find(|(name, ..)| *name == flag) {
            Some((_, table, setting)) => known(table).iter().any(|name| name == setting),
            None => tables.iter().flatten().any(|name| name == flag),
        };
        assert!(
            has_setting != NO_SETTINGS.contains(&flag),
            "--{flag} is a setting of no table, or one that is said to be none"
        );
    }
}

const FILE: &str = "
key = ['shop']
target = 'busy'

[train]
min-rows = 20
memory-limit = '2GiB'
models-per-file = 7
threads = 3
threshold = 'f1'
positive = 'yes'
importance = 'permutation'
holdout = { share = 0.2, seed = 3, by = 'customer' }

[train.update]
vanished = 'keep'
keep-better = 'roc-auc'
tolerance = 0.01
max-regression = 0.02

[tree]
trainer = 'linfa'
criterion = 'entropy'
class-weight = { yes = 5, no = 0.5 }
max-depth = 8
min-samples-split = 4
min-samples-leaf = 3
min-impurity-decrease = 0.001
";

#[test]
fn a_specification_stands_for_flags() {
    let flags = "--key shop --target busy --min-rows 20 --memory-limit 2GiB --models-per-file 7 \
        --threads 3 --threshold f1 --positive yes --importance permutation \
        --class-weight yes=5,no=0.5 --holdout 0.2 --seed 3 --holdout-by customer --update --vanished keep \
        --keep-better roc-auc --tolerance 0.01 --max-regression 0.02 --trainer linfa \
        --criterion entropy --max-depth 8 --min-samples-split 4 --min-samples-leaf 3 \
        --min-impurity-decrease 0.001";
    assert_eq!(spec(FILE, ""), spec("", flags));
    let on = "[train]\npooled = true\nparents = true\n\
        update = { other-dataset = true, refit-shared = true, commit-unchanged = true }";
    let on = spec(&format!("key = ['a']\ntarget = 'b'\n{on}"), "");
    let flags = "--pooled --parents --update --other-dataset --refit-shared --commit-unchanged";
    assert_eq!(on, spec("key = ['a']\ntarget = 'b'", flags));
}

#[test]
fn flags_override_the_specification() {
    let flags = "--key town --target sold --min-rows 2 --memory-limit 3GiB --models-per-file 1 \
        --threads 1 --threshold 0.3 --positive no --importance impurity \
        --class-weight balanced --holdout 0.5 --seed 4 --holdout-by day --pooled --parents --update \
        --vanished drop --keep-better f1 --tolerance 0.1 --max-regression 0.2 --other-dataset \
        --refit-shared --commit-unchanged --trainer cart --criterion gini --max-depth 2 --min-samples-split 3 \
        --min-samples-leaf 1 --min-impurity-decrease 0";
    assert_eq!(spec(FILE, flags), spec("", flags));
}

#[test]
fn a_flag_leaves_the_other_settings_as_they_stand() {
    let before = spec(FILE, "");
    for (flag, text) in [
        ("--min-rows 5", ("min-rows = 20", "min-rows = 5")),
        ("--seed 9", ("seed = 3", "seed = 9")),
        ("--holdout 0.4", ("share = 0.2", "share = 0.4")),
        ("--threshold 0.3", ("'f1'", "0.3")),
        ("--tolerance 0.5", ("tolerance = 0.01", "tolerance = 0.5")),
        ("--keep-better f1", ("'roc-auc'", "'f1'")),
        ("--max-depth 3", ("max-depth = 8", "max-depth = 3")),
    ] {
        let changed = FILE.replace(text.0, text.1);
        assert_eq!(spec(FILE, flag), spec(&changed, ""), "{flag}");
        assert_ne!(spec(FILE, flag), before, "{flag}");
    }
}

#[test]
fn rows_held_out_otherwise_replace_those_of_the_specification() {
    let file =
        |holdout: &str| format!("key = ['a']\ntarget = 'b'\ntrain.holdout = {{ {holdout} }}");
    for (before, flags, after) in [
        (
            "share = 0.2, seed = 3",
            "--holdout-last 8w --time day",
            "last = '8w', time = 'day'",
        ),
        (
            "last = '8w', time = 'day'",
            "--holdout-after 2013-10-01",
            "from = 2013-10-01, time = 'day'",
        ),
        (
            "last = '8w', time = 'day'",
            "--time hour",
            "last = '8w', time = 'hour'",
        ),
        ("last = '8w', time = 'day'", "--holdout 0.1", "share = 0.1"),
        ("where = 'x > 1'", "--holdout 0.1", "share = 0.1"),
    ] {
        let found = spec(&file(before), flags);
        assert_eq!(found, spec(&file(after), ""), "{before} {flags}");
    }
}

//! Which flag or subcommand helps: the library does not know of any.

use std::path::Path;

use clap::Command;
use per_entity::Error;
use per_entity::error::{ExportError, InputError, ParamsError, SpecError, StoreError};
use per_entity::schema::{HoldoutTableError, Role};
use per_entity::source::Format;
use per_entity::store::MANIFEST;
use polars::error::PolarsError;

/// What helps after an error, where that can be told in flags that the subcommand has.
pub fn hint(error: &Error, subcommand: &Command) -> Option<String> {
    let hint = match error {
        Error::Input(error) => of_input(error),
        Error::Spec(error) => of_spec(error),
        Error::Params(error) => of_params(error),
        Error::Store(error) => of_store(error),
        Error::Export(ExportError::MissingCategory { .. }) => {
            Some("--missing-category TEXT names another one".into())
        }
        Error::Polars { cause, .. } => of_polars(cause),
        Error::NullKey { .. } => Some("--unknown null predicts nothing for such rows".into()),
        _ => None,
    }?;
    let is_known = |flag: &str| {
        let mut arguments = subcommand.get_arguments();
        arguments.any(|argument| argument.get_long() == Some(flag))
    };
    let mut flags = hint
        .split_whitespace()
        .filter_map(|word| word.strip_prefix("--"));
    let is_another = hint.contains("`per-entity ");
    let is_usable = is_another || flags.all(|flag| is_known(flag.trim_end_matches([',', ';'])));
    match error {
        _ if is_usable => Some(hint),
        Error::Input(InputError::BadValue { path, .. })
            if is_known("on-bad-row") && is_text_file(path.as_deref()) =>
        {
            Some("--on-bad-row null predicts the other rows, --rejects FILE keeps this one".into())
        }
        _ => None,
    }
}

/// Whether a file has rows of text, of which a bad one can be left out.
fn is_text_file(path: Option<&Path>) -> bool {
    let format = path.and_then(Format::of_path);
    format.is_some_and(Format::is_text)
}

fn of_input(error: &InputError) -> Option<String> {
    Some(match error {
        InputError::Nothing => "--input FILE names it".into(),
        InputError::UnknownFormat { .. } => "--format csv says so".into(),
        InputError::Ragged { .. } => "without --strict they are left out".into(),
        InputError::BadValue { column, wanted, .. } if *wanted == "a finite number" => format!(
            "--on-infinite missing takes infinite numbers for missing values, --ignore {} leaves the column out",
            quoted(column)
        ),
        InputError::BadValue { column, value, .. } => format!(
            "--text {} takes the column for text, --missing {} the value for a missing one",
            quoted(column),
            quoted(value)
        ),
        InputError::LackingColumn { column, .. } => {
            format!("--ignore {} leaves it out", quoted(column))
        }
        InputError::TypesDiffer { column, .. } => {
            format!("--text {} takes the column for text", quoted(column))
        }
        InputError::BadLine { problem, .. } if problem.contains("raise") => {
            "--max-row-size, --max-columns and --max-nesting raise limits".into()
        }
        InputError::NotByRow { .. } => {
            "--output-format ndjson writes so; without --on-bad-row and --rejects, files are read in batches".into()
        }
        _ => return None,
    })
}

/// A column of a text file whose first rows are numbers, but not the others.
fn of_polars(cause: &PolarsError) -> Option<String> {
    let text = cause.to_string();
    let (_, behind) = text
        .strip_prefix("could not parse `")?
        .split_once("at column '")?;
    let (column, _) = behind.split_once("' (column number")?;
    Some(format!("--categorical {} reads it as text", quoted(column)))
}

fn of_spec(error: &SpecError) -> Option<String> {
    Some(match error {
        SpecError::NoKey => "--key COLUMN names it".into(),
        SpecError::NoTarget => "--target COLUMN names it".into(),
        SpecError::UnknownColumn { role, .. } | SpecError::NamedTwice { role, .. } => {
            format!("it is named by {}", flag(*role))
        }
        SpecError::TwoRoles { first, second, .. } => {
            format!("it is named by {} and {}", flag(*first), flag(*second))
        }
        SpecError::UnsupportedType {
            role: Role::Time, ..
        }
        | SpecError::NoTimes { .. } => "it is that of --time".into(),
        SpecError::OneSided { .. } => "--holdout-after and --holdout-last say which".into(),
        SpecError::UnsupportedType { column, role, .. } if *role != Role::Target => {
            format!("--ignore {} leaves it out", quoted(column))
        }
        SpecError::AddedColumn { column } => format!(
            "--prefix predicted_ puts a text before the names of added columns, --rename {}=NAME changes one",
            quoted(column)
        ),
        SpecError::NotAdded { .. } => "it is named by --rename".into(),
        SpecError::ColumnNamedTwice(_) => "the names are those of --columns".into(),
        SpecError::Separator(_) => "it is that of --separator".into(),
        SpecError::Filter { role, .. } => format!("it is that of {}", flag(*role)),
        SpecError::HoldoutShare(_) | SpecError::Holdout(HoldoutTableError::Share(_)) => {
            "it is that of --holdout".into()
        }
        SpecError::Holdout(HoldoutTableError::NoTime) => "--time COLUMN names it".into(),
        SpecError::Holdout(HoldoutTableError::UnusedTime) => {
            "--holdout-after and --holdout-last say which".into()
        }
        SpecError::Holdout(HoldoutTableError::NotDrawn) => "--holdout SHARE draws them".into(),
        SpecError::ToleranceOfNothing => "--keep-better METRIC names it".into(),
        SpecError::Difference { name, .. } => format!("it is --{}", name.replace('_', "-")),
        SpecError::MemoryLimit { .. } | SpecError::RowsExceedMemory { .. } => {
            "it is that of --memory-limit".into()
        }
        SpecError::PooledExceedsMemory => "raise --memory-limit, or leave out --pooled".into(),
        SpecError::NoParentsOfKey { .. } => {
            "--key names it; --pooled trains one model on all".into()
        }
        SpecError::ParentsExceedMemory => "raise --memory-limit, or leave out --parents".into(),
        SpecError::CommonModelOfVanished => {
            "leave out --vanished keep, or --pooled and --parents".into()
        }
        SpecError::NoParents => "`per-entity train --parents` trains them".into(),
        SpecError::OtherDataset { .. } => {
            "--other-dataset says so; --output-dir names another store".into()
        }
        SpecError::NotAlike { .. } => {
            "leave out --vanished keep, --keep-better and --max-regression".into()
        }
        SpecError::ContestWithoutHoldout
        | SpecError::ThresholdWithoutHoldout
        | SpecError::PermutationWithoutHoldout => {
            "--holdout, --holdout-after and --holdout-last hold rows out".into()
        }
        SpecError::ContestMetric { .. } => "--keep-better METRIC names one".into(),
        SpecError::ContestSeen { .. } => {
            "--update without --keep-better and --max-regression trains them so".into()
        }
        SpecError::NoPooledModel => "`per-entity train --pooled` trains one".into(),
        SpecError::PositiveQuantity { .. } => "it is named by --positive".into(),
        _ => {
            let others = of_decision(error).or_else(|| of_task(error));
            return others.or_else(|| of_shared(error));
        }
    })
}

/// What entities share, where it does not fit the run.
fn of_shared(error: &SpecError) -> Option<String> {
    Some(match error {
        SpecError::NothingShared => {
            "--unknown fallback lets the pooled model answer, --unknown null none".into()
        }
        SpecError::SharedOfOtherTrainer { .. }
        | SpecError::SharedOfOtherDataset { .. }
        | SpecError::SharedOfOtherClasses { .. }
        | SpecError::SharedSeen { .. } => "--refit-shared trains it anew".into(),
        SpecError::ChampionsAreShares => {
            "--max-regression compares them; leave out --keep-better, or --refit-shared".into()
        }
        SpecError::VanishedShares { .. } => "--vanished drop leaves them out".into(),
        _ => return None,
    })
}

fn of_params(error: &ParamsError) -> Option<String> {
    match error {
        ParamsError::ClassWeight { .. }
        | ParamsError::WeightOfNoClass { .. }
        | ParamsError::ClassWeightOfQuantity => Some("it is that of --class-weight".into()),
        _ => None,
    }
}

/// A way to decide on a class that cannot be.
fn of_decision(error: &SpecError) -> Option<String> {
    let hint = match error {
        SpecError::UnknownClass { .. } | SpecError::NoPositiveClass { .. } => {
            "--positive CLASS names one"
        }
        SpecError::Threshold(_) | SpecError::ThresholdOfQuantity => "it is that of --threshold",
        SpecError::PositiveWithoutThreshold => "--threshold gives one",
        _ => return None,
    };
    Some(hint.into())
}

/// A target that is not what it is said to be.
fn of_task(error: &SpecError) -> Option<String> {
    match error {
        SpecError::NoQuantity { .. } => Some("--task classification predicts classes".into()),
        SpecError::FractionalClass { column, .. } => Some(format!(
            "--task regression predicts it as a quantity, --text {} takes it for text",
            quoted(column)
        )),
        _ => None,
    }
}

fn of_store(error: &StoreError) -> Option<String> {
    Some(match error {
        StoreError::Missing { .. } => "`per-entity train --output-dir DIRECTORY` trains one".into(),
        StoreError::Foreign { .. } => "--output-dir DIRECTORY names it".into(),
        StoreError::UnknownGeneration { .. } => "`per-entity history` lists them".into(),
        StoreError::UnknownEntity { .. } => "`per-entity inspect` lists them".into(),
        // Without it, nothing is known of generations.
        StoreError::Damaged { path, .. } if path.ends_with(MANIFEST) => return None,
        StoreError::Damaged { .. } => {
            "`per-entity history` lists generations, `per-entity rollback` goes back to one".into()
        }
        _ => return None,
    })
}

/// A column or value as a shell takes it.
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    match !text.is_empty() && text.chars().all(is_plain) {
        true => text.to_owned(),
        false => format!("'{}'", text.replace('\'', "'\\''")),
    }
}

/// The flag that gives a column a role.
fn flag(role: Role) -> &'static str {
    match role {
        Role::Key => "--key",
        Role::Target => "--target",
        Role::Weight => "--weight",
        Role::Feature => "--features",
        Role::NumericFeature => "--numeric",
        Role::CategoricalFeature => "--categorical",
        Role::Ignored => "--ignore",
        Role::Group => "--group-by or --holdout-by",
        Role::Filter => "--where",
        Role::Time => "--time",
        Role::Held => "--test-where",
        Role::Declared => "--text, --date, --timestamp or [types] in the specification",
    }
}

//! The command that trains what a comparison prefers.

use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};
use per_entity::evaluate::Way;
use per_entity::train::TrainerKind;

use super::error::CliError;
use super::hint::quoted;
use super::train::Train;

/// Flags of `train` that say which rows are held out: what is trained in the end is trained on all.
const OF_HOLDOUT: [&str; 5] = ["holdout", "seed", "holdout_after", "holdout_last", "time"];

/// The headings of flags for trees alone, and for shared models alone; but classes have weights in
/// both.
const OF_TREES: &str = "Trees";
const OF_SHARED_MODELS: &str = "Shared models (--trainer shared)";
const OF_BOTH: &str = "class_weight";

/// The store, of which a comparison knows nothing.
const STORE: [&str; 2] = ["--output-dir", "models"];

/// The words that train the models of a way: the flags that were given, as far as `train` has them
/// and that way has use for them. `trainer` is what fits the trees that were compared; an entity of
/// fewer than `more_rows` rows gets no model where one for all is enough.
///
/// # Errors
///
/// Why `train` would refuse them, as it does where a specification has settings that are for other
/// models.
pub fn train_command(
    way: Way,
    given: &ArgMatches,
    trainer: TrainerKind,
    more_rows: u64,
) -> Result<Vec<String>, CliError> {
    let train = Train::augment_args(Command::new("train"));
    let is_shared = matches!(way, Way::Unknown | Way::Shared);
    let is_kept = |argument: &&Arg| {
        let id = argument.get_id().as_str();
        let heading = match is_shared {
            true => OF_TREES,
            false => OF_SHARED_MODELS,
        };
        let is_useless = argument.get_help_heading() == Some(heading) && id != OF_BOTH;
        let is_other_trainer = id == "trainer" && trainer == TrainerKind::Shared;
        !is_useless && !is_other_trainer && !OF_HOLDOUT.contains(&id)
    };
    let kept = train.get_arguments().filter(is_kept);
    let mut words: Vec<String> = ["per-entity", "train"].map(Into::into).into();
    words.extend(kept.flat_map(|argument| words_of(argument, given)));
    let mut add = |more: &[&str]| words.extend(more.iter().map(|word| (*word).to_owned()));
    match (is_shared, trainer) {
        (true, _) => add(&["--trainer", "shared"]),
        (false, TrainerKind::Shared) => add(&["--trainer", "cart"]),
        (false, _) => {}
    }
    if way == Way::Pooled {
        add(&["--pooled"]);
    }
    if way.is_for_all() {
        add(&["--min-rows", &more_rows.to_string()]);
    }
    add(&STORE);
    let parsed = train.try_get_matches_from(&words[1..]);
    let parsed = parsed.and_then(|matches| Train::from_arg_matches(&matches));
    let parsed = parsed.map_err(|error| CliError::Usage(error.to_string()))?;
    parsed.spec()?.training()?;
    Ok(words)
}

/// An argument as it was given; nothing where it was not.
fn words_of(argument: &Arg, given: &ArgMatches) -> Vec<String> {
    let id = argument.get_id().as_str();
    let is_given = given.try_contains_id(id).unwrap_or(false)
        && given.value_source(id) == Some(ValueSource::CommandLine);
    let Some(flag) = argument.get_long().filter(|_| is_given) else {
        return Vec::new();
    };
    let flag = format!("--{flag}");
    if !argument.get_action().takes_values() {
        return vec![flag];
    }
    let occurrences = given.get_raw_occurrences(id).into_iter().flatten();
    let words = occurrences.flat_map(|values| {
        let values: Vec<String> = values.map(|value| value.to_string_lossy().into()).collect();
        let values = match argument.get_value_delimiter() {
            Some(delimiter) => vec![values.join(&delimiter.to_string())],
            None => values,
        };
        match values.as_slice() {
            [value] if value.starts_with('-') => vec![format!("{flag}={value}")],
            _ => [vec![flag.clone()], values].concat(),
        }
    });
    words.collect()
}

/// Words as a shell takes them.
pub fn line(words: &[String]) -> String {
    let is_plain = |text: &String| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./,:=".contains(c);
        !text.is_empty() && text.chars().all(is_plain)
    };
    let words = words.iter().map(|word| match is_plain(word) {
        true => word.clone(),
        false => quoted(word),
    });
    words.collect::<Vec<_>>().join(" ")
}

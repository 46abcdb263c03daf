//! `train`: from files to a store.

mod decision;
mod holdout;
mod summary;
mod update;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Instant;

use clap::ValueEnum;
use per_entity::schema::ImportanceKind;
use per_entity::source::Source;
use per_entity::table::Query;
use per_entity::train::{Conclusion, Refusal, TrainingSpec};
use serde_json::json;

use super::context::Context;
use super::dataset_arguments::{ASSUMES_ADULT, DatasetArguments};
use super::error::{CliError, CliResult, Exit};
use super::memory_argument::hold;
use super::output::{note, report_ragged};
use super::stdout::{print, print_json};
use super::tree_arguments::TreeArguments;
use decision::DecisionArguments;
use holdout::HoldoutArguments;
use summary::Summary;
use update::UpdateArguments;

/// Train one decision tree per entity and commit them to a store.
///
/// Without --key, --target, --preset or --spec the input is taken for the Adult census data.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity train --input adult.data --output-dir models
  per-entity train --input adult.data --where true --max-depth 8 --output-dir models
  per-entity train --input 'sales/*.parquet' --key country,store --target returned \\
    --ignore order-id --min-rows 20 --output-dir models")]
pub struct Train {
    #[command(flatten)]
    dataset: DatasetArguments,

    /// The store: a new or empty directory, or an earlier store
    #[arg(long, value_name = "DIRECTORY", required_unless_present = "explain")]
    output_dir: Option<PathBuf>,

    /// Print the query's optimized plan and stop
    #[arg(long)]
    explain: bool,

    /// Entities with fewer rows are skipped [default: 1]
    #[arg(long, value_name = "ROWS")]
    min_rows: Option<usize>,

    /// Also train one model on all entities, with the key as a feature; it can answer for entities
    /// without a model of their own
    #[arg(long)]
    pooled: bool,

    /// Also train a model for all entities with the same first values of a composite key: of
    /// country,store, one for each country; it can answer for stores without a model of their own
    #[arg(long)]
    parents: bool,

    /// How many models share a file [default: 1 for up to 1,000 entities, else packs of 64 MiB]
    #[arg(long, value_name = "MODELS")]
    models_per_file: Option<NonZeroUsize>,

    /// Threads that train [default: all cores]; Polars reads with POLARS_MAX_THREADS
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    #[command(flatten)]
    holdout: HoldoutArguments,

    #[command(flatten)]
    decision: DecisionArguments,

    /// Note how much each feature matters to each entity's model; `inspect --importance` tells it
    #[arg(long, value_enum, value_name = "KIND")]
    importance: Option<ImportanceArgument>,

    #[command(flatten)]
    update: UpdateArguments,

    #[command(flatten)]
    tree: TreeArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum ImportanceArgument {
    /// Shares in the decrease of impurity by the splits
    Impurity,
    /// How much worse the model is on rows held out where a feature's values are shuffled
    Permutation,
}

impl From<ImportanceArgument> for ImportanceKind {
    fn from(importance: ImportanceArgument) -> Self {
        match importance {
            ImportanceArgument::Impurity => Self::Impurity,
            ImportanceArgument::Permutation => Self::Permutation,
        }
    }
}

impl Train {
    pub fn run(&self, context: &Context) -> CliResult {
        let started = Instant::now();
        let spec = self.spec()?;
        hold(spec.train.memory_limit)?;
        if self.dataset.columns.assumes_adult() {
            note(context, ASSUMES_ADULT);
        }
        let training = spec
            .training()?
            .cancel(context.cancel.clone())
            .command(as_text(std::env::args_os()));
        let dataset = &spec.dataset;
        let mut summary = Summary::new(context);
        let source = Source::open(&self.dataset.input, self.dataset.format(), dataset)?;
        let Some(output_dir) = self.output_dir.as_ref().filter(|_| !self.explain) else {
            let plan = Query::new(&source.into(), dataset)?.explain()?;
            match context.json {
                true => print_json(json!({ "plan": plan }))?,
                false => print(plan)?,
            }
            return Ok(Exit::Done);
        };
        report_ragged(&source, "--strict makes them an error");
        let conclusion = training.run_observed(source, output_dir, &mut summary)?;
        let (is_durable, printed) = match conclusion {
            Conclusion::Refused(refusal) => return refuse(context, &refusal),
            Conclusion::Committed(report) => {
                let printed = summary.print(context, &report, started.elapsed());
                (report.is_durable, printed)
            }
            Conclusion::Unchanged(same) => {
                let printed = summary.print_unchanged(context, &same, started.elapsed());
                (true, printed)
            }
        };
        let exit = match summary.has_failures() || !is_durable {
            true => Exit::SomeFailed,
            false => Exit::Done,
        };
        Ok(exit.once_told(printed))
    }

    /// What the specification says of the run, and what the flags say otherwise.
    pub fn spec(&self) -> Result<TrainingSpec, CliError> {
        let mut spec = self.dataset.spec()?;
        let train = &mut spec.train;
        train.min_rows = self.min_rows.unwrap_or(train.min_rows);
        train.pooled |= self.pooled;
        train.parents |= self.parents;
        if self.models_per_file.is_some() {
            train.models_per_file = self.models_per_file.into();
        }
        train.threads = self.threads.map_or(train.threads, usize::from);
        train.memory_limit = self
            .dataset
            .columns
            .limits
            .memory
            .given()
            .or(train.memory_limit);
        self.holdout.override_in(&mut train.holdout)?;
        self.decision.override_in(train);
        train.importance = self.importance.map(Into::into).or(train.importance);
        self.update.override_in(&mut train.update)?;
        self.tree.override_in(&mut spec.tree)?;
        Ok(spec)
    }
}

/// The store stays as it is.
fn refuse(context: &Context, refusal: &Refusal) -> CliResult {
    if context.json {
        let contest = &refusal.contest;
        print_json(json!({ "error": refusal.to_string(), "contest": contest }))?;
    }
    log::error!("{refusal} (--max-regression)");
    Ok(Exit::SomeFailed)
}

#[cfg(test)]
mod tests;

/// The words of a command; what is not UTF-8 is replaced.
fn as_text(words: std::env::ArgsOs) -> Vec<String> {
    let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
    words.map(text).collect()
}

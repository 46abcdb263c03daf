//! `train`: from files to a store.

mod summary;
mod update;

use std::path::PathBuf;
use std::time::Instant;

use per_entity::schema::Holdout;
use per_entity::source::{DatasetSpec, Source};
use per_entity::store::ModelsPerFile;
use per_entity::table::Query;
use per_entity::train::{Conclusion, Refusal};
use per_entity::{Error, Training};
use serde_json::json;

use super::context::Context;
use super::dataset_arguments::{ASSUMES_ADULT, DatasetArguments};
use super::error::{CliError, CliResult, Exit};
use super::output::{note, report_ragged};
use super::stdout::{print, print_json};
use super::time_holdout_arguments::TimeHoldoutArguments;
use super::tree_arguments::TreeArguments;
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

    /// Entities with fewer rows are skipped
    #[arg(long, default_value_t = 1, value_name = "ROWS")]
    min_rows: usize,

    /// Also train one model on all entities, with the key as a feature; it can answer for entities
    /// without a model of their own
    #[arg(long)]
    pooled: bool,

    /// Also train a model for all entities with the same first values of a composite key: of
    /// country,store, one for each country; it can answer for stores without a model of their own
    #[arg(long)]
    parents: bool,

    /// How many models share a file [default: 1 for up to 1,000 entities, else packs of 64 MiB]
    #[arg(long, value_name = "MODELS", value_parser = clap::value_parser!(u32).range(1..))]
    models_per_file: Option<u32>,

    /// Threads that train [default: all cores]; Polars reads with POLARS_MAX_THREADS
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    /// Where the rows take more memory than this, they are written to files in the store's
    /// directory and trained in parts; `2GiB`, `900MB`
    #[arg(long, value_name = "SIZE", value_parser = super::size::parse)]
    memory_limit: Option<u64>,

    /// Hold out this share of each entity's rows and report how good its model is on them
    #[arg(long, value_name = "SHARE")]
    holdout: Option<f64>,

    /// Hold out whole values of this column, say of customers, instead of single rows
    #[arg(long, value_name = "COLUMN", requires = "holdout")]
    holdout_by: Option<String>,

    /// What the draw of the rows held out depends on
    #[arg(long, default_value_t = 0, requires = "holdout")]
    seed: u64,

    #[command(flatten)]
    time_holdout: TimeHoldoutArguments,

    #[command(flatten)]
    update: UpdateArguments,

    #[command(flatten)]
    tree: TreeArguments,
}

impl Train {
    pub fn run(&self, context: &Context) -> CliResult {
        let started = Instant::now();
        let spec = self.dataset.spec()?;
        if self.dataset.columns.assumes_adult() {
            note(context, ASSUMES_ADULT);
        }
        let training = self.training(spec.clone(), context)?;
        let mut summary = Summary::new(context);
        let source = Source::open(&self.dataset.input, self.dataset.format(), &spec)?;
        let Some(output_dir) = self.output_dir.as_ref().filter(|_| !self.explain) else {
            let plan = Query::new(&source.into(), &spec)?.explain()?;
            match context.json {
                true => print_json(json!({ "plan": plan }))?,
                false => print(plan)?,
            }
            return Ok(Exit::Done);
        };
        report_ragged(&source, "--strict makes them an error");
        match training.run_observed(source, output_dir, &mut summary)? {
            Conclusion::Refused(refusal) => return refuse(context, &refusal),
            Conclusion::Committed(report) => summary.print(context, &report, started.elapsed())?,
            Conclusion::Unchanged(same) => {
                summary.print_unchanged(context, &same, started.elapsed())?;
            }
        }
        Ok(match summary.has_failures() {
            true => Exit::SomeFailed,
            false => Exit::Done,
        })
    }

    fn training(&self, spec: DatasetSpec, context: &Context) -> Result<Training, CliError> {
        Ok(Training::new(spec, self.tree.trainer()?)
            .min_rows(self.min_rows)
            .pooled(self.pooled)
            .parents(self.parents)
            .models_per_file(match self.models_per_file {
                None => ModelsPerFile::Automatic,
                Some(models) => ModelsPerFile::Fixed(models as usize),
            })
            .threads(self.threads.map_or(0, usize::from))
            .memory_limit(self.memory_limit)
            .holdout(self.holdout()?)
            .update(self.update.update())
            .cancel(context.cancel.clone())
            .command(std::env::args().collect()))
    }

    fn holdout(&self) -> Result<Option<Holdout>, CliError> {
        let Some(share) = self.holdout else {
            return self.time_holdout.holdout();
        };
        let drawn = Holdout::drawn(share, self.seed, self.holdout_by.clone());
        Ok(Some(drawn.map_err(Error::from)?))
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

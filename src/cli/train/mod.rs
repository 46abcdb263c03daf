//! `train`: from files to a store.

mod summary;
mod update;

use std::path::PathBuf;
use std::time::Instant;

use per_entity::source::Source;
use per_entity::table::Query;
use per_entity::train::{Conclusion, Refusal, TrainingSpec};
use serde_json::json;

use super::context::Context;
use super::dataset_arguments::ASSUMES_ADULT;
use super::error::{CliError, CliResult, Exit};
use super::memory_argument::hold;
use super::output::{command_line, note, report_ragged};
use super::stdout::{print, print_json};
use super::training_arguments::TrainingArguments;
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
    run: TrainingArguments,

    /// The store: a new or empty directory, also in a bucket (s3://, gs://, az://), or an earlier store
    #[arg(long, value_name = "DIRECTORY", required_unless_present = "explain")]
    output_dir: Option<PathBuf>,

    /// Print the query's optimized plan and stop
    #[arg(long)]
    explain: bool,

    #[command(flatten)]
    update: UpdateArguments,
}

impl Train {
    pub fn run(&self, context: &Context) -> CliResult {
        let started = Instant::now();
        let spec = self.spec()?;
        hold(spec.train.memory_limit)?;
        if self.run.dataset.columns.assumes_adult() {
            note(context, ASSUMES_ADULT);
        }
        let training = spec
            .training()?
            .cancel(context.cancel.clone())
            .command(command_line());
        let dataset = &spec.dataset;
        let mut summary = Summary::new(context);
        let source = Source::open(&self.run.dataset.input, self.run.dataset.format(), dataset)?;
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
        let mut spec = self.run.spec()?;
        self.update.override_in(&mut spec.train.update)?;
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

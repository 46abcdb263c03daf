//! `commit`: a generation of the outcomes of all parts.

use std::path::PathBuf;
use std::time::Instant;

use per_entity::source::{DatasetSpec, Source};
use per_entity::train::cluster::Commit as PartsCommit;
use serde_json::json;

use super::context::Context;
use super::dataset_arguments::FormatArgument;
use super::error::{CliResult, Exit};
use super::memory_argument::MemoryArgument;
use super::output::{bytes, command_line, grouped, reading, seconds};
use super::plan_argument::PlanArgument;
use super::stdout::{print, print_json};

/// Make a generation of the outcomes of all parts.
///
/// The store is the very one that `train` on all rows would have made. Outcomes that are there twice
/// count once; what is missing, cut, damaged, of another plan, or says two things of an entity is
/// refused, and then the store is as it was. Exit code 1 if some entities failed.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity commit --plan plan --input 'outcomes-*.arrow' --output-dir models
  per-entity commit --plan plan --input outcomes/ --format parquet --rows 50000000 --output-dir models")]
pub struct Commit {
    #[command(flatten)]
    plan: PlanArgument,

    /// The outcomes of workers: files or globs of Arrow IPC, streams too, or Parquet
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    input: Vec<String>,

    /// The files' format [default: by extension]
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,

    /// The store: a new or empty directory, also in a bucket (s3://, gs://, az://), or an earlier store
    #[arg(long, value_name = "DIRECTORY")]
    output_dir: PathBuf,

    /// How many parts there must be: it is an error if there are others
    #[arg(long)]
    parts: Option<u64>,

    /// How many rows all parts must have together, those left out included, as counted in another way
    #[arg(long)]
    rows: Option<u64>,

    /// How many entities there must be, those without a model included
    #[arg(long)]
    entities: Option<u64>,

    #[command(flatten)]
    memory: MemoryArgument,
}

impl Commit {
    pub fn run(&self, context: &Context) -> CliResult {
        let started = Instant::now();
        self.memory.hold()?;
        let commit = PartsCommit::new(self.plan.read()?)
            .parts(self.parts)
            .rows(self.rows)
            .entities(self.entities)
            .command(command_line())
            .cancel(context.cancel.clone());
        let reading = reading(context);
        let format = self.format.map(Into::into);
        let outcomes = Source::open(&self.input, format, &DatasetSpec::default())?;
        let report = commit.run_files(&outcomes, &self.output_dir)?;
        reading.finish_and_clear();
        let generation = &report.generation;
        let printed = if context.json {
            print_json(json!({
                "generation": generation,
                "committed": true,
                "durable": report.is_durable,
                "seconds": started.elapsed().as_secs_f64(),
            }))
        } else if !context.quiet {
            print(format!(
                "{} trained, {} skipped, {} failed in {}; {} of models in {}",
                grouped(generation.trained),
                grouped(generation.skipped),
                grouped(generation.failed),
                seconds(started.elapsed()),
                bytes(generation.model_bytes),
                generation.directory
            ))
        } else {
            Ok(())
        };
        let exit = match generation.failed > 0 || !report.is_durable {
            true => Exit::SomeFailed,
            false => Exit::Done,
        };
        Ok(exit.once_told(printed))
    }
}

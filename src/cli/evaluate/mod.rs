//! `evaluate`: how good every model is on rows that it may not have seen.

mod export;
mod text;

use std::path::PathBuf;

use per_entity::Store;
use per_entity::evaluate::Evaluator;
use per_entity::source::Source;

use super::context::Context;
use super::dataset_arguments::FormatArgument;
use super::error::{CliError, CliResult, Exit};
use super::limit_arguments::LimitArguments;
use super::output::{limit, reading};
use super::output_file::{refuse_read, write_whole};
use super::stdout::print;
use super::store_argument::StoreArgument;
use export::{Export, json};
use text::report_as_text;

/// Evaluate every entity's model, each on its own rows.
///
/// Rows are read as at training, its --where included.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity evaluate --models models --input adult.test
  per-entity evaluate --models models --input adult.test --group-by sex,race
  per-entity evaluate --models models --input adult.test --output metrics.parquet

Figures are scikit-learn's and Fairlearn's; one that the rows do not define is empty.")]
pub struct Evaluate {
    #[command(flatten)]
    store: StoreArgument,

    /// Files or globs, also in buckets (s3://, gs://, az://): CSV, TSV (gzip or zstd too), Parquet,
    /// Arrow IPC, NDJSON
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    input: Vec<String>,

    /// The files' format [default: by extension]
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,

    /// Keep the rows for which this Polars SQL predicate holds [default: as at training]
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,

    /// Write all figures to a file: .json, .csv or .parquet
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Compare the groups that the values of these columns make together
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    group_by: Vec<String>,

    /// The class that is worth having, for --group-by [default: the second of two]
    #[arg(long, value_name = "CLASS", requires = "group_by")]
    positive: Option<String>,

    /// List at most this many entities; 0 lists all
    #[arg(long, default_value_t = 20, value_name = "ENTITIES")]
    limit: usize,

    #[command(flatten)]
    limits: LimitArguments,
}

impl Evaluate {
    pub fn run(&self, context: &Context) -> CliResult {
        let export = self.output.as_deref().map(Export::of_path).transpose()?;
        let evaluator = self.evaluator(context)?;
        let format = self.format.map(Into::into);
        let reading = reading(context);
        let source = Source::open(&self.input, format, &evaluator.spec())?;
        if let Some(output) = &self.output {
            refuse_read(output, &self.store.path()?, source.paths())?;
        }
        let report = evaluator.run(source)?;
        reading.finish_and_clear();
        if let (Some(export), Some(path)) = (export, &self.output) {
            write_whole(path, &export.content(&report)?)?;
        }
        for (key, reason) in report.damaged() {
            log::error!("entity '{key}': {reason}");
        }
        if context.json {
            print(json(&report)?)?;
        } else if !context.quiet {
            print(report_as_text(&report, limit(self.limit)).trim_end())?;
        }
        if report.rows == 0 {
            log::warn!("no row has a model");
        }
        Ok(
            match report.damaged().next().is_some() || report.rows == 0 {
                true => Exit::SomeFailed,
                false => Exit::Done,
            },
        )
    }

    fn evaluator(&self, context: &Context) -> Result<Evaluator, CliError> {
        let budget = self.limits.memory.hold()?;
        let evaluator = Evaluator::new(Store::open(self.store.path()?)?)
            .group_by(self.group_by.clone())
            .positive(self.positive.clone())
            .limits((&self.limits).into())
            .memory(budget)
            .cancel(context.cancel.clone());
        Ok(match &self.predicate {
            Some(predicate) => evaluator.filter(predicate),
            None => evaluator,
        })
    }
}

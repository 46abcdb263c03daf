//! `plan`: what is settled once of a run in parts.

use std::path::PathBuf;

use per_entity::source::Source;
use per_entity::store::MANIFEST;
use per_entity::train::cluster::Planner;
use serde_json::json;

use super::context::Context;
use super::dataset_arguments::ASSUMES_ADULT;
use super::error::{CliError, CliResult, Exit};
use super::memory_argument::hold;
use super::output::{bytes, note, reading, report_ragged};
use super::output_file::{refuse_input, write_whole};
use super::stdout::{print, print_json};
use super::training_arguments::TrainingArguments;

/// Settle once what is global of a run in parts: types, classes, all settings, and what entities
/// share.
///
/// `worker` trains one part by the plan, `commit` makes a generation of all parts. The input is all
/// rows, or of typed files a sample of them.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity plan --input 'sales/*.parquet' --key store --target returned --output plan
  per-entity worker --plan plan --part 7 --input part-7.parquet > outcomes-7.arrow
  per-entity commit --plan plan --input 'outcomes-*.arrow' --output-dir models")]
pub struct Plan {
    #[command(flatten)]
    run: TrainingArguments,

    /// All classes, where the input is a sample of the rows
    #[arg(long, value_name = "CLASS", num_args = 1..)]
    classes: Vec<String>,

    /// The file to write the plan to
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
}

impl Plan {
    pub fn run(&self, context: &Context) -> CliResult {
        let spec = self.run.spec()?;
        if self.run.dataset.columns.assumes_adult() {
            note(context, ASSUMES_ADULT);
        }
        hold(spec.train.memory_limit)?;
        let reading = reading(context);
        let dataset = &self.run.dataset;
        let source = Source::open(&dataset.input, dataset.format(), &spec.dataset)?;
        refuse_input(&self.output, source.paths())?;
        if self.output.with_file_name(MANIFEST).exists() {
            let output = self.output.display();
            let problem = format!("--output {output}: lies in a store; name another file");
            return Err(CliError::Usage(problem));
        }
        report_ragged(&source, "--strict makes them an error");
        let classes = (!self.classes.is_empty()).then(|| self.classes.clone());
        let planner = Planner::new(spec).classes(classes);
        let plan = planner.cancel(context.cancel.clone()).plan(source)?;
        reading.finish_and_clear();
        let content = plan.to_bytes();
        write_whole(&self.output, &content)?;
        let output = self.output.display();
        if context.json {
            print_json(json!({
                "output": output.to_string(),
                "bytes": content.len(),
                "task": plan.task(),
                "classes": plan.classes(),
                "features": plan.features(),
            }))?;
        } else if !context.quiet {
            let (size, task) = (bytes(content.len() as u64), plan.task().noun());
            print(format!("{output}: {size}; the target is taken for {task}"))?;
        }
        Ok(Exit::Done)
    }
}

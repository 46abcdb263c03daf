//! `history`: the generations of a store.

use per_entity::metrics::Metric;
use per_entity::schema::Task;
use per_entity::store::{Generation, Manifest, Store};
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::figures::{figure, heading, training_metric};
use super::output::{bytes, grouped};
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;
use super::table::table;

/// List the generations of a store: when, from what, how, and what came of it.
#[derive(clap::Args)]
pub struct History {
    #[command(flatten)]
    store: StoreArgument,
}

impl History {
    pub fn run(&self, context: &Context) -> CliResult {
        let store = Store::open(self.store.path()?)?;
        let manifest = store.manifest();
        if context.json {
            print_json(json!(manifest))?;
        } else if !context.quiet {
            print(text(manifest))?;
        }
        Ok(Exit::Done)
    }
}

fn text(manifest: &Manifest) -> String {
    let tasks = [Task::Classification, Task::Regression];
    let is_there = |task: &Task| manifest.generations.iter().any(|g| g.run.task == *task);
    let tasks: Vec<Task> = tasks.into_iter().filter(is_there).collect();
    let headings: Vec<String> = tasks.iter().flat_map(|task| headings(*task)).collect();
    let mut header = vec!["generation", "created", "entities"];
    header.extend(["trained", "skipped", "failed"]);
    header.extend(headings.iter().map(String::as_str));
    header.push("models");
    let rows = manifest.generations.iter().map(|generation| {
        let mark = match generation.number == manifest.current {
            true => " (current)",
            false => "",
        };
        let mut row = vec![
            format!("{}{mark}", generation.number),
            generation.created.clone(),
            grouped(generation.entities),
            grouped(generation.trained),
            grouped(generation.skipped),
            grouped(generation.failed),
        ];
        row.extend(tasks.iter().flat_map(|task| figures(generation, *task)));
        row.push(bytes(generation.model_bytes));
        row
    });
    let mut text = table(&header, rows);
    text.push('\n');
    for generation in &manifest.generations {
        text += &format!(
            "\n{}: {}",
            generation.number,
            generation.run.command.join(" ")
        );
    }
    text
}

/// What the [`figures`] of a task are.
fn headings(task: Task) -> [String; 2] {
    [
        format!("training {}", heading(training_metric(task))),
        format!("holdout {}", heading(Metric::default_of(task))),
    ]
}

/// How good the models are on the rows that they were trained on, and on those held out; nothing
/// where they are of another task.
fn figures(generation: &Generation, task: Task) -> [String; 2] {
    let training = match task {
        Task::Classification => generation.training_accuracy,
        Task::Regression => generation.training_r2,
    };
    let holdout = generation.run.holdout.as_ref();
    let metric = Metric::default_of(task);
    let held_out = holdout.and_then(|holdout| metric.of(&holdout.overall.micro));
    [(training_metric(task), training), (metric, held_out)]
        .map(|(metric, value)| value.map_or(String::new(), |value| figure(metric, value)))
}

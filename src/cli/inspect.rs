//! `inspect`: what is in a store, and what a tree asks.

use clap::ValueEnum;
use per_entity::metrics::Metric;
use per_entity::schema::Task;
use per_entity::store::{EntityRecord, Generation, Store};
use serde_json::json;

use super::boosted_format::{BoostedView, members_text, shared_json};
use super::context::Context;
use super::error::{CliError, CliResult, Exit};
use super::figures::{figure, heading, training_figure, training_metric};
use super::importance::ImportanceView;
use super::memory_argument::MemoryArgument;
use super::output::{bytes, grouped, limit};
use super::sort_field::SortField;
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;
use super::table::table;
use super::tree_format::TreeView;

/// List the entities of a store, print one entity's tree, or tell how much features matter.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity inspect models
  per-entity inspect models --sort accuracy --limit 10
  per-entity inspect models --entity Bachelors
  per-entity inspect models --entity Bachelors --format dot | dot -Tsvg > tree.svg
  per-entity inspect models --importance")]
pub struct Inspect {
    #[command(flatten)]
    store: StoreArgument,

    #[command(flatten)]
    memory: MemoryArgument,

    /// Print the tree of this entity; the values of a composite key as one CSV record
    #[arg(long, value_name = "KEY")]
    entity: Option<String>,

    /// Tell how much each feature matters, to the models of all entities on average or to that of
    /// --entity: as `train --importance` noted it, else by impurity, from the models
    #[arg(long, conflicts_with_all = ["sort", "limit"])]
    importance: bool,

    /// How to print it
    #[arg(long, value_enum, default_value_t = TreeFormat::Text)]
    format: TreeFormat,

    /// List entities by this: the largest first, but of figures the worst; `accuracy` and the other
    /// metrics are those on the rows held out, or where none were, the accuracy or R² is that of training
    #[arg(long, value_name = "FIELD", value_parser = SortField::parser(), default_value = "key", conflicts_with = "entity")]
    sort: SortField,

    /// List at most this many entities; 0 lists all [default: 50, or all with --json]
    #[arg(long, value_name = "ENTITIES", conflicts_with = "entity")]
    limit: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TreeFormat {
    /// Indented rules
    Text,
    /// The nodes as a JSON array
    Json,
    /// Graphviz
    Dot,
}

/// Entities that a table lists unless more are asked for.
const LISTED: usize = 50;

impl Inspect {
    pub fn run(&self, context: &Context) -> CliResult {
        self.memory.hold()?;
        let store = Store::open(self.store.path()?)?;
        match &self.entity {
            Some(key) if self.importance => {
                self.print_importance(context, &ImportanceView::of_entity(&store, key)?)?;
            }
            None if self.importance => {
                self.print_importance(context, &ImportanceView::of_all(&store)?)?;
            }
            Some(key) => {
                let model = store.model(key)?;
                let features = &store.generation().run.features;
                match model.tree() {
                    Some(tree) => self.print_tree(
                        context,
                        &TreeView {
                            model: &model,
                            tree,
                            features,
                        },
                    )?,
                    None => self.print_boosted(
                        context,
                        &BoostedView {
                            model: &model,
                            features,
                        },
                    )?,
                }
            }
            None => self.list(context, &store)?,
        }
        Ok(Exit::Done)
    }

    fn print_importance(&self, context: &Context, view: &ImportanceView) -> Result<(), CliError> {
        match (context.json, context.quiet, self.format) {
            (true, ..) | (_, false, TreeFormat::Json) => Ok(print_json(view.json())?),
            (_, true, _) => Ok(()),
            (.., TreeFormat::Dot) => Err(CliError::Usage(
                "--importance makes no graph: say --format text or json".into(),
            )),
            (.., TreeFormat::Text) => Ok(print(view.text())?),
        }
    }

    fn print_tree(&self, context: &Context, view: &TreeView) -> std::io::Result<()> {
        match (context.json, context.quiet, self.format) {
            (true, ..) | (_, false, TreeFormat::Json) => print_json(view.json()),
            (_, true, _) => Ok(()),
            (.., TreeFormat::Dot) => print(view.dot().trim_end()),
            (.., TreeFormat::Text) => print(view.text().trim_end()),
        }
    }

    fn print_boosted(&self, context: &Context, view: &BoostedView) -> Result<(), CliError> {
        match (context.json, context.quiet, self.format) {
            (true, ..) | (_, false, TreeFormat::Json) => Ok(print_json(view.json())?),
            (.., TreeFormat::Dot) => Err(CliError::Usage(format!(
                "--format dot: the model of '{}' is no single tree; say --format text or json",
                view.model.key()
            ))),
            (_, true, _) => Ok(()),
            (.., TreeFormat::Text) => Ok(print(view.text().trim_end())?),
        }
    }

    fn list(&self, context: &Context, store: &Store) -> Result<(), CliError> {
        let mut records = store.records()?;
        let is_held_out = store.generation().run.holdout.is_some();
        self.check_sort(store.generation())?;
        self.sort.sort(&mut records, is_held_out);
        let is_json = self.format == TreeFormat::Json && !context.quiet;
        if context.json || is_json {
            let shown = records.iter().take(limit(self.limit.unwrap_or(0)));
            let task = store.generation().run.task;
            let entities: Vec<_> = shown.map(|record| record_as_json(record, task)).collect();
            let mut document = json!({ "generation": store.generation(), "entities": entities });
            if let Some(shared) = store.shared()? {
                document["shared"] = shared_json(&shared);
            }
            print_json(document)?;
        } else if !context.quiet {
            let mut text = self.text(store.generation(), &records);
            if let Some(shared) = store.shared()? {
                text += &format!(
                    "
shared by all entities: {}",
                    members_text(&shared)
                );
            }
            print(text)?;
        }
        Ok(())
    }

    fn check_sort(&self, generation: &Generation) -> Result<(), CliError> {
        let is_held_out = generation.run.holdout.is_some();
        let task = generation.run.task;
        let of_training = training_metric(task);
        match self.sort {
            SortField::Metric(metric) | SortField::Training(metric) if metric.task() != task => {
                let named = match is_held_out {
                    true => Metric::default_of(task),
                    false => of_training,
                };
                Err(CliError::Usage(format!(
                    "--sort {}: these models are of {task}, which has no such figure; say --sort {}",
                    self.sort.name(),
                    named.slug()
                )))
            }
            SortField::Metric(metric) if metric != of_training && !is_held_out => {
                Err(CliError::Usage(format!(
                    "--sort {}: no rows were held out when these models were trained, so only their training {} is known; say --sort {}, or train with --holdout",
                    metric.slug(),
                    of_training.name(),
                    of_training.slug()
                )))
            }
            _ => Ok(()),
        }
    }

    fn text(&self, generation: &Generation, records: &[EntityRecord]) -> String {
        let metrics = self.metrics(generation);
        let task = generation.run.task;
        let training = format!("training {}", heading(training_metric(task)));
        let holdout = metrics
            .iter()
            .map(|metric| format!("holdout {}", heading(*metric)));
        let holdout: Vec<String> = holdout.collect();
        let are_left_out = records.iter().any(|record| record.left_out > 0);
        let mut header = vec!["entity", "rows"];
        header.extend(are_left_out.then_some("left out"));
        header.extend((task == Task::Classification).then_some("classes"));
        header.extend(["nodes", "depth", &training]);
        header.extend(holdout.iter().map(String::as_str));
        header.extend(["bytes", "status"]);
        let limit = limit(self.limit.unwrap_or(LISTED));
        let rows = records.iter().take(limit);
        let mut text = table(
            &header,
            rows.map(|record| row(record, task, &metrics, are_left_out)),
        );
        if records.len() > limit {
            let more = grouped((records.len() - limit) as u64);
            text += &format!("\nand {more} more; --limit 0 lists all");
        }
        text += &format!(
            "\n\ngeneration {} of {}: {} entities, {} trained, {} skipped, {} failed{}; {} of models",
            generation.number,
            generation.created,
            grouped(generation.entities),
            grouped(generation.trained),
            grouped(generation.skipped),
            grouped(generation.failed),
            match generation.empty {
                0 => String::new(),
                empty => format!(", {} without rows", grouped(empty)),
            },
            bytes(generation.model_bytes),
        );
        text
    }

    /// The figures on the rows held out that are shown: the accuracy, or of a quantity the root
    /// mean squared error, and what is sorted by.
    fn metrics(&self, generation: &Generation) -> Vec<Metric> {
        let default = Metric::default_of(generation.run.task);
        let sorted_by = match self.sort {
            SortField::Metric(metric) if metric != default => Some(metric),
            _ => None,
        };
        let default = generation.run.holdout.as_ref().map(|_| default);
        default.into_iter().chain(sorted_by).collect()
    }
}

fn row(record: &EntityRecord, task: Task, metrics: &[Metric], are_left_out: bool) -> Vec<String> {
    let number =
        |number: Option<u32>| number.map_or(String::new(), |number| grouped(number.into()));
    let status = match &record.error {
        Some(error) => format!("{}: {error}", record.status.name()),
        None => record.status.name().to_owned(),
    };
    let summary = record.summary.as_ref();
    let mut row = vec![record.key.clone(), grouped(record.rows)];
    row.extend(are_left_out.then(|| grouped(record.left_out)));
    let classes = number(summary.map(|summary| summary.classes));
    row.extend((task == Task::Classification).then_some(classes));
    row.extend([
        number(summary.map(|summary| summary.nodes)),
        number(summary.map(|summary| summary.depth)),
        training_figure(summary).unwrap_or_default(),
    ]);
    let scores = metrics.iter().map(|metric| {
        let score = record.holdout_score(*metric);
        score.map_or(String::new(), |score| figure(*metric, score))
    });
    row.extend(scores);
    row.extend([grouped(record.model_bytes()), status]);
    row
}

fn record_as_json(record: &EntityRecord, task: Task) -> serde_json::Value {
    let summary = record.summary.as_ref();
    let mut fields = json!({
        "key": record.key,
        "status": record.status.name(),
        "error": record.error,
        "rows": record.rows,
        "left_out": record.left_out,
        "classes": summary.map(|summary| summary.classes),
        "nodes": summary.map(|summary| summary.nodes),
        "depth": summary.map(|summary| summary.depth),
        "training_accuracy": summary.and_then(|s| s.training_score_of(Task::Classification)),
        "holdout_rows": record.holdout.as_ref().map(|holdout| holdout.rows),
        "file": record.file(),
        "bytes": record.model_bytes(),
    });
    if task == Task::Regression {
        fields["training_r2"] = json!(summary.and_then(|s| s.training_score_of(task)));
    }
    for metric in Metric::all_of(task) {
        fields[metric.key()] = json!(record.holdout_score(metric));
    }
    fields
}

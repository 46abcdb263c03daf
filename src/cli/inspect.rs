//! `inspect`: what is in a store, and what a tree asks.

use clap::ValueEnum;
use per_entity::metrics::Metric;
use per_entity::store::{EntityRecord, Store};
use serde_json::json;

use super::context::Context;
use super::error::{CliError, CliResult, Exit};
use super::output::{bytes, grouped, limit, percent};
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;
use super::table::table;
use super::tree_format::{tree_as_dot, tree_as_json, tree_as_text};

/// List the entities of a store, or print one entity's tree.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity inspect models
  per-entity inspect models --entity Bachelors
  per-entity inspect models --entity Bachelors --format dot | dot -Tsvg > tree.svg")]
pub struct Inspect {
    #[command(flatten)]
    store: StoreArgument,

    /// Print the tree of this entity; the values of a composite key as one CSV record
    #[arg(long, value_name = "KEY")]
    entity: Option<String>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = TreeFormat::Text)]
    format: TreeFormat,

    /// List at most this many entities; 0 lists all
    #[arg(long, default_value_t = 50, value_name = "ENTITIES")]
    limit: usize,
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

impl Inspect {
    pub fn run(&self, context: &Context) -> CliResult {
        let store = Store::open(self.store.path()?)?;
        let json = context.json || self.format == TreeFormat::Json;
        match &self.entity {
            Some(key) => {
                let model = store.model(key)?;
                match (json, self.format) {
                    (true, _) => print_json(tree_as_json(&model))?,
                    (false, TreeFormat::Dot) => print(tree_as_dot(&model).trim_end())?,
                    (false, _) => print(tree_as_text(&model).trim_end())?,
                }
            }
            None => self.list(&store, json)?,
        }
        Ok(Exit::Done)
    }

    fn list(&self, store: &Store, json: bool) -> Result<(), CliError> {
        let records = store.records()?;
        if json {
            let entities: Vec<_> = records.iter().map(record_as_json).collect();
            print_json(json!({ "generation": store.generation(), "entities": entities }))?;
            return Ok(());
        }
        let limit = limit(self.limit);
        let header = [
            "entity",
            "rows",
            "classes",
            "nodes",
            "depth",
            "training accuracy",
            "bytes",
            "status",
        ];
        let mut text = table(&header, records.iter().take(limit).map(row));
        if records.len() > limit {
            let more = grouped((records.len() - limit) as u64);
            text += &format!("\nand {more} more; --limit 0 lists all");
        }
        let generation = store.generation();
        text += &format!(
            "\n\ngeneration {} of {}: {} entities, {} trained, {} skipped, {} failed; {} of models",
            generation.number,
            generation.created,
            grouped(generation.entities),
            grouped(generation.trained),
            grouped(generation.skipped),
            grouped(generation.failed),
            bytes(generation.model_bytes),
        );
        print(text)?;
        Ok(())
    }
}

fn row(record: &EntityRecord) -> Vec<String> {
    let number =
        |number: Option<u32>| number.map_or(String::new(), |number| grouped(number.into()));
    let status = match &record.error {
        Some(error) => format!("{}: {error}", record.status.name()),
        None => record.status.name().to_owned(),
    };
    let summary = record.summary.as_ref();
    vec![
        record.key.clone(),
        grouped(record.rows),
        number(summary.map(|summary| summary.classes)),
        number(summary.map(|summary| summary.nodes)),
        number(summary.map(|summary| summary.depth)),
        summary.map_or(String::new(), |summary| percent(summary.training_accuracy)),
        grouped(record.model_bytes()),
        status,
    ]
}

fn record_as_json(record: &EntityRecord) -> serde_json::Value {
    let summary = record.summary.as_ref();
    json!({
        "key": record.key,
        "status": record.status.name(),
        "error": record.error,
        "rows": record.rows,
        "classes": summary.map(|summary| summary.classes),
        "nodes": summary.map(|summary| summary.nodes),
        "depth": summary.map(|summary| summary.depth),
        "training_accuracy": summary.map(|summary| summary.training_accuracy),
        "holdout_rows": record.holdout.as_ref().map(|holdout| holdout.rows),
        "accuracy": record.holdout_score(Metric::Accuracy),
        "file": record.file(),
        "bytes": record.model_bytes(),
    })
}

//! `inspect`: what is in a store, and what a tree asks.

use std::fmt::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use per_entity::store::{EntityRecord, Store};
use per_entity::{Model, Test};
use serde_json::json;

use super::output::{bytes, grouped, percent, print, table};
use super::{CliError, CliResult, Context, Exit};

/// List the entities of a store, or print one entity's tree.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity inspect models
  per-entity inspect models --entity Bachelors
  per-entity inspect models --entity Bachelors --format dot | dot -Tsvg > tree.svg")]
pub struct Inspect {
    /// The store
    #[arg(value_name = "DIRECTORY")]
    models: PathBuf,

    /// Print the tree of this entity; the values of a composite key as one CSV record
    #[arg(long, value_name = "KEY")]
    entity: Option<String>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = TreeFormat::Text)]
    format: TreeFormat,

    /// List at most so many entities; 0 lists all
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
        let store = Store::open(&self.models)?;
        let json = context.json || self.format == TreeFormat::Json;
        match &self.entity {
            Some(key) => {
                let model = store.model(key)?;
                let text = match (json, self.format) {
                    (true, _) => tree_as_json(&model).to_string(),
                    (false, TreeFormat::Dot) => tree_as_dot(&model),
                    (false, _) => tree_as_text(&model),
                };
                print(text.trim_end())?;
            }
            None => self.list(&store, json)?,
        }
        Ok(Exit::Done)
    }

    fn list(&self, store: &Store, json: bool) -> Result<(), CliError> {
        let records = store.records()?;
        if json {
            let entities: Vec<_> = records.iter().map(record_as_json).collect();
            print(json!({ "generation": store.generation(), "entities": entities }))?;
            return Ok(());
        }
        let limit = match self.limit {
            0 => records.len(),
            limit => limit,
        };
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
        Some(error) => format!("{}: {error}", record.status),
        None => record.status.clone(),
    };
    vec![
        record.key.clone(),
        grouped(record.rows),
        number(record.classes),
        number(record.nodes),
        number(record.depth),
        record.training_accuracy.map_or(String::new(), percent),
        grouped(record.model_bytes()),
        status,
    ]
}

fn record_as_json(record: &EntityRecord) -> serde_json::Value {
    json!({
        "key": record.key,
        "status": record.status,
        "error": record.error,
        "rows": record.rows,
        "classes": record.classes,
        "nodes": record.nodes,
        "depth": record.depth,
        "training_accuracy": record.training_accuracy,
        "holdout_rows": record.holdout_rows,
        "accuracy": record.accuracy,
        "file": record.file(),
        "bytes": record.model_bytes(),
    })
}

/// One line a node: what its parent's answer was, what it asks, and its training weight by class.
fn tree_as_text(model: &Model) -> String {
    let counts = model.node_counts();
    let mut text = String::new();
    let mut stack = vec![(0, 0, "")];
    while let Some((node, depth, answer)) = stack.pop() {
        let weights: Vec<String> = model
            .classes()
            .iter()
            .zip(counts.row(node))
            .map(|(class, count)| format!("{class} {count}"))
            .collect();
        let question = match model.test(node) {
            Test::Leaf(_) => format!("=> {}", prediction(model, &counts, node)),
            test => {
                stack.push((model.right(node), depth + 1, "no: "));
                stack.push((model.left(node), depth + 1, "yes: "));
                test_as_text(&test)
            }
        };
        let indent = "  ".repeat(depth);
        writeln!(text, "{indent}{answer}{question}  ({})", weights.join(", "))
            .expect("writing to memory does not fail");
    }
    text
}

fn test_as_text(test: &Test) -> String {
    match test {
        Test::LessOrEqual { feature, threshold } => format!("{feature} <= {threshold}"),
        Test::Equal { feature, category } => format!("{feature} = {category}"),
        Test::Leaf(_) => String::new(),
    }
}

fn prediction<'a>(model: &'a Model, counts: &ndarray::Array2<f64>, node: usize) -> &'a str {
    let row = counts.row(node);
    let mut best = 0;
    for (class, count) in row.iter().enumerate() {
        if *count > row[best] {
            best = class;
        }
    }
    &model.classes()[best]
}

fn tree_as_json(model: &Model) -> serde_json::Value {
    let counts = model.node_counts();
    let nodes: Vec<_> = (0..model.node_count())
        .map(|node| {
            let weights = counts.row(node).to_vec();
            let children = (model.left(node), model.right(node));
            match model.test(node) {
                Test::LessOrEqual { feature, threshold } => json!({
                    "feature": feature, "operator": "<=", "value": threshold,
                    "left": children.0, "right": children.1, "counts": weights,
                }),
                Test::Equal { feature, category } => json!({
                    "feature": feature, "operator": "=", "value": category,
                    "left": children.0, "right": children.1, "counts": weights,
                }),
                Test::Leaf(_) => json!({
                    "prediction": prediction(model, &counts, node), "counts": weights,
                }),
            }
        })
        .collect();
    json!({ "key": model.key(), "classes": model.classes(), "nodes": nodes })
}

fn tree_as_dot(model: &Model) -> String {
    let counts = model.node_counts();
    let escape = |text: &str| {
        text.replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n")
    };
    let mut text = String::from("digraph tree {\n  node [shape=box, fontname=\"sans-serif\"];\n");
    for node in 0..model.node_count() {
        let weights: Vec<String> = counts.row(node).iter().map(f64::to_string).collect();
        let test = model.test(node);
        let label = match test {
            Test::Leaf(_) => prediction(model, &counts, node).to_owned(),
            _ => test_as_text(&test),
        };
        let label = escape(&label);
        let _ = writeln!(
            text,
            "  {node} [label=\"{label}\\n{}\"];",
            weights.join(" / ")
        );
        if !matches!(test, Test::Leaf(_)) {
            let _ = writeln!(text, "  {node} -> {} [label=\"yes\"];", model.left(node));
            let _ = writeln!(text, "  {node} -> {} [label=\"no\"];", model.right(node));
        }
    }
    text.push_str("}\n");
    text
}

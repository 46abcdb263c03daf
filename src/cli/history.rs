//! `history`: the generations of a store.

use per_entity::metrics::Metric;
use per_entity::store::{Manifest, Store};
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::output::{bytes, grouped, percent};
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
    let header = [
        "generation",
        "created",
        "entities",
        "trained",
        "skipped",
        "failed",
        "training accuracy",
        "holdout accuracy",
        "models",
    ];
    let rows = manifest.generations.iter().map(|generation| {
        let mark = match generation.number == manifest.current {
            true => " (current)",
            false => "",
        };
        let holdout = generation.run.holdout.as_ref();
        let holdout_accuracy =
            holdout.and_then(|holdout| Metric::Accuracy.of(&holdout.overall.micro));
        vec![
            format!("{}{mark}", generation.number),
            generation.created.clone(),
            grouped(generation.entities),
            grouped(generation.trained),
            grouped(generation.skipped),
            grouped(generation.failed),
            generation.training_accuracy.map_or(String::new(), percent),
            holdout_accuracy.map_or(String::new(), percent),
            bytes(generation.model_bytes),
        ]
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

//! What a user wants to know at the end of a run.

use std::time::Duration;

use per_entity::store::Generation;
use per_entity::train::{Outcome, Status};
use serde_json::json;

use super::update;
use crate::cli::Context;
use crate::cli::output::{bytes, grouped, percent, print, seconds, table};

/// Entities that the summary shows one by one.
const SHOWN: usize = 20;

/// Takes notes during the run, and prints them.
#[derive(Default)]
pub struct Summary {
    first: Vec<Vec<String>>,
    one_class: u64,
    /// Models that were taken over and not trained again.
    pub carried: u64,
    pub failures: Vec<(String, String)>,
    entities: u64,
}

impl Summary {
    pub fn note(&mut self, outcome: &Outcome) {
        self.entities += 1;
        match &outcome.status {
            Status::Trained(trained) if trained.classes == 1 => self.one_class += 1,
            Status::Failed(error) if self.failures.len() < SHOWN => {
                self.failures.push((outcome.key.clone(), error.clone()));
            }
            _ => {}
        }
        if self.first.len() < SHOWN {
            self.first.push(row(outcome));
        }
    }

    pub fn print(
        &self,
        context: &Context,
        generation: &Generation,
        elapsed: Duration,
    ) -> std::io::Result<()> {
        for (key, error) in &self.failures {
            log::error!("entity '{key}': {error}");
        }
        if context.json {
            return print(json!({
                "generation": generation,
                "one_class": self.one_class,
                "carried": self.carried,
                "seconds": elapsed.as_secs_f64(),
            }));
        }
        if context.quiet {
            return Ok(());
        }
        print(self.text(generation, elapsed))
    }

    fn text(&self, generation: &Generation, elapsed: Duration) -> String {
        let mut text = format!("{} rows read\n", grouped(generation.run.rows_read));
        for (reason, rows) in generation.run.left_out.reasons() {
            if rows > 0 {
                text += &format!("{} left out: {reason}\n", grouped(rows));
            }
        }
        let mut header = vec!["entity", "rows", "classes", "nodes", "depth"];
        header.push("training accuracy");
        let mut rows = self.first.clone();
        if generation.run.holdout.is_some() {
            header.push("holdout accuracy");
        } else {
            for row in &mut rows {
                row.remove(HOLDOUT_COLUMN);
            }
        }
        header.push("status");
        text += &format!("\n{}\n", table(&header, rows));
        if self.entities > SHOWN as u64 {
            let more = grouped(self.entities - SHOWN as u64);
            text += &format!("and {more} more; `per-entity inspect` lists them\n");
        }
        let mut one_class = String::new();
        if self.one_class > 0 {
            one_class = format!(" ({} with one class only)", grouped(self.one_class));
        }
        if self.carried > 0 {
            let carried = grouped(self.carried);
            text += &format!("\n{carried} unchanged models were taken over\n");
        }
        text += &format!(
            "\n{} trained{one_class}, {} skipped, {} failed in {}; {} of models in {}",
            grouped(generation.trained),
            grouped(generation.skipped),
            grouped(generation.failed),
            seconds(elapsed),
            bytes(generation.model_bytes),
            generation.directory,
        );
        if let Some(contest) = &generation.run.contest {
            text += &format!("\n{}", update::describe(contest));
        }
        if let Some(holdout) = &generation.run.holdout {
            let accuracy = holdout.overall.micro.accuracy;
            text += &format!(
                "\n{} rows held out, accuracy on them {}",
                grouped(holdout.rows),
                accuracy.map_or("undefined".into(), percent)
            );
        }
        text
    }
}

/// Where [`row`] has the accuracy on the rows held out.
const HOLDOUT_COLUMN: usize = 6;

fn row(outcome: &Outcome) -> Vec<String> {
    let mut row = vec![outcome.key.clone(), grouped(outcome.rows as u64)];
    row.extend(match &outcome.status {
        Status::Trained(trained) => [
            grouped(trained.classes as u64),
            grouped(trained.nodes as u64),
            grouped(trained.depth as u64),
            percent(trained.training_accuracy),
            trained
                .held_out
                .as_ref()
                .and_then(|held_out| held_out.metrics.accuracy)
                .map_or(String::new(), percent),
        ],
        _ => Default::default(),
    });
    row.push(outcome.status.name().to_owned());
    row
}

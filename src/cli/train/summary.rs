//! What a user wants to know at the end of a run.

use std::time::Duration;

use indicatif::ProgressBar;
use per_entity::metrics::Metric;
use per_entity::schema::{LeftOut, Task, TaskReason};
use per_entity::store::{EntityRecord, EntityStatus, Generation};
use per_entity::table::Query;
use per_entity::train::{Observer, TrainingReport, Unchanged};
use serde_json::json;

use super::update;
use crate::cli::columns;
use crate::cli::context::Context;
use crate::cli::decision_arguments;
use crate::cli::figures::{figure, heading, training_figure, training_metric};
use crate::cli::output::{begin_counting, bytes, grouped, reading, seconds};
use crate::cli::stdout::{print, print_json};
use crate::cli::table::table;

/// Entities that the summary shows one by one.
const SHOWN: usize = 20;

/// Entities without rows that are named.
const NAMED: usize = 5;

/// Takes notes during the run, and prints them.
pub struct Summary {
    bar: ProgressBar,
    first: Vec<Vec<String>>,
    one_class: u64,
    failures: Vec<(String, String)>,
    /// The first entities that lost all their rows.
    empty: Vec<String>,
    /// The first entities that lost most of their rows.
    depleted: Vec<String>,
    /// Entities whose earlier model stays because there is no new one.
    unopposed: Vec<(String, String)>,
    failed_parents: Vec<(String, String)>,
    entities: u64,
    columns: String,
    task: Task,
}

impl Observer for Summary {
    fn columns_taken(&mut self, query: &Query) {
        columns::warn(query);
        self.columns = columns::describe(query);
    }

    fn task_taken(&mut self, target: &str, task: Task, reason: &TaskReason) {
        let target = columns::describe_target(target, task, reason);
        self.columns += &format!("; {target}");
        self.task = task;
    }

    fn nearly_unique(&mut self, column: &str, distinct: u64, rows: u64) {
        columns::warn_of_unique(column, distinct, rows);
    }

    fn rows_loaded(&mut self, _: u64, entities: u64) {
        begin_counting(&self.bar, entities, "entities");
    }

    fn entity_finished(&mut self, entity: &EntityRecord) {
        self.bar.inc(1);
        self.entities += 1;
        if entity.summary.is_some_and(|summary| summary.classes == 1) {
            self.one_class += 1;
        }
        if entity.left_out > entity.rows && entity.rows > 0 && self.depleted.len() < NAMED {
            let (left_out, rows) = (entity.left_out, entity.left_out + entity.rows);
            let rows = format!(
                "{} ({} of {})",
                entity.key,
                grouped(left_out),
                grouped(rows)
            );
            self.depleted.push(rows);
        }
        if let Some(error) = &entity.error {
            let failure = (entity.key.clone(), error.clone());
            match entity.status {
                EntityStatus::Trained => self.unopposed.push(failure),
                EntityStatus::Empty if self.empty.len() < NAMED => self.empty.push(failure.0),
                EntityStatus::Empty => {}
                _ if self.failures.len() < SHOWN => self.failures.push(failure),
                _ => {}
            }
        }
        if self.first.len() < SHOWN {
            self.first.push(row(entity, self.task));
        }
    }

    fn parent_finished(&mut self, parent: &EntityRecord) {
        if let Some(error) = &parent.error {
            let failure = (parent.key.clone(), error.clone());
            self.failed_parents.push(failure);
        }
    }

    fn entities_finished(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Drop for Summary {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Summary {
    pub fn new(context: &Context) -> Self {
        Self {
            bar: reading(context),
            first: Vec::new(),
            one_class: 0,
            failures: Vec::new(),
            empty: Vec::new(),
            depleted: Vec::new(),
            unopposed: Vec::new(),
            failed_parents: Vec::new(),
            entities: 0,
            columns: String::new(),
            task: Task::default(),
        }
    }

    pub fn has_failures(&self) -> bool {
        !(self.failures.is_empty() && self.unopposed.is_empty() && self.failed_parents.is_empty())
    }

    pub fn print(
        &self,
        context: &Context,
        report: &TrainingReport,
        elapsed: Duration,
    ) -> std::io::Result<()> {
        self.report_failures();
        self.warn_of_empty(report.generation.empty);
        if context.json {
            return print_json(json!({
                "committed": true,
                "generation": report.generation,
                "durable": report.is_durable,
                "one_class": self.one_class,
                "carried": report.carried,
                "seconds": elapsed.as_secs_f64(),
            }));
        }
        match context.quiet {
            true => Ok(()),
            false => print(self.text(report, elapsed)),
        }
    }

    /// The store stays as it is, for it would have been the same again.
    pub fn print_unchanged(
        &self,
        context: &Context,
        same: &Unchanged,
        elapsed: Duration,
    ) -> std::io::Result<()> {
        self.report_failures();
        if context.json {
            return print_json(json!({
                "committed": false,
                "unchanged": true,
                "generation": same.generation,
                "rows_read": same.rows_read,
                "left_out": same.left_out,
                "carried": same.carried,
                "seconds": elapsed.as_secs_f64(),
            }));
        }
        if context.quiet {
            return Ok(());
        }
        print(format!(
            "{}\nnothing changed: all {} entities are as in {}, and nothing was committed in {} (--commit-unchanged commits it all the same)",
            rows_text(same.rows_read, &same.left_out),
            grouped(same.generation.entities),
            same.generation.directory,
            seconds(elapsed),
        ))
    }

    fn report_failures(&self) {
        for (key, error) in self.failures.iter().chain(&self.unopposed) {
            log::error!("entity '{key}': {error}");
        }
        for (key, error) in &self.failed_parents {
            log::error!("parent '{key}': {error}");
        }
    }

    fn text(&self, report: &TrainingReport, elapsed: Duration) -> String {
        let generation = &report.generation;
        let mut text = rows_text(generation.run.rows_read, &generation.run.left_out);
        text += &format!("{}\n", self.columns);
        text += &self.entities_text(generation);
        if report.carried > 0 {
            let carried = grouped(report.carried);
            text += &format!("\n{carried} unchanged models were taken over\n");
        }
        text + &self.totals_text(generation, elapsed)
    }

    /// Names the first entities that lost all their rows.
    fn warn_of_empty(&self, entities: u64) {
        if !self.depleted.is_empty() {
            let first = self.depleted.join(", ");
            log::warn!(
                "most rows of some entities were left out: {first}{}",
                match self.depleted.len() {
                    NAMED => ", …",
                    _ => "",
                }
            );
        }
        if entities > 0 {
            log::warn!(
                "{} no model, for all of their rows were left out: {}{}",
                match entities {
                    1 => "1 entity has".to_owned(),
                    _ => format!("{} entities have", grouped(entities)),
                },
                self.empty.join(", "),
                if entities > self.empty.len() as u64 {
                    ", …"
                } else {
                    ""
                }
            );
        }
    }

    fn entities_text(&self, generation: &Generation) -> String {
        let training = format!("training {}", heading(training_metric(self.task)));
        let holdout = format!("holdout {}", heading(Metric::default_of(self.task)));
        let mut header = vec!["entity", "rows"];
        header.extend((self.task == Task::Classification).then_some("classes"));
        header.extend(["nodes", "depth", &training, &holdout, "status"]);
        let mut rows = self.first.clone();
        if generation.run.holdout.is_none() {
            let position = header.len() - 2;
            header.remove(position);
            for row in &mut rows {
                row.remove(position);
            }
        }
        let mut text = format!("\n{}\n", table(&header, rows));
        if self.entities > SHOWN as u64 {
            let more = grouped(self.entities - SHOWN as u64);
            text += &format!("and {more} more; `per-entity inspect` lists them\n");
        }
        text
    }

    fn totals_text(&self, generation: &Generation, elapsed: Duration) -> String {
        let mut one_class = String::new();
        if self.one_class > 0 {
            one_class = format!(" ({} with one class only)", grouped(self.one_class));
        }
        let mut text = format!(
            "\n{} trained{one_class}, {} skipped, {} failed{} in {}; {} of models in {}",
            grouped(generation.trained),
            grouped(generation.skipped),
            grouped(generation.failed),
            match generation.empty {
                0 => String::new(),
                empty => format!(", {} without rows", grouped(empty)),
            },
            seconds(elapsed),
            bytes(generation.model_bytes),
            generation.directory,
        );
        if let Some(parents) = &generation.parents {
            text += &format!(
                "\nparents: {} trained, {} skipped, {} failed; {} of models",
                grouped(parents.trained),
                grouped(parents.skipped),
                grouped(parents.failed),
                bytes(parents.model_bytes),
            );
        }
        if let Some(decision) = &generation.run.decision {
            text += &format!("\n{}", decision_arguments::describe(decision));
        }
        if let Some(contest) = &generation.run.contest {
            text += &format!("\n{}", update::describe(contest));
        }
        if let Some(holdout) = &generation.run.holdout {
            let metric = Metric::default_of(self.task);
            let value = metric.of(&holdout.overall.micro);
            text += &format!(
                "\n{} rows held out ({}), {} on them {}",
                grouped(holdout.rows),
                holdout.drawn,
                metric.name(),
                value.map_or("undefined".into(), |value| figure(metric, value))
            );
        }
        text
    }
}

/// How many rows were read, and which were left out.
fn rows_text(rows_read: u64, left_out: &LeftOut) -> String {
    let mut text = format!("{} rows read\n", grouped(rows_read));
    for (reason, rows) in left_out.reasons() {
        if rows > 0 {
            text += &format!("{} left out: {reason}\n", grouped(rows));
        }
    }
    text + &columns::left_out(left_out)
}

/// The number of classes, where there are some, and behind it the figure on the rows held out as
/// the last but one.
fn row(entity: &EntityRecord, task: Task) -> Vec<String> {
    let summary = entity.summary.as_ref();
    let number = |number: Option<u32>| number.map_or(String::new(), |n| grouped(n.into()));
    let metric = Metric::default_of(task);
    let held_out = entity.holdout_score(metric);
    let mut row = vec![entity.key.clone(), grouped(entity.rows)];
    let classes = number(summary.map(|summary| summary.classes));
    row.extend((task == Task::Classification).then_some(classes));
    row.extend([
        number(summary.map(|summary| summary.nodes)),
        number(summary.map(|summary| summary.depth)),
        training_figure(summary).unwrap_or_default(),
        held_out.map_or(String::new(), |value| figure(metric, value)),
    ]);
    row.push(entity.status.name().to_owned());
    row
}

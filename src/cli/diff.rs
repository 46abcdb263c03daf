//! `diff`: what sets one generation apart from another.

use per_entity::metrics::{Metric, Metrics};
use per_entity::schema::Task;
use per_entity::store::{Change, Difference, EntityRecord, Generation, Store, difference};
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::figures::{figure, heading, training_figure, training_metric};
use super::output::{grouped, limit};
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;
use super::table::table;

/// Compare two generations of a store: entities added, dropped and changed.
#[derive(clap::Args)]
pub struct Diff {
    #[command(flatten)]
    store: StoreArgument,

    /// The number of the first generation
    before: Option<String>,

    /// The number of the second generation
    after: Option<String>,

    /// List at most this many entities; 0 lists all
    #[arg(long, default_value_t = 50, value_name = "ENTITIES")]
    limit: usize,
}

impl Diff {
    pub fn run(&self, context: &Context) -> CliResult {
        let numbers = [&self.before, &self.after];
        let (path, [before, after]) = self.store.path_and_generations(numbers)?;
        let before = Store::open_generation(&path, before)?;
        let after = Store::open_generation(&path, after)?;
        let difference = difference(&before, &after)?;
        let generations = [before.generation(), after.generation()];
        if context.json {
            print_json(as_json(&difference, generations))?;
        } else if !context.quiet {
            print(self.text(&difference, generations))?;
        }
        Ok(Exit::Done)
    }

    fn text(&self, difference: &Difference, generations: [&Generation; 2]) -> String {
        let task = generations[1].run.task;
        let mut text = self.entities_text(difference, task);
        text += &format!(
            "{} added, {} dropped, {} changed, {} unchanged",
            grouped(difference.added.len() as u64),
            grouped(difference.dropped.len() as u64),
            grouped(difference.changed.len() as u64),
            grouped(difference.unchanged),
        );
        if difference.shared_changed {
            text += "\nwhat the models share is another, so all of them predict otherwise";
        }
        let training = format!("training {}", training_metric(task).name());
        text += &overall_text(&training, generations.map(|g| training_score(g, task)));
        for metric in OVERALL.into_iter().filter(|metric| metric.task() == task) {
            let scores = generations.map(|generation| metric.of(held_out(generation)?));
            text += &overall_text(&format!("holdout {}", metric.name()), scores);
        }
        text
    }

    fn entities_text(&self, difference: &Difference, task: Task) -> String {
        let row = |before, after| row(before, after, task);
        let added = difference.added.iter();
        let added = added.map(|record| row(None, Some(record)));
        let dropped = difference.dropped.iter();
        let dropped = dropped.map(|record| row(Some(record), None));
        let changed = difference.changed.iter();
        let changed = changed.map(|change| row(Some(&change.before), Some(&change.after)));
        let rows = added.chain(dropped).chain(changed);
        let rows: Vec<_> = rows.take(limit(self.limit)).collect();
        if rows.is_empty() {
            return String::new();
        }
        let training = format!("training {}", heading(training_metric(task)));
        let holdout = format!("holdout {}", heading(Metric::default_of(task)));
        let header = ["entity", "change", "rows", &training, &holdout, "status"];
        format!("{}\n\n", table(&header, rows))
    }
}

/// A line, where both generations have the figure.
fn overall_text(name: &str, scores: [Option<f64>; 2]) -> String {
    match scores {
        [Some(before), Some(after)] => {
            let change = after - before;
            format!("\n{name} {before:.4} -> {after:.4} ({change:+.4})")
        }
        _ => String::new(),
    }
}

fn as_json(difference: &Difference, generations: [&Generation; 2]) -> serde_json::Value {
    let keys = |records: &[EntityRecord]| -> Vec<String> {
        records.iter().map(|record| record.key.clone()).collect()
    };
    let changed: Vec<_> = difference.changed.iter().map(change_as_json).collect();
    let [before, after] = generations.map(overall_as_json);
    json!({
        "added": keys(&difference.added),
        "dropped": keys(&difference.dropped),
        "changed": changed,
        "unchanged": difference.unchanged,
        "shared_changed": difference.shared_changed,
        "overall": { "before": before, "after": after },
    })
}

/// The figures whose change is shown: those on the rows held out, where both generations have them.
const OVERALL: [Metric; 8] = [
    Metric::Accuracy,
    Metric::F1,
    Metric::RocAuc,
    Metric::LogLoss,
    Metric::BrierScore,
    Metric::MeanAbsoluteError,
    Metric::RootMeanSquaredError,
    Metric::R2,
];

fn held_out(generation: &Generation) -> Option<&Metrics> {
    let holdout = generation.run.holdout.as_ref()?;
    Some(&holdout.overall.micro)
}

/// How good the models are on the rows that they were trained on; nothing where they are of another
/// task.
fn training_score(generation: &Generation, task: Task) -> Option<f64> {
    match task {
        Task::Classification => generation.training_accuracy,
        Task::Regression => generation.training_r2,
    }
}

fn overall_as_json(generation: &Generation) -> serde_json::Value {
    let mut json = json!({
        "training_accuracy": generation.training_accuracy,
        "holdout": held_out(generation),
    });
    if generation.run.task == Task::Regression {
        json["training_r2"] = json!(generation.training_r2);
    }
    json
}

fn row(before: Option<&EntityRecord>, after: Option<&EntityRecord>, task: Task) -> Vec<String> {
    let kind = match (before, after) {
        (None, _) => "added",
        (_, None) => "dropped",
        _ => "changed",
    };
    let both = |text: &dyn Fn(&EntityRecord) -> String| {
        let sides = [before.map(text), after.map(text)];
        let mut sides: Vec<String> = sides.into_iter().flatten().collect();
        sides.dedup();
        sides.join(" -> ")
    };
    let record = after.or(before);
    vec![
        record.map_or(String::new(), |record| record.key.clone()),
        kind.into(),
        both(&|record| grouped(record.rows)),
        both(&|record| {
            let of_task = record.summary.filter(|summary| summary.task() == task);
            training_figure(of_task.as_ref()).unwrap_or_default()
        }),
        both(&|record| {
            let metric = Metric::default_of(task);
            let score = record.holdout_score(metric);
            score.map_or(String::new(), |score| figure(metric, score))
        }),
        both(&|record| record.status.name().to_owned()),
    ]
}

fn change_as_json(Change { before, after }: &Change) -> serde_json::Value {
    let side = |record: &EntityRecord| {
        let summary = record.summary;
        let training_score = |task| summary.and_then(|s| s.training_score_of(task));
        let mut json = json!({
            "rows": record.rows,
            "nodes": summary.map(|summary| summary.nodes),
            "training_accuracy": training_score(Task::Classification),
            "accuracy": record.holdout_score(Metric::Accuracy),
            "status": record.status.name(),
        });
        if let Some(r2) = training_score(Task::Regression) {
            let error = Metric::RootMeanSquaredError;
            json["training_r2"] = r2.into();
            json[error.key()] = record.holdout_score(error).into();
        }
        json
    };
    json!({ "key": before.key, "before": side(before), "after": side(after) })
}

//! The arguments that say what an update takes from the generation before, and how it went.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use per_entity::metrics::Metric;
use per_entity::store::ContestRun;
use per_entity::train::{Update, Vanished};

use crate::cli::output::grouped;

#[derive(clap::Args)]
#[command(next_help_heading = "Update")]
pub struct UpdateArguments {
    /// Train only entities that are new or changed since the store's current generation
    #[arg(long)]
    update: bool,

    /// Let the store take another dataset than it was trained on: another key, target, features,
    /// weight, filter, or reading of texts
    #[arg(long, requires = "update")]
    other_dataset: bool,

    /// Commit a generation even if nothing changed
    #[arg(long, requires = "update")]
    commit_unchanged: bool,

    /// What becomes of entities of the current generation that are not in the input
    #[arg(long, value_enum, default_value_t = VanishedArgument::Drop, requires = "update")]
    vanished: VanishedArgument,

    /// A new model replaces the current one only if this metric of it, on the rows held out, is
    /// not worse
    #[arg(long, value_parser = metrics(), value_name = "METRIC", requires = "update")]
    keep_better: Option<Metric>,

    /// By how much a new model may be worse, in the metric's units
    #[arg(long, default_value_t = 0.0, requires = "keep_better")]
    tolerance: f64,

    /// Commit nothing if the metric (without --keep-better, the accuracy, or of a quantity the root
    /// mean squared error) of all rows held out becomes worse by more than this
    #[arg(long, value_name = "DROP", requires = "update")]
    max_regression: Option<f64>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum VanishedArgument {
    /// They stay as they are
    Keep,
    /// The new generation does not have them
    Drop,
}

fn metrics() -> impl TypedValueParser<Value = Metric> {
    PossibleValuesParser::new(Metric::ALL.map(Metric::slug)).map(|text| {
        let same = |metric: &Metric| metric.slug() == text;
        Metric::ALL.into_iter().find(same).unwrap_or_default()
    })
}

impl UpdateArguments {
    /// What is updated, where that is asked for.
    pub fn update(&self) -> Option<Update> {
        if !self.update {
            return None;
        }
        let vanished = match self.vanished {
            VanishedArgument::Keep => Vanished::Keep,
            VanishedArgument::Drop => Vanished::Drop,
        };
        let mut update = Update::new()
            .other_dataset(self.other_dataset)
            .commit_unchanged(self.commit_unchanged)
            .vanished(vanished);
        if let Some(metric) = self.keep_better {
            update = update.keep_better(metric, self.tolerance);
        }
        if let Some(max_regression) = self.max_regression {
            update = update.max_regression(max_regression);
        }
        Some(update)
    }
}

/// How the contest ended, in a sentence.
pub fn describe(contest: &ContestRun) -> String {
    let mut text = format!(
        "{} new models replaced earlier ones, {} earlier ones stayed, {} are the same",
        grouped(contest.challengers),
        grouped(contest.champions),
        grouped(contest.unchanged),
    );
    if let (Some(before), Some(after)) = (contest.before, contest.after) {
        let metric = contest.metric.name();
        text += &format!("; {metric} on the rows held out {before:.4} -> {after:.4}");
    }
    text
}

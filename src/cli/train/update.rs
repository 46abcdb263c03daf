//! The arguments that say what an update takes from the generation before, and how it went.

use clap::ValueEnum;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use per_entity::metrics::Metric;
use per_entity::store::ContestRun;
use per_entity::train::{Update, Vanished};

use crate::cli::error::CliError;
use crate::cli::output::grouped;

#[derive(clap::Args)]
#[command(next_help_heading = "Update")]
pub struct UpdateArguments {
    /// Train only entities that are new or changed since the store's current generation
    #[arg(long)]
    update: bool,

    /// Let the store take another dataset than it was trained on: another key, target, features,
    /// weight, filter, or reading of texts
    #[arg(long)]
    other_dataset: bool,

    /// Train anew what the models share (--trainer shared), instead of keeping it; an update with
    /// another trainer, or other parameters, needs it
    #[arg(long)]
    refit_shared: bool,

    /// Commit a generation even if nothing changed
    #[arg(long)]
    commit_unchanged: bool,

    /// What becomes of entities of the current generation that are not in the input [default: drop]
    #[arg(long, value_enum)]
    vanished: Option<VanishedArgument>,

    /// A new model replaces the current one only if this metric of it, on the rows held out, is
    /// not worse
    #[arg(long, value_parser = metrics(), value_name = "METRIC")]
    keep_better: Option<Metric>,

    /// By how much a new model may be worse, in the metric's units [default: 0]
    #[arg(long)]
    tolerance: Option<f64>,

    /// Commit nothing if the metric (without --keep-better, the accuracy, or of a quantity the root
    /// mean squared error) of all rows held out becomes worse by more than this
    #[arg(long, value_name = "DROP")]
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
    /// Sets what is given.
    ///
    /// # Errors
    ///
    /// Where something is said of an update that is not asked for.
    pub fn override_in(&self, update: &mut Option<Update>) -> Result<(), CliError> {
        if update.is_none() && !self.update {
            return match self.first_given() {
                None => Ok(()),
                Some(flag) => Err(CliError::Usage(format!(
                    "{flag} without --update: say --update, too"
                ))),
            };
        }
        let mut overridden = update.take().unwrap_or_default();
        if self.other_dataset {
            overridden = overridden.other_dataset(true);
        }
        if self.refit_shared {
            overridden = overridden.refit_shared(true);
        }
        if self.commit_unchanged {
            overridden = overridden.commit_unchanged(true);
        }
        if let Some(vanished) = self.vanished {
            overridden = overridden.vanished(match vanished {
                VanishedArgument::Keep => Vanished::Keep,
                VanishedArgument::Drop => Vanished::Drop,
            });
        }
        if let Some(metric) = self.keep_better {
            overridden = overridden.keep_better_by(metric);
        }
        if let Some(tolerance) = self.tolerance {
            overridden = overridden.tolerance(tolerance);
        }
        if let Some(max_regression) = self.max_regression {
            overridden = overridden.max_regression(max_regression);
        }
        *update = Some(overridden);
        Ok(())
    }

    /// The first flag that is given besides that of the update itself.
    fn first_given(&self) -> Option<&'static str> {
        let flags = [
            ("--other-dataset", self.other_dataset),
            ("--refit-shared", self.refit_shared),
            ("--commit-unchanged", self.commit_unchanged),
            ("--vanished", self.vanished.is_some()),
            ("--keep-better", self.keep_better.is_some()),
            ("--tolerance", self.tolerance.is_some()),
            ("--max-regression", self.max_regression.is_some()),
        ];
        let given = flags.into_iter().find(|(_, is_given)| *is_given);
        given.map(|(flag, _)| flag)
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

//! The arguments that say from which probability on a class is predicted, and how that went.

use per_entity::store::DecisionRun;
use per_entity::train::{Threshold, TrainingSettings};

use super::output::grouped;

#[derive(clap::Args)]
pub struct DecisionArguments {
    /// Predict the positive class from this probability on, or from the one on that is the best
    /// for each entity on its rows held out, by `f1` or `balanced-accuracy` [default: the most
    /// probable class]
    #[arg(long, value_name = "THRESHOLD")]
    threshold: Option<Threshold>,

    /// The class that --threshold is of [default: the second of two]
    #[arg(long, value_name = "CLASS")]
    positive: Option<String>,
}

impl DecisionArguments {
    /// Sets what is given.
    pub fn override_in(&self, settings: &mut TrainingSettings) {
        settings.threshold = self.threshold.or(settings.threshold);
        if self.positive.is_some() {
            settings.positive.clone_from(&self.positive);
        }
    }
}

/// How many models decide in which way.
pub fn describe(decision: &DecisionRun) -> String {
    let mut text = format!(
        "{} models predict '{}' from their threshold on",
        grouped(decision.as_asked),
        decision.positive
    );
    if decision.by_default > 0 {
        text += &format!(
            ", {} from 0.5 on, for of their rows held out all or none are '{}'",
            grouped(decision.by_default),
            decision.positive
        );
    }
    if decision.without_positive > 0 {
        text += &format!(
            ", {} never saw it in training",
            grouped(decision.without_positive)
        );
    }
    text
}

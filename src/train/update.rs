//! What an update takes from the generation before.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::{DatasetDifference, SpecError};
use crate::metrics::Metric;
use crate::schema::{Holdout, Task};
use crate::store::{Generation, SharedFile};

/// What a run takes from the store's current generation: models of entities whose data and settings
/// are the same are taken over without training.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`vanished`](Self::vanished) | [`Vanished::Drop`] | what becomes of entities that the input lacks | |
/// | [`keep_better`](Self::keep_better) | none | a new model replaces the current one only if this metric of it, on the rows held out, is worse by no more than the tolerance | tolerance: 0 or more |
/// | [`max_regression`](Self::max_regression) | none | nothing is committed if the metric (without `keep_better`, the accuracy, or of a quantity the root mean squared error) of all rows held out becomes worse by more than this | 0 or more |
/// | [`other_dataset`](Self::other_dataset) | false | whether the dataset may be another than the one that the store was trained on | |
/// | [`refit_shared`](Self::refit_shared) | false | whether what models share is trained anew, instead of kept as it is | |
/// | [`commit_unchanged`](Self::commit_unchanged) | false | whether a generation that is the same as the current one is committed all the same | |
///
/// What the models of a store share (see [`SharedTrainer`](super::SharedTrainer)) is kept with the
/// same bytes: entities that are new or changed get a share of it, fitted as at the first training.
/// An update with another trainer, other parameters or classes, or with rows held out that it may
/// have been trained on, is refused. Where it is trained anew, all entities are, vanished ones cannot
/// be kept, nor shares that are better, for they are shares of what is no more; the largest
/// regression still compares all of them with the new ones, each by what it is a share of.
///
/// As a table of a specification, its names are written in kebab-case, and `tolerance` is one of
/// them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Update {
    vanished: Vanished,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_better: Option<Metric>,
    tolerance: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_regression: Option<f64>,
    other_dataset: bool,
    refit_shared: bool,
    commit_unchanged: bool,
}

/// What becomes of entities of the current generation that are not in the input.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Vanished {
    /// They stay as they are.
    Keep,
    /// The new generation does not have them.
    #[default]
    Drop,
}

impl Update {
    /// The defaults of the table above.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets what becomes of entities that the input lacks.
    #[must_use]
    pub fn vanished(mut self, vanished: Vanished) -> Self {
        self.vanished = vanished;
        self
    }

    /// Lets a new model replace the current one only if this metric of it is not worse by more than
    /// the tolerance, in the metric's units.
    #[must_use]
    pub fn keep_better(self, metric: Metric, tolerance: f64) -> Self {
        self.keep_better_by(metric).tolerance(tolerance)
    }

    /// As [`keep_better`](Self::keep_better), with the tolerance as it is.
    #[must_use]
    pub fn keep_better_by(mut self, metric: Metric) -> Self {
        self.keep_better = Some(metric);
        self
    }

    /// Sets by how much a new model may be worse, where a metric decides.
    #[must_use]
    pub fn tolerance(mut self, tolerance: f64) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Commits nothing if the metric of all rows held out becomes worse by more than this.
    #[must_use]
    pub fn max_regression(mut self, max_regression: f64) -> Self {
        self.max_regression = Some(max_regression);
        self
    }

    /// Lets a store take another dataset than the one that its current generation was trained on:
    /// another key, target, features, weight, filter, or reading of texts. Without it, such an
    /// update is refused.
    #[must_use]
    pub fn other_dataset(mut self, other_dataset: bool) -> Self {
        self.other_dataset = other_dataset;
        self
    }

    /// Trains anew what the models share, instead of keeping it as it is.
    #[must_use]
    pub fn refit_shared(mut self, refit_shared: bool) -> Self {
        self.refit_shared = refit_shared;
        self
    }

    /// Commits a generation even if nothing changed.
    #[must_use]
    pub fn commit_unchanged(mut self, commit_unchanged: bool) -> Self {
        self.commit_unchanged = commit_unchanged;
        self
    }

    pub(super) fn check(&self, has_holdout: bool) -> Result<(), SpecError> {
        for (name, value) in [
            ("tolerance", Some(self.tolerance)),
            ("max_regression", self.max_regression),
        ] {
            if let Some(value) = value
                && !(value >= 0.0 && value.is_finite())
            {
                return Err(SpecError::Difference { name, value });
            }
        }
        if self.tolerance != 0.0 && self.keep_better.is_none() {
            return Err(SpecError::ToleranceOfNothing);
        }
        match self.is_contest() && !has_holdout {
            true => Err(SpecError::ContestWithoutHoldout),
            false => Ok(()),
        }
    }

    pub(super) fn keeps_vanished(&self) -> bool {
        self.vanished == Vanished::Keep
    }

    pub(super) fn commits_unchanged(&self) -> bool {
        self.commit_unchanged
    }

    /// Whether old models are compared with new ones.
    pub(super) fn is_contest(&self) -> bool {
        self.keep_better.is_some() || self.max_regression.is_some()
    }

    /// Whether models may stay that this run would not train again.
    pub(super) fn keeps_models(&self) -> bool {
        self.keeps_vanished() || self.is_contest()
    }

    /// By what models of a task are compared.
    pub(super) fn metric(&self, task: Task) -> Result<Metric, SpecError> {
        let default = Metric::default_of(task);
        match self.keep_better {
            Some(metric) if metric.task() != task => Err(SpecError::ContestMetric {
                task,
                metric: metric.name(),
                default: default.name(),
            }),
            Some(metric) => Ok(metric),
            None => Ok(default),
        }
    }

    /// By how much a challenger may be worse; nothing where all champions are replaced.
    pub(super) fn allowance(&self) -> Option<f64> {
        self.keep_better.map(|_| self.tolerance)
    }

    /// The largest regression, where there is a limit.
    pub(super) fn regression_limit(&self) -> Option<f64> {
        self.max_regression
    }

    /// What models of a generation share, where it is kept.
    pub(super) fn kept_shared<'g>(&self, base: &'g Generation) -> Option<&'g SharedFile> {
        base.shared.as_ref().filter(|_| !self.refit_shared)
    }

    /// Whether a run with this trainer, which holds out these rows and whose dataset differs in these
    /// parts, goes on with what models share.
    pub(super) fn check_shared(
        &self,
        base: &Generation,
        trainer: &Value,
        held_out: Option<&Holdout>,
        differences: &[DatasetDifference],
    ) -> Result<(), SpecError> {
        let Some(kept) = self.kept_shared(base) else {
            return match base.shared.is_some() && self.keep_better.is_some() {
                true => Err(SpecError::ChampionsAreShares),
                false => Ok(()),
            };
        };
        if *trainer != base.run.trainer {
            return Err(SpecError::SharedOfOtherTrainer {
                store: told(&base.run.trainer, trainer),
                run: told(trainer, &base.run.trainer),
            });
        }
        if differences.iter().any(|other| !other.part.is_minor()) {
            let differences = differences.to_vec();
            return Err(SpecError::SharedOfOtherDataset { differences });
        }
        let earlier = kept.held_out.as_ref();
        let is_unseen = |now: &Holdout| earlier.is_some_and(|earlier| now.is_unseen_after(earlier));
        match held_out.is_none_or(is_unseen) {
            true => Ok(()),
            false => Err(SpecError::SharedSeen {
                held_out: earlier.map(ToString::to_string),
            }),
        }
    }

    /// Whether a run with this dataset may update a store that was trained on one that differs in
    /// these parts.
    pub(super) fn check_dataset(&self, differences: &[DatasetDifference]) -> Result<(), SpecError> {
        if differences.is_empty() {
            return Ok(());
        }
        if !self.other_dataset {
            let differences = differences.to_vec();
            return Err(SpecError::OtherDataset { differences });
        }
        let is_minor = differences.iter().all(|other| other.part.is_minor());
        match self.is_contest() || self.keeps_vanished() && !is_minor {
            true => Err(SpecError::NotAlike {
                differences: differences.to_vec(),
            }),
            false => Ok(()),
        }
    }
}

/// What a trainer is called, and where another is called the same, how it is set.
fn told(trainer: &Value, other: &Value) -> String {
    match trainer["trainer"] == other["trainer"] {
        true => trainer.to_string(),
        false => format!("trainer {}", trainer["trainer"]),
    }
}

//! How a training run ended.

use std::fmt::{Display, Formatter};

use crate::schema::LeftOut;
use crate::store::{ContestRun, Generation};

/// How a training run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Conclusion {
    /// The generation was committed.
    Committed(Box<TrainingReport>),
    /// Nothing was committed, for the models became worse than is allowed.
    Refused(Refusal),
    /// Nothing was committed, for the generation would have been the current one once more.
    Unchanged(Box<Unchanged>),
}

/// What a training run committed.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainingReport {
    /// The generation, as the manifest has it.
    pub generation: Generation,
    /// Models that were taken over and not trained again.
    pub carried: u64,
    /// Whether the system said that the commit outlasts a power cut. Where not, the generation is
    /// the current one all the same, and a warning in the log says why.
    pub is_durable: bool,
}

/// An update that found nothing new: every entity has the model that it had, none was added, and
/// none vanished. See [`Update::commit_unchanged`](super::Update::commit_unchanged).
#[derive(Clone, Debug, PartialEq)]
pub struct Unchanged {
    /// The current generation, which stays.
    pub generation: Generation,
    /// Models that were found to be the same without training.
    pub carried: u64,
    /// Rows of the input.
    pub rows_read: u64,
    /// Rows left out, by reason.
    pub left_out: LeftOut,
}

/// Why a training run committed nothing: see [`Update::max_regression`](super::Update::max_regression).
#[derive(Clone, Debug, PartialEq)]
pub struct Refusal {
    /// How the models compare with those of the generation before.
    pub contest: ContestRun,
    /// The largest regression that is allowed.
    pub limit: f64,
    before: f64,
    after: f64,
}

impl Refusal {
    /// Nothing where the models are not worse by more than `limit`.
    pub(super) fn of(contest: &ContestRun, limit: f64) -> Option<Self> {
        let (before, after) = (contest.before?, contest.after?);
        let refusal = Self {
            contest: contest.clone(),
            limit,
            before,
            after,
        };
        (refusal.regression() > limit).then_some(refusal)
    }

    /// By how much the models became worse, in the metric's units.
    pub fn regression(&self) -> f64 {
        self.contest.metric.loss(self.before, self.after)
    }
}

impl Display for Refusal {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        write!(
            formatter,
            "nothing is committed: on the rows held out the {} would go from {:.6} to {:.6}, which is worse by {:.6} and more than the largest regression of {}",
            self.contest.metric.name(),
            self.before,
            self.after,
            self.regression(),
            self.limit
        )
    }
}

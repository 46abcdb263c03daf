//! The models of an earlier generation against the new ones, on the same rows held out.

use super::engine::{HeldOut, Trained};
use crate::evaluate::Metric;

/// Where the models of an earlier generation are found.
pub trait Champions: Sync {
    /// The model of an entity and what its store notes about it; nothing where there is none, or
    /// none that is whole.
    fn find(&self, key: &str) -> Option<Trained>;
}

/// Which models are compared, and by what.
#[derive(Clone, Copy)]
pub struct Contest<'a> {
    /// The models of the earlier generation.
    pub champions: &'a dyn Champions,
    /// What is compared.
    pub metric: Metric,
    /// The champion stays where the challenger is worse by more than this, in the metric's units.
    /// Without a tolerance, the challenger always replaces it.
    pub tolerance: Option<f64>,
}

/// How the two models of an entity did on the rows held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Contested {
    /// The earlier model.
    pub champion: HeldOut,
    /// The metric of the earlier model, where the rows define it.
    pub champion_score: Option<f64>,
    /// The metric of the new model, where there is one and the rows define it.
    pub challenger_score: Option<f64>,
    /// Which of the two is kept; nothing where they are the same to the byte.
    pub winner: Option<Winner>,
    /// Why there is no new model.
    pub error: Option<String>,
}

/// Which model is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// The earlier one.
    Champion,
    /// The new one.
    Challenger,
}

impl Winner {
    /// `champion` or `challenger`.
    pub fn name(self) -> &'static str {
        match self {
            Winner::Champion => "champion",
            Winner::Challenger => "challenger",
        }
    }
}

impl Contest<'_> {
    /// The model that is kept. Both were evaluated on the rows held out.
    pub(super) fn decide(&self, champion: Trained, challenger: Trained) -> Trained {
        let score = |trained: &Trained| {
            let held_out = trained.held_out.as_ref()?;
            self.metric.of(&held_out.metrics)
        };
        let (champion_score, challenger_score) = (score(&champion), score(&challenger));
        let loss = champion_score.zip(challenger_score);
        let loss = loss.map(|(champion, challenger)| self.metric.loss(champion, challenger));
        let is_worse = |tolerance| loss.is_some_and(|loss| loss > tolerance);
        let winner = match self.tolerance {
            _ if champion.bytes == challenger.bytes => None,
            Some(tolerance) if is_worse(tolerance) => Some(Winner::Champion),
            _ => Some(Winner::Challenger),
        };
        let contested = champion.held_out.clone().map(|held_out| Contested {
            champion: *held_out,
            champion_score,
            challenger_score,
            winner,
            error: None,
        });
        Trained {
            contested: contested.map(Box::new),
            ..if winner == Some(Winner::Champion) {
                champion
            } else {
                challenger
            }
        }
    }

    /// The champion stays where there is no challenger.
    pub(super) fn unopposed(&self, champion: Trained, error: String) -> Trained {
        let contested = champion.held_out.clone().map(|held_out| Contested {
            champion_score: self.metric.of(&held_out.metrics),
            champion: *held_out,
            challenger_score: None,
            winner: Some(Winner::Champion),
            error: Some(error),
        });
        Trained {
            contested: contested.map(Box::new),
            ..champion
        }
    }
}

//! The models of an earlier generation against the new ones, on the same rows held out.

use super::outcome::{Contested, Trained};
use crate::metrics::Metric;
use crate::store::{ContestScores, CurrentModels, Winner};

/// Which models are compared, and by what.
#[derive(Clone, Copy)]
pub(crate) struct Contest<'a> {
    /// The models of the earlier generation.
    pub champions: &'a CurrentModels<'a>,
    /// What is compared.
    pub metric: Metric,
    /// The champion stays where the challenger is worse by more than this, in the metric's units.
    /// Without a tolerance, the challenger always replaces it.
    pub tolerance: Option<f64>,
    /// Whether champions can stay: not where they are shares of what is trained anew.
    pub can_stay: bool,
}

impl Contest<'_> {
    /// The model that is kept. Both were evaluated on the rows held out.
    pub fn decide(&self, champion: Trained, challenger: Trained) -> Trained {
        let scores = [&champion, &challenger].map(|trained| self.score(trained));
        let [champion_score, challenger_score] = scores;
        let loss = champion_score.zip(challenger_score);
        let loss = loss.map(|(champion, challenger)| self.metric.loss(champion, challenger));
        let is_worse = |tolerance| loss.is_some_and(|loss| loss > tolerance);
        let winner = match self.tolerance {
            _ if self.can_stay && champion.bytes == challenger.bytes => None,
            Some(tolerance) if is_worse(tolerance) => Some(Winner::Champion),
            _ => Some(Winner::Challenger),
        };
        let scores = ContestScores {
            winner,
            champion: champion_score,
            challenger: challenger_score,
        };
        Trained {
            contested: contested(&champion, scores, None),
            ..if winner == Some(Winner::Champion) {
                champion
            } else {
                challenger
            }
        }
    }

    /// The champion stays where there is no challenger.
    pub fn unopposed(&self, champion: Trained, error: String) -> Trained {
        let scores = ContestScores {
            winner: Some(Winner::Champion),
            champion: self.score(&champion),
            challenger: None,
        };
        Trained {
            contested: contested(&champion, scores, Some(error)),
            ..champion
        }
    }

    fn score(&self, trained: &Trained) -> Option<f64> {
        self.metric.of(&trained.held_out.as_ref()?.metrics)
    }
}

fn contested(
    champion: &Trained,
    scores: ContestScores,
    error: Option<String>,
) -> Option<Contested> {
    Some(Contested {
        champion: champion.held_out.clone()?,
        scores,
        error,
    })
}

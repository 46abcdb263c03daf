//! Fits what all entities share: members by folds, their mixture, and how entities' own shares are to
//! be fitted beside it.

use rayon::prelude::*;

use super::cross_fit::{CrossFit, FittedMember};
use super::entity_number::EntityNumber;
use super::member::Member;
use super::mixture::{mixed, mixture};
use super::own_share::{OwnShareSettings, score_bins};
use super::own_tree_test::OwnTreeTest;
use super::shared_rows::SharedRows;
use super::{AdditiveTrees, SharedSettings};
use crate::cancel::Cancel;
use crate::codes::NumberBins;
use crate::error::Result;

/// What all entities share.
pub(crate) struct SharedFit {
    pub members: Vec<WeighedMember>,
    /// Answers for entities that are not known: the mean of these.
    pub unknown: Vec<AdditiveTrees>,
    /// The entities as numbers.
    pub numbers: Vec<EntityNumber>,
    /// By output: the bins of shared scores, which own trees may ask for.
    pub score_bins: Vec<NumberBins>,
    pub own: OwnShareSettings,
}

/// A member and what it counts for in the mixture.
pub(crate) struct WeighedMember {
    pub member: Member,
    pub weight: f64,
    pub rounds: usize,
    /// The mean loss of the rows left out.
    pub loss: f64,
    /// Without each of the folds.
    pub by_fold: Vec<AdditiveTrees>,
    /// On all rows, where one model is to stand for those of the folds.
    pub refitted: Option<AdditiveTrees>,
}

/// Up to so many rows, where the best member alone is wanted, all of them are fitted by all folds.
const SURE_ROWS: usize = 10_000;

/// Of more, the best is chosen by two folds of a sample of at most about so many rows.
const CHOOSING_ROWS: usize = 60_000;
const CHOOSING_MODELS: usize = 2;

/// Own trees are tested on a sample of at most about so many rows.
const TESTING_ROWS: usize = 100_000;

impl SharedFit {
    /// Fits what the entities of some rows share.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`](crate::error::Error::Interrupted).
    pub fn new(rows: &SharedRows, settings: &SharedSettings, cancel: &Cancel) -> Result<Self> {
        let numbers = EntityNumber::of_outputs(rows);
        let fit = CrossFit {
            rows,
            numbers: &numbers,
            settings,
            held_out: None,
            rounds: None,
            models: usize::MAX,
            cancel,
        };
        let members = fit.members()?;
        let weights = match settings.stack {
            true => mixture(rows, &members),
            false => best_alone(&members),
        };
        let (scores, _) = mixed(&members, &weights);
        let kept = members.into_iter().zip(weights);
        let mut kept: Vec<(FittedMember, f64)> = kept.filter(|(_, weight)| *weight > 0.0).collect();
        kept.sort_by(|one, other| other.1.total_cmp(&one.1));
        let score_bins = score_bins(&scores, rows.loss.outputs());
        let all: Vec<u32> = (0..rows.len() as u32).collect();
        let own = OwnShareSettings::estimate(rows, &scores, &all);
        let trees = OwnTreeTest {
            settings,
            chosen: &kept
                .iter()
                .map(|(member, weight)| (member.member, member.rounds, *weight))
                .collect::<Vec<_>>(),
            cancel,
        };
        let sample = rows.sample(TESTING_ROWS, 1);
        let trees = trees.choose(sample.as_ref().unwrap_or(rows))?;
        let unknown = fit.unknown(&kept)?;
        let members = kept
            .into_par_iter()
            .map(|(member, weight)| fit.weighed(member, weight));
        Ok(Self {
            members: members.collect::<Result<_>>()?,
            unknown,
            score_bins,
            own: OwnShareSettings { trees, ..own },
            numbers,
        })
    }
}

/// One ensemble of all rows, whatever their entities, of as many rounds as lose least on folds left
/// out.
///
/// # Errors
///
/// [`Error::Interrupted`](crate::error::Error::Interrupted).
pub(crate) fn boost_alone(
    rows: &SharedRows,
    settings: &SharedSettings,
    cancel: &Cancel,
) -> Result<AdditiveTrees> {
    let fit = CrossFit {
        rows,
        numbers: &[],
        settings,
        held_out: None,
        rounds: None,
        models: usize::MAX,
        cancel,
    };
    let rounds = fit.fit(Member::Features)?.rounds;
    fit.refit(Member::Features, rounds)
}

impl CrossFit<'_> {
    /// The members, or the best one of them where they are not to be mixed and rows are not few.
    fn members(&self) -> Result<Vec<FittedMember>> {
        let chooses = !self.settings.stack && self.rows.len() > SURE_ROWS;
        let candidates = match chooses {
            true => vec![self.best()?],
            false => Member::KNOWING.to_vec(),
        };
        let fitted = candidates.into_par_iter().map(|member| self.fit(member));
        fitted.collect()
    }

    /// The best member, by some of the rows and models.
    fn best(&self) -> Result<Member> {
        let sample = self.rows.sample(CHOOSING_ROWS, 0);
        let rows = sample.as_ref().unwrap_or(self.rows);
        let numbers = EntityNumber::of_outputs(rows);
        let fit = CrossFit {
            rows,
            numbers: &numbers,
            models: CHOOSING_MODELS,
            ..*self
        };
        let fitted = Member::KNOWING
            .into_par_iter()
            .map(|member| fit.fit(member));
        let fitted: Vec<FittedMember> = fitted.collect::<Result<_>>()?;
        let weights = best_alone(&fitted);
        let best = fitted.iter().zip(weights).find(|(_, weight)| *weight > 0.0);
        Ok(best.map_or(Member::Number, |(best, _)| best.member))
    }

    /// The models that answer for entities that are not known. A single one has as many rounds as the
    /// heaviest member with trees of the same size, or as many as are best on a sample.
    fn unknown(&self, kept: &[(FittedMember, f64)]) -> Result<Vec<AdditiveTrees>> {
        if !self.settings.refit {
            return Ok(self.fit(Member::Features)?.models);
        }
        let alike = kept
            .iter()
            .find(|(member, _)| member.member.max_leaves() == Member::Features.max_leaves());
        let rounds = match alike {
            Some((member, _)) => member.rounds,
            None => self.rounds_of(Member::Features)?,
        };
        Ok(vec![self.refit(Member::Features, rounds)?])
    }

    /// The rounds of a member, on a sample where rows are many.
    fn rounds_of(&self, member: Member) -> Result<usize> {
        let sample = self.rows.sample(CHOOSING_ROWS, 0);
        let rows = sample.as_ref().unwrap_or(self.rows);
        let fit = CrossFit {
            rows,
            models: CHOOSING_MODELS,
            ..*self
        };
        Ok(fit.fit(member)?.rounds)
    }

    fn weighed(&self, member: FittedMember, weight: f64) -> Result<WeighedMember> {
        let refitted = match self.settings.refit {
            true => Some(self.refit(member.member, member.rounds)?),
            false => None,
        };
        Ok(WeighedMember {
            member: member.member,
            weight,
            rounds: member.rounds,
            loss: member.loss,
            by_fold: member.models,
            refitted,
        })
    }
}

/// All of the weight for the member of the least loss.
fn best_alone(members: &[FittedMember]) -> Vec<f64> {
    let losses = members.iter().map(|member| member.loss).enumerate();
    let best = losses.reduce(|best, other| if other.1 < best.1 { other } else { best });
    let best = best.map(|(place, _)| place);
    (0..members.len())
        .map(|place| f64::from(Some(place) == best))
        .collect()
}

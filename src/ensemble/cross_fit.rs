//! Boosting with folds: as many models as there are folds, each without the rows of one, grown in
//! lock-step until their joint loss on the rows left out stops falling.

use rayon::prelude::*;

use super::booster::{Booster, BoosterSettings};
use super::entity_effects::{EntityEffects, ScoredRows};
use super::entity_number::EntityNumber;
use super::loss::{LossFunction, with_loss};
use super::member::Member;
use super::shared_rows::SharedRows;
use super::{AdditiveTrees, SharedSettings};
use crate::cancel::Cancel;
use crate::error::Result;

/// What a member is fitted to.
#[derive(Clone, Copy)]
pub(crate) struct CrossFit<'a> {
    pub rows: &'a SharedRows,
    pub numbers: &'a [EntityNumber],
    pub settings: &'a SharedSettings,
    /// A fold that no model sees.
    pub held_out: Option<u8>,
    /// The number of rounds, where that is known.
    pub rounds: Option<usize>,
    /// The most models: where they are fewer than folds, only rows of the first folds are told.
    pub models: usize,
    pub cancel: &'a Cancel,
}

/// A member, fitted by folds.
#[derive(Clone)]
pub(crate) struct FittedMember {
    pub member: Member,
    pub rounds: usize,
    /// The mean loss of the rows left out.
    pub loss: f64,
    /// By row and output: the score by the model that was trained without the row, and the effect of
    /// its entity in that model. Of rows of the fold that no model saw, the means over the models.
    pub scores: Vec<f64>,
    pub effects: Vec<f64>,
    /// The models, one for each fold.
    pub models: Vec<AdditiveTrees>,
}

/// Rounds between two looks at the rows left out.
const STRIDE: usize = 5;

/// Rounds between two estimates of how much entities differ.
const ESTIMATE_EVERY: usize = 10;

impl CrossFit<'_> {
    /// Fits a member.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`](crate::error::Error::Interrupted).
    pub fn fit(&self, member: Member) -> Result<FittedMember> {
        let folds = (0..self.rows.folds as u8).filter(|fold| Some(*fold) != self.held_out);
        let mut models: Vec<FoldModel> = folds
            .take(self.models)
            .collect::<Vec<_>>()
            .into_par_iter()
            .map(|fold| FoldModel::new(self, member, fold))
            .collect();
        let most = self.rounds.unwrap_or(self.settings.max_rounds);
        let mut best = Best::new();
        let mut rounds = 0;
        while rounds < most {
            let stride = STRIDE.min(most - rounds);
            models
                .par_iter_mut()
                .for_each(|model| model.boost(self, member, rounds, stride));
            self.cancel.check()?;
            rounds += stride;
            if self.rounds.is_some() {
                continue;
            }
            let loss = self.loss(&models);
            if loss < best.loss * (1.0 - self.settings.least_fall)
                || (best.loss <= 0.0 && loss < best.loss)
            {
                best.note(rounds, loss, &models);
            } else if rounds - best.rounds >= self.settings.patience {
                break;
            }
        }
        if self.rounds.is_some() {
            best.note(rounds, self.loss(&models), &models);
        }
        Ok(self.gather(member, best, &models))
    }

    /// The mean loss of rows by the models that did not see them.
    fn loss(&self, models: &[FoldModel]) -> f64 {
        let rows = self.rows;
        let sums = models.par_iter().map(|model| {
            let scores = model.scores();
            with_loss!(rows.loss, loss => {
                let mut sum = [0.0; 2];
                let mut own = vec![0.0; model.outputs()];
                for &row in &model.left_out {
                    let row = row as usize;
                    model.scores_into(row, rows.entity[row] as usize, scores, &mut own);
                    let weight = rows.data().weight(row);
                    sum[0] += weight * loss.of(rows.targets[row], &own);
                    sum[1] += weight;
                }
                sum
            })
        });
        let sums: Vec<[f64; 2]> = sums.collect();
        let total = sums.iter().fold([0.0; 2], |total, sum| {
            [total[0] + sum[0], total[1] + sum[1]]
        });
        if total[1] > 0.0 {
            total[0] / total[1]
        } else {
            0.0
        }
    }

    /// Brings together what the models say of the rows that they did not see.
    fn gather(&self, member: Member, best: Best, models: &[FoldModel]) -> FittedMember {
        let outputs = self.rows.loss.outputs();
        let mut scores = vec![0.0; self.rows.len() * outputs];
        let mut effects = scores.clone();
        let share = 1.0 / models.len() as f64;
        for (model, kept) in models.iter().zip(&best.kept) {
            let others = model.booster.others().iter();
            for (&row, own) in others.zip(kept.scores.chunks_exact(outputs)) {
                let row = row as usize;
                let is_own = self.rows.fold[row] == model.fold;
                let weight = if is_own { 1.0 } else { share };
                if !is_own && Some(self.rows.fold[row]) != self.held_out {
                    continue;
                }
                let effect = kept.effects.of(self.rows.entity[row] as usize);
                for output in 0..outputs {
                    scores[row * outputs + output] += weight * own[output];
                    effects[row * outputs + output] += weight * effect[output];
                }
            }
        }
        FittedMember {
            member,
            rounds: best.rounds,
            loss: best.loss,
            scores,
            effects,
            models: models
                .iter()
                .map(|model| model.booster.additive(best.rounds))
                .collect(),
        }
    }

    /// One model of all rows, of so many rounds.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`](crate::error::Error::Interrupted).
    pub fn refit(&self, member: Member, rounds: usize) -> Result<AdditiveTrees> {
        let mut model = FoldModel::without(self, member, &[]);
        for round in (0..rounds).step_by(STRIDE) {
            model.boost(self, member, round, STRIDE.min(rounds - round));
            self.cancel.check()?;
        }
        Ok(model.booster.additive(rounds))
    }
}

/// The best rounds so far, and what the models said then.
struct Best {
    rounds: usize,
    loss: f64,
    kept: Vec<Kept>,
}

/// What a model says of the rows that it did not see, in their order, and of entities.
struct Kept {
    scores: Vec<f64>,
    effects: EntityEffects,
}

impl Best {
    fn new() -> Self {
        Self {
            rounds: 0,
            loss: f64::INFINITY,
            kept: Vec::new(),
        }
    }

    fn note(&mut self, rounds: usize, loss: f64, models: &[FoldModel]) {
        self.rounds = rounds;
        self.loss = loss;
        self.kept = models.par_iter().map(FoldModel::keep).collect();
    }
}

/// The model without the rows of one fold.
struct FoldModel<'a> {
    fold: u8,
    booster: Booster<'a>,
    /// The rows of the fold.
    left_out: Vec<u32>,
    effects: EntityEffects,
}

impl<'a> FoldModel<'a> {
    fn new(fit: &CrossFit<'a>, member: Member, fold: u8) -> Self {
        let without: Vec<u8> = [Some(fold), fit.held_out].into_iter().flatten().collect();
        Self {
            fold,
            left_out: fit
                .rows
                .fold
                .iter()
                .zip(0..)
                .filter(|(other, _)| **other == fold)
                .map(|(_, row)| row)
                .collect(),
            ..Self::without(fit, member, &without)
        }
    }

    fn without(fit: &CrossFit<'a>, member: Member, folds: &[u8]) -> Self {
        let rows = fit.rows;
        let settings = BoosterSettings {
            loss: rows.loss,
            tree: fit.settings.tree(member.max_leaves()),
            learning_rate: fit.settings.learning_rate,
            rows_per_tree: fit.settings.rows_per_tree,
        };
        let columns = member.columns(rows, fit.numbers, folds);
        let outputs = rows.loss.outputs();
        Self {
            fold: u8::MAX,
            booster: Booster::new(settings, columns, rows.data(), rows.without(folds)),
            left_out: Vec::new(),
            effects: EntityEffects::new(rows.entities(), outputs),
        }
    }

    fn outputs(&self) -> usize {
        self.booster.outputs()
    }

    fn scores(&self) -> &[f64] {
        self.booster.scores()
    }

    /// The scores of a row with the effect of its entity.
    #[inline]
    fn scores_into(&self, row: usize, entity: usize, scores: &[f64], own: &mut [f64]) {
        let effect = self.effects.of(entity);
        let outputs = own.len();
        for (output, own) in own.iter_mut().enumerate() {
            *own = scores[row * outputs + output] + effect[output];
        }
    }

    /// Boosts so many rounds from the one at `first` on, and scores the other rows. Where trees are
    /// grown on a part of the rows, effects are those of the rounds before.
    fn boost(&mut self, fit: &CrossFit<'a>, member: Member, first: usize, rounds: usize) {
        let data = fit.rows;
        self.booster.begin_turn(first / STRIDE);
        for round in first..first + rounds {
            if member.has_intercept() && (round == first || self.booster.is_whole()) {
                self.refresh_effects(data, round);
            }
            let effects = &self.effects;
            self.booster
                .round(|row| effects.of(data.entity[row] as usize));
        }
        self.booster.score_others();
        if member.has_intercept() {
            self.effects.refresh(scored(&self.booster, data), 1);
        }
    }

    /// Brings the effects of entities up to scores, where these are not as they were.
    fn refresh_effects(&mut self, data: &SharedRows, round: usize) {
        let rows = scored(&self.booster, data);
        let estimates = round.is_multiple_of(ESTIMATE_EVERY);
        if estimates {
            self.effects.estimate(rows);
        }
        if estimates || self.booster.is_whole() {
            self.effects.refresh(rows, if round == 0 { 3 } else { 1 });
        }
    }

    fn keep(&self) -> Kept {
        let outputs = self.outputs();
        let scores = self.booster.scores();
        let others = self.booster.others().iter();
        Kept {
            scores: others
                .flat_map(|&row| &scores[row as usize * outputs..][..outputs])
                .copied()
                .collect(),
            effects: self.effects.clone(),
        }
    }
}

fn scored<'b>(booster: &'b Booster, rows: &'b SharedRows) -> ScoredRows<'b> {
    ScoredRows {
        loss: rows.loss,
        data: rows.data(),
        entity: &rows.entity,
        rows: booster.rows(),
        scores: booster.scores(),
    }
}

//! Whether own trees pay: tested on rows that nothing has seen before.

use rayon::prelude::*;

use super::SharedSettings;
use super::booster::BoostedRows;
use super::cross_fit::CrossFit;
use super::entity_number::EntityNumber;
use super::member::Member;
use super::mixture::mixed;
use super::own_share::{
    OwnRows, OwnShare, OwnShareScratch, OwnShareSettings, OwnTreeSettings, score_bins,
};
use super::shared_rows::SharedRows;
use crate::cancel::Cancel;
use crate::codes::{CodeColumn, NumberBins};
use crate::error::Result;

/// A test of own trees beside a mixture of members.
pub(super) struct OwnTreeTest<'a> {
    pub settings: &'a SharedSettings,
    /// Members, their rounds and their weights.
    pub chosen: &'a [(Member, usize, f64)],
    pub cancel: &'a Cancel,
}

/// Rows of a leaf's prior that are tried.
const PRIOR_ROWS: [f64; 3] = [5.0, 20.0, 80.0];

/// Penalties of splits that are tried.
const SPLIT_PENALTIES: [f64; 3] = [0.0, 0.5, 1.0];

/// The most trees one after another that are tried.
const ROUNDS: usize = 2;

/// The gain must be above so many standard errors.
const STANDARD_ERRORS: f64 = 2.0;

/// Gains of some settings over the level alone: their number, sum and sum of squares.
#[derive(Clone, Copy, Default)]
struct Gains {
    rows: f64,
    sum: f64,
    squares: f64,
}

impl OwnTreeTest<'_> {
    /// The best settings for own trees, or none of them where they do not pay: a fold is held out,
    /// members and own shares are fitted without it, and trees must lose less on it than the level
    /// alone by more than two standard errors.
    pub fn choose(&self, rows: &SharedRows) -> Result<OwnTreeSettings> {
        let none = OwnTreeSettings {
            rounds: 0,
            ..OwnTreeSettings::TELLING
        };
        let held_out = rows.folds as u8 - 1;
        let some = rows.without(&[held_out]);
        if rows.folds < 3 || some.len() == rows.len() || some.is_empty() {
            return Ok(none);
        }
        let scores = self.scores(rows, held_out)?;
        let own = OwnShareSettings::estimate(rows, &scores, &some);
        let bins = score_bins(&scores, rows.loss.outputs());
        let gains = self.gains(rows, &scores, &own, &bins, held_out);
        let mean = |gains: &Gains| gains.sum / gains.rows.max(1.0);
        let mut best: Option<(OwnTreeSettings, f64)> = None;
        for (settings, gains) in candidates().zip(&gains) {
            let is_better = best.is_none_or(|(_, gain)| mean(gains) > gain);
            if is_better && gains.is_significant() {
                best = Some((settings, mean(gains)));
            }
        }
        Ok(best.map_or(none, |(settings, _)| settings))
    }

    /// By row and output: what the chosen members say together, each by models that did not see the
    /// row.
    fn scores(&self, rows: &SharedRows, held_out: u8) -> Result<Vec<f64>> {
        let numbers = EntityNumber::of_outputs(rows);
        let fitted = self.chosen.par_iter().map(|&(member, rounds, _)| {
            CrossFit {
                rows,
                numbers: &numbers,
                settings: self.settings,
                held_out: Some(held_out),
                rounds: Some(rounds),
                models: usize::MAX,
                cancel: self.cancel,
            }
            .fit(member)
        });
        let fitted: Vec<_> = fitted.collect::<Result<_>>()?;
        let weights: Vec<f64> = self.chosen.iter().map(|chosen| chosen.2).collect();
        Ok(mixed(&fitted, &weights).0)
    }

    /// By candidate.
    fn gains(
        &self,
        rows: &SharedRows,
        scores: &[f64],
        own: &OwnShareSettings,
        bins: &[NumberBins],
        held_out: u8,
    ) -> Vec<Gains> {
        let entities = (0..rows.entities()).into_par_iter();
        let by_entity: Vec<Vec<Gains>> = entities
            .map_init(OwnShareScratch::default, |scratch, entity| {
                let entity = TestedEntity::new(rows, scores, bins, entity, held_out);
                entity.gains(own, scratch)
            })
            .collect();
        let mut total = vec![Gains::default(); candidates().count()];
        for gains in by_entity {
            for (total, gains) in total.iter_mut().zip(gains) {
                total.rows += gains.rows;
                total.sum += gains.sum;
                total.squares += gains.squares;
            }
        }
        total
    }
}

impl Gains {
    fn is_significant(&self) -> bool {
        if self.rows < 2.0 {
            return false;
        }
        let mean = self.sum / self.rows;
        let variance = (self.squares / self.rows - mean * mean).max(0.0);
        mean > STANDARD_ERRORS * (variance / self.rows).sqrt()
    }
}

/// The settings that are tried: by prior, penalty and rounds.
fn candidates() -> impl Iterator<Item = OwnTreeSettings> {
    PRIOR_ROWS.into_iter().flat_map(|prior_rows| {
        SPLIT_PENALTIES.into_iter().flat_map(move |split_penalty| {
            (1..=ROUNDS).map(move |rounds| OwnTreeSettings {
                rounds,
                prior_rows,
                split_penalty,
            })
        })
    })
}

/// One entity's rows, some of which are held out.
struct TestedEntity {
    columns: Vec<CodeColumn>,
    targets: Vec<f64>,
    weights: Option<Vec<f64>>,
    scores: Vec<f64>,
    rows: Vec<u32>,
    held_out: Vec<u32>,
}

impl TestedEntity {
    fn new(
        rows: &SharedRows,
        scores: &[f64],
        bins: &[NumberBins],
        entity: usize,
        held_out: u8,
    ) -> Self {
        let range = rows.offsets[entity]..rows.offsets[entity + 1];
        let positions: Vec<u32> = range.clone().map(|row| row as u32).collect();
        let outputs = bins.len();
        let scores = scores[range.start * outputs..range.end * outputs].to_vec();
        let mut columns: Vec<CodeColumn> =
            rows.features.iter().map(|c| c.gather(&positions)).collect();
        columns.extend(bins.iter().enumerate().map(|(output, bins)| {
            bins.column(scores.iter().skip(output).step_by(outputs).copied())
        }));
        let of_fold = |is_held_out: bool| {
            let folds = rows.fold[range.clone()].iter().zip(0..);
            let chosen = folds.filter(|(fold, _)| (**fold == held_out) == is_held_out);
            chosen.map(|(_, row)| row).collect()
        };
        Self {
            columns,
            targets: rows.targets[range.clone()].to_vec(),
            weights: rows.weights.as_ref().map(|all| all[range.clone()].to_vec()),
            scores,
            rows: of_fold(false),
            held_out: of_fold(true),
        }
    }

    /// By candidate: what own trees gain over the level alone on the rows held out.
    fn gains(&self, own: &OwnShareSettings, scratch: &mut OwnShareScratch) -> Vec<Gains> {
        let rows = OwnRows {
            columns: &self.columns,
            features: self.columns.len() - own.precisions.len(),
            data: BoostedRows {
                targets: &self.targets,
                weights: self.weights.as_deref(),
            },
            scores: &self.scores,
            rows: &self.rows,
        };
        if self.held_out.is_empty() || self.rows.is_empty() {
            return vec![Gains::default(); candidates().count()];
        }
        let share = OwnShare {
            level: own.level(rows, scratch),
            spread: own.spread_of(rows),
            trees: Vec::new(),
            evidence: 0.0,
        };
        own.begin_trees(rows, &share, scratch);
        let before = self.losses(own, own.scores(scratch));
        let mut gains = Vec::new();
        for settings in candidates().filter(|settings| settings.rounds == 1) {
            own.begin_trees(rows, &share, scratch);
            for _ in 0..ROUNDS {
                own.grow_round(rows, share.spread, settings, scratch);
                gains.push(self.gain(&before, &self.losses(own, own.scores(scratch))));
            }
        }
        gains
    }

    /// The losses of the rows held out.
    fn losses(&self, own: &OwnShareSettings, scores: &[f64]) -> Vec<f64> {
        let outputs = own.precisions.len();
        let rows = self.held_out.iter().map(|&row| row as usize);
        rows.map(|row| {
            own.loss
                .of(self.targets[row], &scores[row * outputs..][..outputs])
        })
        .collect()
    }

    fn gain(&self, before: &[f64], after: &[f64]) -> Gains {
        let mut gains = Gains::default();
        for (row, (before, after)) in self.held_out.iter().zip(before.iter().zip(after)) {
            let weight = self.weights.as_ref().map_or(1.0, |w| w[*row as usize]);
            let gain = before - after;
            gains.rows += weight;
            gains.sum += weight * gain;
            gains.squares += weight * gain * gain;
        }
        gains
    }
}

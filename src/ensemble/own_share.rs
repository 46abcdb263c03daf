//! What an entity has of its own beside a shared score: a level, and trees on what is left.

use super::Loss;
use super::booster::BoostedRows;
use super::entity_effects::{EntityEffects, ScoredRows};
use super::loss::{LossFunction, with_loss};
use super::moments::{EntitySums, Moments};
use super::shared_rows::SharedRows;
use crate::codes::{CodeColumn, MAX_BINS, NumberBins};
use crate::tree::{
    CategorySplits, Gradient, GradientCriterion, GradientRows, GradientScratch, GradientTreeParams,
    Tree, average_steps, in_steps,
};

/// How entities' own shares are fitted.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OwnShareSettings {
    pub loss: Loss,
    /// By output: what is added to the hessian of an entity, which pulls its level towards none.
    pub precisions: Vec<f64>,
    /// The variance of what shared scores leave over within entities; 1 of classes.
    pub spread: f64,
    /// How own trees are fitted where they are.
    pub trees: OwnTreeSettings,
}

/// How the own trees of entities are fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct OwnTreeSettings {
    /// Trees one after another for each output; 0 where entities have none.
    pub rounds: usize,
    /// What is added to the hessian of a leaf, in rows.
    pub prior_rows: f64,
    /// How much a split must be better for each that there was to choose from.
    pub split_penalty: f64,
}

impl OwnTreeSettings {
    /// Those by which it is told whether an entity has anything of its own.
    pub const TELLING: Self = Self {
        rounds: 1,
        prior_rows: 20.0,
        split_penalty: 0.5,
    };
}

/// One entity's rows, with their shared scores.
#[derive(Clone, Copy)]
pub(crate) struct OwnRows<'a> {
    /// The features in bins, and last the shared score of each output in bins.
    pub columns: &'a [CodeColumn],
    /// Number of features.
    pub features: usize,
    pub data: BoostedRows<'a>,
    /// By row and output.
    pub scores: &'a [f64],
    /// The rows to fit to, ascending.
    pub rows: &'a [u32],
}

/// What an entity has of its own.
#[derive(Clone, Debug)]
pub(crate) struct OwnShare {
    /// By output: what is added to shared scores.
    pub level: Vec<f64>,
    /// The standard deviation of what shared scores leave over; 1 of classes.
    pub spread: f64,
    /// As many for each output as there are rounds, in the order of the rounds.
    pub trees: Vec<Tree>,
    /// The log evidence of the first trees against none at all (a log Bayes factor).
    pub evidence: f64,
}

/// Buffers that are kept from entity to entity.
#[derive(Default)]
pub(crate) struct OwnShareScratch {
    trees: GradientScratch,
    /// By row and output: negative gradient and hessian.
    derivatives: Vec<[f64; 2]>,
    in_steps: Vec<Gradient>,
    scores: Vec<f64>,
    features: Vec<u32>,
    entity: Vec<u32>,
}

/// Own trees are no deeper.
const MAX_DEPTH: usize = 3;

/// The fewest rows of a leaf of an own tree.
const MIN_SAMPLES_LEAF: usize = 2;

/// Steps towards a level.
const LEVEL_STEPS: usize = 3;

/// What the spread of all counts for in that of an entity, in rows.
const SPREAD_ROWS: f64 = 10.0;

impl OwnShareSettings {
    /// How much entities differ by what shared scores leave over, on some of the rows; no own trees.
    pub fn estimate(rows: &SharedRows, scores: &[f64], some: &[u32]) -> Self {
        let scored = ScoredRows {
            loss: rows.loss,
            data: rows.data(),
            entity: &rows.entity,
            rows: some,
            scores,
        };
        let mut effects = EntityEffects::new(rows.entities(), rows.loss.outputs());
        effects.estimate(scored);
        Self {
            loss: rows.loss,
            precisions: effects.precisions().to_vec(),
            spread: match rows.loss {
                Loss::Squared => within(rows, scores, some),
                _ => 1.0,
            },
            trees: OwnTreeSettings {
                rounds: 0,
                ..OwnTreeSettings::TELLING
            },
        }
    }

    /// Fits an entity's share.
    pub fn fit(&self, rows: OwnRows, scratch: &mut OwnShareScratch) -> OwnShare {
        let level = self.level(rows, scratch);
        let spread = self.spread_of(rows);
        let mut share = OwnShare {
            level,
            spread,
            trees: Vec::new(),
            evidence: 0.0,
        };
        let settings = match self.trees.rounds {
            0 => OwnTreeSettings::TELLING,
            _ => self.trees,
        };
        self.begin_trees(rows, &share, scratch);
        for round in 0..settings.rounds {
            let (trees, evidence) = self.grow_round(rows, spread, settings, scratch);
            if round == 0 {
                share.evidence = evidence;
            }
            share.trees.extend(trees);
        }
        if self.trees.rounds == 0 {
            share.trees.clear();
        }
        share
    }

    /// The level of an entity: by output, the effect that is best for its rows.
    pub fn level(&self, rows: OwnRows, scratch: &mut OwnShareScratch) -> Vec<f64> {
        scratch.entity.clear();
        scratch.entity.resize(rows.data.targets.len(), 0);
        let mut effects = EntityEffects::with_precisions(1, self.precisions.clone());
        let scored = ScoredRows {
            loss: self.loss,
            data: rows.data,
            entity: &scratch.entity,
            rows: rows.rows,
            scores: rows.scores,
        };
        effects.refresh(scored, LEVEL_STEPS);
        effects.of(0).to_vec()
    }

    /// The standard deviation of what shared scores leave over, that of all entities counting for
    /// some rows; 1 of classes.
    pub fn spread_of(&self, rows: OwnRows) -> f64 {
        if self.loss != Loss::Squared {
            return 1.0;
        }
        let mut sums = EntitySums::default();
        for &row in rows.rows {
            let row = row as usize;
            sums.add(
                rows.data.targets[row] - rows.scores[row],
                rows.data.weight(row),
            );
        }
        let squares = match sums.weight > 0.0 {
            true => (sums.squares - sums.sum * sums.sum / sums.weight).max(0.0),
            false => 0.0,
        };
        let rows = (sums.weight - 1.0).max(0.0) + SPREAD_ROWS;
        let variance = (squares + SPREAD_ROWS * self.spread) / rows;
        match variance > 0.0 {
            true => variance.sqrt(),
            false => 1.0,
        }
    }

    /// Puts shared scores and level together, which own trees begin with.
    pub fn begin_trees(&self, rows: OwnRows, share: &OwnShare, scratch: &mut OwnShareScratch) {
        scratch.scores.clear();
        let of_rows = rows.scores.chunks_exact(share.level.len());
        for scores in of_rows {
            let own = scores.iter().zip(&share.level);
            scratch
                .scores
                .extend(own.map(|(score, level)| score + level));
        }
    }

    /// A tree for each output on what is left, and their log evidence.
    pub fn grow_round(
        &self,
        rows: OwnRows,
        spread: f64,
        settings: OwnTreeSettings,
        scratch: &mut OwnShareScratch,
    ) -> (Vec<Tree>, f64) {
        with_loss!(self.loss, loss => derive(loss, rows, spread, scratch));
        let outputs = self.precisions.len();
        let count = rows.data.targets.len();
        let first_score = rows.columns.len() - outputs;
        let mut evidence = 0.0;
        let mut trees = Vec::with_capacity(outputs);
        for output in 0..outputs {
            scratch.features.clear();
            scratch.features.extend(0..rows.features as u32);
            scratch.features.push((first_score + output) as u32);
            let derivatives = scratch.derivatives.iter().skip(output).step_by(outputs);
            // Rows that are not fitted to have none.
            let sum: f64 = derivatives.clone().map(|[_, hessian]| hessian).sum();
            let prior = settings.prior_rows * sum / (rows.rows.len() as f64).max(1.0);
            let prior = prior.max(f64::MIN_POSITIVE);
            let steps = in_steps(derivatives.copied(), &mut scratch.in_steps);
            let gradient_rows = GradientRows {
                columns: rows.columns,
                gradients: &scratch.in_steps,
                steps,
                rows: rows.rows,
                features: &scratch.features,
            };
            let grown = own_tree(prior).grow(&gradient_rows, &mut scratch.trees, |_, step| step);
            let (mut tree, own) = average_steps(&grown, prior, settings.split_penalty);
            // In single precision, as models are stored.
            tree.map_values(|value| f64::from((value * spread) as f32));
            evidence += own;
            for row in 0..count {
                scratch.scores[row * outputs + output] += tree.step_of(rows.columns, row);
            }
            trees.push(tree);
        }
        (trees, evidence)
    }

    /// The scores of all rows with level and the trees so far.
    pub fn scores<'s>(&self, scratch: &'s OwnShareScratch) -> &'s [f64] {
        &scratch.scores
    }
}

fn own_tree(l2: f64) -> GradientTreeParams {
    GradientTreeParams {
        criterion: GradientCriterion {
            l2,
            category_l2: 0.0,
            category_smoothing: 0.0,
            min_samples_category: 0,
            min_hessian_leaf: 0.0,
        },
        max_leaves: 1 << MAX_DEPTH,
        max_depth: Some(MAX_DEPTH),
        min_samples_leaf: MIN_SAMPLES_LEAF,
        category_splits: CategorySplits::One,
    }
}

/// By row and output: the derivatives of the loss, in standard deviations; none of rows that are not
/// fitted to.
fn derive(loss: impl LossFunction, rows: OwnRows, spread: f64, scratch: &mut OwnShareScratch) {
    let outputs = loss.outputs();
    scratch.derivatives.clear();
    scratch
        .derivatives
        .resize(rows.data.targets.len() * outputs, [0.0; 2]);
    for &row in rows.rows {
        let row = row as usize;
        let range = row * outputs..(row + 1) * outputs;
        let derivatives = &mut scratch.derivatives[range.clone()];
        loss.derive(rows.data.targets[row], &scratch.scores[range], derivatives);
        let weight = rows.data.weight(row);
        for [gradient, hessian] in derivatives {
            *gradient *= weight / spread;
            *hessian *= weight;
        }
    }
}

/// By output: bins of shared scores.
pub(super) fn score_bins(scores: &[f64], outputs: usize) -> Vec<NumberBins> {
    (0..outputs)
        .map(|output| {
            let own = scores.iter().skip(output).step_by(outputs);
            NumberBins::of(&own.copied().collect::<Vec<_>>(), MAX_BINS)
        })
        .collect()
}

/// The variance of what shared scores leave over within entities.
fn within(rows: &SharedRows, scores: &[f64], some: &[u32]) -> f64 {
    let mut sums = vec![EntitySums::default(); rows.entities()];
    for &row in some {
        let row = row as usize;
        let left = rows.targets[row] - scores[row];
        sums[rows.entity[row] as usize].add(left, rows.data().weight(row));
    }
    Moments::of(&sums).within
}

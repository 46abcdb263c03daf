//! One boosted ensemble as it grows, round after round.

use std::borrow::Cow;

use rayon::prelude::*;

use super::loss::{LossFunction, with_loss};
use super::{AdditiveTrees, Loss};
use crate::codes::CodeColumn;
use crate::tree::{
    Gradient, GradientRows, GradientScratch, GradientTreeParams, Steps, Tree, in_steps,
};

/// Rows to boost on.
#[derive(Clone, Copy)]
pub(crate) struct BoostedRows<'a> {
    /// A number, or the position of a class.
    pub targets: &'a [f64],
    /// `None` where all rows count the same.
    pub weights: Option<&'a [f64]>,
}

impl BoostedRows<'_> {
    /// The weight of a row.
    #[inline]
    pub fn weight(&self, row: usize) -> f64 {
        self.weights.map_or(1.0, |weights| weights[row])
    }
}

/// What every tree of an ensemble has in common.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BoosterSettings {
    pub loss: Loss,
    pub tree: GradientTreeParams,
    pub learning_rate: f64,
}

/// A boosted ensemble as it grows: its trees so far, and the scores of all rows.
pub(crate) struct Booster<'a> {
    settings: BoosterSettings,
    columns: Cow<'a, [CodeColumn]>,
    features: Vec<u32>,
    data: BoostedRows<'a>,
    /// The rows that are trained on, ascending, and those that are not but have scores.
    rows: Vec<u32>,
    others: Vec<u32>,
    start: Vec<f64>,
    /// By row and output, those of rows that are not trained on up to `scored_trees`.
    scores: Vec<f64>,
    scored_trees: usize,
    trees: Vec<Tree>,
    /// By row and output: negative gradient and hessian.
    derivatives: Vec<[f64; 2]>,
    in_steps: Vec<Gradient>,
    scratch: GradientScratch,
}

/// Rows that one thread derives or scores at a time.
const TASK_ROWS: usize = 1 << 13;

impl<'a> Booster<'a> {
    /// Begins with the scores that are best for all `rows` together.
    pub fn new(
        settings: BoosterSettings,
        columns: impl Into<Cow<'a, [CodeColumn]>>,
        data: BoostedRows<'a>,
        rows: Vec<u32>,
    ) -> Self {
        let columns = columns.into();
        let count = data.targets.len();
        let outputs = settings.loss.outputs();
        let start = with_loss!(settings.loss, loss => loss.start(&mut rows.iter().map(|&row| {
            let row = row as usize;
            (data.targets[row], data.weight(row))
        })));
        let mut is_trained = vec![false; count];
        rows.iter().for_each(|&row| is_trained[row as usize] = true);
        let others = (0..count as u32).filter(|&row| !is_trained[row as usize]);
        Self {
            features: (0..columns.len() as u32).collect(),
            others: others.collect(),
            scores: start
                .iter()
                .copied()
                .cycle()
                .take(count * outputs)
                .collect(),
            scored_trees: 0,
            trees: Vec::new(),
            derivatives: vec![[0.0; 2]; count * outputs],
            in_steps: Vec::new(),
            scratch: GradientScratch::default(),
            settings,
            columns,
            data,
            rows,
            start,
        }
    }

    /// Scores of a row.
    pub fn outputs(&self) -> usize {
        self.start.len()
    }

    /// The trees so far; those of a round stand side by side, one for each output.
    #[cfg(test)]
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The rows that are trained on, ascending.
    pub fn rows(&self) -> &[u32] {
        &self.rows
    }

    /// The rows that are not trained on, ascending.
    pub fn others(&self) -> &[u32] {
        &self.others
    }

    /// By row and output; those of [`others`](Self::others) as of [`score_others`](Self::score_others).
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Grows a tree for each output. `offset_of` gives what is added to the scores of a row.
    pub fn round<'o>(&mut self, offset_of: impl Fn(usize) -> &'o [f64] + Sync) {
        with_loss!(self.settings.loss, loss => self.derive(loss, offset_of));
        let outputs = self.outputs();
        for output in 0..outputs {
            let derivatives = self.derivatives.iter().skip(output).step_by(outputs);
            let steps = in_steps(derivatives.copied(), &mut self.in_steps);
            let tree = with_loss!(self.settings.loss, loss => self.grow(loss, output, steps));
            self.trees.push(tree);
        }
    }

    /// The derivatives of the loss of all rows; those of rows that are not trained on, at scores as of
    /// [`score_others`](Self::score_others), are not looked at.
    fn derive<'o>(
        &mut self,
        loss: impl LossFunction,
        offset_of: impl Fn(usize) -> &'o [f64] + Sync,
    ) {
        let outputs = self.outputs();
        let data = self.data;
        let scores = self.scores.par_chunks(TASK_ROWS * outputs);
        let derivatives = self.derivatives.par_chunks_mut(TASK_ROWS * outputs);
        let tasks = scores.zip(derivatives).enumerate();
        tasks.for_each(|(task, (scores, derivatives))| {
            let mut own = vec![0.0; outputs];
            let rows = scores.chunks_exact(outputs);
            let rows = rows.zip(derivatives.chunks_exact_mut(outputs));
            for (row, (scores, derivatives)) in (task * TASK_ROWS..).zip(rows) {
                let offsets = offset_of(row);
                for (output, (own, score)) in own.iter_mut().zip(scores).enumerate() {
                    *own = score + offsets.get(output).copied().unwrap_or(0.0);
                }
                loss.derive(data.targets[row], &own, derivatives);
                if data.weights.is_some() {
                    let weight = data.weight(row);
                    for derivative in derivatives {
                        *derivative = derivative.map(|part| part * weight);
                    }
                }
            }
        });
    }

    fn grow(&mut self, loss: impl LossFunction, output: usize, steps: Steps) -> Tree {
        let outputs = self.start.len();
        let (data, scores) = (self.data, &mut self.scores);
        let learning_rate = self.settings.learning_rate;
        let rows = GradientRows {
            columns: &self.columns,
            gradients: &self.in_steps,
            steps,
            rows: &self.rows,
            features: &self.features,
        };
        self.settings
            .tree
            .grow(&rows, &mut self.scratch, |rows, step| {
                let place = |row: u32| row as usize * outputs + output;
                let own = loss.step(&mut rows.iter().map(|&row| {
                    let target = data.targets[row as usize];
                    [target, scores[place(row)], data.weight(row as usize)]
                }));
                // In single precision, as models are stored.
                let step = f64::from((learning_rate * own.unwrap_or(step)) as f32);
                rows.iter().for_each(|&row| scores[place(row)] += step);
                step
            })
    }

    /// Brings the scores of rows that are not trained on up to date.
    pub fn score_others(&mut self) {
        let outputs = self.outputs();
        let (columns, scores) = (&self.columns, &self.scores);
        let trees = &self.trees[self.scored_trees..];
        let first = self.scored_trees;
        let tasks = self.others.par_chunks(TASK_ROWS).map(|rows| {
            let mut sums: Vec<f64> = rows
                .iter()
                .flat_map(|&row| &scores[row as usize * outputs..][..outputs])
                .copied()
                .collect();
            for (place, tree) in (first..).zip(trees) {
                for (&row, sums) in rows.iter().zip(sums.chunks_exact_mut(outputs)) {
                    sums[place % outputs] += tree.step_of(columns, row as usize);
                }
            }
            sums
        });
        let sums: Vec<Vec<f64>> = tasks.collect();
        let sums = sums.iter().flat_map(|sums| sums.chunks_exact(outputs));
        for (&row, sums) in self.others.iter().zip(sums) {
            self.scores[row as usize * outputs..][..outputs].copy_from_slice(sums);
        }
        self.scored_trees = self.trees.len();
    }

    /// The trees of the first rounds, as predicting goes by them.
    pub fn additive(&self, rounds: usize) -> AdditiveTrees {
        let mut trees = AdditiveTrees::new(self.start.clone());
        let missing_code = |feature: usize| self.columns[feature].missing_code();
        for tree in self.trees.iter().take(rounds * self.outputs()) {
            trees.push(tree, missing_code);
        }
        trees
    }
}

//! One boosted ensemble as it grows, round after round.

use std::borrow::Cow;
use std::ops::Range;

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
    /// About so many rows each tree is grown on, where there are more.
    pub rows_per_tree: usize,
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
    /// Parts of the rows that take turns.
    parts: usize,
    part: Part,
    start: Vec<f64>,
    /// By row and output, those of rows that are not in the part up to `scored_trees`.
    scores: Vec<f64>,
    scored_trees: usize,
    trees: Vec<Tree>,
    /// By row of the part and output: negative gradient and hessian.
    derivatives: Vec<[f64; 2]>,
    in_steps: Vec<Gradient>,
    scratch: GradientScratch,
}

/// The rows that trees are grown on, side by side, and the others.
#[derive(Default)]
struct Part {
    /// Positions among all rows, ascending.
    rows: Vec<u32>,
    columns: Vec<CodeColumn>,
    /// Positions within the part: all.
    all: Vec<u32>,
    /// Positions among all rows of those that are not in it, ascending.
    others: Vec<u32>,
}

impl Part {
    fn new(columns: &[CodeColumn], rows: Vec<u32>, count: usize) -> Self {
        Self {
            columns: columns.iter().map(|column| column.gather(&rows)).collect(),
            all: (0..rows.len() as u32).collect(),
            others: others(&rows, count),
            rows,
        }
    }
}

/// The rows, of so many, that are not among some; both ascending.
fn others(rows: &[u32], count: usize) -> Vec<u32> {
    let mut rows = rows.iter().peekable();
    (0..count as u32)
        .filter(|row| rows.next_if(|other| *other == row).is_none())
        .collect()
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
        let start = with_loss!(settings.loss, loss => loss.start(&mut rows.iter().map(|&row| {
            let row = row as usize;
            (data.targets[row], data.weight(row))
        })));
        let parts = rows.len() as f64 / settings.rows_per_tree.max(1) as f64;
        let parts = (parts.round() as usize).max(1);
        let mut booster = Self {
            features: (0..columns.len() as u32).collect(),
            others: others(&rows, count),
            parts,
            part: Part::default(),
            scores: start.repeat(count),
            scored_trees: 0,
            trees: Vec::new(),
            derivatives: Vec::new(),
            in_steps: Vec::new(),
            scratch: GradientScratch::default(),
            settings,
            columns,
            data,
            rows,
            start,
        };
        booster.take_part(0);
        booster
    }

    /// Whether trees are grown on all rows that are trained on.
    pub fn is_whole(&self) -> bool {
        self.parts == 1
    }

    /// Has the part of a turn be the rows that trees are grown on from now on: of consecutive rows
    /// as many are in each part. All rows are to be [scored](Self::score_others).
    pub fn begin_turn(&mut self, turn: usize) {
        if !self.is_whole() {
            self.take_part(turn % self.parts);
        }
    }

    fn take_part(&mut self, part: usize) {
        let rows = self.rows.iter().skip(part).step_by(self.parts);
        self.part = Part::new(
            &self.columns,
            rows.copied().collect(),
            self.data.targets.len(),
        );
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

    /// By row and output; those of rows that the last trees were not grown on as of
    /// [`score_others`](Self::score_others).
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

    /// The derivatives of the loss of the rows that trees are grown on.
    fn derive<'o>(
        &mut self,
        loss: impl LossFunction,
        offset_of: impl Fn(usize) -> &'o [f64] + Sync,
    ) {
        let outputs = self.outputs();
        let (data, scores, rows) = (self.data, &self.scores, &self.part.rows);
        self.derivatives.resize(rows.len() * outputs, [0.0; 2]);
        let derivatives = self.derivatives.par_chunks_mut(TASK_ROWS * outputs);
        let tasks = rows.par_chunks(TASK_ROWS).zip(derivatives);
        tasks.for_each(|(rows, derivatives)| {
            let mut own = vec![0.0; outputs];
            for (&row, derivatives) in rows.iter().zip(derivatives.chunks_exact_mut(outputs)) {
                let row = row as usize;
                let scores = &scores[row * outputs..][..outputs];
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
        let (data, part, scores) = (self.data, &self.part, &mut self.scores);
        let learning_rate = self.settings.learning_rate;
        let rows = GradientRows {
            columns: &part.columns,
            gradients: &self.in_steps,
            steps,
            rows: &part.all,
            features: &self.features,
        };
        self.settings
            .tree
            .grow(&rows, &mut self.scratch, |places, step| {
                let rows = places
                    .iter()
                    .map(|&place| part.rows[place as usize] as usize);
                let own = loss.step(&mut rows.clone().map(|row| {
                    let score = scores[row * outputs + output];
                    [data.targets[row], score, data.weight(row)]
                }));
                // In single precision, as models are stored.
                let step = f64::from((learning_rate * own.unwrap_or(step)) as f32);
                rows.for_each(|row| scores[row * outputs + output] += step);
                step
            })
    }

    /// Brings the scores of rows that the last trees were not grown on up to date.
    pub fn score_others(&mut self) {
        let outputs = self.outputs();
        let trees = self.scored_trees..self.trees.len();
        let additive = self.additive_of(trees.clone());
        let masks = additive.leaf_masks(0..trees.len());
        let trees = &self.trees[trees];
        let (columns, others) = (&self.columns, &self.part.others);
        let codes: Option<Vec<&[u8]>> = columns.iter().map(|column| column.codes.bytes()).collect();
        let masks = masks.zip(codes);
        let tasks = self.scores.par_chunks_mut(TASK_ROWS * outputs).enumerate();
        tasks.for_each(|(task, scores)| {
            let start = task * TASK_ROWS;
            let before = |end: usize| others.partition_point(|row| (*row as usize) < end);
            let rows = &others[before(start)..before(start + TASK_ROWS)];
            let place = |row: u32, output: usize| (row as usize - start) * outputs + output;
            match &masks {
                Some((masks, codes)) => masks.visit(codes, rows, |output, row, step| {
                    scores[place(rows[row], output)] += step;
                }),
                None => {
                    for (tree, output) in trees.iter().zip((0..outputs).cycle()) {
                        for &row in rows {
                            scores[place(row, output)] += tree.step_of(columns, row as usize);
                        }
                    }
                }
            }
        });
        self.scored_trees = self.trees.len();
    }

    /// The trees of the first rounds, as predicting goes by them.
    pub fn additive(&self, rounds: usize) -> AdditiveTrees {
        let trees = self.trees.len().min(rounds * self.outputs());
        self.additive_of(0..trees)
    }

    fn additive_of(&self, range: Range<usize>) -> AdditiveTrees {
        let mut trees = AdditiveTrees::new(self.start.clone());
        let missing_code = |feature: usize| self.columns[feature].missing_code();
        for tree in &self.trees[range] {
            trees.push(tree, missing_code);
        }
        trees
    }
}

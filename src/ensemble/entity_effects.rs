//! Entities as a random intercept, estimated anew while a model grows (Sigrist 2022 does it
//! exactly).

use super::Loss;
use super::booster::BoostedRows;
use super::loss::{LossFunction, with_loss};
use super::moments::{EntitySums, Moments};

/// What is added to the scores of each entity's rows.
#[derive(Clone, Debug)]
pub(crate) struct EntityEffects {
    /// By entity and output.
    effects: Vec<f64>,
    /// By output: what is added to the hessian of an entity, which pulls its effect towards none.
    precisions: Vec<f64>,
    outputs: usize,
}

/// Scores of some rows, and whose they are.
#[derive(Clone, Copy)]
pub(crate) struct ScoredRows<'a> {
    pub loss: Loss,
    pub data: BoostedRows<'a>,
    pub entity: &'a [u32],
    /// The rows that count, ascending.
    pub rows: &'a [u32],
    /// By row and output.
    pub scores: &'a [f64],
}

/// The least precision: what entities of no rows are divided by.
const LEAST_PRECISION: f64 = 1e-4;

impl EntityEffects {
    /// No effects yet.
    pub fn new(entities: usize, outputs: usize) -> Self {
        Self::with_precisions(entities, vec![1.0; outputs])
    }

    /// No effects yet, of entities that differ so much.
    pub fn with_precisions(entities: usize, precisions: Vec<f64>) -> Self {
        let outputs = precisions.len();
        Self {
            effects: vec![0.0; entities * outputs],
            precisions,
            outputs,
        }
    }

    /// What is added to the scores of an entity's rows.
    #[inline]
    pub fn of(&self, entity: usize) -> &[f64] {
        &self.effects[entity * self.outputs..][..self.outputs]
    }

    /// By output: what is added to the hessian of an entity.
    pub fn precisions(&self) -> &[f64] {
        &self.precisions
    }

    /// Estimates how much entities differ, by the moments of what scores leave over.
    pub fn estimate(&mut self, rows: ScoredRows) {
        self.precisions = match rows.loss {
            Loss::Squared | Loss::Absolute => vec![self.prior_rows(rows)],
            loss => with_loss!(loss, loss => self.moments_of_derivatives(loss, rows)),
        };
    }

    /// The precision of normal rows, in rows.
    fn prior_rows(&self, rows: ScoredRows) -> f64 {
        let mut sums = vec![EntitySums::default(); self.effects.len()];
        for &row in rows.rows {
            let row = row as usize;
            let left = rows.data.targets[row] - rows.scores[row];
            sums[rows.entity[row] as usize].add(left, rows.data.weight(row));
        }
        Moments::of(&sums).prior_rows
    }

    /// By output: the reciprocal of the variance of effects, `sum (G² - H) / sum H²` over entities.
    fn moments_of_derivatives(&self, loss: impl LossFunction, rows: ScoredRows) -> Vec<f64> {
        let none = vec![0.0; self.effects.len()];
        let sums = derivatives(loss, rows, &none, self.outputs);
        (0..self.outputs)
            .map(|output| {
                let of_output = sums.iter().skip(output).step_by(self.outputs);
                let (mut spread, mut size) = (0.0, 0.0);
                for &[gradient, hessian] in of_output {
                    spread += gradient * gradient - hessian;
                    size += hessian * hessian;
                }
                let variance = (spread / size.max(1e-12)).max(LEAST_PRECISION);
                1.0 / variance
            })
            .collect()
    }

    /// Steps towards the effects that are best for these scores.
    pub fn refresh(&mut self, rows: ScoredRows, steps: usize) {
        for _ in 0..steps {
            let sums = with_loss!(rows.loss, loss => {
                derivatives(loss, rows, &self.effects, self.outputs)
            });
            let effects = self.effects.iter_mut().zip(sums).enumerate();
            for (place, (effect, [gradient, hessian])) in effects {
                let precision = self.precisions[place % self.outputs];
                *effect += (gradient - precision * *effect) / (hessian + precision);
            }
        }
    }
}

/// By entity and output: the sums of the derivatives at scores with effects.
fn derivatives(
    loss: impl LossFunction,
    rows: ScoredRows,
    effects: &[f64],
    outputs: usize,
) -> Vec<[f64; 2]> {
    let mut sums = vec![[0.0; 2]; effects.len()];
    let mut scores = vec![0.0; outputs];
    let mut derived = vec![[0.0; 2]; outputs];
    for &row in rows.rows {
        let row = row as usize;
        let place = rows.entity[row] as usize * outputs;
        for (output, score) in scores.iter_mut().enumerate() {
            *score = rows.scores[row * outputs + output] + effects[place + output];
        }
        loss.derive(rows.data.targets[row], &scores, &mut derived);
        let weight = rows.data.weight(row);
        for (output, derivative) in derived.iter().enumerate() {
            let sum = &mut sums[place + output];
            *sum = [0, 1].map(|part| sum[part] + weight * derivative[part]);
        }
    }
    sums
}

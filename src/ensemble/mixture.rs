//! How members are mixed: by weights that sum to 1 and lose least on the rows left out (Wolpert
//! 1992).

use rayon::prelude::*;

use super::cross_fit::FittedMember;
use super::loss::{LossFunction, with_loss};
use super::shared_rows::SharedRows;

/// Weights are multiples of one part of so many.
const PARTS: usize = 10;

/// The weight of each member.
pub(super) fn mixture(rows: &SharedRows, members: &[FittedMember]) -> Vec<f64> {
    let mut candidates = Vec::new();
    shares(members.len(), PARTS, &mut Vec::new(), &mut candidates);
    let losses = candidates
        .par_iter()
        .map(|weights| loss_of(rows, members, weights))
        .collect::<Vec<f64>>();
    let mut best = 0;
    for (place, loss) in losses.iter().enumerate() {
        if *loss < losses[best] {
            best = place;
        }
    }
    candidates.swap_remove(best)
}

/// All ways to share out parts among members; those that give all to one come first.
fn shares(members: usize, parts: usize, given: &mut Vec<usize>, all: &mut Vec<Vec<f64>>) {
    let left = parts - given.iter().sum::<usize>();
    if given.len() + 1 >= members {
        given.push(left);
        let weights = given.iter().map(|&part| part as f64 / PARTS as f64);
        all.push(weights.collect());
        given.pop();
        return;
    }
    for part in (0..=left).rev() {
        given.push(part);
        shares(members, parts, given, all);
        given.pop();
    }
}

/// The mean loss of rows by a mixture of the models that did not see them.
fn loss_of(rows: &SharedRows, members: &[FittedMember], weights: &[f64]) -> f64 {
    let outputs = rows.loss.outputs();
    let data = rows.data();
    with_loss!(rows.loss, loss => {
        let mut scores = vec![0.0; outputs];
        let (mut sum, mut total) = (0.0, 0.0);
        for (row, &target) in data.targets.iter().enumerate() {
            scores.fill(0.0);
            for (member, weight) in members.iter().zip(weights) {
                for (output, score) in scores.iter_mut().enumerate() {
                    let place = row * outputs + output;
                    *score += weight * (member.scores[place] + member.effects[place]);
                }
            }
            let weight = data.weight(row);
            sum += weight * loss.of(target, &scores);
            total += weight;
        }
        if total > 0.0 { sum / total } else { 0.0 }
    })
}

/// By row and output: what the members say together, without the effects of entities, and these.
pub(super) fn mixed(members: &[FittedMember], weights: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let size = members.first().map_or(0, |member| member.scores.len());
    let (mut scores, mut effects) = (vec![0.0; size], vec![0.0; size]);
    for (member, &weight) in members.iter().zip(weights) {
        let parts = member.scores.iter().zip(&member.effects);
        for ((score, effect), (own, own_effect)) in scores.iter_mut().zip(&mut effects).zip(parts) {
            *score += weight * own;
            *effect += weight * own_effect;
        }
    }
    (scores, effects)
}

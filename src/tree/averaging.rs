//! Averages a tree over all its prunings: an ordinary tree with other leaves comes of it.

use super::evidence::{Evidence, StepEvidence};
use super::tree::heaviest;
use super::{Split, Tree};

/// Leaves whose predictions differ by less than this are one: in probability, or in standard
/// deviations of the targets.
const AGREEMENT: f64 = 5e-3;

/// Replaces what the leaves of a grown tree hold by the average over all prunings of the tree.
pub(super) fn average(tree: &Tree, evidence: &impl Evidence, split_penalty: f64) -> Tree {
    let mut averager = Averager::new(tree, evidence);
    averager.weigh(split_penalty);
    averager.mix();
    let agree = averager.agreement(AGREEMENT * evidence.unit());
    averager.merge(&agree)
}

/// Averages a tree that was grown on gradients, with hessians of `l2` in addition, over all its
/// prunings; and the log evidence of the tree, against no step at all.
pub(crate) fn average_steps(tree: &Tree, l2: f64, split_penalty: f64) -> (Tree, f64) {
    let evidence = StepEvidence::new(tree, l2);
    let mut averager = Averager::new(tree, &evidence);
    averager.weigh(split_penalty);
    let of_tree = averager.evidence[0];
    averager.mix();
    let agree = averager.agreement(AGREEMENT * evidence.unit());
    let averaged = tree.pruned(
        |node| agree[node],
        |node, statistics| statistics[1] = averager.predictions[node],
    );
    (averaged, of_tree)
}

struct Averager<'a> {
    tree: &'a Tree,
    outputs: usize,
    /// By node: the log evidence as a leaf, then that of the subtree.
    evidence: Vec<f64>,
    /// By node: the probability that the subtree is pruned to a leaf, if none above it is.
    stop: Vec<f64>,
    /// By node and output: what it predicts as a leaf, then the average on the way to it.
    predictions: Vec<f64>,
}

impl<'a> Averager<'a> {
    fn new(tree: &'a Tree, evidence: &impl Evidence) -> Self {
        let (nodes, outputs) = (tree.node_count(), evidence.outputs());
        let mut predictions = vec![0.0; nodes * outputs];
        let of_nodes = predictions.chunks_exact_mut(outputs).enumerate();
        let evidence = of_nodes.map(|(node, prediction)| evidence.of(tree, node, prediction));
        Self {
            tree,
            outputs,
            evidence: evidence.collect(),
            stop: vec![1.0; nodes],
            predictions,
        }
    }

    fn is_leaf(&self, node: usize) -> bool {
        self.tree.split(node) == Split::Leaf
    }

    fn children(&self, node: usize) -> [usize; 2] {
        [self.tree.left(node), self.tree.right(node)]
    }

    /// Weighs each subtree against its pruning to a leaf, from the leaves up.
    fn weigh(&mut self, split_penalty: f64) {
        for node in (0..self.tree.node_count()).rev() {
            if self.is_leaf(node) {
                continue;
            }
            let [left, right] = self.children(node);
            let candidates = f64::from(self.tree.candidates(node).max(1));
            let split = self.evidence[left] + self.evidence[right];
            let split = split - split_penalty * candidates.ln();
            // ln(½ e^leaf + ½ e^split), without overflow
            let leaf = self.evidence[node];
            let odds = (-(leaf - split).abs()).exp();
            let stop = if leaf > split { 1.0 } else { odds } / (1.0 + odds);
            self.stop[node] = stop;
            self.evidence[node] = leaf.max(split) + odds.ln_1p() - std::f64::consts::LN_2;
        }
    }

    /// Hands down what each node would predict, by the probability that it is a leaf.
    fn mix(&mut self) {
        let outputs = self.outputs;
        let mut going_on = vec![1.0; self.tree.node_count()];
        let mut above = vec![0.0; self.tree.node_count() * outputs];
        for node in 0..self.tree.node_count() {
            let range = node * outputs..(node + 1) * outputs;
            let share = going_on[node] * self.stop[node];
            for place in range.clone() {
                self.predictions[place] = above[place] + share * self.predictions[place];
            }
            if self.is_leaf(node) {
                continue;
            }
            for child in self.children(node) {
                going_on[child] = going_on[node] - share;
                above[child * outputs..][..outputs]
                    .copy_from_slice(&self.predictions[range.clone()]);
            }
        }
    }

    /// By node: whether all leaves below it predict the same within `unit`. What each node predicts
    /// is then the mean of its leaves, by their weights.
    fn agreement(&mut self, unit: f64) -> Vec<bool> {
        let outputs = self.outputs;
        let (mut low, mut high) = (self.predictions.clone(), self.predictions.clone());
        let mut agree = vec![true; self.tree.node_count()];
        for node in (0..self.tree.node_count()).rev() {
            if self.is_leaf(node) {
                continue;
            }
            let [left, right] = self.children(node);
            let share = self.tree.weight(left) / self.tree.weight(node);
            for output in 0..outputs {
                let [place, left, right] = [node, left, right].map(|node| node * outputs + output);
                low[place] = low[left].min(low[right]);
                high[place] = high[left].max(high[right]);
                let predictions = &mut self.predictions;
                predictions[place] = share * predictions[left] + (1.0 - share) * predictions[right];
                agree[node] &= high[place] - low[place] <= unit;
            }
        }
        agree
    }

    /// The tree of the averages, where subtrees whose leaves agree are leaves.
    fn merge(&self, agree: &[bool]) -> Tree {
        let mut score = TrainingScore::new(self.tree);
        let mut merged = self.tree.pruned(
            |node| agree[node],
            |node, statistics| {
                let prediction = &self.predictions[node * self.outputs..][..self.outputs];
                score.add(node, prediction);
                describe(self.tree, node, prediction, statistics);
            },
        );
        merged.set_training_score(Some(score.value()));
        merged
    }
}

/// Makes what a node holds that of a leaf that predicts this.
fn describe(tree: &Tree, node: usize, prediction: &[f64], statistics: &mut [f64]) {
    if tree.is_regression() {
        statistics[1] = prediction[0];
        return;
    }
    // In single precision, as models are stored.
    let weight = tree.weight(node);
    let fits = (1e-30..1e30).contains(&weight);
    let weight = if fits { weight } else { 1.0 };
    for (count, share) in statistics.iter_mut().zip(prediction) {
        *count = f64::from((weight * share) as f32);
    }
}

/// How good predictions are on the training rows.
struct TrainingScore<'a> {
    tree: &'a Tree,
    /// Weight of the rows that are classified correctly, or what is left of the squared errors.
    sum: f64,
}

impl<'a> TrainingScore<'a> {
    fn new(tree: &'a Tree) -> Self {
        Self { tree, sum: 0.0 }
    }

    fn add(&mut self, leaf: usize, prediction: &[f64]) {
        self.sum += match self.tree.is_regression() {
            false => self.tree.counts(leaf)[heaviest(prediction)],
            true => {
                let shift = self.tree.value(leaf) - prediction[0];
                self.tree.error(leaf) + self.tree.weight(leaf) * shift * shift
            }
        };
    }

    fn value(self) -> f64 {
        match self.tree.is_regression() {
            false => self.sum / self.tree.weight(0),
            true if self.tree.error(0) > 0.0 => 1.0 - self.sum / self.tree.error(0),
            true => 1.0,
        }
    }
}

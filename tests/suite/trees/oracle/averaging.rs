//! Averages over all prunings, against every pruning weighted by its posterior probability.

use libm::lgamma;
use linfa::ParamGuard;
use per_entity::schema::FeatureKind;
use per_entity::tree::{
    Averaging, CategorySplits, DecisionTreeParams, DecisionTreeValidParams, Pruning,
    RegressionCriterion, Split, Tree,
};
use proptest::prelude::*;

use super::super::strategies::cases;
use super::measure::Measure;
use super::prunings::all_prunings;
use super::sample::{Sample, Target};
use super::strategies::{full, sample_and};

/// Predictions nearer than this in probability, or in standard deviations, are those of one leaf.
const AGREEMENT: f64 = 5e-3;

/// What one node would be as a leaf: its log evidence, and what it would predict.
struct Leaf {
    evidence: f64,
    prediction: Vec<f64>,
}

struct Posterior<'a> {
    measure: Measure<'a>,
    params: DecisionTreeValidParams,
    averaging: Averaging,
    tree: &'a Tree,
    rows: Vec<Vec<usize>>,
}

impl Posterior<'_> {
    fn leaf(&self, node: usize) -> Leaf {
        match self.measure.sample.target {
            Target::Classes { .. } => self.leaf_of_classes(node),
            Target::Numbers(_) => self.leaf_of_numbers(node),
        }
    }

    /// Numbers of effective rows by class.
    fn counts(&self, node: usize) -> Vec<f64> {
        let share = self.measure.sample.effective_share();
        let counts = self.measure.counts(&self.rows[node]).into_iter();
        counts.map(|count| count * share).collect()
    }

    /// The Dirichlet–multinomial distribution.
    fn leaf_of_classes(&self, node: usize) -> Leaf {
        let root = self.counts(0);
        let total = root.iter().sum::<f64>() + 0.5 * root.len() as f64;
        let rows = self.averaging.class_prior;
        let priors: Vec<f64> = root
            .iter()
            .map(|count| rows * (count + 0.5) / total)
            .collect();
        let counts = self.counts(node);
        let seen: f64 = counts.iter().sum();
        let pairs = || counts.iter().zip(&priors);
        let classes = pairs().map(|(count, prior)| lgamma(prior + count) - lgamma(*prior));
        Leaf {
            evidence: classes.sum::<f64>() + lgamma(rows) - lgamma(rows + seen),
            prediction: pairs()
                .map(|(count, prior)| (count + prior) / (seen + rows))
                .collect(),
        }
    }

    fn value(&self, node: usize) -> f64 {
        let rows = &self.rows[node];
        match self.measure.regression_criterion {
            RegressionCriterion::AbsoluteError => match self.measure.sample.weights {
                None => self.measure.medians(rows).iter().sum::<f64>() / 2.0,
                Some(_) => self.tree.value(node),
            },
            _ => self.measure.mean(rows),
        }
    }

    fn spread(&self) -> f64 {
        let rows = &self.rows[0];
        self.measure.impurity(rows) / self.measure.sample.weight_of(rows)
    }

    /// The conjugate priors of the normal, Laplace and Poisson distributions.
    fn leaf_of_numbers(&self, node: usize) -> Leaf {
        let share = self.measure.sample.effective_share();
        let rows = self.measure.sample.weight_of(&self.rows[node]) * share;
        let error = self.measure.impurity(&self.rows[node]) * share;
        let (value, root) = (self.value(node), self.value(0));
        let prior = self.averaging.mean_prior;
        let distance = (value - root).abs();
        let rate = self.spread() * self.averaging.variance_share;
        let of_scale = |shape: f64, more: f64, rate: f64, error: f64| {
            lgamma(shape + more) - lgamma(shape) + shape * rate.ln()
                - (shape + more) * (rate + error).ln()
                + 0.5 * (prior / (prior + rows)).ln()
        };
        let shrunk = prior * rows / (prior + rows);
        let evidence = match self.measure.regression_criterion {
            RegressionCriterion::SquaredError => {
                let shape = self.averaging.variance_prior / 2.0;
                let error = (error + shrunk * distance.powi(2)) / 2.0;
                of_scale(shape, rows / 2.0, shape * rate, error)
            }
            RegressionCriterion::AbsoluteError => {
                let shape = self.averaging.variance_prior;
                of_scale(shape, rows, shape * rate, error + shrunk * distance)
            }
            RegressionCriterion::Poisson => {
                let (shape, sum) = (prior * root, rows * value);
                lgamma(shape + sum) - lgamma(shape) + shape * prior.ln()
                    - (shape + sum) * (prior + rows).ln()
            }
        };
        let prediction = vec![(rows * value + prior * root) / (rows + prior)];
        Leaf {
            evidence,
            prediction,
        }
    }

    /// How many splits there were to choose from: as many as on the split's feature, times the
    /// features that were not constant above.
    fn candidates(&self, node: usize, parent: Option<usize>) -> f64 {
        let (Split::LessOrEqual { feature, .. }
        | Split::Equal { feature, .. }
        | Split::Among { feature, .. }) = self.tree.split(node)
        else {
            unreachable!("a leaf has no candidates");
        };
        let sample = self.measure.sample;
        let features = (0..sample.columns.len()).filter(|&feature| {
            parent.is_none_or(|parent| sample.codes(feature, &self.rows[parent]).len() > 1)
        });
        let column = &sample.columns[feature as usize];
        let codes = sample.codes(feature as usize, &self.rows[node]).len() as i32;
        let is_missing = self.rows[node].iter().any(|&row| column.is_missing(row));
        let on_feature = match (column.kind, self.params.category_splits()) {
            (FeatureKind::Numeric, _) if is_missing => 2 * codes - 3,
            (FeatureKind::Numeric, _) => codes - 1,
            (FeatureKind::Categorical, CategorySplits::One) if codes == 2 => 1,
            (FeatureKind::Categorical, CategorySplits::One) => codes,
            (FeatureKind::Categorical, CategorySplits::Set) => (1 << (codes - 1)) - 1,
        };
        f64::from(on_feature) * features.count() as f64
    }

    fn parents(&self) -> Vec<Option<usize>> {
        let mut parents = vec![None; self.tree.node_count()];
        for node in 0..self.tree.node_count() {
            if self.tree.split(node) != Split::Leaf {
                parents[self.tree.left(node)] = Some(node);
                parents[self.tree.right(node)] = Some(node);
            }
        }
        parents
    }

    /// By leaf of the tree, the mean of what the prunings predict in it, by their posterior
    /// probabilities.
    fn means(&self) -> Vec<Vec<f64>> {
        let parents = self.parents();
        let nodes = 0..self.tree.node_count();
        let leaves: Vec<Leaf> = nodes.clone().map(|node| self.leaf(node)).collect();
        // A node that is a decision stands or falls with even odds.
        let is_decision = |node: &usize| self.tree.split(*node) != Split::Leaf;
        let prunings = all_prunings(self.tree);
        let logarithms: Vec<f64> = prunings
            .iter()
            .map(|pruning| {
                let decisions = pruning.splits.len()
                    + pruning
                        .leaves
                        .iter()
                        .filter(|leaf| is_decision(leaf))
                        .count();
                let penalties = pruning.splits.iter().map(|&split| {
                    self.averaging.split_penalty * self.candidates(split, parents[split]).ln()
                });
                let evidence = pruning.leaves.iter().map(|&leaf| leaves[leaf].evidence);
                evidence.sum::<f64>() - penalties.sum::<f64>() - decisions as f64 * 2f64.ln()
            })
            .collect();
        let largest = logarithms.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let weights: Vec<f64> = logarithms.iter().map(|log| (log - largest).exp()).collect();
        let total: f64 = weights.iter().sum();
        nodes
            .map(|node| {
                let mut mean = vec![0.0; leaves[node].prediction.len()];
                for (pruning, weight) in prunings.iter().zip(&weights) {
                    let Some(leaf) = leaf_above(node, pruning.leaves.as_slice(), &parents) else {
                        continue;
                    };
                    for (mean, prediction) in mean.iter_mut().zip(&leaves[leaf].prediction) {
                        *mean += weight / total * prediction;
                    }
                }
                mean
            })
            .collect()
    }

    /// What differences of predictions are measured by.
    fn unit(&self) -> f64 {
        match (
            &self.measure.sample.target,
            self.measure.regression_criterion,
        ) {
            (Target::Classes { .. }, _) => 1.0,
            (_, RegressionCriterion::SquaredError) => self.spread().sqrt(),
            (_, RegressionCriterion::AbsoluteError) => self.spread(),
            (_, RegressionCriterion::Poisson) => self.value(0).sqrt(),
        }
    }
}

/// The leaf of a pruning that a node is or lies below.
fn leaf_above(node: usize, leaves: &[usize], parents: &[Option<usize>]) -> Option<usize> {
    let mut node = Some(node);
    while let Some(other) = node {
        if leaves.contains(&other) {
            return node;
        }
        node = parents[other];
    }
    None
}

prop_compose! {
    fn averaging()(
        split_penalty in prop_oneof![Just(0.0), Just(0.5), 0.0..3.0],
        class_prior in 0.1..5.0,
        mean_prior in 0.1..5.0,
        variance_prior in 0.5..5.0,
        variance_share in 0.05..1.0,
    ) -> Averaging {
        Averaging { split_penalty, class_prior, mean_prior, variance_prior, variance_share }
    }
}

fn prediction(tree: &Tree, leaf: usize) -> Vec<f64> {
    match tree.is_regression() {
        true => vec![tree.value(leaf)],
        false => tree
            .counts(leaf)
            .iter()
            .map(|count| count / tree.weight(leaf))
            .collect(),
    }
}

fn averages_are_those_of_all_prunings(
    sample: &Sample,
    params: &DecisionTreeParams,
    averaging: Averaging,
) -> Result<(), TestCaseError> {
    let tree = sample.fit(params);
    let averaged = sample.fit(&params.clone().pruning(Pruning::Average(averaging)));
    let params = params.clone().check().unwrap();
    let posterior = Posterior {
        measure: Measure::new(sample, &params),
        params,
        averaging,
        tree: &tree,
        rows: sample.rows_of_nodes(&tree),
    };
    if averaged.is_regression() && posterior.spread() < f64::MIN_POSITIVE {
        prop_assert_eq!(averaged, tree);
        return Ok(());
    }
    let means = posterior.means();
    let matrix = sample.matrix();
    let (leaves, of_rows) = (tree.apply(&matrix), averaged.apply(&matrix));
    // Probabilities are kept in single precision.
    let precision = if averaged.is_regression() { 1e-9 } else { 1e-6 };
    for leaf in (0..averaged.node_count()).filter(|&node| averaged.split(node) == Split::Leaf) {
        let rows: Vec<usize> = (0..sample.rows())
            .filter(|&row| of_rows[row] == leaf)
            .collect();
        let weight = sample.weight_of(&rows);
        for (output, &predicted) in prediction(&averaged, leaf).iter().enumerate() {
            let mean = |&row: &usize| means[leaves[row]][output];
            let low = rows.iter().map(mean).fold(f64::INFINITY, f64::min);
            let high = rows.iter().map(mean).fold(f64::NEG_INFINITY, f64::max);
            let slack = precision * posterior.unit() + 1e-12 * low.abs().max(high.abs());
            prop_assert!(high - low <= AGREEMENT * posterior.unit() + slack);
            let expected: f64 = rows
                .iter()
                .map(|row| mean(row) * sample.weight(*row) / weight)
                .sum();
            prop_assert!(
                (predicted - expected).abs() <= slack,
                "{:e} {:e}",
                predicted,
                expected
            );
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn averaged_predictions_are_the_posterior_means_over_all_prunings(
        (sample, params) in sample_and(14, full()),
        averaging in averaging(),
    ) {
        averages_are_those_of_all_prunings(&sample, &params.max_depth(Some(4)), averaging)?;
    }
}

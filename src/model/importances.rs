//! How much each feature of a model decreases impurity.

use std::collections::HashMap;

use ndarray::{Array1, Array2, Axis};

use super::model::{Content, Model};
use super::shared_model::splits_of;
use super::tree_model::{LEAF, TreeModel};

impl Model {
    /// How much each feature matters to the model, in the order of
    /// [`feature_names`](Self::feature_names). Together they are 1, but all are 0 where no split
    /// tells anything apart.
    ///
    /// Of a tree they are [its own](TreeModel::importances), by impurity. Of boosted trees, the
    /// shared ones included, they are the share of the splits that ask about the feature; splits
    /// that ask about the entity itself, or about the shared score, are left aside.
    pub fn importances(&self) -> Vec<f64> {
        let splits = match &self.content {
            Content::Tree(tree) => return tree.importances(),
            Content::Boosted(ensemble) => splits_of([&ensemble.trees], ensemble.features.len()),
            Content::Shared(shared, share) => {
                let own = splits_of([&share.trees], shared.features().len());
                own.iter()
                    .zip(shared.splits())
                    .map(|(one, other)| one + other)
                    .collect()
            }
        };
        let sum = splits.iter().sum::<u64>().max(1) as f64;
        splits.iter().map(|&splits| splits as f64 / sum).collect()
    }

    /// Importances in the order of [`feature_names`](Self::feature_names) as those of the features of these
    /// names: 0 for those that the model does not ask for.
    pub(crate) fn importances_among<'a>(
        &self,
        importances: &[f64],
        names: impl Iterator<Item = &'a str>,
    ) -> Vec<f64> {
        let asked = self.feature_names().into_iter();
        let asked: HashMap<&str, f64> = asked.zip(importances.iter().copied()).collect();
        names
            .map(|name| asked.get(name).copied().unwrap_or(0.0))
            .collect()
    }
}

impl TreeModel {
    /// How much each feature matters to the tree, in the order of [`features`](Self::features):
    /// its share in the decrease of impurity by all splits, by the training weights. Together they
    /// are 1, but all are 0 where no split tells anything apart.
    ///
    /// The decrease of a split is that of the Gini impurity, of a quantity that of the squared
    /// error (Breiman, Friedman, Olshen & Stone 1984, "Classification and regression trees",
    /// section 5.3.4). With the weights `w` and the predictions `p` of its two sides, probabilities
    /// or a quantity, it is `w_left * w_right / (w_left + w_right) * |p_left - p_right|²`. Of trees
    /// that are not pruned and split by these criteria, this is scikit-learn's
    /// `feature_importances_`; of a tree averaged over its prunings it is the decrease in what the
    /// tree predicts.
    pub fn importances(&self) -> Vec<f64> {
        let (weights, predictions) = self.weighted_predictions();
        let mut importances = vec![0.0; self.features.len()];
        for node in 0..self.node_count() {
            if self.feature[node] == LEAF {
                continue;
            }
            let [left, right] = [self.left(node), self.right(node)];
            let share = weights[left] / (weights[left] + weights[right]);
            let difference = &predictions.row(left) - &predictions.row(right);
            importances[self.feature[node] as usize] +=
                share * weights[right] * difference.dot(&difference);
        }
        let sum: f64 = importances.iter().sum();
        let unit = if sum > 0.0 && sum.is_finite() {
            sum.recip()
        } else {
            0.0
        };
        importances.iter().map(|decrease| decrease * unit).collect()
    }

    /// The share of each node in the training weight, and what it predicts, by class or as a
    /// quantity: relative to the largest, so that no square is beyond a number.
    fn weighted_predictions(&self) -> (Array1<f64>, Array2<f64>) {
        let mut counts = self.node_counts();
        let (mut weights, mut predictions) = match self.is_regression() {
            true => {
                let values = counts.column(1).insert_axis(Axis(1)).to_owned();
                (counts.column(0).to_owned(), values)
            }
            false => {
                let weights = counts.sum_axis(Axis(1));
                counts /= &weights.view().insert_axis(Axis(1));
                (weights, counts)
            }
        };
        let largest = predictions
            .iter()
            .fold(0.0, |largest: f64, value| largest.max(value.abs()));
        if largest > 0.0 {
            predictions /= largest;
        }
        let all = weights[0];
        weights /= all;
        (weights, predictions)
    }
}

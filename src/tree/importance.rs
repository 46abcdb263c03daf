//! How much the splits of a tree decrease the impurity: what features are worth to it.

use super::{Criterion, Split, Tree};

impl Tree {
    /// By node: how much its split decreases the impurity of the training rows, as a mean over all
    /// of them; 0 at a leaf. `criterion` is that of a tree of classes; one of quantities has its
    /// own.
    ///
    /// With `N` the weight of all rows and `N_t` that of the node's, this is `N_t / N * (impurity -
    /// N_left / N_t * impurity_left - N_right / N_t * impurity_right)` (Breiman et al. 1984, chapter
    /// 5).
    ///
    /// Classes are counted in the leaves, and summed up from there. So in a tree that was averaged
    /// over its prunings, a split is worth what is left of it in the probabilities of the leaves;
    /// of quantities it is worth what it was when the tree was grown.
    pub fn node_impurity_decreases(&self, criterion: Criterion) -> Vec<f64> {
        let costs = self.impurities(criterion);
        let total = self.weight(0);
        let decrease = |node| match self.split(node) {
            Split::Leaf => 0.0,
            _ => {
                let children = costs[self.left(node)] + costs[self.right(node)];
                // Rounding may make a split that decreases nothing seem to do harm.
                ((costs[node] - children) / total).max(0.0)
            }
        };
        (0..self.node_count()).map(decrease).collect()
    }

    /// By feature, of which there are `features`: the sum over its splits of
    /// [`node_impurity_decreases`](Self::node_impurity_decreases), known as the mean decrease in
    /// impurity.
    ///
    /// # Panics
    ///
    /// If the tree splits a feature beyond `features`.
    pub fn impurity_decreases(&self, criterion: Criterion, features: usize) -> Vec<f64> {
        let mut by_feature = vec![0.0; features];
        let by_node = self.node_impurity_decreases(criterion);
        for (node, decrease) in by_node.into_iter().enumerate() {
            if let Some(feature) = self.split(node).feature() {
                by_feature[feature] += decrease;
            }
        }
        by_feature
    }

    /// The share of each feature in the sum of all
    /// [`impurity_decreases`](Self::impurity_decreases): scikit-learn's `feature_importances_`. All
    /// are 0 where no split decreases the impurity.
    ///
    /// # Panics
    ///
    /// If the tree splits a feature beyond `features`.
    pub fn feature_importances(&self, criterion: Criterion, features: usize) -> Vec<f64> {
        let mut shares = self.impurity_decreases(criterion, features);
        let sum: f64 = shares.iter().sum();
        if sum > 0.0 {
            shares.iter_mut().for_each(|share| *share /= sum);
        }
        shares
    }

    /// By node: its weight times its impurity.
    fn impurities(&self, criterion: Criterion) -> Vec<f64> {
        if self.is_regression() {
            return (0..self.node_count())
                .map(|node| self.error(node))
                .collect();
        }
        let classes = self.class_count();
        let mut counts = vec![0.0; self.node_count() * classes];
        let mut impurities = vec![0.0; self.node_count()];
        for node in (0..self.node_count()).rev() {
            let (upper, below) = counts.split_at_mut((node + 1) * classes);
            let own = &mut upper[node * classes..];
            match self.split(node) {
                Split::Leaf => own.copy_from_slice(self.counts(node)),
                _ => {
                    for child in [self.left(node), self.right(node)] {
                        let child = &below[(child - node - 1) * classes..][..classes];
                        own.iter_mut()
                            .zip(child)
                            .for_each(|(sum, &part)| *sum += part);
                    }
                }
            }
            impurities[node] = criterion.impurity(own) * own.iter().sum::<f64>();
        }
        impurities
    }
}

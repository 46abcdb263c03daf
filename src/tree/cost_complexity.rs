//! Minimal cost-complexity pruning (Breiman et al. 1984, chapter 3).

use super::{Criterion, Split, Tree};

/// The costs of a tree's nodes, and of the subtrees below them.
struct Costs {
    /// By node: its share of the weight times its impurity.
    leaf: Vec<f64>,
    /// By node: the same of the leaves below it, and how many there are.
    subtree: Vec<(f64, usize)>,
}

impl Costs {
    fn of(tree: &Tree, criterion: Criterion) -> Self {
        let total = tree.weight(0);
        let cost = |node| match tree.is_regression() {
            true => tree.error(node) / total,
            false => criterion.impurity(tree.counts(node)) * tree.weight(node) / total,
        };
        let leaf: Vec<f64> = (0..tree.node_count()).map(cost).collect();
        Self {
            subtree: leaf.iter().map(|&cost| (cost, 1)).collect(),
            leaf,
        }
    }
}

/// Of all prunings the smallest one that has the least cost when each leaf costs `alpha`. Without a
/// cost the tree stays as it is, as in scikit-learn.
pub(super) fn prune(tree: &Tree, criterion: Criterion, alpha: f64) -> Tree {
    let mut costs = Costs::of(tree, criterion);
    let mut is_leaf = vec![false; tree.node_count()];
    for node in (0..tree.node_count()).rev() {
        if tree.split(node) == Split::Leaf || alpha <= 0.0 {
            continue;
        }
        let [left, right] = [tree.left(node), tree.right(node)].map(|child| costs.subtree[child]);
        let (cost, leaves) = (left.0 + right.0, left.1 + right.1);
        // The link whose weakness is its decrease of the cost by leaf.
        is_leaf[node] = (costs.leaf[node] - cost) / (leaves - 1) as f64 <= alpha;
        if !is_leaf[node] {
            costs.subtree[node] = (cost, leaves);
        }
    }
    tree.pruned(|node| is_leaf[node], |_, _| {})
}

/// One of the prunings that are minimal for some cost of a leaf.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PrunedTree {
    /// The least cost of a leaf for which it is minimal.
    pub alpha: f64,
    /// The sum over its leaves of their share of the weight times their impurity.
    pub impurity: f64,
    /// Its leaves.
    pub leaves: usize,
}

impl Tree {
    /// The prunings that are minimal for some cost of a leaf, from the tree itself to its root
    /// alone: scikit-learn's `cost_complexity_pruning_path`. `criterion` is that of a tree of
    /// classes; one of quantities has its own. To be asked of a tree that was not pruned.
    pub fn cost_complexity_path(&self, criterion: Criterion) -> Vec<PrunedTree> {
        let mut costs = Costs::of(self, criterion);
        let mut is_leaf: Vec<bool> = (0..self.node_count())
            .map(|node| self.split(node) == Split::Leaf)
            .collect();
        let mut path = Vec::new();
        let mut alpha = 0.0;
        loop {
            self.sum_up(&is_leaf, &mut costs);
            let (impurity, leaves) = costs.subtree[0];
            path.push(PrunedTree {
                alpha,
                impurity,
                leaves,
            });
            let Some((weakness, weakest)) = self.weakest(&is_leaf, &costs) else {
                return path;
            };
            is_leaf[weakest] = true;
            // Rounding may put it below that of the step before.
            alpha = weakness.max(alpha);
        }
    }

    /// Sums up the costs of the leaves that there are.
    fn sum_up(&self, is_leaf: &[bool], costs: &mut Costs) {
        for node in (0..self.node_count()).rev() {
            costs.subtree[node] = match is_leaf[node] {
                true => (costs.leaf[node], 1),
                false => {
                    let [left, right] = [self.left(node), self.right(node)];
                    let [left, right] = [left, right].map(|child| costs.subtree[child]);
                    (left.0 + right.0, left.1 + right.1)
                }
            };
        }
    }

    /// The split that decreases the cost the least by leaf, the first of them on a tie.
    fn weakest(&self, is_leaf: &[bool], costs: &Costs) -> Option<(f64, usize)> {
        let mut weakest: Option<(f64, usize)> = None;
        let mut stack = vec![0];
        while let Some(node) = stack.pop() {
            if is_leaf[node] {
                continue;
            }
            let (cost, leaves) = costs.subtree[node];
            let weakness = (costs.leaf[node] - cost) / (leaves - 1) as f64;
            if weakest.is_none_or(|(least, _)| weakness < least) {
                weakest = Some((weakness, node));
            }
            stack.extend([self.right(node), self.left(node)]);
        }
        weakest
    }
}

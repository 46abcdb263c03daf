//! What both estimators hold, and what both tell of it.

use std::collections::VecDeque;

use linfa::Float;
use ndarray::{ArrayBase, ArrayView1, Axis, Data, Ix2};

use super::node::{NodeSplit, Root, TreeNode};
use super::records::Records;
use crate::tree::{Criterion, Split, Tree};

/// A tree in the units of the records.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct FittedTree<F, P> {
    pub tree: Tree,
    /// What the tree was grown by, where it tells classes.
    pub criterion: Criterion,
    /// One per node; of no meaning at a leaf.
    pub thresholds: Vec<F>,
    pub feature_names: Vec<String>,
    root: Root<F, P>,
}

impl<F: Float, P: Clone> FittedTree<F, P> {
    pub fn new(tree: Tree, criterion: Criterion, records: Records<F>) -> Self {
        let thresholds = records.thresholds(&tree);
        Self::from_parts(tree, criterion, thresholds, records.feature_names)
    }

    pub fn from_parts(
        tree: Tree,
        criterion: Criterion,
        thresholds: Vec<F>,
        feature_names: Vec<String>,
    ) -> Self {
        Self {
            tree,
            criterion,
            thresholds,
            feature_names,
            root: Root::default(),
        }
    }

    /// The leaf of each row.
    pub fn leaves<'a, D: Data<Elem = F>>(
        &'a self,
        records: &'a ArrayBase<D, Ix2>,
    ) -> impl Iterator<Item = usize> + 'a {
        assert_eq!(
            records.ncols(),
            self.feature_names.len(),
            "the records have as many columns as those that the tree was fitted to"
        );
        records.axis_iter(Axis(0)).map(|row| self.leaf(row))
    }

    fn leaf(&self, row: ArrayView1<F>) -> usize {
        let mut node = 0;
        while let Split::LessOrEqual {
            feature,
            missing_left,
            ..
        } = self.tree.split(node)
        {
            let value = row[feature as usize];
            let goes_left = match value.is_nan() {
                true => missing_left,
                false => value <= self.thresholds[node],
            };
            node = match goes_left {
                true => self.tree.left(node),
                false => self.tree.right(node),
            };
        }
        node
    }

    /// The features that are asked for, each once, level by level.
    pub fn features(&self) -> Vec<usize> {
        let mut is_new = vec![true; self.feature_names.len()];
        let mut features = Vec::new();
        let mut queue = VecDeque::from([0]);
        while let Some(node) = queue.pop_front() {
            if let Some(feature) = self.tree.split(node).feature() {
                if std::mem::take(&mut is_new[feature]) {
                    features.push(feature);
                }
                queue.extend([self.tree.left(node), self.tree.right(node)]);
            }
        }
        features
    }

    pub fn impurity_decreases(&self) -> Vec<F> {
        let features = self.feature_names.len();
        let decreases = self.tree.impurity_decreases(self.criterion, features);
        decreases.into_iter().map(F::cast).collect()
    }

    pub fn feature_importances(&self) -> Vec<F> {
        let features = self.feature_names.len();
        let shares = self.tree.feature_importances(self.criterion, features);
        shares.into_iter().map(F::cast).collect()
    }

    pub fn root(&self, prediction: impl Fn(usize) -> P) -> &TreeNode<F, P> {
        self.root.get_or_make(|| self.nodes(prediction))
    }

    /// All nodes, given what each predicts as a leaf.
    fn nodes(&self, prediction: impl Fn(usize) -> P) -> Box<TreeNode<F, P>> {
        let tree = &self.tree;
        let decreases = tree.node_impurity_decreases(self.criterion);
        let mut depths = vec![0; tree.node_count()];
        for node in 0..tree.node_count() {
            if tree.split(node) != Split::Leaf {
                depths[tree.left(node)] = depths[node] + 1;
                depths[tree.right(node)] = depths[node] + 1;
            }
        }
        let mut finished: Vec<Box<TreeNode<F, P>>> = Vec::new();
        for node in (0..tree.node_count()).rev() {
            let share = decreases[node] * (tree.weight(0) / tree.weight(node));
            let split = self.split(node, F::cast(share));
            // In preorder, what stands behind a split is its left subtree, and then its right one.
            let children = match split {
                None => [None, None],
                Some(_) => [finished.pop(), finished.pop()],
            };
            finished.push(Box::new(TreeNode {
                depth: depths[node],
                prediction: split.is_none().then(|| prediction(node)),
                split,
                children,
            }));
        }
        finished.pop().expect("a tree has a root")
    }

    fn split(&self, node: usize, impurity_decrease: F) -> Option<NodeSplit<F>> {
        let Split::LessOrEqual {
            feature,
            missing_left,
            ..
        } = self.tree.split(node)
        else {
            return None;
        };
        let feature = feature as usize;
        let threshold = self.thresholds[node];
        Some(NodeSplit {
            feature,
            feature_name: self.feature_names[feature].clone(),
            threshold: threshold.is_finite().then_some(threshold),
            missing_left,
            impurity_decrease,
        })
    }
}

/// What both estimators tell of their trees, whose nodes predict `$prediction`.
macro_rules! tree_methods {
    ($prediction:ty) => {
        /// The nodes, in terms of codes: each value's rank among the training rows'.
        pub fn tree(&self) -> &Tree {
            &self.fitted.tree
        }

        /// The threshold of a split, in the units of the records: rows whose value is at most this
        /// go left. It is infinite where all rows with a value do.
        pub fn threshold(&self, node: usize) -> F {
            self.fitted.thresholds[node]
        }

        /// The names of the features: those of the dataset, or `feature-0` and so on.
        pub fn feature_names(&self) -> &[String] {
            &self.fitted.feature_names
        }

        /// The features that the tree asks for, each once, level by level from the root.
        pub fn features(&self) -> Vec<usize> {
            self.fitted.features()
        }

        /// By feature: how much its splits decrease the impurity, as a mean over all training rows;
        /// 0 for one that is not asked for. See [`Tree::impurity_decreases`].
        pub fn mean_impurity_decrease(&self) -> Vec<F> {
            self.fitted.impurity_decreases()
        }

        /// By feature: its share in the sum of
        /// [`mean_impurity_decrease`](Self::mean_impurity_decrease), or 0 where the sum is.
        pub fn relative_impurity_decrease(&self) -> Vec<F> {
            self.fitted.feature_importances()
        }

        /// The same as [`relative_impurity_decrease`](Self::relative_impurity_decrease):
        /// scikit-learn's `feature_importances_`.
        pub fn feature_importance(&self) -> Vec<F> {
            self.relative_impurity_decrease()
        }

        /// The depth of the deepest leaf; 0 of a tree of one leaf.
        pub fn max_depth(&self) -> usize {
            self.fitted.tree.depth()
        }

        /// Number of leaves.
        pub fn num_leaves(&self) -> usize {
            self.fitted.tree.leaf_count()
        }

        /// The root, with all nodes below it.
        pub fn root_node(&self) -> &TreeNode<F, $prediction> {
            self.fitted.root(|node| self.prediction(node))
        }

        /// The nodes level by level, from left to right.
        pub fn iter_nodes(&self) -> NodeIter<'_, F, $prediction> {
            NodeIter::new([self.root_node()].into())
        }

        /// The tree as a drawing in TeX.
        pub fn export_to_tikz(&self) -> Tikz<'_, F, $prediction> {
            Tikz::of(self.root_node())
        }
    };
}
pub(super) use tree_methods;

//! The nodes of a fitted tree, for those who walk them.

use std::collections::VecDeque;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use linfa::Float;
use serde::{Deserialize, Serialize};

/// A node of a fitted tree on numbers of `F`, with all below it. It predicts `P`.
///
/// Cloning, comparing and writing a node goes down the tree by recursion; walking it by
/// [`NodeIter`] does not.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TreeNode<F, P> {
    pub(super) depth: usize,
    pub(super) split: Option<NodeSplit<F>>,
    pub(super) children: [Option<Box<TreeNode<F, P>>>; 2],
    pub(super) prediction: Option<P>,
}

/// What an inner node asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct NodeSplit<F> {
    pub feature: usize,
    pub feature_name: String,
    /// Nothing where all rows with a value go left.
    pub threshold: Option<F>,
    pub missing_left: bool,
    pub impurity_decrease: F,
}

/// No number in a node is NaN.
impl<F: PartialEq, P: Eq> Eq for TreeNode<F, P> {}

impl<F, P: Hash> Hash for TreeNode<F, P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.depth.hash(state);
        self.split.as_ref().map(|split| split.feature).hash(state);
        self.prediction.hash(state);
    }
}

impl<F: Float, P: Clone> TreeNode<F, P> {
    /// Whether the node has no children.
    pub fn is_leaf(&self) -> bool {
        self.split.is_none()
    }

    /// How many splits are above the node: 0 at the root.
    pub fn depth(&self) -> usize {
        self.depth
    }

    /// What a leaf predicts; nothing at an inner node.
    pub fn prediction(&self) -> Option<P> {
        self.prediction.clone()
    }

    /// The left and the right child; neither at a leaf.
    pub fn children(&self) -> Vec<&Option<Box<TreeNode<F, P>>>> {
        self.children.iter().collect()
    }

    /// The feature that an inner node asks for, the threshold, and how much the split decreases the
    /// impurity within the node. Rows whose value is at most the threshold go left; it is infinite
    /// where all rows with a value do. At a leaf all three are 0.
    pub fn split(&self) -> (usize, F, F) {
        match &self.split {
            None => (0, F::zero(), F::zero()),
            Some(split) => {
                let threshold = split.threshold.unwrap_or(F::infinity());
                (split.feature, threshold, split.impurity_decrease)
            }
        }
    }

    /// Whether rows without a value go left; nothing at a leaf.
    pub fn missing_left(&self) -> Option<bool> {
        self.split.as_ref().map(|split| split.missing_left)
    }

    /// The name of the feature that an inner node asks for; nothing at a leaf.
    pub fn feature_name(&self) -> Option<&String> {
        self.split.as_ref().map(|split| &split.feature_name)
    }
}

/// Takes the nodes apart one by one, as a tree may be deeper than the stack.
impl<F, P> Drop for TreeNode<F, P> {
    fn drop(&mut self) {
        let mut waiting: Vec<Box<TreeNode<F, P>>> = Vec::new();
        waiting.extend(self.children.iter_mut().filter_map(Option::take));
        while let Some(mut node) = waiting.pop() {
            waiting.extend(node.children.iter_mut().filter_map(Option::take));
        }
    }
}

/// The nodes of a tree level by level, from left to right.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeIter<'a, F, P> {
    queue: VecDeque<&'a TreeNode<F, P>>,
}

impl<'a, F, P> NodeIter<'a, F, P> {
    /// The nodes of a queue, each followed, behind all others, by its children.
    pub fn new(queue: VecDeque<&'a TreeNode<F, P>>) -> Self {
        Self { queue }
    }
}

impl<'a, F, P> Iterator for NodeIter<'a, F, P> {
    type Item = &'a TreeNode<F, P>;

    fn next(&mut self) -> Option<Self::Item> {
        let node = self.queue.pop_front()?;
        let children = node.children.iter().flatten();
        self.queue.extend(children.map(|child| child.as_ref()));
        Some(node)
    }
}

/// The root, made when it is asked for: predicting has no use for it. It is no more than another
/// form of the tree, so copies do without it, and all are equal.
pub(super) struct Root<F, P>(OnceLock<Box<TreeNode<F, P>>>);

impl<F, P> Root<F, P> {
    pub fn get_or_make(&self, make: impl FnOnce() -> Box<TreeNode<F, P>>) -> &TreeNode<F, P> {
        self.0.get_or_init(make)
    }
}

impl<F, P> Default for Root<F, P> {
    fn default() -> Self {
        Self(OnceLock::new())
    }
}

impl<F, P> Clone for Root<F, P> {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl<F, P> PartialEq for Root<F, P> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<F, P> fmt::Debug for Root<F, P> {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("Root")
    }
}

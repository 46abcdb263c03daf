//! All prunings of a small tree.

use per_entity::tree::{Split, Tree};

/// The leaves of one pruning, as nodes of the tree; and the splits that stand in it.
#[derive(Clone, Debug, Default)]
pub struct PrunedTo {
    pub leaves: Vec<usize>,
    pub splits: Vec<usize>,
}

pub fn all_prunings(tree: &Tree) -> Vec<PrunedTo> {
    prunings_of(tree, 0)
}

fn prunings_of(tree: &Tree, node: usize) -> Vec<PrunedTo> {
    let mut prunings = vec![PrunedTo {
        leaves: vec![node],
        splits: Vec::new(),
    }];
    if tree.split(node) == Split::Leaf {
        return prunings;
    }
    let [left, right] = [tree.left(node), tree.right(node)].map(|child| prunings_of(tree, child));
    for one in &left {
        prunings.extend(right.iter().map(|other| PrunedTo {
            leaves: [&one.leaves[..], &other.leaves].concat(),
            splits: [&[node][..], &one.splits, &other.splits].concat(),
        }));
    }
    prunings
}

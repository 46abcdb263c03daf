//! What nodes ask of a row's codes.

/// A node of [`AdditiveTrees`](super::AdditiveTrees); the left child of a split is the next node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AdditiveNode {
    /// What it asks.
    pub test: CodeTest,
    /// The right child of a split; the position of a leaf's value.
    pub next: u32,
}

/// What a node of [`AdditiveTrees`](super::AdditiveTrees) asks of a row's codes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum CodeTest {
    /// Nothing: the node is a leaf.
    Leaf,
    /// Whether the code of a feature is at most this, or the one that stands for missing values
    /// where these go left.
    LessOrEqual {
        /// Position of the feature.
        feature: u16,
        /// The largest code on the left, missing values aside.
        code: u8,
        /// The code of missing values, where they go left.
        missing: Option<u8>,
    },
    /// Whether the code of a feature is in a set.
    Among {
        /// Position of the feature.
        feature: u16,
        /// Position of the set.
        set: u32,
    },
}

impl CodeTest {
    /// Whether a row with this code goes left; at a leaf there is no left. `sets` are those of the
    /// trees.
    #[inline(always)]
    pub(crate) fn goes_left(self, sets: &[[u64; 4]], own: u8) -> bool {
        match self {
            CodeTest::Leaf => false,
            CodeTest::LessOrEqual { code, missing, .. } => own <= code || missing == Some(own),
            CodeTest::Among { set, .. } => {
                sets[set as usize][usize::from(own / 64)] >> (own % 64) & 1 == 1
            }
        }
    }
}

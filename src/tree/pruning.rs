//! What becomes of a tree that was grown to its end.

use serde::{Deserialize, Serialize};

/// What becomes of a tree that was grown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "method")]
pub enum Pruning {
    /// It stays as it is.
    #[default]
    None,
    /// Every leaf predicts the average over all prunings of the tree; see [`Averaging`].
    Average(Averaging),
    /// Minimal cost-complexity pruning (Breiman et al. 1984, chapter 3; scikit-learn's
    /// `ccp_alpha`): of all prunings the smallest one of the least `R + alpha * leaves`, where `R`
    /// is the sum over the leaves of their share of the weight times their impurity.
    #[serde(rename = "ccp")]
    CostComplexity {
        /// What a leaf costs: finite, 0 or more. 0 cuts nothing, as in scikit-learn.
        alpha: f64,
    },
}

/// The names of the ways to prune.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PruningMethod {
    /// [`Pruning::None`].
    #[default]
    None,
    /// [`Pruning::Average`].
    Average,
    /// [`Pruning::CostComplexity`], with `ccp_alpha`.
    Ccp,
}

/// How the prunings of a tree are averaged.
///
/// Each split either stands or is pruned away with all below it, with even odds before the rows are
/// seen, and lower ones the more splits there were to choose from. The rows then decide: every
/// pruning is weighted by its posterior probability, and a leaf predicts the mean of what its
/// ancestors and itself would predict as leaves of the prunings (Buntine 1992; Willems, Shtarkov and
/// Tjalkens 1995; Helmbold and Schapire 1997). With `L` the log evidence of a node's rows as one
/// leaf, the log evidence of a subtree is `W = ln(½ e^L + ½ e^(W_left + W_right - penalty * ln
/// candidates))`, and `½ e^(L - W)` the probability that the subtree is pruned to a leaf.
///
/// What makes the evidence of a leaf:
/// * classes: the Dirichlet–multinomial distribution (Buntine 1992), around the entity's own shares
///   of the classes; a leaf alone predicts `(n_k + a p_k) / (n + a)`.
/// * quantities: the normal distribution whose mean and variance are unknown, with their conjugate
///   prior around the entity's own mean and variance (Chipman, George and McCulloch 1998).
/// * quantities by Poisson deviance: the Poisson distribution whose rate is unknown, with its
///   conjugate prior.
/// * quantities by absolute error: the Laplace distribution around the median, whose scale is
///   unknown.
///
/// Sample weights count as if they made up Kish's effective number of rows, so their scale does not
/// matter (Kish 1965).
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `split_penalty` | 0.5 | how much a choice among many splits is held against a split | 0 or more |
/// | `class_prior` | 0.5 | rows that the entity's shares of the classes count for | above 0 |
/// | `mean_prior` | 0.3 | rows that the entity's mean counts for | above 0 |
/// | `variance_prior` | 3.0 | rows that the variance expected in a leaf counts for | above 0 |
/// | `variance_share` | 0.2 | the variance expected in a leaf, as a share of the entity's | above 0 |
///
/// All finite.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Averaging {
    /// See the table.
    pub split_penalty: f64,
    /// See the table.
    pub class_prior: f64,
    /// See the table.
    pub mean_prior: f64,
    /// See the table.
    pub variance_prior: f64,
    /// See the table.
    pub variance_share: f64,
}

impl Default for Averaging {
    fn default() -> Self {
        Self {
            split_penalty: 0.5,
            class_prior: 0.5,
            mean_prior: 0.3,
            variance_prior: 3.0,
            variance_share: 0.2,
        }
    }
}

//! What can be wrong with hyperparameters.

/// A hyperparameter out of its range.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParamsError {
    /// `min_samples_split` is below 2.
    #[error(
        "min_samples_split is {0}, but a node of fewer than 2 rows cannot be split; use 2 or more"
    )]
    MinSamplesSplit(usize),
    /// `min_samples_leaf` is 0.
    #[error("min_samples_leaf is 0, but a leaf has at least one row; use 1 or more")]
    MinSamplesLeaf,
    /// `min_impurity_decrease` is negative or not finite.
    #[error("min_impurity_decrease is {0}; use a finite number, 0 or more")]
    MinImpurityDecrease(f64),
    /// `min_weight_split` or `min_weight_leaf` is negative or not finite.
    #[error("{0} is {1}; use a finite number, 0 or more")]
    MinWeight(&'static str, f64),
    /// The `alpha` of cost-complexity pruning is negative or not finite.
    #[error("alpha is {0}; use a finite number, 0 or more")]
    Alpha(f64),
    /// `split_penalty` is negative or not finite.
    #[error("split_penalty is {0}; use a finite number, 0 or more")]
    SplitPenalty(f64),
    /// The criterion is none for what the target is.
    #[error("the target is {task}, for which {criterion} is no criterion; use {others}")]
    CriterionOfOtherTask {
        /// The criterion.
        criterion: &'static str,
        /// What the target is.
        task: &'static str,
        /// The criteria for that.
        others: &'static str,
    },
    /// linfa-trees does not have what is asked for.
    #[error("linfa-trees has no {0}; use the exact tree")]
    NotInLinfa(&'static str),
    /// A prior of averaging is not above 0.
    #[error("{0} is {1}; use a finite number above 0")]
    Prior(&'static str, f64),
}

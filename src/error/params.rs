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
}

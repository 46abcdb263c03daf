//! What can be wrong with hyperparameters.

use super::listed::list;

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
    /// The weight of a class is not one to reckon with.
    #[error(
        "the weight of class '{class}' is {weight}; use a number from 1e-9 to 1e9, or leave rows out by a filter"
    )]
    ClassWeight {
        /// The class.
        class: String,
        /// Its weight.
        weight: f64,
    },
    /// A class that is given a weight is none that there is.
    #[error("'{class}' is given a weight, but is no class of the target; the classes are {}", list(.classes))]
    WeightOfNoClass {
        /// The class.
        class: String,
        /// The classes that there are.
        classes: Vec<String>,
    },
    /// Classes are given weights where the target is a quantity.
    #[error("the target is a quantity, which has no classes to be given weights; give none")]
    ClassWeightOfQuantity,
    /// Boosted trees do not have what is asked for.
    #[error("boosted trees have no {0}; leave that out, or train single trees")]
    NotBoosted(&'static str),
    /// The rounds of boosting are 0.
    #[error("the rounds of boosting are 0; use 1 or more")]
    SharedRounds,
    /// A sample for the shared model is too small.
    #[error("the rows of a shared model are limited to {0}; use {1} or more")]
    SharedRows(usize, usize),
    /// There are more classes than a shared model learns.
    #[error(
        "the target has {0} classes, but a shared model learns {1} at most; use trees of each entity's own"
    )]
    SharedClasses(usize, usize),
    /// A quantity is too large for boosted trees.
    #[error(
        "a target of {0:e} is beyond {1:e}, the largest that boosted trees can be fitted to; leave such rows out by a filter"
    )]
    LargeTarget(f64, f64),
    /// A count is too small.
    #[error("{0} is {1}; use {2} or more")]
    TooFew(&'static str, usize, usize),
    /// A count is too large.
    #[error("{0} is {1}; use {2} or less")]
    TooMany(&'static str, usize, usize),
    /// The learning rate is out of its range.
    #[error("learning_rate is {0}; use a number above 0, up to 1")]
    LearningRate(f64),
    /// `l2` is negative or not finite.
    #[error("l2 is {0}; use a finite number, 0 or more")]
    L2(f64),
    /// A prior of averaging is not above 0.
    #[error("{0} is {1}; use a finite number above 0")]
    Prior(&'static str, f64),
}

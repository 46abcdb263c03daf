//! What boosting minimizes: a loss of targets and scores, one a file.

mod absolute;
mod function;
mod kind;
mod logistic;
mod poisson;
mod softmax;
mod squared;

pub(crate) use absolute::Absolute;
pub(crate) use function::LossFunction;
pub use kind::Loss;
pub(crate) use kind::with_loss;
pub(crate) use logistic::Logistic;
pub(crate) use poisson::Poisson;
pub(crate) use softmax::Softmax;
pub(crate) use squared::Squared;

#[cfg(test)]
mod tests;

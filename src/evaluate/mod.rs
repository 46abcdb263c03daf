//! How good the models of a store are, on one entity, over all of them, and between groups of
//! people; and whether one model per entity is better than one for all.
//!
//! [`Evaluator`] gives the [`Report`] of a store's models on some rows, [`Comparer`] the
//! [`Comparison`] of three ways to predict them.

mod comparer;
mod comparison;
mod evaluator;
mod report;
mod shared_rows;

pub use comparer::Comparer;
pub use comparison::{Comparison, EntityComparison, Scores, Strategies};
pub use evaluator::Evaluator;
pub use report::{ENOUGH_ROWS, EntityReport, Fairness, Gap, Group, ModelStatus, Report, Worst};

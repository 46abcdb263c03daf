//! How good the models of a store are, on one entity, over all of them, and between groups of
//! people; and whether models that know their entity are better than one for all.
//!
//! [`Evaluator`] gives the [`Report`] of a store's models on some rows, [`Comparer`] the
//! [`Comparison`] of the ways to predict them.

mod comparer;
mod comparison;
mod confidence;
mod contestants;
mod entity_report;
mod evaluator;
mod fairness;
mod report;
mod shared_rows;
mod standing_out;
mod strategies;
mod verdict;
mod way;

pub use comparer::Comparer;
pub use comparison::{Comparison, EntityComparison};
pub use confidence::ENOUGH_ROWS;
pub use entity_report::{EntityReport, ModelStatus};
pub use evaluator::Evaluator;
pub use fairness::{Fairness, Group, GroupDisparity, GroupFigures};
pub use report::Report;
pub use standing_out::{Gap, Worst, WorstFigures};
pub use strategies::{Gain, Scores, Strategies};
pub use way::Way;

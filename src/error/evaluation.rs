//! What can be wrong with predictions that are evaluated.

use crate::schema::Task;

/// What cannot be evaluated.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EvaluationError {
    /// Probabilities, or evaluations to be merged, of another number of classes.
    #[error("expected {expected} classes, found {found}: evaluate all rows on the same classes")]
    ClassCount {
        /// The number of classes that the evaluation was made for.
        expected: usize,
        /// The number of classes given.
        found: usize,
    },
    /// A true class that is not one of the classes.
    #[error("true class {class} is not below {class_count}: give a class never seen as None")]
    Truth {
        /// The true class given.
        class: usize,
        /// The number of classes that the evaluation was made for.
        class_count: usize,
    },
    /// A probability that is not in 0..=1, or not a number.
    #[error("the probability of class {class} is {value}, not in 0..=1: check the model")]
    Probability {
        /// The class whose probability it is.
        class: usize,
        /// The probability given.
        value: f64,
    },
    /// A true or a predicted quantity that is infinite or not a number, or two that are too far
    /// apart for a number to say how far.
    #[error(
        "the truth is {truth} and the prediction {prediction}: both must be finite numbers, and so must their difference"
    )]
    Quantity {
        /// The true quantity given.
        truth: f64,
        /// The predicted quantity given.
        prediction: f64,
    },
    /// An evaluation of classes where one of a quantity is wanted, or the other way round.
    #[error("expected figures of {expected}, found those of {found}: evaluate each by itself")]
    Task {
        /// What is evaluated.
        expected: Task,
        /// What was given.
        found: Task,
    },
    /// What was kept of an evaluation does not fit together.
    #[error("what was kept of an evaluation does not fit together: evaluate the rows again")]
    Record,
    /// More rows on which one model alone was right than rows.
    #[error("{wins} wins and {losses} losses of {rows} rows: count each row once")]
    Outcomes {
        /// All rows.
        rows: u64,
        /// Rows on which only the first model was right.
        wins: u64,
        /// Rows on which only the second model was right.
        losses: u64,
    },
    /// No rows to draw from, or no resamples to draw.
    #[error("{resamples} resamples of {rows} rows have no interval: both must be at least 1")]
    Resamples {
        /// The number of rows given.
        rows: u64,
        /// The number of resamples asked for.
        resamples: usize,
    },
    /// A confidence level outside of 0 to 1.
    #[error("a confidence of {0} is not strictly between 0 and 1: give 0.95 for 95 %")]
    Confidence(f64),
}

//! Runs in parts whose parts do not fit together.

use super::listed::list;

/// A run in parts whose parts do not fit together.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClusterError {
    /// Bytes that are no plan.
    #[error("this is not a plan: {0}")]
    NotAPlan(String),
    /// What needs all rows at once.
    #[error("{0} cannot be had of a run in parts")]
    NotInParts(&'static str),
    /// A class that the plan does not have.
    #[error(
        "a row is of class '{0}', which the plan does not have; make the plan with all classes, or of all rows"
    )]
    UnplannedClass(String),
    /// Rows that are none of outcomes.
    #[error("these are no outcomes of workers")]
    NoOutcomes,
    /// A row of outcomes is damaged, or is none.
    #[error("an outcome of part '{part}' cannot be used: {problem}; do the part again")]
    BadOutcome {
        /// The part, as far as it is told.
        part: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The outcomes of a part are of another plan.
    #[error("the outcomes of part '{0}' are of another plan; do it again by this one")]
    OtherPlan(String),
    /// A part was done twice, with other results.
    #[error(
        "part '{0}' was done twice, on other rows each time; bring all rows of an entity to one part, and always to the same"
    )]
    PartsDiffer(String),
    /// Outcomes of a part are missing.
    #[error("part '{part}' is not whole: {problem}; do it again")]
    CutPart {
        /// The part.
        part: String,
        /// What is missing.
        problem: String,
    },
    /// Entities that have several outcomes.
    #[error(
        "{entities} entities have several outcomes that differ: {}; bring all rows of an entity to one part",
        list(keys)
    )]
    Conflicting {
        /// Some of them, ascending.
        keys: Vec<String>,
        /// All of them.
        entities: u64,
    },
    /// The parts together have other numbers than they should.
    #[error(
        "all parts together have {found} {what}, and should have {expected}; nothing is committed"
    )]
    Totals {
        /// What was counted.
        what: &'static str,
        /// How many there should be.
        expected: u64,
        /// How many there are.
        found: u64,
    },
}

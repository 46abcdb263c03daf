//! What tests have in common.

pub mod adult;
pub mod hostile;
pub mod place;
pub mod program;
pub mod store;

/// Made-up rows in Adult's shape, of all education levels.
pub const SAMPLE: &str = "fixtures/adult-sample.csv";

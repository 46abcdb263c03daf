//! What tests have in common.

pub mod adult;
pub mod faulty;
pub mod flaky_bucket;
pub mod hostile;
pub mod mutation;
pub mod place;
pub mod program;
pub mod store;

/// 2,000 made-up rows in Adult's shape, of all education levels.
pub const SAMPLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/adult-sample.csv");

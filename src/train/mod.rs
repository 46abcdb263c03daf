//! From partitions to models: what fits one tree, and what runs it for every entity.

mod cart;
mod engine;
mod known;
mod linfa;
mod trainer;

pub use cart::CartTrainer;
pub use engine::{Engine, FINGERPRINT_BYTES, HeldOut, Outcome, Status, Trained};
pub use known::Known;
pub use linfa::LinfaTrainer;
pub use trainer::{TrainError, Trainer};

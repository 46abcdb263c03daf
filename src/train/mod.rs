//! From partitions to models: what fits one tree, and what runs it for every entity.

mod cart;
mod engine;
mod linfa;
mod trainer;

pub use cart::CartTrainer;
pub use engine::{Engine, HeldOut, Outcome, Status, Trained};
pub use linfa::LinfaTrainer;
pub use trainer::{TrainError, Trainer};

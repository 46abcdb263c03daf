//! From partitions to models: what fits one tree, and what runs it for every entity.

mod cart;
mod contest;
mod engine;
mod fingerprint;
mod known;
mod linfa;
mod trainer;

pub use cart::CartTrainer;
pub use contest::{Champions, Contest, Contested, Winner};
pub use engine::{Engine, HeldOut, Outcome, Status, Trained};
pub use fingerprint::{FINGERPRINT_BYTES, Fingerprint};
pub use known::Known;
pub use linfa::LinfaTrainer;
pub use trainer::{TrainError, Trainer};

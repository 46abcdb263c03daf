//! From rows to models: a run, what it does for every entity, and what fits one model.

mod cart;
mod class_weight;
mod contest;
mod dataset_differences;
mod engine;
mod fingerprint;
mod fitted;
mod linfa;
mod merge_by_key;
mod observer;
mod outcome;
mod report;
mod rows;
mod settings;
mod sink;
mod specification;
mod tally;
mod trainer;
mod trainer_spec;
mod training;
mod update;

pub use cart::CartTrainer;
pub use class_weight::{ClassWeight, ClassWeightError, ClassWeighted};
pub(crate) use engine::Engine;
pub use fitted::Fitted;
pub use linfa::LinfaTrainer;
pub use observer::Observer;
pub(crate) use outcome::Status;
pub use report::{Conclusion, Refusal, TrainingReport, Unchanged};
pub use settings::TrainingSettings;
pub use specification::TrainingSpec;
pub use trainer::{TrainError, Trainer, TrainerScratch};
pub use trainer_spec::{AnyCriterion, TrainerKind, TrainerSpec};
pub use training::Training;
pub use update::{Update, Vanished};

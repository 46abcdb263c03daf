//! The default trainer: the exact tree on compact codes.

use serde_json::json;

use super::{TrainError, Trainer};
use crate::encode::EncodedPartition;
use crate::tree::{DecisionTreeValidParams, Tree};

/// Fits [`crate::tree`]'s exact tree.
#[derive(Clone, Debug)]
pub struct CartTrainer {
    params: DecisionTreeValidParams,
}

impl CartTrainer {
    /// A trainer with checked hyperparameters; see
    /// [`DecisionTreeParams`](crate::tree::DecisionTreeParams) for their table.
    pub fn new(params: DecisionTreeValidParams) -> Self {
        Self { params }
    }
}

impl Trainer for CartTrainer {
    fn train(&self, partition: &EncodedPartition) -> Result<Tree, TrainError> {
        Ok(self.params.fit_codes(
            partition.codes(),
            partition.labels(),
            partition.encoder().class_count(),
            partition.weights(),
        ))
    }

    fn description(&self) -> serde_json::Value {
        json!({ "trainer": "cart", "params": self.params })
    }
}

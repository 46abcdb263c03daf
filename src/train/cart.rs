//! The default trainer: the exact tree on compact codes.

use linfa::ParamGuard;
use serde_json::json;

use super::fitted::Fitted;
use super::trainer::{TrainError, Trainer, TrainerScratch};
use crate::encode::{EncodedPartition, EncodedTarget};
use crate::error::ParamsError;
use crate::tree::{DecisionTreeParams, DecisionTreeValidParams, TrainingRows};

/// Fits [`crate::tree`]'s exact tree.
///
/// ```
/// use per_entity::CartTrainer;
/// use per_entity::tree::DecisionTreeParams;
///
/// let shallow = CartTrainer::new(DecisionTreeParams::new().max_depth(Some(4)))?;
/// # Ok::<(), per_entity::error::ParamsError>(())
/// ```
#[derive(Clone, Debug)]
pub struct CartTrainer {
    params: DecisionTreeValidParams,
}

impl CartTrainer {
    /// A trainer with these hyperparameters; see [`DecisionTreeParams`] for their table.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] for a value out of its range.
    pub fn new(params: DecisionTreeParams) -> Result<Self, ParamsError> {
        let params = params.check()?;
        Ok(Self { params })
    }
}

impl Default for CartTrainer {
    /// With the default hyperparameters, which grow a tree to its end.
    fn default() -> Self {
        let params = DecisionTreeParams::new().check();
        let params = params.expect("the defaults are within their ranges");
        Self { params }
    }
}

impl Trainer for CartTrainer {
    fn train(
        &self,
        partition: &EncodedPartition,
        scratch: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError> {
        let EncodedTarget::Classes { labels } = partition.target() else {
            return Err(TrainError::quantity("cart"));
        };
        let class_count = partition.encoder().class_count();
        let rows =
            TrainingRows::new(partition.codes(), labels, class_count).weights(partition.weights());
        Ok(Fitted::Tree(self.params.fit_rows(rows, &mut scratch.tree)))
    }

    fn description(&self) -> serde_json::Value {
        json!({ "trainer": "cart", "params": self.params })
    }
}

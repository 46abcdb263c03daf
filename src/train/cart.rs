//! The default trainer: the exact tree on compact codes.

use linfa::ParamGuard;
use serde_json::json;

use super::fitted::Fitted;
use super::trainer::{TrainError, Trainer, TrainerScratch};
use crate::encode::{EncodedPartition, EncodedTarget};
use crate::error::ParamsError;
use crate::tree::{
    DecisionTreeParams, DecisionTreeValidParams, LARGEST_NUMBER, RegressionCriterion, TrainingRows,
};

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

impl CartTrainer {
    /// Whether the criterion can do with these quantities.
    fn check(&self, numbers: &[f64]) -> Result<(), TrainError> {
        let mut candidates = numbers.iter();
        if let Some(number) = candidates.find(|number| number.abs() > LARGEST_NUMBER) {
            return Err(TrainError(format!(
                "a target of {number:e} is beyond {LARGEST_NUMBER:e}, the largest that a tree can be fitted to"
            )));
        }
        if self.params.regression_criterion() != RegressionCriterion::Poisson {
            return Ok(());
        }
        let mut candidates = numbers.iter();
        match candidates.find(|number| **number < 0.0) {
            Some(number) => Err(TrainError(format!(
                "a target of {number} is negative, for which there is no Poisson deviance; take another criterion"
            ))),
            None if numbers.iter().all(|number| *number == 0.0) => Err(TrainError(
                "all targets are 0, for which there is no Poisson deviance; take another criterion"
                    .into(),
            )),
            None => Ok(()),
        }
    }
}

impl Trainer for CartTrainer {
    fn train(
        &self,
        partition: &EncodedPartition,
        scratch: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError> {
        let rows = match partition.target() {
            EncodedTarget::Classes { labels } => {
                let class_count = partition.encoder().class_count();
                TrainingRows::new(partition.codes(), labels, class_count)
            }
            EncodedTarget::Numbers(numbers) => {
                self.check(numbers)?;
                TrainingRows::of_numbers(partition.codes(), numbers)
            }
        };
        let rows = rows.weights(partition.weights());
        Ok(Fitted::Tree(self.params.fit_rows(rows, &mut scratch.tree)))
    }

    fn description(&self) -> serde_json::Value {
        json!({ "trainer": "cart", "params": self.params })
    }
}

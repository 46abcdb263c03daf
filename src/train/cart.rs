//! The default trainer: the exact tree on compact codes.

use linfa::ParamGuard;
use serde_json::json;

use super::fitted::Fitted;
use super::trainer::{TrainError, Trainer, TrainerScratch};
use crate::encode::{EncodedPartition, EncodedTarget};
use crate::error::ParamsError;
use crate::schema::Task;
use crate::tree::{
    Criterion, DecisionTreeParams, DecisionTreeValidParams, LARGEST_NUMBER, RegressionCriterion,
    TrainingRows,
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
    /// What the criterion that was asked for is for.
    task: Option<Task>,
}

impl CartTrainer {
    /// A trainer with these hyperparameters; see [`DecisionTreeParams`] for their table.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] for a value out of its range.
    pub fn new(params: DecisionTreeParams) -> Result<Self, ParamsError> {
        let params = params.check()?;
        Ok(Self { params, task: None })
    }

    /// The same for targets of one task only, for which its criterion was chosen.
    #[must_use]
    pub(super) fn only_for(self, task: Option<Task>) -> Self {
        Self { task, ..self }
    }

    /// Whether the criterion can do with these quantities.
    fn check_numbers(&self, numbers: &[f64]) -> Result<(), TrainError> {
        if let Some(number) = numbers.iter().find(|number| number.abs() > LARGEST_NUMBER) {
            return Err(TrainError(format!(
                "a target of {number:e} is beyond {LARGEST_NUMBER:e}, the largest that a tree can be fitted to"
            )));
        }
        let is_poisson = self.params.regression_criterion() == RegressionCriterion::Poisson;
        match numbers.iter().find(|number| is_poisson && **number < 0.0) {
            Some(number) => Err(TrainError(format!(
                "a target of {number} is negative, for which there is no Poisson deviance; take another criterion"
            ))),
            None => Ok(()),
        }
    }
}

impl Default for CartTrainer {
    /// With the hyperparameters of [`DecisionTreeParams::averaging`].
    fn default() -> Self {
        let params = DecisionTreeParams::averaging().check();
        let params = params.expect("the defaults are within their ranges");
        Self { params, task: None }
    }
}

impl Trainer for CartTrainer {
    fn check(&self, task: Task, _: &[String]) -> Result<(), ParamsError> {
        let (criterion, others) = match task {
            Task::Regression => (self.params.criterion().name(), RegressionCriterion::NAMES),
            Task::Classification => (self.params.regression_criterion().name(), Criterion::NAMES),
        };
        match self.task {
            Some(other) if other != task => Err(ParamsError::CriterionOfOtherTask {
                criterion,
                task: task.noun(),
                others,
            }),
            _ => Ok(()),
        }
    }

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
                self.check_numbers(numbers)?;
                TrainingRows::of_numbers(partition.codes(), numbers)
            }
        };
        let rows = rows.weights(partition.weights());
        let tree = self.params.fit_rows(rows, &mut scratch.tree);
        Ok(Fitted::Tree(
            tree.map_err(|error| TrainError(error.to_string()))?,
        ))
    }

    fn description(&self) -> serde_json::Value {
        json!({ "trainer": "cart", "params": self.params })
    }
}

//! What fits the models, and its hyperparameters.

use serde::{Deserialize, Serialize};

use super::cart::CartTrainer;
use super::linfa::LinfaTrainer;
use super::trainer::Trainer;
use crate::error::ParamsError;
use crate::tree::DecisionTreeParams;

/// What fits the models: the table `[tree]` of a specification, which has the hyperparameters of
/// [`DecisionTreeParams`], in kebab-case, and `trainer`.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `trainer` | [`TrainerKind::Cart`] | what fits the trees | cart, linfa |
/// | `params` | see [`DecisionTreeParams`] | the hyperparameters | see there |
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrainerSpec {
    /// What fits the trees.
    pub trainer: TrainerKind,
    /// The hyperparameters.
    pub params: DecisionTreeParams,
}

/// What fits the trees.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TrainerKind {
    /// [`CartTrainer`], the exact tree.
    #[default]
    Cart,
    /// [`LinfaTrainer`], for comparison.
    Linfa,
}

impl TrainerSpec {
    /// The trainer.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] for a hyperparameter out of its range.
    pub fn trainer(&self) -> Result<Box<dyn Trainer>, ParamsError> {
        let params = self.params.clone();
        Ok(match self.trainer {
            TrainerKind::Cart => Box::new(CartTrainer::new(params)?),
            TrainerKind::Linfa => Box::new(LinfaTrainer::new(params)?),
        })
    }
}

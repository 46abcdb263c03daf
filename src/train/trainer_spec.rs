//! What fits the models, and its hyperparameters.

use serde::{Deserialize, Serialize};

use super::cart::CartTrainer;
use super::class_weight::{ClassWeight, ClassWeighted};
use super::linfa::LinfaTrainer;
use super::shared::{BoostedTrainer, SharedParams, SharedTrainer};
use super::trainer::Trainer;
use crate::error::ParamsError;
use crate::schema::Task;
use crate::tree::{Criterion, DecisionTreeParams, RegressionCriterion};

/// What fits the models: the table `[tree]` of a specification, which has the hyperparameters of
/// [`DecisionTreeParams`], in kebab-case, `trainer` and `class-weight`.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `trainer` | [`TrainerKind::Cart`] | what fits the trees | cart, linfa, boosted, shared |
/// | `criterion` | of classes gini, of quantities squared-error | what splits decrease | gini, entropy; squared-error, absolute-error, poisson |
/// | `class_weight` | none | how much each class counts | see [`ClassWeight`] |
/// | `shared` | see there | how boosted and shared models are trained | see [`SharedParams`] |
/// | `params` | [`DecisionTreeParams::averaging`] | the other hyperparameters | see there |
#[derive(Clone, Debug, PartialEq)]
pub struct TrainerSpec {
    /// What fits the trees.
    pub trainer: TrainerKind,
    /// What splits decrease; nothing for the default of whatever the target is.
    pub criterion: Option<AnyCriterion>,
    /// How much each class counts; nothing where all rows count as their weights say.
    pub class_weight: Option<ClassWeight>,
    /// The hyperparameters, of which the criteria are not looked at.
    pub params: DecisionTreeParams,
    /// How a shared model is trained.
    pub shared: SharedParams,
}

impl Default for TrainerSpec {
    fn default() -> Self {
        Self {
            trainer: TrainerKind::Cart,
            criterion: None,
            class_weight: None,
            params: DecisionTreeParams::averaging(),
            shared: SharedParams::default(),
        }
    }
}

/// What splits decrease, of classes or of quantities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    untagged,
    expecting = "gini, entropy, squared-error, absolute-error or poisson"
)]
pub enum AnyCriterion {
    /// Of classes.
    Classification(Criterion),
    /// Of quantities.
    Regression(RegressionCriterion),
}

impl AnyCriterion {
    /// What it is for.
    pub fn task(self) -> Task {
        match self {
            AnyCriterion::Classification(_) => Task::Classification,
            AnyCriterion::Regression(_) => Task::Regression,
        }
    }
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
    /// [`BoostedTrainer`], a boosted ensemble of each entity's own.
    Boosted,
    /// [`SharedTrainer`], one boosted model of all entities and each entity's own share.
    Shared,
}

impl TrainerKind {
    /// Whether it boosts, by the settings of [`TrainerSpec::shared`].
    pub fn is_boosted(self) -> bool {
        matches!(self, Self::Boosted | Self::Shared)
    }
}

impl TrainerSpec {
    /// The trainer.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] for a hyperparameter or a weight of a class out of its range.
    pub fn trainer(&self) -> Result<Box<dyn Trainer>, ParamsError> {
        let mut params = self.params.clone();
        match self.criterion {
            None => {}
            Some(AnyCriterion::Classification(criterion)) => params = params.criterion(criterion),
            Some(AnyCriterion::Regression(criterion)) => {
                params = params.regression_criterion(criterion);
            }
        }
        let task = self.criterion.map(AnyCriterion::task);
        let trainer: Box<dyn Trainer> = match self.trainer {
            TrainerKind::Cart => Box::new(CartTrainer::new(params)?.only_for(task)),
            TrainerKind::Linfa if task == Some(Task::Regression) => {
                return Err(ParamsError::NotInLinfa("criteria of quantities"));
            }
            TrainerKind::Shared | TrainerKind::Boosted if self.criterion.is_some() => {
                return Err(ParamsError::NotBoosted("criterion"));
            }
            TrainerKind::Shared | TrainerKind::Boosted
                if self.params != DecisionTreeParams::averaging() =>
            {
                return Err(ParamsError::NotBoosted("hyperparameters of single trees"));
            }
            TrainerKind::Boosted if self.shared.has_sharing() => {
                return Err(ParamsError::NotBoosted(
                    "members, models and samples where nothing is shared",
                ));
            }
            TrainerKind::Boosted => {
                Box::new(BoostedTrainer::new(self.shared.rounds, self.shared.seed)?)
            }
            TrainerKind::Shared => Box::new(SharedTrainer::new(self.shared.clone())?),
            TrainerKind::Linfa => Box::new(LinfaTrainer::new(params.unless_averaging())?),
        };
        Ok(match &self.class_weight {
            None => trainer,
            Some(weight) => Box::new(ClassWeighted::new(trainer, weight.clone())?),
        })
    }
}

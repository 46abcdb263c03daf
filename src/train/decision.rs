//! How models of a run decide on a class.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::settings::TrainingSettings;
use super::threshold::Threshold;
use crate::error::{Result, SpecError};
use crate::model::{Decision, Model};
use crate::schema::Task;
use crate::score::{Scorer, positive_class};

/// How models of a run decide on a class.
pub(crate) struct DecisionRule {
    positive: String,
    threshold: Threshold,
}

/// The threshold where the rows held out cannot tell which is best.
const DEFAULT_THRESHOLD: f64 = 0.5;

/// What became of a model's decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Decided {
    /// It has the threshold that was asked for.
    AsAsked,
    /// It has the default one, for the rows held out are all of the positive class or none is.
    ByDefault,
    /// It has none, for the model does not know the positive class.
    WithoutPositive,
}

impl DecisionRule {
    /// The rule of a run, where its settings have one; the classes are those of all entities.
    ///
    /// # Errors
    ///
    /// [`SpecError::ThresholdOfQuantity`], and those of a positive class that is not known.
    pub fn of(
        settings: &TrainingSettings,
        task: Task,
        classes: &[String],
    ) -> std::result::Result<Option<Self>, SpecError> {
        let Some(threshold) = settings.threshold else {
            return Ok(None);
        };
        if task == Task::Regression {
            return Err(SpecError::ThresholdOfQuantity);
        }
        let positive = positive_class(settings.positive.as_deref(), classes)?;
        Ok(Some(Self {
            positive: classes[positive].clone(),
            threshold,
        }))
    }

    /// The positive class.
    pub fn positive(&self) -> &str {
        &self.positive
    }

    /// Whether it depends on the rows held out.
    pub fn is_found(&self) -> bool {
        matches!(self.threshold, Threshold::Best(_))
    }

    /// What sets its models apart from those of other rules.
    pub fn description(&self) -> String {
        json!({ "positive": self.positive, "threshold": self.threshold }).to_string()
    }

    /// The model with its decision. `held_out` are the rows to find a threshold on, whose classes
    /// the scorer knows.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`](crate::error::Error::BadModel) for a model that does not fit the rows.
    pub fn decide(
        &self,
        model: Model,
        held_out: Option<(&Scorer, Range<usize>)>,
    ) -> Result<(Model, Decided)> {
        let mut classes = model.classes().iter();
        let Some(positive) = classes.position(|class| *class == self.positive) else {
            return Ok((model.with_decision(None), Decided::WithoutPositive));
        };
        let found = match (self.threshold, held_out) {
            (Threshold::Fixed(threshold), _) => Some(threshold),
            (Threshold::Best(_), None) => None,
            (Threshold::Best(metric), Some((scorer, rows))) => {
                let bound = scorer.bind(&model)?;
                metric.best(scorer.probabilities_of(&self.positive, &bound, rows)?)
            }
        };
        let decided = match found {
            Some(_) => Decided::AsAsked,
            None => Decided::ByDefault,
        };
        let decision = Decision {
            positive: positive as u32,
            threshold: found.unwrap_or(DEFAULT_THRESHOLD),
        };
        Ok((model.with_decision(Some(decision)), decided))
    }
}

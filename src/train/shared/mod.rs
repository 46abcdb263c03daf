//! Models that borrow strength: one boosted model of all entities, and for each entity a share of its
//! own.

mod binner;
mod boosted;
mod entity_rows;
mod params;
mod parents;
mod sample;
mod share_trainer;

use std::sync::Arc;

pub use boosted::BoostedTrainer;
pub use params::{SharedMembers, SharedModels, SharedParams};
use serde_json::{Value, json};

use super::fitted::Fitted;
use super::trainer::{Prepared, SharedInput, TrainError, Trainer, TrainerScratch};
use crate::encode::EncodedPartition;
use crate::ensemble::{
    AdditiveTrees, Loss, MOST_CATEGORIES, OwnShareSettings, OwnTreeSettings, SharedFit,
};
use crate::error::{Error, ParamsError, Result, SpecError};
use crate::model::{EntityNumber, Member, ParentLevel, ShareSettings, SharedModel, SharedParts};
use crate::schema::Task;
use binner::Binner;
use entity_rows::check_targets;
use parents::parent_levels;
use sample::{Sample, sorted};
use share_trainer::ShareTrainer;

/// Trains one boosted model of all entities, and beside it for each entity its level and, where the
/// data prove that it pays, small trees of its own. `src/ensemble/README.md` tells how.
///
/// For a key of two columns or more, parents have a level, too: a store that is not known is answered
/// as any unknown one, but with the level of its country. At most
/// [`MAX_PARENTS`](crate::model::MAX_PARENTS) have one, those of the most rows.
///
/// ```
/// use per_entity::train::{SharedParams, SharedTrainer};
///
/// let trainer = SharedTrainer::new(SharedParams::default())?;
/// # Ok::<(), per_entity::error::ParamsError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct SharedTrainer {
    params: SharedParams,
}

impl SharedTrainer {
    /// The most classes that it learns.
    pub const MOST_CLASSES: usize = 100;

    /// A trainer with these parameters.
    ///
    /// # Errors
    ///
    /// [`ParamsError`] for a value out of its range.
    pub fn new(params: SharedParams) -> std::result::Result<Self, ParamsError> {
        params.check()?;
        Ok(Self { params })
    }

    /// What is shared, and what fits shares of it.
    fn prepared(
        &self,
        fit: SharedFit,
        binner: Binner,
        known: Known,
        parents: Vec<ParentLevel>,
    ) -> Result<Prepared> {
        let Known {
            keys,
            classes,
            weight_scale,
        } = known;
        let categories = match keys.len() <= MOST_CATEGORIES {
            true => sorted(keys).into_iter().cloned().collect(),
            false => Vec::new(),
        };
        let members = fit.members.iter().map(|member| Member {
            name: member.member.name().to_owned(),
            weight: member.weight,
            trees: match &member.refitted {
                Some(model) => vec![model.clone()],
                None => member.by_fold.clone(),
            },
        });
        let numbers = fit.numbers.iter().map(|number| EntityNumber {
            of_unknown: number.of_unknown(),
            prior_rows: number.moments().prior_rows,
            bins: number.bins().clone(),
        });
        let shared = SharedModel::new(SharedParts {
            classes: classes.into(),
            loss: fit.own.loss,
            features: binner.features().to_vec(),
            numbers: numbers.collect(),
            categories,
            members: members.collect(),
            unknown: fit.unknown,
            score_bins: fit.score_bins,
            own: stored(&fit.own, weight_scale),
            parents,
        })?;
        let members = fit.members.into_iter();
        let members = members.map(|member| (member.weight, member.by_fold));
        Ok(self.beside(Arc::new(shared), binner, members.collect()))
    }

    /// What fits shares of what is shared. By member: its weight and its models, one without each of
    /// the folds or one for all.
    fn beside(
        &self,
        shared: Arc<SharedModel>,
        binner: Binner,
        mut members: Vec<(f64, Vec<AdditiveTrees>)>,
    ) -> Prepared {
        let models = members.iter_mut().flat_map(|(_, models)| models);
        models.for_each(AdditiveTrees::expect_many_rows);
        let mut bytes = Vec::new();
        shared.encode(&mut bytes);
        let trainer = ShareTrainer {
            params: self.params.clone(),
            binner,
            digest: blake3::hash(&bytes).to_hex().to_string(),
            members,
            own: settings_of(&shared.parts().own, shared.loss()),
            shared: shared.clone(),
        };
        Prepared {
            shared,
            trainer: Box::new(trainer),
        }
    }
}

/// What is known of the rows that a shared model is trained on.
struct Known<'a> {
    /// The keys of the entities.
    keys: &'a [String],
    classes: &'a [String],
    /// What weights were multiplied by.
    weight_scale: f64,
}

/// How shares are fitted, as models store it.
fn stored(own: &OwnShareSettings, weight_scale: f64) -> ShareSettings {
    ShareSettings {
        precisions: own.precisions.clone(),
        variance: own.spread,
        weight_scale,
        tree_rounds: own.trees.rounds,
        tree_prior_rows: own.trees.prior_rows,
        tree_split_penalty: own.trees.split_penalty,
    }
}

fn settings_of(stored: &ShareSettings, loss: Loss) -> OwnShareSettings {
    OwnShareSettings {
        loss,
        precisions: stored.precisions.clone(),
        spread: stored.variance,
        trees: OwnTreeSettings {
            rounds: stored.tree_rounds,
            prior_rows: stored.tree_prior_rows,
            split_penalty: stored.tree_split_penalty,
        },
    }
}

impl Trainer for SharedTrainer {
    fn check(&self, task: Task, classes: &[String]) -> std::result::Result<(), ParamsError> {
        match task == Task::Classification && classes.len() > Self::MOST_CLASSES {
            true => Err(ParamsError::SharedClasses(
                classes.len(),
                Self::MOST_CLASSES,
            )),
            false => Ok(()),
        }
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn prepare(&self, input: &SharedInput) -> Result<Option<Prepared>> {
        let loss = match input.task {
            Task::Regression => Loss::Squared,
            Task::Classification => Loss::of_classes(input.classes.len()),
        };
        let settings = self
            .params
            .settings(input.rows.min(self.params.rows as u64) as usize);
        let sample = Sample::draw(input, &self.params, settings.folds)?;
        let binner = sample.binner();
        let (mut rows, keys) = sample.rows(input, &binner, loss);
        check_targets(&rows.targets)?;
        let weight_scale = rows.scale_weights();
        drop(sample);
        let fit = SharedFit::new(&rows, &settings, input.cancel)?;
        for member in &fit.members {
            log::info!(
                "shared member '{}': weight {:.1}, {} rounds, loss {:.6} on rows left out",
                member.member.name(),
                member.weight,
                member.rounds,
                member.loss,
            );
        }
        let parents = parent_levels(&rows, &keys, input.key_columns, &fit.unknown);
        let known = Known {
            keys: &keys,
            classes: input.classes,
            weight_scale,
        };
        self.prepared(fit, binner, known, parents).map(Some)
    }

    /// Members whose models are not by folds score all rows by the one that there is, and rows that
    /// came in between have moved others to another fold: then a row is scored by models that may
    /// have seen it, which leaves slightly less for levels and own trees.
    fn resume(&self, shared: Arc<SharedModel>, input: &SharedInput) -> Result<Option<Prepared>> {
        if **shared.classes() != *input.classes {
            return Err(SpecError::SharedOfOtherClasses {
                store: shared.classes().to_vec(),
                run: input.classes.to_vec(),
            }
            .into());
        }
        let binner = Binner::of(shared.features().to_vec(), input.features);
        let binner = binner.ok_or_else(|| {
            Error::BadModel("what the entities share is of other features than the run".into())
        })?;
        let members = shared.parts().members.iter();
        let members = members.map(|member| (member.weight, member.trees.clone()));
        let members = members.collect();
        Ok(Some(self.beside(shared, binner, members)))
    }

    fn train(
        &self,
        _: &EncodedPartition,
        _: &mut TrainerScratch,
    ) -> std::result::Result<Fitted, TrainError> {
        Err(TrainError(
            "cannot be trained alone, but only with what all entities share".into(),
        ))
    }

    fn description(&self) -> Value {
        json!({ "trainer": "shared", "params": self.params })
    }
}

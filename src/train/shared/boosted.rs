//! Gives each entity a boosted ensemble of its own, without sharing.

use serde_json::{Value, json};

use super::binner::Binner;
use super::entity_rows::{EntityRows, check_targets};
use super::params::FOLDS;
use crate::encode::EncodedPartition;
use crate::ensemble::{AdditiveTrees, Loss, SharedRows, SharedSettings, boost_alone};
use crate::error::ParamsError;
use crate::model::Ensemble;
use crate::schema::Task;
use crate::train::fitted::Fitted;
use crate::train::trainer::{TrainError, Trainer, TrainerScratch};

/// Gives each entity a boosted ensemble of its own: for entities of many rows, from some hundreds
/// on. As many trees as lose least on rows left out, by five folds.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `rounds` | 1500 | the most trees one after another | 1 or more |
/// | `seed` | 0 | which rows are in which fold | any |
///
/// ```
/// use per_entity::train::BoostedTrainer;
///
/// let trainer = BoostedTrainer::new(300, 0)?;
/// # Ok::<(), per_entity::error::ParamsError>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct BoostedTrainer {
    rounds: usize,
    seed: u64,
}

impl BoostedTrainer {
    /// A trainer of at most so many rounds.
    ///
    /// # Errors
    ///
    /// [`ParamsError::SharedRounds`] for none.
    pub fn new(rounds: usize, seed: u64) -> Result<Self, ParamsError> {
        match rounds {
            0 => Err(ParamsError::SharedRounds),
            _ => Ok(Self { rounds, seed }),
        }
    }

    /// The entity's rows, with classes that are its own.
    fn rows(&self, binner: &Binner, partition: &EncodedPartition, task: Task) -> SharedRows {
        let mut rows = EntityRows::new(binner, partition, FOLDS, self.seed, usize::MAX);
        let count = rows.len();
        let classes = partition.encoder().class_positions();
        if task == Task::Classification {
            for target in &mut rows.targets {
                *target = classes.partition_point(|&class| f64::from(class) < *target) as f64;
            }
        }
        SharedRows {
            features: rows.columns,
            targets: rows.targets,
            weights: rows.weights,
            loss: match task {
                Task::Regression => Loss::Squared,
                Task::Classification => Loss::of_classes(classes.len()),
            },
            entity: vec![0; count],
            category: None,
            offsets: vec![0, count],
            fold: rows.fold,
            folds: FOLDS,
        }
    }
}

impl Trainer for BoostedTrainer {
    fn train(
        &self,
        partition: &EncodedPartition,
        scratch: &mut TrainerScratch,
    ) -> Result<Fitted, TrainError> {
        let task = match partition.encoder().class_count() {
            0 => Task::Regression,
            _ => Task::Classification,
        };
        let binner = Binner::of_partition(partition);
        let mut rows = self.rows(&binner, partition, task);
        rows.scale_weights();
        check_targets(&rows.targets).map_err(|error| TrainError(error.to_string()))?;
        let settings = SharedSettings {
            max_rounds: self.rounds,
            ..SharedSettings::default()
        };
        let trees = boost_alone(&rows, &settings, &scratch.cancel);
        let trees = trees.map_err(|error| TrainError(error.to_string()))?;
        Ok(Fitted::Boosted {
            training_score: training_score(&rows, &trees),
            ensemble: Box::new(Ensemble {
                loss: rows.loss,
                features: binner.into_features(),
                trees,
            }),
        })
    }

    fn description(&self) -> Value {
        json!({ "trainer": "boosted", "params": { "rounds": self.rounds, "seed": self.seed } })
    }
}

/// The score on the rows trained on.
fn training_score(rows: &SharedRows, trees: &AdditiveTrees) -> f64 {
    let (width, outputs) = (rows.features.len(), rows.loss.outputs());
    let mut codes = vec![0; rows.len() * width];
    for (row, codes) in codes.chunks_exact_mut(width.max(1)).enumerate() {
        for (code, column) in codes.iter_mut().zip(&rows.features) {
            *code = column.codes.get(row) as u8;
        }
    }
    let mut scores = vec![0.0; rows.len() * outputs];
    trees.add(&codes, width, 1.0, &mut scores);
    rows.loss.score(rows.data(), &scores)
}

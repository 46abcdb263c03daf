//! Whether one tree per entity is better than one tree for all.

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;

use rayon::prelude::*;
use serde::Serialize;

use super::judge::{BoundModel, Judge};
use super::{BootstrapInterval, Evaluation, PairedOutcomes, paired_bootstrap};
use crate::dataset::{Partition, Table};
use crate::train::{Engine, Status, Trainer};
use crate::{Error, Model, Result};

/// Resamples of an interval.
const RESAMPLES: usize = 2_000;

/// Three ways to predict the same rows, side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Rows trained on.
    pub train_rows: u64,
    /// Rows compared.
    pub test_rows: u64,
    /// Rows not compared, because their entity has no model.
    pub rows_without_model: u64,
    /// Entities, sorted by key.
    pub entities: Vec<EntityComparison>,
    /// All rows together.
    pub overall: Strategies,
    /// What it comes to, in a sentence.
    pub verdict: String,
}

/// The comparison on the rows of one entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityComparison {
    /// The key.
    pub key: String,
    /// Its rows.
    pub rows: u64,
    /// What each way gives.
    #[serde(flatten)]
    pub strategies: Strategies,
}

/// Three ways to predict the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Strategies {
    /// The entity's most frequent class.
    pub majority: Scores,
    /// One tree for all entities, with the key as a feature.
    pub pooled: Scores,
    /// One tree for each entity.
    pub per_entity: Scores,
    /// The accuracy of one tree for each entity minus that of one tree for all, with its 95 %
    /// interval from paired resamples of the rows.
    pub gain: BootstrapInterval,
}

/// How good one way is. See the fields of the same names of [`Metrics`](super::Metrics).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// The share of rows whose class is predicted.
    pub accuracy: Option<f64>,
    /// The F1 of the second of two classes, otherwise the mean over classes.
    pub f1: Option<f64>,
}

/// Trains one tree per entity and one for all on `train`, and compares them on `test`. `key` is
/// the name of the pooled tree's additional feature.
///
/// # Errors
///
/// [`Error::NoRows`] where no entity of `test` has a model, [`Error::Interrupted`].
pub fn compare(
    train: &Table,
    test: &Table,
    key: &str,
    trainer: &dyn Trainer,
    interrupt: &AtomicBool,
) -> Result<Comparison> {
    let models = models(train, trainer, interrupt)?;
    let pooled = models_of_pool(&train.pooled(key), trainer, interrupt)?;
    let pooled_test = test.pooled(key);
    let pooled_judge = Judge::new(&pooled_test, train.classes());
    let comparer = Comparer {
        train,
        judge: Judge::new(test, train.classes()),
        pooled: pooled_judge.bind(&pooled)?,
        pooled_judge,
        models: &models,
    };
    let partitions: Vec<Partition> = test.partitions().collect();
    let compared: Vec<(EntityComparison, Predictions)> = partitions
        .par_iter()
        .filter_map(|partition| comparer.compare(partition).transpose())
        .collect::<Result<_>>()?;

    let mut all = Predictions::new(train.classes().len());
    let mut entities = Vec::with_capacity(compared.len());
    for (entity, predictions) in compared {
        all.merge(&predictions)?;
        entities.push(entity);
    }
    let test_rows = all.outcomes.rows;
    if test_rows == 0 {
        return Err(Error::NoRows(
            "no entity of the test rows has rows to train on".into(),
        ));
    }
    let overall = all.strategies()?;
    Ok(Comparison {
        train_rows: train.rows() as u64,
        test_rows,
        rows_without_model: test.rows() as u64 - test_rows,
        entities,
        overall,
        verdict: verdict(&overall.gain),
    })
}

fn verdict(gain: &BootstrapInterval) -> String {
    let points = |share: f64| format!("{:+.2}", share * 100.0);
    let interval = format!(
        "{} percentage points of accuracy, 95 % interval {} to {}",
        points(gain.difference),
        points(gain.low),
        points(gain.high)
    );
    if gain.low > 0.0 {
        format!("Training per entity pays here: {interval} against one pooled tree.")
    } else if gain.high < 0.0 {
        format!(
            "No gain: training per entity does not pay here; one pooled tree is better ({interval})."
        )
    } else {
        format!(
            "A draw: no gain from training per entity is shown here; the difference to one pooled tree may be chance ({interval})."
        )
    }
}

/// The models of the entities that have one.
fn models(
    table: &Table,
    trainer: &dyn Trainer,
    interrupt: &AtomicBool,
) -> Result<HashMap<String, (usize, Model)>> {
    let mut models = HashMap::new();
    let mut entity = 0;
    Engine::new(trainer, 1, interrupt).run(table, |outcome| {
        match outcome.status {
            Status::Trained(trained) => {
                let model = Model::decode(&trained.bytes)?;
                models.insert(outcome.key, (entity, model));
            }
            Status::Failed(error) => log::warn!("entity '{}': {error}", outcome.key),
            Status::Skipped => {}
        }
        entity += 1;
        Ok(())
    })?;
    Ok(models)
}

fn models_of_pool(table: &Table, trainer: &dyn Trainer, interrupt: &AtomicBool) -> Result<Model> {
    let mut model = Err(Error::Spec("the pooled tree has no rows".into()));
    Engine::new(trainer, 1, interrupt).run(table, |outcome| {
        match outcome.status {
            Status::Trained(trained) => model = Model::decode(&trained.bytes),
            Status::Failed(error) => {
                model = Err(Error::Spec(format!("the pooled tree: {error}")));
            }
            Status::Skipped => {}
        }
        Ok(())
    })?;
    model
}

struct Comparer<'a> {
    train: &'a Table,
    judge: Judge<'a>,
    pooled_judge: Judge<'a>,
    models: &'a HashMap<String, (usize, Model)>,
    pooled: BoundModel<'a>,
}

impl Comparer<'_> {
    /// Nothing for an entity without a model or without rows.
    fn compare(&self, partition: &Partition) -> Result<Option<(EntityComparison, Predictions)>> {
        let Some((entity, model)) = self.models.get(partition.key()) else {
            return Ok(None);
        };
        let rows = partition.range();
        if rows.is_empty() {
            return Ok(None);
        }
        let mut per_entity_right = Vec::with_capacity(rows.len());
        let mut pooled_right = Vec::with_capacity(rows.len());
        let right = |row, predicted| self.judge.truth(row) == Some(predicted);
        let shares = class_shares(&self.train.partition(*entity));
        let own = self.judge.bind(model)?;
        let predictions = Predictions {
            majority: self.judge.evaluate_constant(&shares, rows.clone())?,
            per_entity: self.judge.evaluate(&own, rows.clone(), |row, predicted| {
                per_entity_right.push(right(row, predicted));
            })?,
            pooled: self
                .pooled_judge
                .evaluate(&self.pooled, rows.clone(), |row, predicted| {
                    pooled_right.push(right(row, predicted));
                })?,
            outcomes: per_entity_right.into_iter().zip(pooled_right).collect(),
        };
        let comparison = EntityComparison {
            key: partition.key().to_owned(),
            rows: rows.len() as u64,
            strategies: predictions.strategies()?,
        };
        Ok(Some((comparison, predictions)))
    }
}

fn class_shares(partition: &Partition) -> Vec<f64> {
    let mut shares = vec![0.0; partition.classes().len()];
    let share = 1.0 / partition.rows() as f64;
    for row in partition.range() {
        shares[partition.labels().get(row) as usize] += share;
    }
    // Summing up may end a little above 1.
    shares.iter().map(|share: &f64| share.min(1.0)).collect()
}

/// What the three ways predicted for some rows.
struct Predictions {
    majority: Evaluation,
    pooled: Evaluation,
    per_entity: Evaluation,
    /// The trees of the entities against the one for all.
    outcomes: PairedOutcomes,
}

impl Predictions {
    fn new(class_count: usize) -> Self {
        Self {
            majority: Evaluation::new(class_count),
            pooled: Evaluation::new(class_count),
            per_entity: Evaluation::new(class_count),
            outcomes: PairedOutcomes::default(),
        }
    }

    fn merge(&mut self, other: &Self) -> Result<()> {
        self.majority.merge(&other.majority)?;
        self.pooled.merge(&other.pooled)?;
        self.per_entity.merge(&other.per_entity)?;
        self.outcomes.merge(other.outcomes);
        Ok(())
    }

    fn strategies(&self) -> Result<Strategies> {
        let scores = |evaluation: &Evaluation| {
            let metrics = evaluation.metrics();
            Scores {
                accuracy: metrics.accuracy,
                f1: metrics.f1,
            }
        };
        Ok(Strategies {
            majority: scores(&self.majority),
            pooled: scores(&self.pooled),
            per_entity: scores(&self.per_entity),
            gain: paired_bootstrap(self.outcomes, RESAMPLES, 0.95, 0)?,
        })
    }
}

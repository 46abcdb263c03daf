//! What is compared, and on which rows.

use std::collections::HashMap;
use std::sync::Arc;

use super::comparison::EntityComparison;
use super::strategies::{Predicted, StrategyOutcomes};
use super::way::Way;
use crate::error::{Error, Result};
use crate::model::{Model, SharedModel};
use crate::score::{Constant, Prediction, ScoredModel, Scorer};
use crate::table::{Partition, Table, Target};

/// The models that are compared.
pub(super) struct Trained {
    /// By key: the entity's position among those trained on, and its tree.
    pub own: HashMap<String, (usize, Model)>,
    /// The tree of all entities, with the key as a feature.
    pub pooled: Model,
    /// Nothing where there is no shared model.
    pub shared: Option<SharedModels>,
}

/// A shared model, and as of [`Trained::own`] the models of entities.
pub(super) struct SharedModels {
    pub shared: Arc<SharedModel>,
    pub own: HashMap<String, (usize, Model)>,
}

/// What is compared, and on which rows.
pub(super) struct Contestants<'a> {
    train: &'a Table,
    trained: &'a Trained,
    scorer: Scorer<'a>,
    pooled_scorer: Scorer<'a>,
    pooled: ScoredModel<'a>,
    unknown: Option<ScoredModel<'a>>,
}

impl<'a> Contestants<'a> {
    /// `pooled_test` has the rows of `test` as those of one entity, with the key as a feature.
    pub fn new(
        trained: &'a Trained,
        train: &'a Table,
        test: &'a Table,
        pooled_test: &'a Table,
    ) -> Result<Self> {
        let scorer = Scorer::new(test, train.classes());
        let pooled_scorer = Scorer::new(pooled_test, train.classes());
        let shared = trained.shared.as_ref();
        let unknown = shared.map(|models| scorer.bind_unknown(&models.shared));
        Ok(Self {
            unknown: unknown.transpose()?,
            pooled: pooled_scorer.bind(&trained.pooled)?,
            train,
            trained,
            scorer,
            pooled_scorer,
        })
    }

    /// Nothing for an entity without a model of each kind or without rows.
    pub fn compare(
        &self,
        partition: &Partition,
    ) -> Result<Option<(EntityComparison, StrategyOutcomes)>> {
        let (key, rows) = (partition.key(), partition.range());
        let Some((entity, own)) = self.trained.own.get(key) else {
            return Ok(None);
        };
        if rows.is_empty() {
            return Ok(None);
        }
        let predicted = |way, scorer: &Scorer, model: &ScoredModel| {
            let mut losses = Vec::with_capacity(rows.len());
            let note = |_, prediction: Prediction| losses.push(prediction.loss());
            Ok::<_, Error>(Predicted {
                way,
                evaluation: scorer.evaluate(model, rows.clone(), note)?,
                losses,
            })
        };
        let scorer = &self.scorer;
        let mut ways = vec![predicted(Way::Pooled, &self.pooled_scorer, &self.pooled)?];
        if let Some(unknown) = &self.unknown {
            ways.push(predicted(Way::Unknown, scorer, unknown)?);
        }
        ways.push(predicted(Way::PerEntity, scorer, &scorer.bind(own)?)?);
        if let Some(models) = &self.trained.shared {
            let Some((_, share)) = models.own.get(key) else {
                return Ok(None);
            };
            ways.push(predicted(Way::Shared, scorer, &scorer.bind(share)?)?);
        }
        let baseline = baseline(&self.train.partition(*entity));
        let baseline = scorer.evaluate_constant(&baseline, rows.clone())?;
        let outcomes = StrategyOutcomes::new(baseline, ways);
        let comparison = EntityComparison {
            key: key.to_owned(),
            rows: rows.len() as u64,
            strategies: outcomes.strategies()?,
        };
        Ok(Some((comparison, outcomes)))
    }
}

/// What is said of all rows of an entity where nothing is learnt: how its training rows are shared
/// out among the classes, or their mean.
fn baseline(training: &Partition) -> Constant {
    let share = 1.0 / training.rows() as f64;
    match training.target() {
        Target::Classes { labels, classes } => {
            let mut shares = vec![0.0; classes.len()];
            labels.for_each(training.range(), |label| shares[label as usize] += share);
            // Summing up may end a little above 1.
            Constant::Classes(shares.iter().map(|share: &f64| share.min(1.0)).collect())
        }
        Target::Numbers(numbers) => {
            let numbers = &numbers[training.range()];
            // Relative to one of them, what they have in common costs no digits.
            let origin = numbers[0];
            let deviations = numbers.iter().map(|number| (number - origin) * share);
            Constant::Number(origin + deviations.sum::<f64>())
        }
    }
}

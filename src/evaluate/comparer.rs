//! Whether one tree per entity is better than one tree for all.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use rayon::prelude::*;

use super::comparison::{Comparison, EntityComparison, verdict};
use super::shared_rows::shared_rows;
use super::strategies::{Paired, StrategyOutcomes};
use crate::cancel::Cancel;
use crate::error::{Error, InputError, Result, StoreError};
use crate::model::Model;
use crate::schema::{Holdout, LeftOut};
use crate::score::{Constant, Prediction, ScoredModel, Scorer};
use crate::source::DatasetSpec;
use crate::table::{Input, Partition, Query, Table, Target};
use crate::train::{Engine, Status, Trainer};

/// Trains one model per entity and one for all, and compares them on rows that neither has seen.
/// Nothing is stored.
///
/// ```no_run
/// use per_entity::evaluate::Comparer;
/// use per_entity::schema::Holdout;
/// use per_entity::source::Source;
/// use per_entity::{CartTrainer, DatasetSpec};
///
/// let spec = DatasetSpec::new(["store"], "returned");
/// let sales = Source::open(&["sales.parquet".into()], None, &spec)?;
/// let comparer = Comparer::new(spec, CartTrainer::default());
/// println!("{}", comparer.run_held_out(sales, &Holdout::drawn(0.3, 0, None)?)?.verdict);
/// # Ok::<(), per_entity::Error>(())
/// ```
pub struct Comparer {
    spec: DatasetSpec,
    trainer: Box<dyn Trainer>,
    cancel: Cancel,
}

impl Comparer {
    /// Compares what a trainer makes of a dataset.
    pub fn new(spec: DatasetSpec, trainer: impl Trainer + 'static) -> Self {
        Self {
            spec,
            trainer: Box::new(trainer),
            cancel: Cancel::new(),
        }
    }

    /// Sets the request to stop that reading and training heed.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Trains on an input and compares on another.
    ///
    /// # Errors
    ///
    /// What is wrong with the inputs, [`InputError::TestedOnTraining`] for a file that is in both;
    /// [`Error::NoRows`] where no entity of `test` has a model, [`Error::Interrupted`].
    pub fn run(&self, train: impl Into<Input>, test: impl Into<Input>) -> Result<Comparison> {
        let (train, test) = (train.into(), test.into());
        refuse_common_file(&train, &test)?;
        train.check_declared(&self.spec)?;
        let query = Query::new(&train, &self.spec)?;
        let train = Table::load_query(&train, &query, &self.cancel)?;
        let task = train.task();
        let columns = query.columns_taken(task);
        let spec = self.spec.as_trained(query.features(), &columns, task);
        let query = Query::as_trained(&test, &spec, &[])?;
        let test = Table::load_query(&test, &query, &self.cancel)?;
        let mut left_out = train.left_out().clone();
        left_out.merge(test.left_out());
        Ok(Comparison {
            left_out,
            ..self.compare(&train, &test)?
        })
    }

    /// Trains on an input without the rows that are held out, and compares on these.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_held_out(&self, input: impl Into<Input>, drawn: &Holdout) -> Result<Comparison> {
        let input = input.into();
        input.check_declared(&self.spec)?;
        let query = Query::new_holding_out(&input, &self.spec, drawn)?;
        let table = Table::load_query(&input, &query, &self.cancel)?;
        let drawn = query.holdout().unwrap_or(drawn);
        let (train, test) = drawn.split(&table);
        let which = match (train.rows(), test.rows()) {
            (0, _) => "all rows are held out",
            (_, 0) => "no row is held out",
            _ => {
                return Ok(Comparison {
                    held_out: Some(drawn.clone()),
                    left_out: table.left_out().clone(),
                    ..self.compare(&train, &test)?
                });
            }
        };
        Err(Error::NoRows(format!("{which} ({drawn})")))
    }

    fn compare(&self, train: &Table, test: &Table) -> Result<Comparison> {
        self.trainer.check(train.task(), train.classes())?;
        let key = self.spec.key.join(",");
        let models = self.models(train)?;
        let pooled = self.pooled_model(&train.pooled(&key))?;
        let pooled_test = test.pooled(&key);
        let pooled_scorer = Scorer::new(&pooled_test, train.classes());
        let contestants = Contestants {
            train,
            scorer: Scorer::new(test, train.classes()),
            pooled: pooled_scorer.bind(&pooled)?,
            pooled_scorer,
            models: &models,
        };
        let partitions: Vec<Partition> = test.partitions().collect();
        let compared: Vec<(EntityComparison, StrategyOutcomes)> = partitions
            .par_iter()
            .filter_map(|partition| contestants.compare(partition).transpose())
            .collect::<Result<_>>()?;

        let mut all = StrategyOutcomes::new(train.task(), train.classes().len());
        let mut entities = Vec::with_capacity(compared.len());
        for (entity, outcomes) in compared {
            all.merge(&outcomes)?;
            entities.push(entity);
        }
        let test_rows = all.per_entity.rows();
        if test_rows == 0 {
            let problem = "no entity of the test rows has rows to train on";
            return Err(Error::NoRows(problem.into()));
        }
        let overall = all.strategies()?;
        Ok(Comparison {
            train_rows: train.rows() as u64,
            test_rows,
            held_out: None,
            left_out: LeftOut::default(),
            shared_rows: shared_rows(train, test),
            rows_without_model: test.rows() as u64 - test_rows,
            entities,
            overall,
            verdict: verdict(&overall),
        })
    }

    /// The models of the entities that have one, each with its entity's position.
    fn models(&self, table: &Table) -> Result<HashMap<String, (usize, Model)>> {
        let mut models = HashMap::new();
        let mut entity = 0;
        Engine::new(&self.trainer, 1, &self.cancel).run(table, |outcome| {
            match outcome.status {
                Status::Trained(trained) => {
                    let model = Model::decode(&trained.bytes, None)?;
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

    fn pooled_model(&self, table: &Table) -> Result<Model> {
        let no_model = |reason: &str| {
            let (key, reason) = ("all entities together".into(), reason.to_owned());
            Error::from(StoreError::NoModel { key, reason })
        };
        let mut model = Err(no_model("there are no rows"));
        Engine::new(&self.trainer, 1, &self.cancel).run(table, |outcome| {
            match outcome.status {
                Status::Trained(trained) => model = Model::decode(&trained.bytes, None),
                Status::Failed(error) => model = Err(no_model(&error)),
                Status::Skipped => {}
            }
            Ok(())
        })?;
        model
    }
}

/// What is compared, and on which rows.
struct Contestants<'a> {
    train: &'a Table,
    scorer: Scorer<'a>,
    pooled_scorer: Scorer<'a>,
    models: &'a HashMap<String, (usize, Model)>,
    pooled: ScoredModel<'a>,
}

impl Contestants<'_> {
    /// Nothing for an entity without a model or without rows.
    fn compare(
        &self,
        partition: &Partition,
    ) -> Result<Option<(EntityComparison, StrategyOutcomes)>> {
        let Some((entity, model)) = self.models.get(partition.key()) else {
            return Ok(None);
        };
        let rows = partition.range();
        if rows.is_empty() {
            return Ok(None);
        }
        let baseline = baseline(&self.train.partition(*entity));
        let own = self.scorer.bind(model)?;
        let mut own_losses = Vec::with_capacity(rows.len());
        let note = |_, prediction: Prediction| own_losses.push(prediction.loss());
        let per_entity = self.scorer.evaluate(&own, rows.clone(), note)?;
        let mut pooled_losses = Vec::with_capacity(rows.len());
        let note = |_, prediction: Prediction| pooled_losses.push(prediction.loss());
        let pooled = self
            .pooled_scorer
            .evaluate(&self.pooled, rows.clone(), note)?;
        let outcomes = StrategyOutcomes {
            baseline: self.scorer.evaluate_constant(&baseline, rows.clone())?,
            pooled,
            per_entity,
            paired: Paired::of(self.train.task(), own_losses.into_iter().zip(pooled_losses)),
        };
        let comparison = EntityComparison {
            key: partition.key().to_owned(),
            rows: rows.len() as u64,
            strategies: outcomes.strategies()?,
        };
        Ok(Some((comparison, outcomes)))
    }
}

/// A file that is trained on is no test.
fn refuse_common_file(train: &Input, test: &Input) -> Result<()> {
    let canonical = |path: String| std::fs::canonicalize(&path).unwrap_or_else(|_| path.into());
    let trained: HashSet<PathBuf> = train.paths().into_iter().map(canonical).collect();
    let mut paths = test.paths().into_iter();
    match paths.find(|path| trained.contains(&canonical(path.clone()))) {
        None => Ok(()),
        Some(path) => Err(InputError::TestedOnTraining { path: path.into() }.into()),
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

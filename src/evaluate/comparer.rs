//! Whether one model per entity is better than one model for all.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;

use rayon::prelude::*;

use super::comparison::{Comparison, EntityComparison};
use super::contestants::{Contestants, SharedModels, Trained};
use super::shared_rows::shared_rows;
use super::strategies::StrategyOutcomes;
use super::verdict::{verdict, winner};
use crate::cancel::Cancel;
use crate::error::{Error, InputError, ParamsError, Result, StoreError};
use crate::model::{Model, SharedModel};
use crate::schema::{Holdout, LeftOut};
use crate::source::DatasetSpec;
use crate::table::{Input, MemoryBudget, Partition, Query, Table};
use crate::train::{Engine, SharedInput, SharedTrainer, Status, Trainer};

/// Trains one tree per entity, one for all, and a shared model, and compares them on rows that none
/// has seen. Nothing is stored.
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
    shared: Box<dyn Trainer>,
    memory: Option<MemoryBudget>,
    cancel: Cancel,
}

/// How many times rows are held: as they are read, divided into those trained on and the others,
/// and as those of one entity.
const COPIES: u64 = 3;

impl Comparer {
    /// Compares what a trainer makes of a dataset, for each entity and for all, and a shared model
    /// with default parameters.
    pub fn new(spec: DatasetSpec, trainer: impl Trainer + 'static) -> Self {
        Self {
            spec,
            trainer: Box::new(trainer),
            shared: Box::new(SharedTrainer::default()),
            memory: None,
            cancel: Cancel::new(),
        }
    }

    /// Sets what trains the shared model; nothing is compared that shares nothing.
    #[must_use]
    pub fn shared(mut self, trainer: impl Trainer + 'static) -> Self {
        self.shared = Box::new(trainer);
        self
    }

    /// Sets how much memory the process may take; more rows than fit are an error.
    #[must_use]
    pub fn memory(mut self, budget: impl Into<Option<MemoryBudget>>) -> Self {
        self.memory = budget.into();
        self
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
    /// [`Error::NoRows`] where no entity of `test` has a model,
    /// [`SpecError::RowsExceedMemory`](crate::error::SpecError::RowsExceedMemory) for more rows than
    /// the memory holds, [`Error::Interrupted`].
    pub fn run(&self, train: impl Into<Input>, test: impl Into<Input>) -> Result<Comparison> {
        let (train, test) = (train.into(), test.into());
        refuse_common_file(&train, &test)?;
        train.check_declared(&self.spec)?;
        let query = Query::new(&train, &self.spec)?;
        let train = self.load(&train, &query)?;
        let task = train.task();
        let columns = query.columns_taken(task);
        let spec = self.spec.as_trained(query.features(), &columns, task);
        let query = Query::as_trained(&test, &spec, &[])?;
        let test = self.load(&test, &query)?.in_value_order();
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
        let table = self.load(&input, &query)?;
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

    fn load(&self, input: &Input, query: &Query) -> Result<Table> {
        if let Some(memory) = self.memory {
            memory.check_rows(input, query, COPIES)?;
        }
        Table::load_query(input, query, &self.cancel)
    }

    fn compare(&self, train: &Table, test: &Table) -> Result<Comparison> {
        let key = self.spec.key.join(",");
        let trained = self.train(train, &key)?;
        let pooled_test = test.pooled(&key);
        let contestants = Contestants::new(&trained, train, test, &pooled_test)?;
        let partitions: Vec<Partition> = test.partitions().collect();
        let compared: Vec<(EntityComparison, StrategyOutcomes)> = partitions
            .par_iter()
            .filter_map(|partition| contestants.compare(partition).transpose())
            .collect::<Result<_>>()?;

        let mut all: Option<StrategyOutcomes> = None;
        let mut entities = Vec::with_capacity(compared.len());
        for (entity, outcomes) in compared {
            entities.push(entity);
            match &mut all {
                Some(all) => all.merge(&outcomes)?,
                None => all = Some(outcomes),
            }
        }
        let Some(all) = all else {
            let problem = "no entity of the test rows has rows to train on";
            return Err(Error::NoRows(problem.into()));
        };
        let (overall, gains) = (all.strategies()?, all.gains()?);
        let winner = winner(&overall, &gains);
        Ok(Comparison {
            train_rows: train.rows() as u64,
            test_rows: all.rows(),
            held_out: None,
            left_out: LeftOut::default(),
            shared_rows: shared_rows(train, test),
            rows_without_model: test.rows() as u64 - all.rows(),
            entities,
            verdict: verdict(&overall, &gains, winner),
            overall,
            gains,
            winner,
        })
    }

    fn train(&self, table: &Table, key: &str) -> Result<Trained> {
        let (task, classes) = (table.task(), table.classes());
        self.trainer.check(task, classes)?;
        Ok(Trained {
            own: self.models(&self.trainer, None, table)?,
            pooled: self.pooled_model(&table.pooled(key))?,
            shared: self.shared_models(table)?,
        })
    }

    /// Nothing where there are more classes than a shared model learns.
    fn shared_models(&self, table: &Table) -> Result<Option<SharedModels>> {
        match self.shared.check(table.task(), table.classes()) {
            Err(ParamsError::SharedClasses(..)) => return Ok(None),
            checked => checked?,
        }
        let tables = || -> Box<dyn Iterator<Item = Result<Cow<Table>>> + '_> {
            Box::new(std::iter::once(Ok(Cow::Borrowed(table))))
        };
        let input = SharedInput::of_table(table, &tables, &self.cancel);
        let Some(prepared) = self.shared.prepare(&input)? else {
            return Ok(None);
        };
        let shared = prepared.shared;
        let own = self.models(&prepared.trainer, Some(&shared), table)?;
        Ok(Some(SharedModels { shared, own }))
    }

    /// The models of the entities that have one, each with its entity's position.
    fn models(
        &self,
        trainer: &dyn Trainer,
        shared: Option<&Arc<SharedModel>>,
        table: &Table,
    ) -> Result<HashMap<String, (usize, Model)>> {
        let mut models = HashMap::new();
        let mut entity = 0;
        Engine::new(trainer, 1, &self.cancel).run(table, |outcome| {
            match outcome.status {
                Status::Trained(trained) => {
                    let model = Model::decode(&trained.bytes, shared)?;
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

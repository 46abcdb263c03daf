//! A training run: from an input to a generation of a store.

use std::collections::HashSet;
use std::time::Instant;

use serde_json::json;

use super::dataset_differences::dataset_differences;
use super::decision::DecisionRule;
use super::observer::Observer;
use super::report::{Conclusion, Refusal, TrainingReport, Unchanged};
use super::rows::Rows;
use super::session::{Accomplished, Session};
use super::settings::TrainingSettings;
use super::staged_scratch::StagedScratch;
use super::threshold::Threshold;
use super::trainer::Trainer;
use super::update::Update;
use crate::cancel::Cancel;
use crate::error::{Result, SpecError};
use crate::schema::{ByteSize, Holdout, ImportanceKind, Task};
use crate::source::DatasetSpec;
use crate::store::{Location, ModelsPerFile, Run, Store, Writer};
use crate::table::{ColumnNote, Input, MemoryBudget, MemoryLimit, Query, ScratchFolder};

/// A training run: reads an input, trains a model for each entity and commits them to a store.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`min_rows`](Self::min_rows) | 1 | entities with fewer rows are skipped | any |
/// | [`holdout`](Self::holdout) | none | rows that are not trained on, to see how good the models are | |
/// | [`threshold`](Self::threshold) | none | from which probability on the positive class is predicted, instead of the most probable class | see [`Threshold`] |
/// | [`positive`](Self::positive) | the second of two | the class that the threshold is of | |
/// | [`importance`](Self::importance) | none | notes how much each feature matters to each model | see [`ImportanceKind`] |
/// | [`update`](Self::update) | none | what is taken from the store's current generation | see [`Update`] |
/// | [`pooled`](Self::pooled) | false | also train one model on all entities, with the key as a feature; it can answer for entities without a model of their own | |
/// | [`parents`](Self::parents) | false | also train a model for all entities with the same first values of a composite key; it can answer for entities without a model of their own | a key of 2 columns or more |
/// | [`memory_limit`](Self::memory_limit) | none | where the rows take more bytes than this, they are written to files and trained in parts | 640 MiB or more |
/// | [`models_per_file`](Self::models_per_file) | [`ModelsPerFile::Automatic`] | how many models share a file | |
/// | [`threads`](Self::threads) | all cores | threads that train | 1 or more |
/// | [`cancel`](Self::cancel) | never | a request to stop | |
/// | [`command`](Self::command) | empty | what the manifest notes as the command of the run | |
///
/// The same rows and settings give the same bytes, whatever the number of threads.
///
/// ```
/// use per_entity::store::MemoryDirectory;
/// use per_entity::train::Conclusion;
/// use per_entity::{CartTrainer, DatasetSpec, Training};
/// use polars::prelude::*;
///
/// let frame = df!(
///     "store" => ["A", "A", "A", "B"],
///     "hour" => [9, 12, 17, 9],
///     "busy" => [false, false, true, false],
/// ).unwrap();
/// let training = Training::new(DatasetSpec::new(["store"], "busy"), CartTrainer::default());
/// let conclusion = training.min_rows(2).run(frame, MemoryDirectory::new())?;
/// let Conclusion::Committed(report) = conclusion else { panic!("nothing can refuse it") };
/// assert_eq!((report.generation.trained, report.generation.skipped), (1, 1));
/// # Ok::<(), per_entity::Error>(())
/// ```
pub struct Training {
    spec: DatasetSpec,
    pub(super) trainer: Box<dyn Trainer>,
    settings: TrainingSettings,
    cancel: Cancel,
    command: Vec<String>,
}

impl Training {
    /// A run with the defaults of the table above.
    pub fn new(spec: DatasetSpec, trainer: impl Trainer + 'static) -> Self {
        Self {
            spec,
            trainer: Box::new(trainer),
            settings: TrainingSettings::default(),
            cancel: Cancel::new(),
            command: Vec::new(),
        }
    }

    /// Sets all settings at once.
    #[must_use]
    pub fn settings(mut self, settings: TrainingSettings) -> Self {
        self.settings = settings;
        self
    }

    /// Sets the fewest rows of an entity that is trained.
    #[must_use]
    pub fn min_rows(mut self, rows: usize) -> Self {
        self.settings.min_rows = rows;
        self
    }

    /// Sets which rows are not trained on but held out.
    #[must_use]
    pub fn holdout(mut self, holdout: impl Into<Option<Holdout>>) -> Self {
        self.settings.holdout = holdout.into();
        self
    }

    /// Sets from which probability on the positive class is predicted, by default the second of two;
    /// see [`positive`](Self::positive). The figures on the rows held out are those of models that
    /// do so: where the threshold is the best on these very rows, they are slightly too good.
    #[must_use]
    pub fn threshold(mut self, threshold: impl Into<Option<Threshold>>) -> Self {
        self.settings.threshold = threshold.into();
        self
    }

    /// Sets the class that the threshold is of.
    #[must_use]
    pub fn positive(mut self, class: impl Into<Option<String>>) -> Self {
        self.settings.positive = class.into();
        self
    }

    /// Sets how the importances of features are found that the store notes of each entity.
    #[must_use]
    pub fn importance(mut self, kind: impl Into<Option<ImportanceKind>>) -> Self {
        self.settings.importance = kind.into();
        self
    }

    /// Sets what is taken from the store's current generation. The first run of a store has none.
    #[must_use]
    pub fn update(mut self, update: impl Into<Option<Update>>) -> Self {
        self.settings.update = update.into();
        self
    }

    /// Sets whether one model for all entities is trained, too.
    #[must_use]
    pub fn pooled(mut self, pooled: bool) -> Self {
        self.settings.pooled = pooled;
        self
    }

    /// Sets whether models of parents are trained, too: of the key `country,store`, one for each
    /// country, on the rows of all its stores; of three columns, one for each value of the first
    /// and one for each pair of the first two. As of the pooled model, the key is a feature of
    /// them: what is peculiar to one entity is split off by its key, so that an unknown entity,
    /// which is none of them, is not answered by it. Parents have at least
    /// [`min_rows`](Self::min_rows) rows; they need all rows in memory, and those of every entity,
    /// so vanished ones cannot be kept.
    #[must_use]
    pub fn parents(mut self, parents: bool) -> Self {
        self.settings.parents = parents;
        self
    }

    /// Sets how many bytes the process may take.
    #[must_use]
    pub fn memory_limit(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.settings.memory_limit = bytes.into().map(ByteSize);
        self
    }

    /// Sets how many models share a file.
    #[must_use]
    pub fn models_per_file(mut self, models: ModelsPerFile) -> Self {
        self.settings.models_per_file = models;
        self
    }

    /// Sets the number of threads; 0 is one for each core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.settings.threads = threads;
        self
    }

    /// Sets the request to stop that the run heeds.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Sets what the manifest notes as the command of the run.
    #[must_use]
    pub fn command(mut self, command: Vec<String>) -> Self {
        self.command = command;
        self
    }

    /// Trains on an input and commits the models to a store, which is made where there is none.
    ///
    /// # Errors
    ///
    /// What is wrong with the settings, the input and the store; then the store is as it was. An
    /// entity whose training fails is not an error: the store notes why, and the run goes on.
    pub fn run(&self, input: impl Into<Input>, store: impl Into<Location>) -> Result<Conclusion> {
        self.run_observed(input, store, &mut ())
    }

    /// As [`run`](Self::run), seen by an observer.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run).
    pub fn run_observed(
        &self,
        input: impl Into<Input>,
        store: impl Into<Location>,
        observer: &mut dyn Observer,
    ) -> Result<Conclusion> {
        let (input, directory) = (input.into(), store.into());
        self.check()?;
        Writer::check(&directory)?;
        input.check_declared(&self.spec)?;
        let query = self.query(&input, &directory)?;
        observer.columns_taken(&query);
        self.base(&directory, &query, query.declared_task())?;
        let (begun, limit) = self.limit(&directory)?;
        let started = Instant::now();
        let rows = Rows::load(&input, &query, limit.as_ref(), &self.cancel)?;
        log::info!("{} rows loaded in {:.2?}", rows.count(), started.elapsed());
        self.check_memory(&rows)?;
        self.trainer.check(rows.task().0, rows.classes())?;
        let (task, reason) = rows.task();
        let rule = DecisionRule::of(&self.settings, task, rows.classes())?;
        observer.task_taken(query.target(), task, reason);
        self.tell_of_identifiers(&query, &rows, observer);
        let writer = match begun {
            Some(writer) => writer,
            None => Writer::begin(&directory)?,
        };
        // Again, for another run may have committed while the rows were read.
        let base = self.base(&directory, &query, Some(task))?;
        let mut run = self.describe(&input, &query, &rows);
        if let Some(base) = &base {
            run.keep_types_of(&base.generation().run);
        }
        let session = Session {
            trainer: &*self.trainer,
            settings: &self.settings,
            cancel: &self.cancel,
            query: &query,
            rows: &rows,
            rule: rule.as_ref(),
            base: base.as_ref(),
        };
        let (writer, accomplished) = session.train(writer, observer)?;
        observer.entities_finished();
        drop(rows);
        run.decision = accomplished.tally.decision();
        run.holdout = query
            .holdout()
            .map(|drawn| accomplished.tally.holdout(drawn.clone()));
        self.conclude(writer, accomplished, run, base.as_ref())
    }

    /// What can be checked before anything is read.
    pub(super) fn check(&self) -> Result<()> {
        self.settings.check_what_is_noted()?;
        if let Some(update) = &self.settings.update {
            update.check(self.settings.holdout.is_some())?;
        }
        let keeps_vanished = self
            .settings
            .update
            .as_ref()
            .is_some_and(Update::keeps_vanished);
        if keeps_vanished && (self.settings.pooled || self.settings.parents) {
            return Err(SpecError::CommonModelOfVanished.into());
        }
        if self.trainer.is_shared() && (self.settings.pooled || self.settings.parents) {
            return Err(SpecError::CommonModelBesideShared.into());
        }
        match self.spec.key.as_slice() {
            [_] if self.settings.parents => Err(SpecError::NoParentsOfKey {
                key: self.spec.key.clone(),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Tells of features that look like identifiers, unless the specification says how they are
    /// compared.
    fn tell_of_identifiers(&self, query: &Query, rows: &Rows, observer: &mut dyn Observer) {
        let declared = self.spec.categorical.iter().chain(&self.spec.numeric);
        let mut known: HashSet<&str> = declared.map(String::as_str).collect();
        known.extend(query.notes().iter().map(ColumnNote::column));
        for (column, distinct, rows) in rows.nearly_unique() {
            if !known.contains(column) {
                observer.nearly_unique(column, distinct, rows);
            }
        }
    }

    /// Models of many entities need all rows at once.
    fn check_memory(&self, rows: &Rows) -> Result<()> {
        match rows.is_spilled() {
            true if self.settings.pooled => Err(SpecError::PooledExceedsMemory.into()),
            true if self.settings.parents => Err(SpecError::ParentsExceedMemory.into()),
            _ => Ok(()),
        }
    }

    /// The query, whose columns an update takes for what the current generation took them for.
    fn query(&self, input: &Input, directory: &Location) -> Result<Query> {
        let base = match &self.settings.update {
            Some(_) => Store::open_if_there(directory)?,
            None => None,
        };
        let holdout = self.settings.holdout.as_ref();
        match base {
            Some(base) => {
                let run = &base.generation().run;
                let task = (run.dataset.target == self.spec.target).then_some(run.task);
                let trained = (run.features.as_slice(), run.columns.as_slice(), task);
                Query::new_updating(input, &self.spec, holdout, trained)
            }
            None => Query::new_holding_out(input, &self.spec, holdout),
        }
    }

    /// The memory that the rows may take. Their files lie in the store's staging folder where that
    /// is on a disk, so the writer is begun before they are loaded.
    fn limit(&self, directory: &Location) -> Result<(Option<Writer>, Option<MemoryLimit>)> {
        let Some(size) = self.settings.memory_limit else {
            return Ok((None, None));
        };
        // A limit that is too low touches nothing.
        let budget = MemoryBudget::new(size)?;
        let writer = Writer::begin(directory)?;
        let limit = match writer.scratch_folder() {
            Some((directory, folder)) => {
                MemoryLimit::new(budget, StagedScratch { directory, folder })
            }
            None => MemoryLimit::new(budget, ScratchFolder::temporary()),
        };
        Ok((Some(writer), Some(limit)))
    }

    /// The current generation, where it is to be updated. The first update of all starts afresh.
    /// The task is that of the run as far as it is known.
    fn base(
        &self,
        directory: &Location,
        query: &Query,
        task: Option<Task>,
    ) -> Result<Option<Store>> {
        let Some(update) = &self.settings.update else {
            return Ok(None);
        };
        let base = Store::open_if_there(directory)?;
        if let Some(base) = &base {
            let run = &base.generation().run;
            let differences = dataset_differences(run, &self.spec, query, task);
            update.check_dataset(&differences)?;
            let trainer = self.trainer.description();
            update.check_shared(base.generation(), &trainer, query.holdout(), &differences)?;
        }
        Ok(base)
    }

    fn describe(&self, input: &Input, query: &Query, rows: &Rows) -> Run {
        let (task, _) = rows.task();
        Run {
            inputs: input.paths(),
            command: self.command.clone(),
            dataset: self.spec.clone(),
            features: query.features().to_vec(),
            columns: query.columns_taken(task),
            task,
            classes: rows.classes().to_vec(),
            target_is_integer: task == Task::Classification && query.has_numeric_target(),
            trainer: self.trainer.description(),
            min_rows: self.settings.min_rows,
            settings: json!(self.settings),
            rows_read: rows.rows_read(),
            left_out: rows.left_out().clone(),
            holdout: None,
            decision: None,
            importance: self.settings.importance,
            contest: None,
        }
    }

    /// Commits the generation, unless it is too much worse than the one before, or the same.
    fn conclude(
        &self,
        writer: Writer,
        accomplished: Accomplished,
        mut run: Run,
        base: Option<&Store>,
    ) -> Result<Conclusion> {
        let update = self.settings.update.clone().unwrap_or_default();
        if base.is_some() && update.is_contest() {
            let contest = accomplished.tally.contest();
            let limit = update.regression_limit();
            if let Some(refusal) = limit.and_then(|limit| Refusal::of(&contest, limit)) {
                writer.discard()?;
                return Ok(Conclusion::Refused(refusal));
            }
            run.contest = Some(contest);
        }
        if let Some(base) = base.filter(|_| update.keeps_models()) {
            run.add_classes(&base.generation().run.classes);
        }
        if let Some(base) = base.filter(|_| !update.commits_unchanged())
            && writer.repeats(base, &run)?
        {
            writer.discard()?;
            return Ok(Conclusion::Unchanged(Box::new(Unchanged {
                generation: base.generation().clone(),
                carried: accomplished.carried,
                rows_read: run.rows_read,
                left_out: run.left_out,
            })));
        }
        let committed = writer.commit(run)?;
        Ok(Conclusion::Committed(Box::new(TrainingReport {
            generation: committed.generation,
            carried: accomplished.carried,
            is_durable: committed.is_durable,
        })))
    }
}

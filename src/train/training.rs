//! A training run: from an input to a generation of a store.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::Instant;

use serde_json::json;

use super::contest::Contest;
use super::dataset_differences::dataset_differences;
use super::decision::DecisionRule;
use super::engine::Engine;
use super::importance::Importance;
use super::merge_by_key::MergeByKey;
use super::observer::Observer;
use super::report::{Conclusion, Refusal, TrainingReport, Unchanged};
use super::rows::Rows;
use super::settings::TrainingSettings;
use super::sink::Sink;
use super::staged_scratch::StagedScratch;
use super::tally::Tally;
use super::threshold::Threshold;
use super::trainer::{Prepared, SharedInput, Trainer};
use super::update::Update;
use crate::cancel::Cancel;
use crate::error::{Error, Result, SpecError};
use crate::metrics::Pool;
use crate::schema::{ByteSize, Holdout, ImportanceKind, Task};
use crate::source::DatasetSpec;
use crate::store::{
    CurrentModels, EntityRecord, Location, ModelsPerFile, PriorModelIndex, Run, SharedFile, Store,
    Writer,
};
use crate::table::{ColumnNote, Input, MemoryBudget, MemoryLimit, Query, ScratchFolder, Table};

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
    trainer: Box<dyn Trainer>,
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
            training: self,
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
    fn check(&self) -> Result<()> {
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

/// What came of the entities.
struct Accomplished {
    tally: Tally,
    /// Models that were taken over and not trained again.
    carried: u64,
}

/// The parts of a run that are settled before the first entity is trained.
struct Session<'a> {
    training: &'a Training,
    query: &'a Query,
    rows: &'a Rows,
    /// How models decide on a class, where that is not the most probable one.
    rule: Option<&'a DecisionRule>,
    /// The generation to be updated.
    base: Option<&'a Store>,
}

impl Session<'_> {
    /// Trains all entities, and puts what became of them to the writer in the order of their keys.
    fn train(
        &self,
        mut writer: Writer,
        observer: &mut dyn Observer,
    ) -> Result<(Writer, Accomplished)> {
        let (present, vanished) = self.base_records()?;
        let prior = self.lay_out(&mut writer, &present, &vanished, observer)?;
        let update = self.training.settings.update.clone().unwrap_or_default();
        let (task, _) = self.rows.task();
        let metric = update.metric(task)?;
        let champions = self.champions(&update, present)?;
        let contest = champions.as_ref().map(|champions| Contest {
            champions,
            metric,
            tolerance: update.allowance(),
            can_stay: !self.drops_shared(),
        });
        let carried = self.base.iter().flat_map(|base| base.carried(&vanished));
        let order = self.query.key_order();
        let kept: HashSet<&str> = vanished.iter().map(|record| record.key.as_str()).collect();
        let mut lost = self.rows.lost(&order);
        lost.retain(|record| !kept.contains(record.key.as_str()));
        let untrained = MergeByKey::new(
            order.clone(),
            self.rows.too_large(),
            lost.into_iter().map(|record| Ok((record, None))),
        );
        let others = MergeByKey::new(order, carried, untrained);
        let threads = self.threads()?;
        let prepared = threads.install(|| self.prepare())?;
        if let Some(prepared) = &prepared {
            writer.put_shared(&prepared.shared, self.held_out_of_shared())?;
        }
        let mut sink = Sink {
            writer,
            observer,
            others,
            left_out: self.rows.left_out_by_key(),
            champions: champions.as_ref(),
            held_out: self.held_out()?,
            carried: 0,
            tally: Tally::new(metric, update.allowance(), &self.empty_pool(task))
                .deciding_on(self.rule.map(DecisionRule::positive)),
        };
        for table in self.rows.tables(&self.training.cancel) {
            threads.install(|| {
                self.train_table(table?, prepared.as_ref(), &prior, contest, &mut sink)
            })?;
        }
        sink.put_others(None)?;
        self.training.cancel.check()?;
        let Sink {
            writer,
            tally,
            carried,
            ..
        } = sink;
        Ok((writer, Accomplished { tally, carried }))
    }

    /// The current models that new ones compete with, where they do.
    fn champions(
        &self,
        update: &Update,
        present: Vec<EntityRecord>,
    ) -> Result<Option<CurrentModels<'_>>> {
        let Some(base) = self.base.filter(|_| update.is_contest()) else {
            return Ok(None);
        };
        self.check_unseen(&present)?;
        CurrentModels::new(base, present).map(Some)
    }

    fn empty_pool(&self, task: Task) -> Pool {
        match task {
            Task::Classification => Pool::classification(self.rows.classes().len()),
            Task::Regression => Pool::regression(),
        }
    }

    /// The entities of the current generation: those whose models may be taken over, and those
    /// that are kept although the input lacks them.
    fn base_records(&self) -> Result<(Vec<EntityRecord>, Vec<EntityRecord>)> {
        let records = self.base.map_or(Ok(Vec::new()), Store::records)?;
        let update = self.training.settings.update.as_ref();
        if !update.is_some_and(Update::keeps_vanished) {
            return Ok((records, Vec::new()));
        }
        let present: HashSet<&str> = self.rows.keys().into_iter().collect();
        let is_present = |record: &EntityRecord| present.contains(record.key.as_str());
        let (present, vanished): (Vec<_>, Vec<_>) = records.into_iter().partition(is_present);
        match vanished.first() {
            Some(EntityRecord { key, .. }) if self.drops_shared() => {
                let key = key.clone();
                Err(SpecError::VanishedShares { key }.into())
            }
            _ => Ok((present, vanished)),
        }
    }

    /// Earlier models are judged only by rows that they were not trained on.
    fn check_unseen(&self, present: &[EntityRecord]) -> Result<()> {
        let keys: HashSet<&str> = self.rows.keys().into_iter().collect();
        let holdout = self.query.holdout();
        let is_unseen = |record: &EntityRecord| {
            let earlier = record.held_out();
            let both = holdout.zip(earlier.as_ref());
            both.is_some_and(|(now, earlier)| now.is_unseen_after(earlier))
        };
        let mut seen = present.iter().filter(|record| {
            record.summary.is_some() && keys.contains(record.key.as_str()) && !is_unseen(record)
        });
        let Some(first) = seen.next() else {
            return Ok(());
        };
        Err(SpecError::ContestSeen {
            key: first.key.clone(),
            held_out: first.held_out().map(|held_out| held_out.to_string()),
            models: 1 + seen.count() as u64,
        }
        .into())
    }

    /// What is held out, as records note it.
    fn held_out(&self) -> Result<Option<Arc<str>>> {
        let text = self.query.holdout().map(serde_json::to_string);
        let text = text
            .transpose()
            .map_err(|error| Error::Defect(error.to_string()))?;
        Ok(text.map(Arc::from))
    }

    /// Tells the writer which entities will come, and gathers the models that need no training.
    fn lay_out(
        &self,
        writer: &mut Writer,
        present: &[EntityRecord],
        vanished: &[EntityRecord],
        observer: &mut dyn Observer,
    ) -> Result<PriorModelIndex> {
        let mut keys = self.rows.keys();
        keys.extend(vanished.iter().map(|record| record.key.as_str()));
        observer.rows_loaded(self.rows.count(), keys.len() as u64);
        writer.lay_out(self.training.settings.models_per_file, keys.into_iter());
        let mut prior = writer.prior_models();
        if let Some(base) = self.base {
            prior.add_generation(base, present);
            if self.training.settings.parents {
                prior.add_generation(base, &base.parents()?);
            }
        }
        Ok(prior)
    }

    /// The rows to train on, and those held out.
    fn split<'t>(&self, table: Cow<'t, Table>) -> (Cow<'t, Table>, Option<Table>) {
        match self.query.holdout() {
            Some(holdout) => {
                let (table, held_out) = holdout.split(&table);
                (Cow::Owned(table), Some(held_out))
            }
            None => (table, None),
        }
    }

    /// What the models of the current generation share, where it is kept.
    fn kept_shared(&self) -> Option<&SharedFile> {
        let update = self.training.settings.update.as_ref()?;
        update.kept_shared(self.base?.generation())
    }

    /// Whether the current generation's models share what is not kept.
    fn drops_shared(&self) -> bool {
        let base = self.base.map(Store::generation);
        base.is_some_and(|base| base.shared.is_some()) && self.kept_shared().is_none()
    }

    /// The rows that what entities share was not trained on.
    fn held_out_of_shared(&self) -> Option<&Holdout> {
        match self.kept_shared() {
            Some(kept) => kept.held_out.as_ref(),
            None => self.query.holdout(),
        }
    }

    /// What the entities share, where the trainer has them share something: what the current
    /// generation's share where that is kept.
    fn prepare(&self) -> Result<Option<Prepared>> {
        let trainer = &self.training.trainer;
        if !trainer.is_shared() {
            return Ok(None);
        }
        let cancel = &self.training.cancel;
        let tables = || -> Box<dyn Iterator<Item = Result<Cow<Table>>> + '_> {
            let tables = self.rows.tables(cancel);
            Box::new(tables.map(|table| Ok(self.split(table?).0)))
        };
        let input = SharedInput {
            tables: &tables,
            rows: self.rows.count(),
            task: self.rows.task().0,
            classes: self.rows.classes(),
            key_columns: self.training.spec.key.len(),
            features: self.query.features(),
            cancel,
            weigh: None,
        };
        match self.base.filter(|_| self.kept_shared().is_some()) {
            Some(base) => {
                let shared = base.shared()?;
                let shared =
                    shared.ok_or_else(|| Error::Defect("a shared model is lost".into()))?;
                let resumed = trainer.resume(shared, &input)?;
                resumed.map(Some).ok_or_else(|| {
                    let trainer = trainer.description().to_string();
                    let store = base.generation().run.trainer.to_string();
                    SpecError::SharedOfOtherTrainer {
                        store,
                        run: trainer,
                    }
                    .into()
                })
            }
            None => trainer.prepare(&input),
        }
    }

    fn threads(&self) -> Result<rayon::ThreadPool> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.training.settings.threads)
            // linfa-trees recurses as deep as its trees are.
            .stack_size(64 << 20)
            .build()
            .map_err(|error| Error::Threads(error.to_string()))
    }

    fn train_table(
        &self,
        table: Cow<Table>,
        prepared: Option<&Prepared>,
        prior: &PriorModelIndex,
        contest: Option<Contest>,
        sink: &mut Sink,
    ) -> Result<()> {
        let Training {
            settings, cancel, ..
        } = self.training;
        let holdout = self.query.holdout();
        let (table, held_out) = self.split(table);
        // Drawing by a column may take all rows of an entity.
        let min_rows = settings.min_rows.max(usize::from(holdout.is_some()));
        let trainer = prepared.map_or(&self.training.trainer, |prepared| &prepared.trainer);
        let mut engine = Engine::new(trainer, min_rows, cancel)
            .prior(prior)
            .sharing(prepared.map(|prepared| &prepared.shared))
            .deciding_by(self.rule)
            .telling(Importance::of(settings));
        if let Some(held_out) = &held_out {
            engine = engine.evaluating_on(held_out);
        }
        if let Some(contest) = contest {
            engine = engine.contest(contest);
        }
        engine.run(&table, |outcome| sink.take(outcome))?;
        sink.carried = prior.taken();
        if settings.pooled {
            self.train_pooled(&table, held_out.as_ref(), sink)?;
        }
        match settings.parents {
            true => self.train_parents(table, held_out, prior, sink),
            false => Ok(()),
        }
    }

    /// Trains one model for all entities of a table.
    fn train_pooled(&self, table: &Table, held_out: Option<&Table>, sink: &mut Sink) -> Result<()> {
        let training = self.training;
        let key = training.spec.key.join(",");
        let held_out = self.to_decide_on(held_out).map(|rows| rows.pooled(&key));
        let mut engine = Engine::new(&training.trainer, 1, &training.cancel).deciding_by(self.rule);
        if let Some(held_out) = &held_out {
            engine = engine.evaluating_on(held_out);
        }
        engine.run(&table.pooled(&key), |outcome| sink.take_pooled(outcome))
    }

    /// Rows held out, where thresholds are found on them.
    fn to_decide_on<T>(&self, held_out: Option<T>) -> Option<T> {
        held_out.filter(|_| self.rule.is_some_and(DecisionRule::is_found))
    }

    /// Trains the parents of all entities, which are in one table: those of the most values first.
    fn train_parents(
        &self,
        table: Cow<Table>,
        held_out: Option<Table>,
        prior: &PriorModelIndex,
        sink: &mut Sink,
    ) -> Result<()> {
        let training = self.training;
        sink.put_others(None)?;
        sink.writer.begin_parents()?;
        let key = training.spec.key.join(",");
        let mut table = table.into_owned().with_key(&key);
        let mut held_out = self.to_decide_on(held_out).map(|rows| rows.with_key(&key));
        for values in (1..training.spec.key.len()).rev() {
            table = table.by_first_values(values);
            held_out = held_out.map(|rows| rows.by_first_values(values));
            let min_rows = training.settings.min_rows.max(1);
            let mut engine = Engine::new(&training.trainer, min_rows, &training.cancel)
                .prior(prior)
                .deciding_by(self.rule);
            if let Some(held_out) = &held_out {
                engine = engine.evaluating_on(held_out);
            }
            engine.run(&table, |outcome| sink.take_parent(outcome))?;
        }
        Ok(())
    }
}

//! A training run from the first entity on.

use std::borrow::Cow;
use std::collections::HashSet;
use std::sync::Arc;

use super::contest::Contest;
use super::decision::DecisionRule;
use super::engine::Engine;
use super::importance::Importance;
use super::merge_by_key::MergeByKey;
use super::observer::Observer;
use super::rows::Rows;
use super::settings::TrainingSettings;
use super::sink::Sink;
use super::tally::Tally;
use super::trainer::{Prepared, SharedInput, Trainer};
use super::update::Update;
use crate::cancel::Cancel;
use crate::error::{Error, Result, SpecError};
use crate::metrics::Pool;
use crate::schema::{Holdout, Task};
use crate::store::{CurrentModels, EntityRecord, PriorModelIndex, SharedFile, Store, Writer};
use crate::table::{Query, Table};

/// What came of the entities.
pub(super) struct Accomplished {
    pub tally: Tally,
    /// Models that were taken over and not trained again.
    pub carried: u64,
}

/// The parts of a run that are settled before the first entity is trained.
pub(super) struct Session<'a> {
    pub trainer: &'a dyn Trainer,
    pub settings: &'a TrainingSettings,
    pub cancel: &'a Cancel,
    pub query: &'a Query,
    pub rows: &'a Rows,
    /// How models decide on a class, where that is not the most probable one.
    pub rule: Option<&'a DecisionRule>,
    /// The generation to be updated.
    pub base: Option<&'a Store>,
}

impl Session<'_> {
    /// Trains all entities, and puts what became of them to the writer in the order of their keys.
    pub fn train(
        &self,
        mut writer: Writer,
        observer: &mut dyn Observer,
    ) -> Result<(Writer, Accomplished)> {
        let (present, vanished) = self.base_records()?;
        let prior = self.lay_out(&mut writer, &present, &vanished, observer)?;
        let update = self.settings.update.clone().unwrap_or_default();
        let (task, _) = self.rows.task();
        let metric = update.metric(task)?;
        let champions = self.champions(&update, present)?;
        let contest = champions.as_ref().map(|champions| Contest {
            champions,
            metric,
            tolerance: update.allowance(),
            can_stay: !self.drops_shared(),
        });
        let threads = self.settings.thread_pool()?;
        let prepared = threads.install(|| self.prepare())?;
        if let Some(prepared) = &prepared {
            writer.put_shared(&prepared.shared, self.held_out_of_shared())?;
        }
        let mut sink = Sink {
            writer,
            observer,
            others: self.others(&vanished),
            left_out: self.rows.left_out_by_key(),
            champions: champions.as_ref(),
            held_out: held_out_text(self.query.holdout())?,
            carried: 0,
            tally: Tally::new(
                metric,
                update.allowance(),
                &empty_pool(task, self.rows.classes().len()),
            )
            .deciding_on(self.rule.map(DecisionRule::positive)),
        };
        for table in self.rows.tables(self.cancel) {
            threads.install(|| {
                self.train_table(table?, prepared.as_ref(), &prior, contest, &mut sink)
            })?;
        }
        sink.put_others(None)?;
        self.cancel.check()?;
        let Sink {
            writer,
            tally,
            carried,
            ..
        } = sink;
        Ok((writer, Accomplished { tally, carried }))
    }

    /// The entities that are not trained: those that vanished and are kept, those that are too large,
    /// and those all rows of which were left out.
    fn others<'a>(&'a self, vanished: &'a [EntityRecord]) -> MergeByKey<'a> {
        let carried = self.base.iter().flat_map(|base| base.carried(vanished));
        let order = self.query.key_order();
        let kept: HashSet<&str> = vanished.iter().map(|record| record.key.as_str()).collect();
        let mut lost = self.rows.lost(&order);
        lost.retain(|record| !kept.contains(record.key.as_str()));
        let untrained = MergeByKey::new(
            order.clone(),
            self.rows.too_large(),
            lost.into_iter().map(|record| Ok((record, None))),
        );
        MergeByKey::new(order, carried, untrained)
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

    /// The entities of the current generation: those whose models may be taken over, and those
    /// that are kept although the input lacks them.
    fn base_records(&self) -> Result<(Vec<EntityRecord>, Vec<EntityRecord>)> {
        let records = self.base.map_or(Ok(Vec::new()), Store::records)?;
        let update = self.settings.update.as_ref();
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
        writer.lay_out(self.settings.models_per_file, keys.into_iter());
        let mut prior = writer.prior_models();
        if let Some(base) = self.base {
            prior.add_generation(base, present);
            if self.settings.parents {
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
        let update = self.settings.update.as_ref()?;
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
    pub fn prepare(&self) -> Result<Option<Prepared>> {
        let trainer = self.trainer;
        if !trainer.is_shared() {
            return Ok(None);
        }
        let cancel = self.cancel;
        let tables = || -> Box<dyn Iterator<Item = Result<Cow<Table>>> + '_> {
            let tables = self.rows.tables(cancel);
            Box::new(tables.map(|table| Ok(self.split(table?).0)))
        };
        let input = SharedInput {
            tables: &tables,
            rows: self.rows.count(),
            task: self.rows.task().0,
            classes: self.rows.classes(),
            key_columns: self.query.key().len(),
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

    fn train_table(
        &self,
        table: Cow<Table>,
        prepared: Option<&Prepared>,
        prior: &PriorModelIndex,
        contest: Option<Contest>,
        sink: &mut Sink,
    ) -> Result<()> {
        let holdout = self.query.holdout();
        let (table, held_out) = self.split(table);
        // Drawing by a column may take all rows of an entity.
        let min_rows = self.settings.min_rows.max(usize::from(holdout.is_some()));
        let trainer = prepared.map_or(self.trainer, |prepared| &*prepared.trainer);
        let mut engine = Engine::new(trainer, min_rows, self.cancel)
            .prior(prior)
            .sharing(prepared.map(|prepared| &prepared.shared))
            .deciding_by(self.rule)
            .telling(Importance::of(self.settings));
        if let Some(held_out) = &held_out {
            engine = engine.evaluating_on(held_out);
        }
        if let Some(contest) = contest {
            engine = engine.contest(contest);
        }
        engine.run(&table, |outcome| sink.take(outcome))?;
        sink.carried = prior.taken();
        if self.settings.pooled {
            self.train_pooled(&table, held_out.as_ref(), sink)?;
        }
        match self.settings.parents {
            true => self.train_parents(table, held_out, prior, sink),
            false => Ok(()),
        }
    }

    /// Trains one model for all entities of a table.
    fn train_pooled(&self, table: &Table, held_out: Option<&Table>, sink: &mut Sink) -> Result<()> {
        let key = self.query.key().join(",");
        let held_out = self.to_decide_on(held_out).map(|rows| rows.pooled(&key));
        let mut engine = Engine::new(self.trainer, 1, self.cancel).deciding_by(self.rule);
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
        sink.put_others(None)?;
        sink.writer.begin_parents()?;
        let key = self.query.key().join(",");
        let mut table = table.into_owned().with_key(&key);
        let mut held_out = self.to_decide_on(held_out).map(|rows| rows.with_key(&key));
        for values in (1..self.query.key().len()).rev() {
            table = table.by_first_values(values);
            held_out = held_out.map(|rows| rows.by_first_values(values));
            let min_rows = self.settings.min_rows.max(1);
            let mut engine = Engine::new(self.trainer, min_rows, self.cancel)
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

/// What is held out, as records note it.
pub(super) fn held_out_text(holdout: Option<&Holdout>) -> Result<Option<Arc<str>>> {
    let text = holdout.map(serde_json::to_string);
    let text = text
        .transpose()
        .map_err(|error| Error::Defect(error.to_string()))?;
    Ok(text.map(Arc::from))
}

/// A pool without entities, for evaluations of a task.
pub(super) fn empty_pool(task: Task, classes: usize) -> Pool {
    match task {
        Task::Classification => Pool::classification(classes),
        Task::Regression => Pool::regression(),
    }
}

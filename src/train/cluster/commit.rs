//! Makes a generation of the outcomes of all parts.

use std::num::NonZeroUsize;
use std::sync::Arc;

use polars::prelude::DataFrame;

use super::outcome_frame::READ;
use super::outcome_row::EntityOutcome;
use super::outcomes::{Outcomes, OutcomesGathered};
use super::plan::Plan;
use crate::cancel::Cancel;
use crate::error::{ClusterError, Error, Result};
use crate::metrics::Metric;
use crate::model::Model;
use crate::source::Source;
use crate::store::{EntityRecord, EntityStatus, Location, Writer};
use crate::train::decision::DecisionRule;
use crate::train::report::TrainingReport;
use crate::train::session::{empty_pool, held_out_text};
use crate::train::specification::TrainingSpec;
use crate::train::tally::Tally;

/// Outcomes that are read together.
const BATCH_ROWS: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// Makes a generation of the outcomes of all parts: the very one, to the byte, that a single run on
/// all rows would have made.
///
/// Outcomes come in any order. Those that are there twice, as of a part that was done again, count
/// once. What is missing, cut, damaged, of another plan, or says two things of an entity is refused,
/// and then the store is as it was.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | [`rows`](Self::rows) | any | how many rows all parts must have together |
/// | [`entities`](Self::entities) | any | how many entities |
/// | [`parts`](Self::parts) | any | how many parts |
/// | [`command`](Self::command) | empty | what the manifest notes as the command of the run |
/// | [`cancel`](Self::cancel) | never | a request to stop |
///
/// A part of which nothing came at all can be told by these numbers only, so count the rows in
/// another way.
///
/// What the store's outcomes take of memory is their keys; the rest lies in a temporary file.
pub struct Commit {
    plan: Plan,
    rows: Option<u64>,
    entities: Option<u64>,
    parts: Option<u64>,
    command: Vec<String>,
    cancel: Cancel,
}

impl Commit {
    /// For the outcomes of a plan.
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            rows: None,
            entities: None,
            parts: None,
            command: Vec::new(),
            cancel: Cancel::new(),
        }
    }

    /// Sets how many rows all parts must have together, those left out included.
    #[must_use]
    pub fn rows(mut self, rows: impl Into<Option<u64>>) -> Self {
        self.rows = rows.into();
        self
    }

    /// Sets how many entities there must be, those without a model included.
    #[must_use]
    pub fn entities(mut self, entities: impl Into<Option<u64>>) -> Self {
        self.entities = entities.into();
        self
    }

    /// Sets how many parts there must be.
    #[must_use]
    pub fn parts(mut self, parts: impl Into<Option<u64>>) -> Self {
        self.parts = parts.into();
        self
    }

    /// Sets what the manifest notes as the command of the run.
    #[must_use]
    pub fn command(mut self, command: Vec<String>) -> Self {
        self.command = command;
        self
    }

    /// Sets the request to stop that is heeded.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// Commits the outcomes in some frames.
    ///
    /// # Errors
    ///
    /// [`ClusterError`] for outcomes that are not whole, and what is wrong with the store; then it is
    /// as it was.
    pub fn run(
        &self,
        frames: impl IntoIterator<Item = DataFrame>,
        store: impl Into<Location>,
    ) -> Result<TrainingReport> {
        self.run_with(store, |take| {
            frames.into_iter().try_for_each(|frame| take(&frame))
        })
    }

    /// Commits the outcomes in files of Parquet or Arrow IPC, the streams that workers write
    /// included.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and for files that cannot be read.
    pub fn run_files(
        &self,
        outcomes: &Source,
        store: impl Into<Location>,
    ) -> Result<TrainingReport> {
        let mut columns = outcomes.columns().iter().map(|column| column.name.as_str());
        if !columns.any(|name| name == READ[1]) {
            return Err(ClusterError::NoOutcomes.into());
        }
        self.run_with(store, |take| {
            let mut batches = outcomes.batches_of(&READ, BATCH_ROWS)?;
            batches.try_for_each(|batch| take(&batch?))
        })
    }

    /// Commits the outcomes that `read` hands to what it is given, frame by frame.
    ///
    /// # Errors
    ///
    /// As [`run`](Self::run), and the first error of `read`.
    fn run_with(
        &self,
        store: impl Into<Location>,
        read: impl FnOnce(&mut dyn FnMut(&DataFrame) -> Result<()>) -> Result<()>,
    ) -> Result<TrainingReport> {
        let directory = store.into();
        Writer::check(&directory)?;
        let mut gathered = OutcomesGathered::new(self.plan.digest())?;
        read(&mut |frame| self.cancel.check().and_then(|()| gathered.take(frame)))?;
        let outcomes = gathered.finish(&self.plan.key_order())?;
        self.check_totals(&outcomes)?;
        let spec = self.plan.specification()?;
        let trainer = spec.tree.trainer()?;
        let (writer, tally) = self.write(&directory, &spec, &outcomes)?;
        let counted = (outcomes.rows_read, outcomes.left_out);
        let mut run = self.plan.run(&spec, &trainer, counted);
        run.command = self.command.clone();
        run.decision = tally.decision();
        let holdout = spec.train.holdout;
        run.holdout = holdout.map(|drawn| tally.holdout(drawn));
        let committed = writer.commit(run)?;
        Ok(TrainingReport {
            generation: committed.generation,
            carried: 0,
            is_durable: committed.is_durable,
        })
    }

    fn check_totals(&self, outcomes: &Outcomes) -> Result<()> {
        let entities = outcomes.keys().len() as u64;
        for (what, expected, found) in [
            ("parts", self.parts, outcomes.parts),
            ("rows", self.rows, outcomes.rows_read),
            ("entities", self.entities, entities),
        ] {
            if let Some(expected) = expected.filter(|expected| *expected != found) {
                return Err(ClusterError::Totals {
                    what,
                    expected,
                    found,
                }
                .into());
            }
        }
        match outcomes.rows_read > outcomes.left_out.total() {
            true => Ok(()),
            false => Err(Error::NoRows(outcomes.left_out.describe())),
        }
    }

    /// Puts everything to the writer, in the order of the keys.
    fn write(
        &self,
        directory: &Location,
        spec: &TrainingSpec,
        outcomes: &Outcomes,
    ) -> Result<(Writer, Tally)> {
        let mut writer = Writer::begin(directory)?;
        writer.lay_out(spec.train.models_per_file, outcomes.keys());
        let shared = self.plan.shared()?.map(Arc::new);
        let holdout = spec.train.holdout.as_ref();
        if let Some(shared) = &shared {
            writer.put_shared(shared, holdout)?;
        }
        let (task, classes) = (self.plan.task(), self.plan.classes());
        let rule = DecisionRule::of(&spec.train, task, classes)?;
        let pool = empty_pool(task, classes.len());
        let mut tally = Tally::new(Metric::default(), None, &pool)
            .deciding_on(rule.as_ref().map(DecisionRule::positive));
        let held_out: Option<Arc<str>> = held_out_text(holdout)?;
        for outcome in outcomes.iter() {
            self.cancel.check()?;
            let (mut record, model) = self.record(outcome?, &mut tally)?;
            if let Some(model) = &model {
                // Nothing is committed that cannot be used.
                Model::decode(model, shared.as_ref())?;
                record.held_out = held_out.clone();
            }
            writer.put(record, model)?;
        }
        Ok((writer, tally))
    }

    fn record(
        &self,
        outcome: EntityOutcome,
        tally: &mut Tally,
    ) -> Result<(EntityRecord, Option<Vec<u8>>)> {
        let left_out = outcome.left_out;
        let (mut record, model) = match outcome.status {
            EntityStatus::Empty => {
                let mut record = EntityRecord::bare(outcome.key, outcome.rows, outcome.status);
                record.error = outcome.error;
                (record, None)
            }
            _ => {
                let classes = self.plan.classes().len();
                let mut outcome = outcome.outcome(self.plan.task(), classes)?;
                tally.note(&mut outcome)?;
                outcome.into_record()
            }
        };
        record.left_out = left_out;
        Ok((record, model))
    }
}

//! Trains the entities of one part of the rows.

use std::sync::Arc;

use polars::prelude::DataFrame;

use super::outcome_frame::OutcomeColumns;
use super::outcome_row::{EntityOutcome, OutcomeContent, OutcomeRow, PartAccount};
use super::plan::{Plan, check_planned, memory_limit};
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::schema::ByteSize;
use crate::source::DatasetSpec;
use crate::store::{EntityRecord, EntityStatus};
use crate::table::Input;
use crate::train::decision::DecisionRule;
use crate::train::engine::Engine;
use crate::train::importance::Importance;
use crate::train::outcome::{Outcome, Status};
use crate::train::rows::Rows;
use crate::train::specification::TrainingSpec;
use crate::train::trainer::{Prepared, SharedInput, Trainer};

/// Outcomes that are handed on together, and about how many bytes of them.
const BATCH_ROWS: usize = 4_096;
const BATCH_BYTES: usize = 8 << 20;

/// Trains the entities of one part of the rows, which must be all rows of each of them.
///
/// What becomes of them goes out as frames, in no order that matters, each row with a digest:
///
/// | column | type | |
/// | --- | --- | --- |
/// | `part` | text | the name of the part |
/// | `key` | text | the entity; null in the last row, which accounts for the part |
/// | `status` | text | `trained`, `skipped`, `failed`, `empty`; `part` of the last row |
/// | `error` | text | why it failed |
/// | `rows`, `left_out` | whole numbers | rows that count, and those that were left out |
/// | `training_score` | number | as [`ModelSummary::training_score`](crate::model::ModelSummary::training_score) |
/// | `fingerprint` | bytes | of the data and the settings |
/// | `outcome` | bytes | all of it and the model, as the commit takes it |
/// | `digest` | bytes | the BLAKE3 digest of `outcome` |
///
/// The same rows give the same outcomes, whatever their order, so a part may be done again, or twice
/// at once.
pub struct Worker {
    plan: Plan,
    spec: TrainingSpec,
    part: String,
    cancel: Cancel,
}

/// What became of a part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct PartReport {
    /// Rows of the part.
    pub rows_read: u64,
    /// Rows that were left out.
    pub left_out: u64,
    /// Entities.
    pub entities: u64,
    /// Entities with a model.
    pub trained: u64,
    /// Entities whose training failed.
    pub failed: u64,
}

impl Worker {
    /// A worker on a part. Another part has another name; the same part done again has the same.
    ///
    /// # Errors
    ///
    /// As [`Plan::specification`].
    pub fn new(plan: Plan, part: impl Into<String>) -> Result<Self> {
        Ok(Self {
            spec: plan.specification()?,
            plan,
            part: part.into(),
            cancel: Cancel::new(),
        })
    }

    /// Sets how many bytes the process may take, beyond which rows are written to temporary files and
    /// trained in parts; none of the plan's business.
    #[must_use]
    pub fn memory_limit(mut self, bytes: impl Into<Option<u64>>) -> Self {
        self.spec.train.memory_limit = bytes.into().map(ByteSize);
        self
    }

    /// Sets the number of threads, which is none of the plan's business; 0 is one for each core.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.spec.train.threads = threads;
        self
    }

    /// Sets the request to stop that is heeded.
    #[must_use]
    pub fn cancel(mut self, cancel: Cancel) -> Self {
        self.cancel = cancel;
        self
    }

    /// What the columns of the rows are for: files are opened by it.
    pub fn dataset(&self) -> &DatasetSpec {
        &self.spec.dataset
    }

    /// Trains the entities of these rows, and hands frames of outcomes to `take`. A part without
    /// rows has an account, too.
    ///
    /// # Errors
    ///
    /// [`ClusterError::UnplannedClass`](crate::error::ClusterError::UnplannedClass), the first error
    /// of `take`, and else as
    /// [`Training::run`](crate::Training::run).
    pub fn run(
        &self,
        input: impl Into<Input>,
        take: impl FnMut(DataFrame) -> Result<()> + Send,
    ) -> Result<PartReport> {
        let input = input.into();
        input.check_declared(&self.spec.dataset)?;
        let query = self.plan.query(&self.spec, &input)?;
        let limit = memory_limit(&self.spec)?;
        let rows = Rows::load_any(&input, &query, limit.as_ref(), &self.cancel)?;
        check_planned(rows.classes(), self.plan.classes())?;
        let rows = rows.among(self.plan.classes());
        let mut sender = Sender::new(self, &rows, take);
        let threads = self.spec.train.thread_pool()?;
        threads.install(|| self.train(&rows, &mut sender))?;
        let lost = rows.lost(&query.key_order()).into_iter();
        let too_large = rows.too_large();
        for record in lost.map(Ok).chain(too_large.map(|large| Ok(large?.0))) {
            let record: Result<_> = record;
            sender.send_untrained(record?)?;
        }
        sender.finish()
    }

    fn train<T: FnMut(DataFrame) -> Result<()> + Send>(
        &self,
        rows: &Rows,
        sender: &mut Sender<T>,
    ) -> Result<()> {
        let own = self.spec.tree.trainer()?;
        let prepared = self.prepared(&*own)?;
        let trainer = prepared
            .as_ref()
            .map_or(&*own, |prepared| &*prepared.trainer);
        let rule = DecisionRule::of(&self.spec.train, self.plan.task(), self.plan.classes())?;
        let holdout = self.spec.train.holdout.as_ref();
        let min_rows = self.spec.train.min_rows.max(usize::from(holdout.is_some()));
        for table in rows.tables(&self.cancel) {
            let table = table?;
            let split = holdout.map(|holdout| holdout.split(&table));
            let mut engine = Engine::new(trainer, min_rows, &self.cancel)
                .sharing(prepared.as_ref().map(|prepared| &prepared.shared))
                .deciding_by(rule.as_ref())
                .telling(Importance::of(&self.spec.train));
            let trained_on = match &split {
                None => &*table,
                Some((kept, held_out)) => {
                    engine = engine.evaluating_on(held_out);
                    kept
                }
            };
            engine.run(trained_on, |outcome| sender.send(outcome))?;
        }
        Ok(())
    }

    /// What the plan has the entities share.
    fn prepared(&self, trainer: &dyn Trainer) -> Result<Option<Prepared>> {
        let Some(shared) = self.plan.shared()? else {
            return Ok(None);
        };
        let input = SharedInput {
            tables: &|| Box::new(std::iter::empty()),
            rows: 0,
            task: self.plan.task(),
            classes: self.plan.classes(),
            key_columns: self.spec.dataset.key.len(),
            features: self.plan.features(),
            cancel: &self.cancel,
            weigh: None,
        };
        let prepared = trainer.resume(Arc::new(shared), &input)?;
        let lost = || Error::Defect("the trainer of the plan shares nothing".into());
        prepared.ok_or_else(lost).map(Some)
    }
}

/// Hands outcomes on in frames, and keeps account of them.
struct Sender<'a, T> {
    worker: &'a Worker,
    rows: &'a Rows,
    columns: OutcomeColumns,
    take: T,
    entities: u64,
    entity_rows: u64,
    report: PartReport,
}

impl<'a, T: FnMut(DataFrame) -> Result<()>> Sender<'a, T> {
    fn new(worker: &'a Worker, rows: &'a Rows, take: T) -> Self {
        Self {
            worker,
            rows,
            columns: OutcomeColumns::default(),
            take,
            entities: 0,
            entity_rows: 0,
            report: PartReport::default(),
        }
    }

    fn send(&mut self, outcome: Outcome) -> Result<()> {
        match outcome.status {
            Status::Trained(_) => self.report.trained += 1,
            Status::Failed(_) => self.report.failed += 1,
            Status::Skipped => {}
        }
        let left_out = self.left_out(&outcome.key);
        self.push(EntityOutcome::new(outcome, left_out))
    }

    fn send_untrained(&mut self, record: EntityRecord) -> Result<()> {
        self.report.failed += u64::from(record.status == EntityStatus::Failed);
        let left_out = self.left_out(&record.key);
        self.push(EntityOutcome::untrained(record, left_out))
    }

    fn left_out(&self, key: &str) -> u64 {
        let left_out = self.rows.left_out_by_key().get(key);
        left_out.copied().unwrap_or(0)
    }

    fn push(&mut self, entity: EntityOutcome) -> Result<()> {
        self.entities += 1;
        self.entity_rows += entity.rows;
        self.put(OutcomeContent::Entity(Box::new(entity)));
        match self.columns.len() >= BATCH_ROWS || self.columns.bytes() >= BATCH_BYTES {
            true => self.hand_on(),
            false => Ok(()),
        }
    }

    fn put(&mut self, content: OutcomeContent) {
        self.columns.push(&OutcomeRow {
            plan: *self.worker.plan.digest(),
            part: self.worker.part.clone(),
            content,
        });
    }

    fn hand_on(&mut self) -> Result<()> {
        let frame = std::mem::take(&mut self.columns).frame();
        (self.take)(frame.map_err(Error::polars("cannot make a frame of outcomes"))?)
    }

    /// Accounts for the part, all of whose entities are done.
    fn finish(mut self) -> Result<PartReport> {
        let left_out = self.rows.left_out().clone();
        let report = PartReport {
            rows_read: self.rows.rows_read(),
            left_out: left_out.total(),
            entities: self.entities,
            ..self.report
        };
        self.put(OutcomeContent::Part(PartAccount {
            entities: self.entities,
            entity_rows: self.entity_rows,
            rows_read: report.rows_read,
            left_out,
        }));
        self.hand_on()?;
        Ok(report)
    }
}

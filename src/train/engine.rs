//! Trains every entity of a table, in parallel, whatever happens to one of them.

use std::collections::HashMap;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;

use super::contest::Contest;
use super::decision::{Decided, DecisionRule};
use super::fingerprint::Fingerprints;
use super::importance::Importance;
use super::outcome::{HeldOut, Outcome, Status, Trained};
use super::trainer::{TrainError, Trainer, TrainerScratch};
use crate::cancel::Cancel;
use crate::encode::{EncodedPartition, EncoderScratch};
use crate::error::{Error, Result};
use crate::guard::panic_message;
use crate::model::{Fingerprint, Model, ModelSummary, SharedModel};
use crate::score::Scorer;
use crate::store::PriorModelIndex;
use crate::table::{Partition, Table};

/// An entity with more rows is trained before the small ones, by all threads together.
const LARGE_ROWS: usize = 2_048;

/// Small entities that are trained together before their models are handed on.
const CHUNK: usize = 4_096;

/// Trains one model per entity.
///
/// Large entities come first, the largest of them foremost, so that none is left over at the end
/// for a single thread. Models are handed on in the order of the keys, so what is written does not
/// depend on the number of threads.
pub(crate) struct Engine<'a> {
    trainer: &'a dyn Trainer,
    min_rows: usize,
    cancel: &'a Cancel,
    held_out: Option<&'a Table>,
    prior: Option<&'a PriorModelIndex>,
    shared: Option<&'a Arc<SharedModel>>,
    contest: Option<Contest<'a>>,
    decision: Option<&'a DecisionRule>,
    importance: Option<Importance>,
}

impl<'a> Engine<'a> {
    /// An engine that trains entities of at least `min_rows` rows, until it is cancelled.
    pub fn new(trainer: &'a dyn Trainer, min_rows: usize, cancel: &'a Cancel) -> Self {
        Self {
            trainer,
            min_rows,
            cancel,
            held_out: None,
            prior: None,
            shared: None,
            contest: None,
            decision: None,
            importance: None,
        }
    }

    /// Takes models that were trained before where there are, instead of training them again.
    #[must_use]
    pub fn prior(mut self, prior: &'a PriorModelIndex) -> Self {
        self.prior = Some(prior);
        self
    }

    /// Tells what the models share, those that were trained before too.
    #[must_use]
    pub fn sharing(mut self, shared: Option<&'a Arc<SharedModel>>) -> Self {
        self.shared = shared;
        self
    }

    /// Evaluates each model on the rows of a table that was split from the one to be trained on.
    #[must_use]
    pub fn evaluating_on(mut self, held_out: &'a Table) -> Self {
        self.held_out = Some(held_out);
        self
    }

    /// Lets each new model compete with the one of an earlier generation, on the rows held out; see
    /// [`evaluating_on`](Self::evaluating_on). Where training fails, the earlier model stays, if it
    /// can.
    #[must_use]
    pub fn contest(mut self, contest: Contest<'a>) -> Self {
        self.contest = Some(contest);
        self
    }

    /// Lets each new model decide on a class by a rule.
    #[must_use]
    pub fn deciding_by(mut self, rule: Option<&'a DecisionRule>) -> Self {
        self.decision = rule;
        self
    }

    /// Tells how much each feature matters to each model.
    #[must_use]
    pub fn telling(mut self, importance: Option<Importance>) -> Self {
        self.importance = importance;
        self
    }

    /// Trains all entities of a table on the current rayon pool and hands what became of each to
    /// `take`, in the order of their keys.
    ///
    /// # Errors
    ///
    /// [`Error::Interrupted`], and the first error of `take`. An entity that fails or panics is no
    /// error but an [`Outcome`].
    pub fn run(
        &self,
        table: &Table,
        mut take: impl FnMut(Outcome) -> Result<()> + Send,
    ) -> Result<()> {
        let names: Vec<&str> = table
            .features()
            .iter()
            .map(|feature| feature.name.as_str())
            .collect();
        let mut description = self.trainer.description().to_string();
        if let Some(rule) = self.decision {
            description += &rule.description();
        }
        let scorer = |held_out: &'a Table| (held_out, Scorer::new(held_out, held_out.classes()));
        let worker = Worker {
            engine: self,
            names: &names,
            fingerprints: Fingerprints::new(table, &description),
            scorer: self.held_out.map(scorer),
        };
        let mut take = |outcome| self.cancel.check().and_then(|()| take(outcome));
        let mut large = worker.train_large(table)?;
        let mut ready: Vec<Outcome> = Vec::new();
        for start in (0..table.len()).step_by(CHUNK) {
            let chunk = start..(start + CHUNK).min(table.len());
            let (taken, trained) = rayon::join(
                || ready.drain(..).try_for_each(&mut take),
                || worker.train_chunk(table, chunk, &large),
            );
            taken?;
            ready = trained?;
            for (offset, outcome) in ready.iter_mut().enumerate() {
                if let Some(trained) = large.remove(&(start + offset)) {
                    *outcome = trained;
                }
            }
        }
        ready.into_iter().try_for_each(take)
    }
}

/// Buffers that are kept from entity to entity.
struct WorkerScratch {
    encoder: EncoderScratch,
    trainer: TrainerScratch,
    bytes: Vec<u8>,
}

impl WorkerScratch {
    fn new(cancel: &Cancel) -> Self {
        Self {
            encoder: EncoderScratch::default(),
            trainer: TrainerScratch::heeding(cancel),
            bytes: Vec::new(),
        }
    }
}

struct Worker<'a> {
    engine: &'a Engine<'a>,
    names: &'a [&'a str],
    fingerprints: Fingerprints<'a>,
    scorer: Option<(&'a Table, Scorer<'a>)>,
}

impl<'a> Worker<'a> {
    fn train_large(&self, table: &Table) -> Result<HashMap<usize, Outcome>> {
        let mut large: Vec<(usize, Partition)> = table
            .partitions()
            .enumerate()
            .filter(|(_, partition)| partition.rows() > LARGE_ROWS)
            .collect();
        large.sort_by_key(|(_, partition)| std::cmp::Reverse(partition.rows()));
        large
            .into_par_iter()
            .with_max_len(1)
            .map(|(entity, partition)| {
                Ok((
                    entity,
                    self.train(partition, &mut WorkerScratch::new(self.engine.cancel))?,
                ))
            })
            .collect()
    }

    /// Trains the entities of a range; the large ones among them, which are trained, yield
    /// placeholders.
    fn train_chunk(
        &self,
        table: &Table,
        chunk: Range<usize>,
        large: &HashMap<usize, Outcome>,
    ) -> Result<Vec<Outcome>> {
        let new_scratch = || WorkerScratch::new(self.engine.cancel);
        chunk
            .into_par_iter()
            .map_init(new_scratch, |scratch, entity| {
                if large.contains_key(&entity) {
                    return Ok(Outcome {
                        key: String::new(),
                        rows: 0,
                        status: Status::Skipped,
                    });
                }
                self.train(table.partition(entity), scratch)
            })
            .collect()
    }

    fn train(&self, partition: Partition, scratch: &mut WorkerScratch) -> Result<Outcome> {
        self.engine.cancel.check()?;
        let status = if partition.rows() < self.engine.min_rows {
            Status::Skipped
        } else {
            catch_unwind(AssertUnwindSafe(|| self.fit(&partition, scratch))).unwrap_or_else(
                |panic| {
                    *scratch = WorkerScratch::new(self.engine.cancel);
                    Status::Failed(format!("the trainer panicked: {}", panic_message(&*panic)))
                },
            )
        };
        // What was trained in the meantime may have been cut short.
        self.engine.cancel.check()?;
        Ok(Outcome {
            key: partition.key().to_owned(),
            rows: partition.rows(),
            status,
        })
    }

    fn fit(&self, partition: &Partition, scratch: &mut WorkerScratch) -> Status {
        let fingerprint = self.fingerprints.of(partition, &mut scratch.bytes);
        let prior = self.engine.prior;
        let trained = match prior.and_then(|prior| prior.find(&fingerprint)) {
            Some(prior) => self.taken_over(prior, partition.entity()),
            None => self.train_anew(partition, fingerprint, scratch),
        };
        let challenger = trained.map_err(|error| error.to_string());
        let trained = match (self.champion(partition), challenger) {
            (Some((contest, champion)), Ok(challenger)) => contest.decide(champion, challenger),
            (Some((contest, champion)), Err(error)) if contest.can_stay => {
                contest.unopposed(champion, error)
            }
            (None, Ok(challenger)) => challenger,
            (_, Err(error)) => return Status::Failed(error),
        };
        Status::Trained(Box::new(trained))
    }

    fn train_anew(
        &self,
        partition: &Partition,
        fingerprint: Fingerprint,
        scratch: &mut WorkerScratch,
    ) -> std::result::Result<Trained, TrainError> {
        let encoded = EncodedPartition::new(partition, &mut scratch.encoder);
        let trainer = self.engine.trainer;
        let fitted = trainer.train(&encoded, &mut scratch.trainer)?;
        let model = fitted.model(partition.key(), self.names, encoded.encoder());
        let (model, decided) = self.decide(model, partition.entity())?;
        let bytes = encoded_model(&model);
        let summary = fitted.summary(fingerprint);
        let trained = self.judge(bytes, summary, &model, partition.entity())?;
        Ok(Trained { decided, ..trained })
    }

    /// A model that was trained before, on the same rows by the same rule. A threshold that is the
    /// best on rows held out is found again, for these may be others. The model is decoded only
    /// where something is to be told of it.
    fn taken_over(
        &self,
        (bytes, summary): (Vec<u8>, ModelSummary),
        entity: usize,
    ) -> std::result::Result<Trained, TrainError> {
        let engine = self.engine;
        if self.scorer.is_none() && engine.decision.is_none() && engine.importance.is_none() {
            return Ok(Trained::unjudged(bytes, summary));
        }
        let model = Model::decode(&bytes, engine.shared).map_err(as_train_error)?;
        let before = model.decision();
        let (model, decided) = self.decide(model, entity)?;
        let bytes = match model.decision() == before {
            true => bytes,
            false => encoded_model(&model),
        };
        let trained = self.judge(bytes, summary, &model, entity)?;
        Ok(Trained { decided, ..trained })
    }

    /// The model with its decision, where there is a rule for it.
    fn decide(
        &self,
        model: Model,
        entity: usize,
    ) -> std::result::Result<(Model, Option<Decided>), TrainError> {
        let Some(rule) = self.engine.decision else {
            return Ok((model, None));
        };
        let decided = rule.decide(model, self.held_out(entity));
        let (model, decided) = decided.map_err(as_train_error)?;
        Ok((model, Some(decided)))
    }

    /// A model with all that is to be told of it.
    fn judge(
        &self,
        bytes: Vec<u8>,
        summary: ModelSummary,
        model: &Model,
        entity: usize,
    ) -> std::result::Result<Trained, TrainError> {
        let importance = self.engine.importance.map(|importance| {
            let importance = importance.of_model(model, self.names, self.held_out(entity));
            importance.map_err(as_train_error)
        });
        Ok(Trained {
            held_out: self.evaluate(model, entity)?,
            importance: importance.transpose()?.flatten(),
            ..Trained::unjudged(bytes, summary)
        })
    }

    /// The rows of an entity that are held out.
    fn held_out(&self, entity: usize) -> Option<(&Scorer<'a>, Range<usize>)> {
        let (held_out, scorer) = self.scorer.as_ref()?;
        Some((scorer, held_out.partition(entity).range()))
    }

    /// The earlier model of the entity, where there is a contest and it can take part.
    fn champion(&self, partition: &Partition) -> Option<(Contest<'_>, Trained)> {
        let contest = self.engine.contest?;
        let (model, bytes, summary) = contest.champions.find(partition.key())?;
        let champion = self.judge(bytes, summary, &model, partition.entity());
        Some((contest, champion.ok()?))
    }

    fn evaluate(
        &self,
        model: &Model,
        entity: usize,
    ) -> std::result::Result<Option<HeldOut>, TrainError> {
        let Some((scorer, rows)) = self.held_out(entity) else {
            return Ok(None);
        };
        let evaluation = scorer
            .bind(model)
            .and_then(|model| scorer.evaluate(&model, rows, |_, _| {}))
            .map_err(as_train_error)?;
        let metrics = evaluation.metrics();
        Ok(Some(HeldOut {
            evaluation,
            metrics,
        }))
    }
}

fn encoded_model(model: &Model) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    model.encode(&mut bytes);
    bytes
}

fn as_train_error(error: Error) -> TrainError {
    TrainError(error.to_string())
}

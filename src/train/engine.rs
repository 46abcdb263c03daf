//! Trains every entity of a table, in parallel, whatever happens to one of them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::fingerprint::{Fingerprint, Fingerprints};
use super::{Contest, Contested, Known, TrainError, Trainer};
use crate::dataset::{Partition, Table};
use crate::encode::{EncodedPartition, EncoderScratch};
use crate::evaluate::{Evaluation, Judge, Metrics};
use crate::{Error, Model, Result, panic_message};

/// What became of one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// The entity's key.
    pub key: String,
    /// Its rows.
    pub rows: usize,
    /// Whether it has a model.
    pub status: Status,
}

/// Whether an entity has a model.
#[derive(Clone, Debug, PartialEq)]
pub enum Status {
    /// It has.
    Trained(Trained),
    /// It has too few rows.
    Skipped,
    /// It has none, for this reason.
    Failed(String),
}

impl Status {
    /// The status in one word: `trained`, `skipped` or `failed`.
    pub fn name(&self) -> &'static str {
        match self {
            Status::Trained(_) => "trained",
            Status::Skipped => "skipped",
            Status::Failed(_) => "failed",
        }
    }

    /// Why training failed.
    pub fn error(&self) -> Option<&str> {
        match self {
            Status::Failed(error) => Some(error),
            _ => None,
        }
    }
}

/// One trained model and what the store notes about it.
#[derive(Clone, Debug, PartialEq)]
pub struct Trained {
    /// The model in CBOR.
    pub bytes: Vec<u8>,
    /// Number of classes.
    pub classes: usize,
    /// Number of nodes, leaves included.
    pub nodes: usize,
    /// Depth of the deepest leaf.
    pub depth: usize,
    /// The share of the training weight that the model classifies correctly.
    pub training_accuracy: f64,
    /// A digest of the trainer and of all that it was given.
    pub fingerprint: Fingerprint,
    /// How good the model is on the rows held out, where some were.
    pub held_out: Option<Box<HeldOut>>,
    /// How the model of an earlier generation compares, where there was a contest.
    pub contested: Option<Box<Contested>>,
}

/// The predictions for an entity's rows that were held out, and their figures.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// The predictions.
    pub evaluation: Evaluation,
    /// The figures.
    pub metrics: Metrics,
}

/// An entity with more rows is trained before the small ones, by all threads together.
const LARGE_ROWS: usize = 2_048;

/// Small entities that are trained together before their models are handed on.
const CHUNK: usize = 4_096;

/// Trains one model per entity.
///
/// Large entities come first, the largest of them foremost, so that none is left over at the end
/// for a single thread. Models are handed on in the order of the keys, so what is written does not
/// depend on the number of threads.
pub struct Engine<'a> {
    trainer: &'a dyn Trainer,
    min_rows: usize,
    interrupt: &'a AtomicBool,
    held_out: Option<&'a Table>,
    known: Option<&'a dyn Known>,
    contest: Option<Contest<'a>>,
}

impl<'a> Engine<'a> {
    /// An engine that trains entities of at least `min_rows` rows, until `interrupt` is set.
    pub fn new(trainer: &'a dyn Trainer, min_rows: usize, interrupt: &'a AtomicBool) -> Self {
        Self {
            trainer,
            min_rows,
            interrupt,
            held_out: None,
            known: None,
            contest: None,
        }
    }

    /// Takes models from `known` where it has them, instead of training them again.
    #[must_use]
    pub fn known(mut self, known: &'a dyn Known) -> Self {
        self.known = Some(known);
        self
    }

    /// Evaluates each model on the rows of a table that was split from the one to be trained on.
    #[must_use]
    pub fn evaluating_on(mut self, held_out: &'a Table) -> Self {
        self.held_out = Some(held_out);
        self
    }

    /// Lets each new model compete with the one of an earlier generation, on the rows held out; see
    /// [`evaluating_on`](Self::evaluating_on). Where training fails, the earlier model stays.
    #[must_use]
    pub fn contest(mut self, contest: Contest<'a>) -> Self {
        self.contest = Some(contest);
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
        let description = self.trainer.description().to_string();
        let worker = Worker {
            engine: self,
            names: &names,
            fingerprints: Fingerprints::new(table, &description),
            judge: self
                .held_out
                .map(|held_out| (held_out, Judge::new(held_out, held_out.classes()))),
        };
        let mut take = |outcome| match self.interrupt.load(Ordering::Relaxed) {
            true => Err(Error::Interrupted),
            false => take(outcome),
        };
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
#[derive(Default)]
struct Scratch {
    encoder: EncoderScratch,
    bytes: Vec<u8>,
}

struct Worker<'a> {
    engine: &'a Engine<'a>,
    names: &'a [&'a str],
    fingerprints: Fingerprints<'a>,
    judge: Option<(&'a Table, Judge<'a>)>,
}

impl Worker<'_> {
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
                Ok((entity, self.train(partition, &mut Scratch::default())?))
            })
            .collect()
    }

    /// Trains the entities of a range; the large ones among them, which are trained, yield
    /// placeholders.
    fn train_chunk(
        &self,
        table: &Table,
        chunk: std::ops::Range<usize>,
        large: &HashMap<usize, Outcome>,
    ) -> Result<Vec<Outcome>> {
        chunk
            .into_par_iter()
            .map_init(Scratch::default, |scratch, entity| {
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

    fn train(&self, partition: Partition, scratch: &mut Scratch) -> Result<Outcome> {
        if self.engine.interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let status = if partition.rows() < self.engine.min_rows {
            Status::Skipped
        } else {
            catch_unwind(AssertUnwindSafe(|| self.fit(&partition, scratch))).unwrap_or_else(
                |panic| {
                    *scratch = Scratch::default();
                    Status::Failed(format!("the trainer panicked: {}", panic_message(&*panic)))
                },
            )
        };
        Ok(Outcome {
            key: partition.key().to_owned(),
            rows: partition.rows(),
            status,
        })
    }

    fn fit(&self, partition: &Partition, scratch: &mut Scratch) -> Status {
        let fingerprint = self.fingerprints.of(partition, &mut scratch.bytes);
        let known = self.engine.known.and_then(|known| known.find(&fingerprint));
        let trained = match known {
            Some(trained) => self.evaluated(trained, partition.entity()),
            None => self.train_anew(partition, fingerprint, scratch),
        };
        let challenger = trained.map_err(|error| error.to_string());
        match self.champion(partition) {
            Some((contest, champion)) => Status::Trained(match challenger {
                Ok(challenger) => contest.decide(champion, challenger),
                Err(error) => contest.unopposed(champion, error),
            }),
            None => challenger.map_or_else(Status::Failed, Status::Trained),
        }
    }

    fn train_anew(
        &self,
        partition: &Partition,
        fingerprint: Fingerprint,
        scratch: &mut Scratch,
    ) -> std::result::Result<Trained, TrainError> {
        let encoded = EncodedPartition::new(partition, &mut scratch.encoder);
        let tree = self.engine.trainer.train(&encoded)?;
        let model = Model::new(partition.key(), self.names, encoded.encoder(), &tree);
        let mut bytes = Vec::with_capacity(512);
        model.encode(&mut bytes);
        Ok(Trained {
            bytes,
            classes: tree.class_count(),
            nodes: tree.node_count(),
            depth: tree.depth(),
            training_accuracy: tree.training_accuracy(),
            fingerprint,
            held_out: self.evaluate(&model, partition.entity())?,
            contested: None,
        })
    }

    /// A model that was trained earlier. It is decoded only where rows are held out to evaluate it
    /// on.
    fn evaluated(
        &self,
        mut trained: Trained,
        entity: usize,
    ) -> std::result::Result<Trained, TrainError> {
        if self.judge.is_some() {
            let model = Model::decode(&trained.bytes).map_err(as_train_error)?;
            trained.held_out = self.evaluate(&model, entity)?;
        }
        Ok(trained)
    }

    /// The earlier model of the entity, where there is a contest and it can take part.
    fn champion(&self, partition: &Partition) -> Option<(Contest<'_>, Trained)> {
        let contest = self.engine.contest?;
        let champion = contest.champions.find(partition.key())?;
        let champion = self.evaluated(champion, partition.entity()).ok()?;
        Some((contest, champion))
    }

    fn evaluate(
        &self,
        model: &Model,
        entity: usize,
    ) -> std::result::Result<Option<Box<HeldOut>>, TrainError> {
        let Some((held_out, judge)) = &self.judge else {
            return Ok(None);
        };
        let rows = held_out.partition(entity).range();
        let evaluation = judge
            .bind(model)
            .and_then(|model| judge.evaluate(&model, rows, |_, _| {}))
            .map_err(as_train_error)?;
        let metrics = evaluation.metrics();
        Ok(Some(Box::new(HeldOut {
            evaluation,
            metrics,
        })))
    }
}

fn as_train_error(error: Error) -> TrainError {
    TrainError(error.to_string())
}

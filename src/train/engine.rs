//! Trains every entity of a table, in parallel, whatever happens to one of them.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};

use rayon::prelude::*;

use super::{Known, Trainer};
use crate::dataset::{Partition, Table};
use crate::encode::{Codes, EncodedPartition, EncoderScratch, Values};
use crate::evaluate::{Evaluation, Judge, Metrics};
use crate::{Error, Model, Result};

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
    pub fingerprint: [u8; FINGERPRINT_BYTES],
    /// How good the model is on the rows held out, where some were.
    pub held_out: Option<Box<HeldOut>>,
}

/// The predictions for an entity's rows that were held out, and their figures.
#[derive(Clone, Debug, PartialEq)]
pub struct HeldOut {
    /// The predictions.
    pub evaluation: Evaluation,
    /// The figures.
    pub metrics: Metrics,
}

/// Length of a fingerprint: the first bytes of a BLAKE3 digest.
pub const FINGERPRINT_BYTES: usize = 16;

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
            description: description.as_bytes(),
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

struct Worker<'a> {
    engine: &'a Engine<'a>,
    names: &'a [&'a str],
    description: &'a [u8],
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
                Ok((
                    entity,
                    self.train(partition, &mut EncoderScratch::default())?,
                ))
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
            .map_init(EncoderScratch::default, |scratch, entity| {
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

    fn train(&self, partition: Partition, scratch: &mut EncoderScratch) -> Result<Outcome> {
        if self.engine.interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let status = if partition.rows() < self.engine.min_rows {
            Status::Skipped
        } else {
            catch_unwind(AssertUnwindSafe(|| self.fit(&partition, scratch))).unwrap_or_else(
                |panic| {
                    *scratch = EncoderScratch::default();
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

    fn fit(&self, partition: &Partition, scratch: &mut EncoderScratch) -> Status {
        let encoded = EncodedPartition::new(partition, scratch);
        let fingerprint = self.fingerprint(partition.key(), &encoded);
        if let Some(trained) = self.engine.known.and_then(|known| known.find(&fingerprint)) {
            return self.take_over(trained, partition.entity());
        }
        let tree = match self.engine.trainer.train(&encoded) {
            Ok(tree) => tree,
            Err(error) => return Status::Failed(error.to_string()),
        };
        let model = Model::new(partition.key(), self.names, encoded.encoder(), &tree);
        let mut bytes = Vec::with_capacity(512);
        model.encode(&mut bytes);
        let held_out = match self.evaluate(&model, partition.entity()) {
            Ok(held_out) => held_out,
            Err(error) => return Status::Failed(error.to_string()),
        };
        Status::Trained(Trained {
            bytes,
            classes: tree.class_count(),
            nodes: tree.node_count(),
            depth: tree.depth(),
            training_accuracy: tree.training_accuracy(),
            fingerprint,
            held_out,
        })
    }

    /// A known model is decoded only where rows are held out to evaluate it on.
    fn take_over(&self, mut trained: Trained, entity: usize) -> Status {
        if self.judge.is_some() {
            let model = Model::decode(&trained.bytes);
            match model.and_then(|model| self.evaluate(&model, entity)) {
                Ok(held_out) => trained.held_out = held_out,
                Err(error) => return Status::Failed(error.to_string()),
            }
        }
        Status::Trained(trained)
    }

    fn evaluate(&self, model: &Model, entity: usize) -> Result<Option<Box<HeldOut>>> {
        let Some((held_out, judge)) = &self.judge else {
            return Ok(None);
        };
        let rows = held_out.partition(entity).range();
        let evaluation = judge.evaluate(&judge.bind(model)?, rows, |_, _| {})?;
        let metrics = evaluation.metrics();
        Ok(Some(Box::new(HeldOut {
            evaluation,
            metrics,
        })))
    }

    fn fingerprint(&self, key: &str, partition: &EncodedPartition) -> [u8; FINGERPRINT_BYTES] {
        let mut bytes: Vec<u8> = Vec::with_capacity(4096);
        let text = |bytes: &mut Vec<u8>, text: &[u8]| {
            bytes.extend((text.len() as u64).to_le_bytes());
            bytes.extend(text);
        };
        text(&mut bytes, self.description);
        text(&mut bytes, key.as_bytes());
        for class in partition.encoder().classes() {
            text(&mut bytes, class.as_bytes());
        }
        for label in partition.labels() {
            bytes.extend(label.to_le_bytes());
        }
        for weight in partition.weights().into_iter().flatten() {
            bytes.extend(weight.to_le_bytes());
        }
        let features = self.names.iter().zip(partition.encoder().values());
        for ((name, values), column) in features.zip(partition.codes().columns()) {
            text(&mut bytes, name.as_bytes());
            match values {
                Values::Numbers(numbers) => {
                    numbers
                        .iter()
                        .for_each(|number| bytes.extend(number.to_le_bytes()));
                }
                Values::Categories { codes, dictionary } => codes
                    .iter()
                    .for_each(|&code| text(&mut bytes, dictionary[code as usize].as_bytes())),
            }
            append_codes(&mut bytes, &column.codes);
        }
        let digest = blake3::hash(&bytes);
        *digest
            .as_bytes()
            .first_chunk()
            .expect("a digest is longer than a fingerprint")
    }
}

fn append_codes(bytes: &mut Vec<u8>, codes: &Codes) {
    match codes {
        Codes::U8(codes) => bytes.extend(codes),
        Codes::U16(codes) => bytes.extend(codes.iter().flat_map(|code| code.to_le_bytes())),
        Codes::U32(codes) => bytes.extend(codes.iter().flat_map(|code| code.to_le_bytes())),
    }
}

fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for an unknown reason")
}

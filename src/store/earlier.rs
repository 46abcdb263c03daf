//! Models of an interrupted run or of an earlier generation, to be taken over without decoding.

use std::collections::HashMap;
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use super::reader::{EntityRecord, Store, regular_file};
use super::staging::read_journal;
use crate::train::{Champions, Fingerprint, Known, Outcome, Status, Trained};
use crate::{Error, Result};

/// So many files are kept open; more are opened for each model.
const OPEN_FILES: usize = 64;

/// Models that were trained before, by fingerprint. A fingerprint covers the key, so it is enough
/// to tell a model by.
#[derive(Default)]
pub struct Earlier {
    models: HashMap<Fingerprint, Note>,
    files: Vec<(PathBuf, Option<File>)>,
    taken: AtomicU64,
}

struct Note {
    file: usize,
    offset: u64,
    length: u32,
    digest: [u8; 32],
    /// All but the bytes.
    trained: Trained,
}

impl Earlier {
    /// How many models there are.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.models.is_empty()
    }

    /// How many models were taken over so far.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Adds those models of a store that some of its records tell of.
    pub fn add_store(&mut self, store: &Store, records: Vec<EntityRecord>) {
        let mut files: HashMap<String, usize> = HashMap::new();
        self.models.reserve(records.len());
        for record in records {
            let Some(trained) = trained(&record) else {
                continue;
            };
            let Some(place) = record.place else { continue };
            let Ok(digest) = place.digest.try_into() else {
                continue;
            };
            if !super::manifest::is_plain_name(&place.file) {
                continue;
            }
            let file = match files.get(&place.file) {
                Some(&file) => file,
                None => {
                    let file = self.add_file(store.path().join(&place.file));
                    *files.entry(place.file).or_insert(file)
                }
            };
            let note = Note {
                file,
                offset: place.offset,
                length: place.length,
                digest,
                trained,
            };
            self.models.insert(note.trained.fingerprint, note);
        }
    }

    /// Adds what an interrupted run left in its staging directory.
    pub(super) fn add_staging(&mut self, staging: &Path) {
        for journal in read_journal(staging) {
            let file = self.add_file(staging.join(&journal.file));
            for model in journal.models {
                let (Ok(fingerprint), Ok(digest)) = (
                    model.fingerprint.as_slice().try_into(),
                    model.digest.as_slice().try_into(),
                ) else {
                    continue;
                };
                let note = Note {
                    file,
                    offset: model.offset,
                    length: model.length,
                    digest,
                    trained: Trained {
                        bytes: Vec::new(),
                        classes: model.classes,
                        nodes: model.nodes,
                        depth: model.depth,
                        training_accuracy: model.training_accuracy,
                        fingerprint,
                        held_out: None,
                        contested: None,
                    },
                };
                self.models.insert(fingerprint, note);
            }
        }
    }

    fn add_file(&mut self, path: PathBuf) -> usize {
        let file = match self.files.len() {
            0..OPEN_FILES => regular_file(&path)
                .and_then(|_| File::open(&path).map_err(Error::io(&path)))
                .ok(),
            _ => None,
        };
        self.files.push((path, file));
        self.files.len() - 1
    }

    fn read(&self, note: &Note) -> std::io::Result<Vec<u8>> {
        let read = |file: &File| {
            if note.offset.saturating_add(note.length.into()) > file.metadata()?.len() {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let mut bytes = vec![0; note.length as usize];
            file.read_exact_at(&mut bytes, note.offset)?;
            Ok(bytes)
        };
        match &self.files[note.file] {
            (_, Some(file)) => read(file),
            (path, None) => {
                regular_file(path).map_err(|_| std::io::ErrorKind::InvalidInput)?;
                read(&File::open(path)?)
            }
        }
    }
}

impl Known for Earlier {
    /// A model that cannot be read, or whose digest does not match, is not known: it is trained
    /// again.
    fn find(&self, fingerprint: &Fingerprint) -> Option<Trained> {
        let note = self.models.get(fingerprint)?;
        let bytes = self.read(note).ok()?;
        if *blake3::hash(&bytes).as_bytes() != note.digest {
            return None;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some(Trained {
            bytes,
            ..note.trained.clone()
        })
    }
}

/// The models of a generation, to compete with those of the next.
pub struct Reigning<'a> {
    store: &'a Store,
    records: HashMap<String, EntityRecord>,
}

impl<'a> Reigning<'a> {
    /// All models of the generation that a store was opened at.
    ///
    /// # Errors
    ///
    /// As [`Store::records`].
    pub fn new(store: &'a Store) -> Result<Self> {
        let records = store.records()?.into_iter();
        Ok(Self {
            store,
            records: records.map(|record| (record.key.clone(), record)).collect(),
        })
    }
}

impl Champions for Reigning<'_> {
    fn find(&self, key: &str) -> Option<Trained> {
        let record = std::slice::from_ref(self.records.get(key)?);
        match self.store.outcomes(record).next()?.ok()?.status {
            Status::Trained(trained) => Some(trained),
            _ => None,
        }
    }
}

impl EntityRecord {
    /// What became of the entity; `bytes` are those of its model.
    pub(super) fn outcome(&self, bytes: &[u8]) -> Outcome {
        let status = match trained(self) {
            Some(trained) => Status::Trained(Trained {
                bytes: bytes.to_vec(),
                ..trained
            }),
            None => self.error.clone().map_or(Status::Skipped, Status::Failed),
        };
        Outcome {
            key: self.key.clone(),
            rows: self.rows as usize,
            status,
        }
    }
}

/// What a record notes about its model, without the bytes.
fn trained(record: &EntityRecord) -> Option<Trained> {
    Some(Trained {
        bytes: Vec::new(),
        classes: record.classes? as usize,
        nodes: record.nodes? as usize,
        depth: record.depth? as usize,
        training_accuracy: record.training_accuracy?,
        fingerprint: record.fingerprint.as_deref()?.try_into().ok()?,
        held_out: None,
        contested: None,
    })
}

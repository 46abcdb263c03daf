//! Models of an interrupted run or of an earlier generation, to be taken over without decoding.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::directory::{Location, StoredFile};
use super::extent::Extent;
use super::journal::JournalModel;
use super::layout::is_plain_name;
use super::record::EntityRecord;
use super::staging::Staging;
use super::store::Store;
use crate::error::Result;
use crate::model::{Fingerprint, Model, ModelSummary, SharedModel};

/// So many files are kept open; more are opened for each model.
const OPEN_FILES: usize = 64;

/// Models that were trained before, by fingerprint. A fingerprint covers the key, so it is enough
/// to tell a model by.
pub(crate) struct PriorModelIndex {
    directory: Location,
    models: HashMap<Fingerprint, Found>,
    files: Vec<(String, Option<Box<dyn StoredFile>>)>,
    taken: AtomicU64,
}

struct Found {
    file: usize,
    model: JournalModel,
}

impl PriorModelIndex {
    /// No models, of a store in this directory.
    pub(super) fn new(directory: &Location) -> Self {
        Self {
            directory: directory.clone(),
            models: HashMap::new(),
            files: Vec::new(),
            taken: AtomicU64::new(0),
        }
    }

    /// How many models were taken over so far.
    pub fn taken(&self) -> u64 {
        self.taken.load(Ordering::Relaxed)
    }

    /// Adds those models of a store's generation that some of its records tell of.
    pub fn add_generation(&mut self, store: &Store, records: &[EntityRecord]) {
        let mut files: HashMap<Arc<str>, usize> = HashMap::new();
        self.models.reserve(records.len());
        for record in records {
            let (Some(summary), Some(place)) = (record.summary, &record.place) else {
                continue;
            };
            if !is_plain_name(&place.file) {
                continue;
            }
            let file = match files.get(&place.file) {
                Some(&file) => file,
                None => {
                    let file = self.add_file(store.name(&place.file));
                    files.insert(place.file.clone(), file);
                    file
                }
            };
            let extent = place.extent;
            self.add(file, JournalModel { extent, summary });
        }
    }

    /// Adds what interrupted runs left.
    pub(super) fn add_interrupted(&mut self, staging: &Staging) {
        for (folder, journal) in staging.interrupted() {
            let file = self.add_file(format!("{folder}/{}", journal.file));
            for model in journal.models {
                self.add(file, model);
            }
        }
    }

    fn add(&mut self, file: usize, model: JournalModel) {
        let fingerprint = model.summary.fingerprint;
        self.models.insert(fingerprint, Found { file, model });
    }

    fn add_file(&mut self, name: String) -> usize {
        let file = match self.files.len() {
            0..OPEN_FILES => self.directory.open(&name).ok(),
            _ => None,
        };
        self.files.push((name, file));
        self.files.len() - 1
    }

    /// The model of this fingerprint, as training would give it again: its bytes and what is noted
    /// of it. A model that cannot be read, or whose digest does not match, is not known: it is
    /// trained again.
    pub fn find(&self, fingerprint: &Fingerprint) -> Option<(Vec<u8>, ModelSummary)> {
        let found = self.models.get(fingerprint)?;
        let bytes = self.read(found).ok()?;
        if !found.model.extent.matches(&bytes) {
            return None;
        }
        self.taken.fetch_add(1, Ordering::Relaxed);
        Some((bytes, found.model.summary))
    }

    fn read(&self, found: &Found) -> Result<Vec<u8>> {
        let Extent { offset, length, .. } = found.model.extent;
        match &self.files[found.file] {
            (_, Some(file)) => file.read(offset, length.into()),
            (name, None) => self.directory.open(name)?.read(offset, length.into()),
        }
    }
}

/// The models of a generation, to compete with those of the next.
pub(crate) struct CurrentModels<'a> {
    store: &'a Store,
    /// What they share.
    shared: Option<Arc<SharedModel>>,
    records: HashMap<String, EntityRecord>,
}

impl<'a> CurrentModels<'a> {
    /// Those models of a store's generation that some of its records tell of.
    ///
    /// # Errors
    ///
    /// As [`Store::shared`].
    pub fn new(store: &'a Store, records: Vec<EntityRecord>) -> Result<Self> {
        let records = records.into_iter();
        Ok(Self {
            store,
            shared: store.shared()?,
            records: records.map(|record| (record.key.clone(), record)).collect(),
        })
    }

    /// The model of an entity, its bytes and what is noted of it; nothing where there is none, or
    /// none that is whole.
    pub fn find(&self, key: &str) -> Option<(Model, Vec<u8>, ModelSummary)> {
        let record = self.records.get(key)?;
        let summary = record.summary?;
        let bytes = self.store.model_bytes_of(record).ok()?;
        let model = Model::decode(&bytes, self.shared.as_ref()).ok()?;
        Some((model, bytes, summary))
    }

    /// What was held out when the model of an entity was trained, where that is noted.
    pub fn held_out_of(&self, key: &str) -> Option<Arc<str>> {
        self.records.get(key)?.held_out.clone()
    }
}

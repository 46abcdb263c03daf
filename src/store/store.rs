//! Reads a store: one of its generations, its table of entities, and single models.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use polars::prelude::*;
use rayon::prelude::*;

use super::directory::{FilePart, Location};
use super::entities_table;
use super::index::Index;
use super::layout::is_plain_name;
use super::manifest::{FileDigest, Generation, Manifest, SharedFile};
use super::record::EntityRecord;
use crate::error::{Error, Result, StoreError, polars_message};
use crate::guard::guarded;
use crate::model::{Model, SharedModel};

/// A generation of a store, the current one unless told otherwise, as it was when the store was
/// opened.
///
/// Opening reads the manifest and nothing else, so it takes the same time whatever the number of
/// entities.
///
/// ```no_run
/// use per_entity::store::Store;
///
/// let store = Store::open("models")?;
/// let model = store.model("Bachelors")?;
/// println!("{} nodes", model.node_count());
/// # Ok::<(), per_entity::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Store {
    directory: Location,
    manifest: Arc<Manifest>,
    generation: Arc<Generation>,
    shared: Arc<SharedPart>,
}

/// What the models of all entities share, once it was read.
#[derive(Debug, Default)]
struct SharedPart {
    read: OnceLock<Arc<SharedModel>>,
    /// Held by whoever reads it.
    reading: Mutex<()>,
}

impl Store {
    /// Opens the store in a directory: a path, or any other [`Location`].
    ///
    /// # Errors
    ///
    /// [`StoreError::Missing`] for a directory without a manifest, [`StoreError::Damaged`] for one
    /// that cannot be read, [`StoreError::NewerFormat`] for a store of a newer version,
    /// [`Error::Io`].
    pub fn open(directory: impl Into<Location>) -> Result<Self> {
        let directory = directory.into();
        let (manifest, _) = Manifest::require(&directory)?;
        let current = manifest.current;
        Self::at(directory, manifest.into(), current)
    }

    /// Opens the store in a directory, if there is one.
    pub(crate) fn open_if_there(directory: &Location) -> Result<Option<Self>> {
        match Manifest::read(directory)? {
            None => Ok(None),
            Some((manifest, _)) => {
                let current = manifest.current;
                Self::at(directory.clone(), manifest.into(), current).map(Some)
            }
        }
    }

    /// Opens an earlier generation of the store in a directory.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`StoreError::UnknownGeneration`].
    pub fn open_generation(directory: impl Into<Location>, number: u64) -> Result<Self> {
        let store = Self::open(directory)?;
        Self::at(store.directory, store.manifest, number)
    }

    pub(super) fn at(directory: Location, manifest: Arc<Manifest>, number: u64) -> Result<Self> {
        let generation =
            manifest
                .generation(number)
                .cloned()
                .ok_or_else(|| StoreError::UnknownGeneration {
                    path: directory.path(""),
                    number,
                    generations: manifest.generations.iter().map(|g| g.number).collect(),
                })?;
        let store = Self {
            directory,
            manifest,
            generation: generation.into(),
            shared: Arc::default(),
        };
        let table = &store.generation.entities_file;
        let length = store.directory.open(&store.name(&table.name))?.length();
        if !store.directory.is_folder(&store.generation.directory) {
            return Err(Error::bad_store(store.path(), "is not a directory"));
        }
        if length != table.length {
            let problem = format!("has {length} bytes instead of {}; {GO_BACK}", table.length);
            return Err(store.damaged_file(&table.name, problem));
        }
        Ok(store)
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The generation that was opened.
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// The directory of the generation that was opened.
    pub fn path(&self) -> std::path::PathBuf {
        self.directory.path(&self.generation.directory)
    }

    /// The name of a file of the generation in the store's directory.
    pub(super) fn name(&self, file: &str) -> String {
        format!("{}/{file}", self.generation.directory)
    }

    /// The names of the generation's files, those that nothing tells of included.
    pub(super) fn files(&self) -> Result<Vec<String>> {
        let entries = self.directory.list(&self.generation.directory)?;
        Ok(entries.into_iter().map(|entry| entry.name).collect())
    }

    pub(super) fn damaged_file(&self, file: &str, problem: impl Into<String>) -> Error {
        Error::bad_store(self.directory.path(&self.name(file)), problem)
    }

    /// The table of entities, one row each, sorted as their keys are. Its digest is checked before
    /// any of it is read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] where the file cannot be read, [`Error::Io`] where it is missing.
    pub fn entities(&self) -> Result<LazyFrame> {
        let table = self.read_table(&self.generation.entities_file, None)?;
        Ok(table.lazy())
    }

    /// What the store notes about all entities.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] for a table that cannot be read.
    pub fn records(&self) -> Result<Vec<EntityRecord>> {
        self.read(None)
    }

    /// What the store notes about those of the keys that it has.
    ///
    /// # Errors
    ///
    /// As [`records`](Self::records).
    pub fn records_of(&self, keys: &[&str]) -> Result<Vec<EntityRecord>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let keys = Series::new("keys".into(), keys);
        self.read(Some(col("key").is_in(lit(keys).implode(false), false)))
    }

    /// All records, where many are to be found one by one.
    pub(crate) fn index(&self) -> Result<Index> {
        self.index_of(&self.generation.entities_file)
    }

    /// What the store notes about the parents of entities: their keys are the first values of the
    /// entities' keys, as one CSV record. None where no parents were trained.
    ///
    /// # Errors
    ///
    /// As [`records`](Self::records).
    pub fn parents(&self) -> Result<Vec<EntityRecord>> {
        match &self.generation.parents {
            Some(parents) => self.records_in(&parents.file, None),
            None => Ok(Vec::new()),
        }
    }

    /// The records of all parents, to be found one by one; nothing where no parents were trained.
    pub(crate) fn parent_index(&self) -> Result<Option<Index>> {
        let parents = self.generation.parents.as_ref();
        parents
            .map(|parents| self.index_of(&parents.file))
            .transpose()
    }

    fn index_of(&self, file: &FileDigest) -> Result<Index> {
        let table = self.read_table(file, None)?;
        self.guard(file, || Index::new(table))
    }

    fn read(&self, wanted: Option<Expr>) -> Result<Vec<EntityRecord>> {
        self.records_in(&self.generation.entities_file, wanted)
    }

    fn records_in(&self, file: &FileDigest, wanted: Option<Expr>) -> Result<Vec<EntityRecord>> {
        let table = self.read_table(file, wanted)?;
        self.guard(file, || entities_table::records(&table))
    }

    fn guard<T>(&self, file: &FileDigest, read: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
        guarded(read).map_err(|cause| {
            let problem = format!("is damaged ({}); {GO_BACK}", polars_message(&cause));
            self.damaged_file(&file.name, problem)
        })
    }

    fn read_table(&self, expected: &FileDigest, wanted: Option<Expr>) -> Result<DataFrame> {
        let bytes = self.directory.read(&self.name(&expected.name))?;
        if !expected.matches(&bytes) {
            let problem = format!("its digest does not match; {GO_BACK}");
            return Err(self.damaged_file(&expected.name, problem));
        }
        self.guard(expected, || entities_table::decode(bytes, wanted))
    }

    /// The model of all entities together, its digest checked; nothing where none was trained.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] for a model that is damaged, [`Error::Io`].
    pub fn pooled(&self) -> Result<Option<Model>> {
        let Some(file) = &self.generation.pooled else {
            return Ok(None);
        };
        let bytes = self.read_whole(file, "the pooled model")?;
        Model::decode(&bytes, None)
            .map(Some)
            .map_err(|error| self.damaged_file(&file.name, error.to_string()))
    }

    /// What the models of all entities share, its digest checked; nothing where they share nothing.
    /// It is read once for a store and its clones.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] where it is damaged, [`Error::Io`].
    pub fn shared(&self) -> Result<Option<Arc<SharedModel>>> {
        let Some(SharedFile { file, .. }) = &self.generation.shared else {
            return Ok(None);
        };
        if let Some(shared) = self.shared.read.get() {
            return Ok(Some(shared.clone()));
        }
        let reading = self.shared.reading.lock();
        let _reading = reading.unwrap_or_else(PoisonError::into_inner);
        if let Some(shared) = self.shared.read.get() {
            return Ok(Some(shared.clone()));
        }
        let bytes = self.read_whole(file, "the shared model")?;
        let shared = SharedModel::decode(&bytes)
            .map_err(|error| self.damaged_file(&file.name, error.to_string()))?;
        Ok(Some(self.shared.read.get_or_init(|| shared.into()).clone()))
    }

    /// The bytes of a file that the manifest names, its digest checked.
    fn read_whole(&self, file: &FileDigest, called: &str) -> Result<Vec<u8>> {
        let bytes = self.directory.read(&self.name(&file.name))?;
        match file.matches(&bytes) {
            true => Ok(bytes),
            false => {
                let problem = format!("{called}'s digest does not match; train again");
                Err(self.damaged_file(&file.name, problem))
            }
        }
    }

    /// What the store notes about one entity.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownEntity`], and as [`records`](Self::records).
    pub fn record(&self, key: &str) -> Result<EntityRecord> {
        self.read(Some(col("key").eq(lit(key))))?
            .pop()
            .ok_or_else(|| StoreError::UnknownEntity { key: key.into() }.into())
    }

    /// The model of one entity, its digest checked.
    ///
    /// # Errors
    ///
    /// [`StoreError::UnknownEntity`], [`StoreError::NoModel`] for an entity that was skipped or failed,
    /// [`StoreError::Damaged`] for a model that is damaged.
    pub fn model(&self, key: &str) -> Result<Model> {
        self.model_of(&self.record(key)?)
    }

    /// The model that a record points to.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoModel`] and [`StoreError::Damaged`] as [`model`](Self::model).
    pub fn model_of(&self, record: &EntityRecord) -> Result<Model> {
        self.decode(record, &self.read_model(record)?)
    }

    /// The models that some records point to, in their order. Models that lie side by side in one
    /// file are read together, so records are best sorted by their places.
    pub(crate) fn models_of(&self, records: &[&EntityRecord]) -> Vec<Result<Model>> {
        self.read_together(records, |record, bytes| self.decode(record, bytes))
    }

    /// The importances by impurity, by feature of the run, of the models that some records point
    /// to, in their order and best sorted as for [`models_of`](Self::models_of).
    pub(super) fn by_impurity(&self, records: &[&EntityRecord]) -> Vec<Result<Vec<f64>>> {
        let features = &self.generation.run.features;
        self.read_together(records, |record, bytes| {
            let model = self.decode(record, bytes)?;
            let names = features.iter().map(|feature| feature.name.as_str());
            Ok(model.importances_among(&model.importances(), names))
        })
    }

    /// The bytes of the model that a record points to, their digest checked.
    pub(super) fn model_bytes_of(&self, record: &EntityRecord) -> Result<Vec<u8>> {
        let bytes = self.read_model(record)?;
        self.check_digest(record, &bytes)?;
        Ok(bytes)
    }

    /// Some records and the bytes of their models, in their order, to be put into another
    /// generation as they are. Figures of rows held out and importances are not taken
    /// along.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] for a model that is damaged.
    pub(crate) fn carried<'a>(
        &'a self,
        records: &'a [EntityRecord],
    ) -> impl Iterator<Item = Result<(EntityRecord, Option<Vec<u8>>)>> + Send + 'a {
        records.chunks(CARRIED_TOGETHER).flat_map(|records| {
            let records: Vec<&EntityRecord> = records.iter().collect();
            self.read_together(&records, |record, bytes| {
                if record.place.is_some() {
                    self.check_digest(record, bytes)?;
                }
                if record.place.is_some() && record.summary.is_none() {
                    return Err(self.damaged(record, "nothing is noted of it"));
                }
                let model = record.place.as_ref().map(|_| bytes.to_vec());
                let record = EntityRecord {
                    error: record.error.clone().filter(|_| model.is_none()),
                    holdout: None,
                    contest: None,
                    importance: None,
                    ..record.clone()
                };
                Ok((record, model))
            })
        })
    }

    /// What `make` makes of the bytes of models, which are none where a record has no model.
    fn read_together<T: Send>(
        &self,
        records: &[&EntityRecord],
        make: impl Fn(&EntityRecord, &[u8]) -> Result<T> + Sync,
    ) -> Vec<Result<T>> {
        let mut made = Vec::with_capacity(records.len());
        for wave in in_waves(records, READ_AT_A_TIME, |_, _| true) {
            let runs: Vec<&[&EntityRecord]> =
                in_waves(wave, READ_TOGETHER, |a, b| a.adjoins(b)).collect();
            let bytes = self.read_runs(&runs);
            let runs = runs.into_par_iter().zip(bytes);
            made.par_extend(runs.flat_map_iter(|(run, bytes)| self.make(run, bytes, &make)));
        }
        made
    }

    /// The bytes of runs of models that adjoin.
    fn read_runs(&self, runs: &[&[&EntityRecord]]) -> Vec<Result<Vec<u8>>> {
        let part = |run: &&[&EntityRecord]| {
            let (file, offset) = run.first()?.place()?;
            is_plain_name(file).then(|| FilePart {
                name: self.name(file),
                offset,
                length: run.iter().map(|record| record.model_bytes()).sum(),
            })
        };
        let parts: Vec<Option<FilePart>> = runs.iter().map(part).collect();
        let there: Vec<FilePart> = parts.iter().flatten().cloned().collect();
        let mut read = self.directory.read_parts(&there).into_iter();
        let bytes = parts.iter().map(|part| match part {
            Some(_) => read.next().unwrap_or_else(|| Ok(Vec::new())),
            None => Ok(Vec::new()),
        });
        bytes.collect()
    }

    /// What `make` makes of the models of one run.
    fn make<T>(
        &self,
        run: &[&EntityRecord],
        bytes: Result<Vec<u8>>,
        make: impl Fn(&EntityRecord, &[u8]) -> Result<T>,
    ) -> Vec<Result<T>> {
        let length: u64 = run.iter().map(|record| record.model_bytes()).sum();
        let bytes = match bytes {
            Ok(bytes) if bytes.len() as u64 == length => bytes,
            // Each tells of its own error.
            _ => {
                return run
                    .iter()
                    .map(|record| make(record, &self.read_model(record)?))
                    .collect();
            }
        };
        let mut start = 0;
        run.iter()
            .map(|record| {
                let end = start + record.model_bytes() as usize;
                make(record, &bytes[std::mem::replace(&mut start, end)..end])
            })
            .collect()
    }

    fn read_model(&self, record: &EntityRecord) -> Result<Vec<u8>> {
        let Some(place) = &record.place else {
            return Err(StoreError::NoModel {
                key: record.key.clone(),
                reason: record.why_untrained().to_owned(),
            }
            .into());
        };
        self.read_file(&place.file, place.extent.offset, record.model_bytes())
            .map_err(|error| match error {
                Error::Store(StoreError::Damaged { problem, .. }) => self.damaged(record, &problem),
                other => other,
            })
    }

    fn check_digest(&self, record: &EntityRecord, bytes: &[u8]) -> Result<()> {
        if record.extent().is_some_and(|extent| extent.matches(bytes)) {
            return Ok(());
        }
        Err(self.damaged(record, "its digest does not match; train again"))
    }

    fn decode(&self, record: &EntityRecord, bytes: &[u8]) -> Result<Model> {
        self.check_digest(record, bytes)?;
        let shared = self.shared()?;
        let model = Model::decode(bytes, shared.as_ref())
            .map_err(|error| self.damaged(record, &error.to_string()))?;
        if model.key() != record.key {
            return Err(self.damaged(record, "it is the model of another entity"));
        }
        Ok(model)
    }

    fn damaged(&self, record: &EntityRecord, problem: &str) -> Error {
        let problem = format!("model of entity '{}': {problem}", record.key);
        self.damaged_file(record.file().unwrap_or_default(), problem)
    }

    /// A part of one of the generation's files of models.
    fn read_file(&self, file: &str, offset: u64, length: u64) -> Result<Vec<u8>> {
        if !is_plain_name(file) {
            let problem = format!("'{file}' is not a plain file name");
            return Err(Error::bad_store(self.path(), problem));
        }
        self.directory.open(&self.name(file))?.read(offset, length)
    }
}

/// What to do about a damaged table of entities.
const GO_BACK: &str = "go back to an earlier generation, or train again";

/// Models that are taken into another generation at a time.
const CARRIED_TOGETHER: usize = 1 << 14;

/// Bytes of models that adjoin and are read together.
const READ_TOGETHER: u64 = 1 << 20;

/// Bytes of models that are read at a time, each by itself or together with others.
const READ_AT_A_TIME: u64 = 32 << 20;

/// Records one after another whose models have fewer bytes, where each goes with the one before.
fn in_waves<'a, 'b>(
    records: &'a [&'b EntityRecord],
    most: u64,
    goes_with: impl Fn(&EntityRecord, &EntityRecord) -> bool + 'a,
) -> impl Iterator<Item = &'a [&'b EntityRecord]> {
    let mut bytes = 0;
    records.chunk_by(move |a, b| {
        bytes += a.model_bytes();
        let together = bytes < most && goes_with(a, b);
        if !together {
            bytes = 0;
        }
        together
    })
}

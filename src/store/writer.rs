//! Writes one generation, and makes it the current one when all of it is on disk.

use std::num::NonZeroUsize;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::commit::{is_durable, replace};
use super::directory::{Entry, Location, WriteLock};
use super::entities_table;
use super::extent::Extent;
use super::file_name::FileNames;
use super::journal::JournalModel;
use super::layout::{
    ENTITIES, JOURNAL, LOCK, MANIFEST, PACK, PARENT_PACK, PARENTS, POOLED, SHARED,
    generation_folder, is_generation_folder, is_leftover,
};
use super::leftovers::is_interrupted;
use super::manifest::{FileDigest, Generation, Manifest, Parents, SharedFile, now};
use super::prior_models::PriorModelIndex;
use super::record::{EntityRecord, EntityStatus, Place};
use super::run::Run;
use super::staging::Staging;
use super::store::Store;
use crate::error::{Error, Result, StoreError};
use crate::model::SharedModel;
use crate::schema::{Holdout, Task};

/// How many models share a file.
///
/// Written as a number, or as nothing for [`ModelsPerFile::Automatic`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Option<NonZeroUsize>", into = "Option<usize>")]
pub enum ModelsPerFile {
    /// One while there are at most 1,000 entities, else packs of about 64 MiB.
    #[default]
    Automatic,
    /// So many; 1 names each file by its entity.
    Fixed(usize),
}

impl From<Option<NonZeroUsize>> for ModelsPerFile {
    fn from(models: Option<NonZeroUsize>) -> Self {
        models.map_or(Self::Automatic, |models| Self::Fixed(models.get()))
    }
}

impl From<ModelsPerFile> for Option<usize> {
    fn from(models: ModelsPerFile) -> Self {
        match models {
            ModelsPerFile::Automatic => None,
            ModelsPerFile::Fixed(models) => Some(models),
        }
    }
}

/// Up to this many entities have a file each.
const ENTITIES_WITH_OWN_FILE: usize = 1_000;

/// A pack is closed when it has so many bytes.
const PACK_BYTES: usize = 64 << 20;

/// Writes one generation of a store.
///
/// Nothing that a reader sees changes before [`commit`](Self::commit); a writer that is dropped
/// without it leaves at most a staging folder, whose models the next run takes over.
pub(crate) struct Writer {
    directory: Location,
    staging: Staging,
    prior: PriorModelIndex,
    manifest: Manifest,
    /// The number of the generation.
    number: u64,
    /// What the manifest is to be replaced in.
    manifest_bytes: Option<Vec<u8>>,
    /// Whether the directory was made by this writer.
    created: bool,
    committed: bool,
    /// Whether a manifest that names the generation may be there.
    is_named: bool,
    layout: Layout,
    /// How many files of models are finished.
    files: usize,
    pack: Vec<u8>,
    /// The name of the file of the models in `pack`, and how the names of all packs begin.
    pack_name: Arc<str>,
    pack_prefix: &'static str,
    /// The models of the file to be written next.
    pending: Vec<JournalModel>,
    records: Vec<EntityRecord>,
    model_bytes: u64,
    pooled: Option<FileDigest>,
    shared: Option<SharedFile>,
    /// The records of parents, once these are begun.
    parents: Option<Vec<EntityRecord>>,
    _lock: Box<dyn WriteLock>,
}

/// A generation that is the current one.
pub(crate) struct Committed {
    pub generation: Generation,
    /// Whether the system said that it outlasts a power cut.
    pub is_durable: bool,
}

enum Layout {
    Own(FileNames),
    Packs { models: usize },
}

impl Writer {
    /// Begins a generation in a directory that is a store, is empty or does not exist;
    /// [`lay_out`](Self::lay_out) tells the keys before anything is put.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] for a directory with other content, [`StoreError::Locked`] while
    /// another run writes, [`Error::Io`] where nothing can be written.
    pub fn begin(directory: &Location) -> Result<Self> {
        refuse_foreign(directory)?;
        let created = directory.create()?;
        let lock = directory.lock(LOCK)?;
        let (manifest, manifest_bytes) = Manifest::read(directory)?.unzip();
        if let Some(newest) = manifest.as_ref().and_then(Manifest::newest) {
            remove_journal(directory, &newest.directory);
        }
        let staging = Staging::create(directory, manifest.as_ref())?;
        let manifest = manifest.unwrap_or_else(Manifest::empty);
        let number = manifest.next_number(directory)?;
        let mut prior = PriorModelIndex::new(directory);
        prior.add_interrupted(&staging);
        Ok(Self {
            directory: directory.clone(),
            staging,
            prior,
            manifest,
            number,
            manifest_bytes,
            created,
            committed: false,
            is_named: false,
            layout: Layout::Packs { models: usize::MAX },
            files: 0,
            pack: Vec::new(),
            pack_name: pack_name(PACK, 0),
            pack_prefix: PACK,
            pending: Vec::new(),
            records: Vec::new(),
            model_bytes: 0,
            pooled: None,
            shared: None,
            parents: None,
            _lock: lock,
        })
    }

    /// How models are spread over files; `keys` are those of all entities to come.
    pub fn lay_out<'a>(
        &mut self,
        models_per_file: ModelsPerFile,
        keys: impl ExactSizeIterator<Item = &'a str>,
    ) {
        let own = match models_per_file {
            ModelsPerFile::Automatic => keys.len() <= ENTITIES_WITH_OWN_FILE,
            ModelsPerFile::Fixed(models) => models <= 1,
        };
        self.layout = if own {
            Layout::Own(FileNames::new(keys))
        } else {
            Layout::Packs {
                models: match models_per_file {
                    ModelsPerFile::Automatic => usize::MAX,
                    ModelsPerFile::Fixed(models) => models,
                },
            }
        };
    }

    /// Where the store lies, and the name of a folder in it for what is needed only while the
    /// generation is made; nothing where the store does not lie on a disk of this machine. Whoever
    /// makes the folder removes it before the [`commit`](Self::commit); the next run removes what a
    /// killed one leaves of it.
    pub fn scratch_folder(&self) -> Option<(Location, String)> {
        let is_on_disk = self.directory.is_on_disk();
        is_on_disk.then(|| (self.directory.clone(), self.staging.name("scratch")))
    }

    /// The models that interrupted runs left. They are given out once.
    pub fn prior_models(&mut self) -> PriorModelIndex {
        let none = PriorModelIndex::new(&self.directory);
        std::mem::replace(&mut self.prior, none)
    }

    /// Whether a store could be begun in a directory; touches nothing.
    ///
    /// # Errors
    ///
    /// [`StoreError::Foreign`] for a directory with other content, and those of a damaged store.
    pub fn check(directory: &Location) -> Result<()> {
        refuse_foreign(directory)?;
        Manifest::read(directory)?;
        Ok(())
    }

    /// Takes what became of one entity, and writes its model where there is one. Entities come in
    /// the order of their keys. Returns the record with the place of its model.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the model cannot be written.
    pub fn put(
        &mut self,
        mut record: EntityRecord,
        model: Option<Vec<u8>>,
    ) -> Result<&EntityRecord> {
        record.place = match model {
            Some(model) => Some(self.place(&record, model)?),
            None => None,
        };
        self.model_bytes += record.model_bytes();
        self.records.push(record);
        let last = self.records.last();
        last.ok_or_else(|| Error::Defect("a record is lost".into()))
    }

    /// Begins the parents of the entities, all of which were put. Their models have packs of their
    /// own.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the last models of entities cannot be written.
    pub fn begin_parents(&mut self) -> Result<()> {
        if !self.pack.is_empty() {
            self.close_pack()?;
        }
        self.layout = Layout::Packs { models: usize::MAX };
        self.files = 0;
        self.pack_prefix = PARENT_PACK;
        self.pack_name = pack_name(PARENT_PACK, 0);
        self.parents = Some(Vec::new());
        Ok(())
    }

    /// Takes what became of one parent, as [`put`](Self::put) does of an entity.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the model cannot be written.
    pub fn put_parent(
        &mut self,
        mut record: EntityRecord,
        model: Option<Vec<u8>>,
    ) -> Result<&EntityRecord> {
        record.place = match model {
            Some(model) => Some(self.place(&record, model)?),
            None => None,
        };
        let parents = self.parents.get_or_insert_default();
        parents.push(record);
        let last = parents.last();
        last.ok_or_else(|| Error::Defect("a record is lost".into()))
    }

    /// Writes the model of all entities together.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be written.
    pub fn put_pooled(&mut self, model: &[u8]) -> Result<()> {
        self.directory.put(&self.staging.name(POOLED), model)?;
        self.pooled = Some(FileDigest::of(POOLED, model));
        Ok(())
    }

    /// Writes what the models of all entities share; `held_out` is what it was not trained on.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where it cannot be written.
    pub fn put_shared(&mut self, shared: &SharedModel, held_out: Option<&Holdout>) -> Result<()> {
        let mut bytes = Vec::new();
        shared.encode(&mut bytes);
        self.directory.put(&self.staging.name(SHARED), &bytes)?;
        self.shared = Some(SharedFile {
            file: FileDigest::of(SHARED, &bytes),
            held_out: held_out.cloned(),
        });
        Ok(())
    }

    fn place(&mut self, record: &EntityRecord, model: Vec<u8>) -> Result<Place> {
        let summary = record.summary.ok_or_else(|| {
            Error::Defect(format!("nothing is noted of the model of '{}'", record.key))
        })?;
        let extent = Extent::of(self.pack.len() as u64, &model);
        self.pending.push(JournalModel { extent, summary });
        let file = match &self.layout {
            Layout::Own(names) => {
                let name: Arc<str> = names.of(&record.key).into();
                self.write(&name, &model)?;
                name
            }
            &Layout::Packs { models } => {
                let name = self.pack_name.clone();
                self.pack.extend(model);
                if self.pending.len() >= models || self.pack.len() >= PACK_BYTES {
                    self.close_pack()?;
                }
                name
            }
        };
        Ok(Place { file, extent })
    }

    fn close_pack(&mut self) -> Result<()> {
        let pack = std::mem::take(&mut self.pack);
        let name = self.pack_name.clone();
        self.write(&name, &pack)?;
        self.pack_name = pack_name(self.pack_prefix, self.files);
        self.pack = pack;
        self.pack.clear();
        Ok(())
    }

    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let models = std::mem::take(&mut self.pending);
        self.staging.write(name, bytes, models)?;
        self.files += 1;
        Ok(())
    }

    /// Whether what was put is what a generation of this store has already: the same entities with
    /// the same models, trained with the same settings.
    ///
    /// # Errors
    ///
    /// As [`Store::records`].
    pub fn repeats(&self, earlier: &Store, run: &Run) -> Result<bool> {
        let generation = earlier.generation();
        let may_be = run.is_set_as(&generation.run)
            && self.records.len() as u64 == generation.entities
            && self.model_bytes == generation.model_bytes
            && self.pooled == generation.pooled
            && self.shared == generation.shared
            && self.parents.is_some() == generation.parents.is_some();
        if !may_be {
            return Ok(false);
        }
        let repeat = |records: &[EntityRecord], earlier: &[EntityRecord]| {
            let mut pairs = records.iter().zip(earlier);
            records.len() == earlier.len() && pairs.all(|(record, other)| record.repeats(other))
        };
        let parents = self.parents.as_deref().unwrap_or_default();
        Ok(repeat(&self.records, &earlier.records()?) && repeat(parents, &earlier.parents()?))
    }

    /// Makes the generation the current one, and returns what the manifest says of it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where something cannot be written; then the current generation is the one
    /// before.
    pub fn commit(mut self, run: Run) -> Result<Committed> {
        if !self.pack.is_empty() {
            self.close_pack()?;
        }
        let entities = entities_table::encode(&self.records)
            .map_err(Error::polars("cannot make the table of entities"))?;
        self.directory
            .put(&self.staging.name(ENTITIES), &entities)?;
        let parents = self.write_parents()?;
        self.directory.sync(&self.staging.folder)?;

        let entities_file = FileDigest::of(ENTITIES, &entities);
        let generation = self.generation(run, entities_file, parents);
        self.manifest.generations.push(generation.clone());
        self.manifest.make_current(self.number);
        // All that needs room on the disk comes before the renames, which need none.
        let prepared = self.manifest.prepare(&self.directory)?;
        let folder = &generation.directory;
        if *folder != self.staging.folder {
            self.directory.rename(&self.staging.folder, folder)?;
            self.directory.sync("")?;
        }
        let expected = self.manifest_bytes.as_deref();
        self.is_named = true;
        replace(&self.directory, prepared, expected)?;
        self.committed = true;
        let is_durable = is_durable(&self.directory);
        if is_durable {
            // Not before: without its journal, a generation that nothing names is not known again.
            self.staging.clear(folder);
        }
        Ok(Committed {
            generation,
            is_durable,
        })
    }

    /// Writes the table of parents, where there are some.
    fn write_parents(&self) -> Result<Option<Parents>> {
        let Some(records) = &self.parents else {
            return Ok(None);
        };
        let table = entities_table::encode(records)
            .map_err(Error::polars("cannot make the table of parents"))?;
        self.directory.put(&self.staging.name(PARENTS), &table)?;
        Ok(Some(Parents {
            file: FileDigest::of(PARENTS, &table),
            trained: count(records, EntityStatus::Trained),
            skipped: count(records, EntityStatus::Skipped),
            failed: count(records, EntityStatus::Failed),
            model_bytes: records.iter().map(EntityRecord::model_bytes).sum(),
        }))
    }

    fn generation(
        &self,
        run: Run,
        entities_file: FileDigest,
        parents: Option<Parents>,
    ) -> Generation {
        let count = |status| count(&self.records, status);
        Generation {
            number: self.number,
            directory: match self.directory.renames_at_once() {
                true => generation_folder(self.number),
                false => self.staging.folder.clone(),
            },
            created: now(),
            current_until: None,
            program: concat!("per-entity ", env!("CARGO_PKG_VERSION")).into(),
            run,
            rows: self.records.iter().map(|record| record.rows).sum(),
            entities: self.records.len() as u64,
            trained: count(EntityStatus::Trained),
            skipped: count(EntityStatus::Skipped),
            failed: count(EntityStatus::Failed),
            empty: count(EntityStatus::Empty),
            training_accuracy: mean_training_score(&self.records, Task::Classification),
            training_r2: mean_training_score(&self.records, Task::Regression),
            model_bytes: self.model_bytes,
            entities_file,
            pooled: self.pooled.clone(),
            shared: self.shared.clone(),
            parents,
        }
    }

    /// Gives up the generation: nothing of it is left.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where what was written cannot be removed.
    pub fn discard(mut self) -> Result<()> {
        self.pack.clear();
        self.staging.models = 0;
        self.directory.remove(&self.staging.folder)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        // Nothing can be done about an error here; the next run trains what is not kept.
        if !self.pack.is_empty() {
            let _ = self.close_pack();
        }
        // What is on its way is to arrive.
        let _ = self.directory.sync(&self.staging.folder);
        if self.is_named && !self.directory.renames_at_once() {
            // Whether the generation was committed may not be known.
            return;
        }
        if self.staging.models > 0 {
            log::warn!(
                "{}: {} finished models are kept; the same run takes them over",
                self.directory.path("").display(),
                self.staging.models
            );
            return;
        }
        let _ = self.directory.remove(&self.staging.folder);
        if self.created {
            let _ = self.directory.remove(LOCK);
            self.directory.remove_if_empty();
        }
    }
}

/// The name of a pack, by the number of files before it.
fn pack_name(prefix: &str, files: usize) -> Arc<str> {
    format!("{prefix}{files:05}.cbor").into()
}

fn count(records: &[EntityRecord], status: EntityStatus) -> u64 {
    let with_status = records.iter().filter(|record| record.status == status);
    with_status.count() as u64
}

/// The mean over the models of a task, each weighted by its rows.
fn mean_training_score(records: &[EntityRecord], task: Task) -> Option<f64> {
    let (mut sum, mut rows) = (0.0, 0.0);
    for record in records {
        let score = record.summary.and_then(|s| s.training_score_of(task));
        if let Some(score) = score {
            sum += score * record.rows as f64;
            rows += record.rows as f64;
        }
    }
    (rows > 0.0).then(|| sum / rows)
}

/// Removes the journal of a generation whose run was interrupted after its commit.
fn remove_journal(directory: &Location, folder: &str) {
    if is_interrupted(directory, folder) && directory.sync("").is_ok() {
        let _ = directory.remove(&format!("{folder}/{JOURNAL}"));
    }
}

/// Refuses a directory with content that is not a store's, nor what a first run left of one.
fn refuse_foreign(directory: &Location) -> Result<()> {
    let entries = directory.list("")?;
    let is_store = |entries: &[Entry]| entries.iter().any(|entry| entry.name == MANIFEST);
    let is_first_run = |entry: &Entry| {
        // It ended between the renames of its folder and of the manifest.
        let is_uncommitted = entry.is_folder
            && is_generation_folder(&entry.name)
            && is_interrupted(directory, &entry.name);
        is_leftover(&entry.name) || is_uncommitted
    };
    // Where there is no lock, another run may have committed meanwhile.
    if is_store(&entries) || entries.iter().all(is_first_run) || is_store(&directory.list("")?) {
        return Ok(());
    }
    let path = directory.path("");
    Err(StoreError::Foreign { path }.into())
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::thread;

    use super::*;
    use crate::store::directory::MemoryDirectory;

    #[test]
    fn first_runs_that_fail_never_let_two_writers_in() {
        let place = tempfile::tempdir().unwrap();
        let directory = Location::from(place.path().join("store"));
        let (writers, tries) = (AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let mut turns = 0;
                    while turns < 10 {
                        let tries = tries.fetch_add(1, Ordering::SeqCst);
                        assert!(tries < 1_000_000, "a first run keeps the next one out");
                        // Dropped without a commit, it removes what it made, the lock too.
                        let Ok(writer) = Writer::begin(&directory) else {
                            thread::yield_now();
                            continue;
                        };
                        assert_eq!(writers.fetch_add(1, Ordering::SeqCst), 0);
                        thread::yield_now();
                        writers.fetch_sub(1, Ordering::SeqCst);
                        drop(writer);
                        turns += 1;
                    }
                });
            }
        });
    }

    #[test]
    fn a_writer_without_a_commit_leaves_nothing() {
        let memory = MemoryDirectory::new();
        let directory = Location::from(&memory);
        drop(Writer::begin(&directory).unwrap());
        assert_eq!(directory.list("").unwrap(), []);
        assert!(directory.create().unwrap(), "the directory is still there");
        assert!(Store::open(&directory).is_err());
    }

    #[test]
    fn of_two_writers_one_is_refused() {
        let directory = Location::from(MemoryDirectory::new());
        let _first = Writer::begin(&directory).unwrap();
        let second = Writer::begin(&directory).err().unwrap();
        assert!(matches!(second, Error::Store(StoreError::Locked { .. })));
    }

    #[test]
    fn a_directory_with_other_content_is_refused_and_stays_as_it_is() {
        let directory = Location::from(MemoryDirectory::new());
        directory.put("thesis.txt", b"all of it").unwrap();
        let error = Writer::begin(&directory).err().unwrap();
        assert!(matches!(error, Error::Store(StoreError::Foreign { .. })));
        assert_eq!(directory.list("").unwrap().len(), 1);
    }
}

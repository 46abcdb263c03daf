//! Writes one generation, and makes it the current one when all of it is on disk.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::earlier::Earlier;
use super::file_name::FileNames;
use super::lock::{LOCK, Lock};
use super::manifest::{FileDigest, Generation, Manifest, Run};
use super::staging::{JournalModel, STAGING, Staging, remove_directory, write_synced};
use super::{ENTITIES, FORMAT_VERSION, MANIFEST};
use crate::evaluate::Metrics;
use crate::train::{Contested, Outcome, Status, Trained};
use crate::{Error, Result};

/// How many models share a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ModelsPerFile {
    /// One while there are at most 1,000 entities, else packs of about 64 MiB.
    #[default]
    Automatic,
    /// So many; 1 names each file by its entity.
    Fixed(usize),
}

/// Up to this many entities have a file each.
const ENTITIES_WITH_OWN_FILE: usize = 1_000;

/// A pack is closed when it has so many bytes.
const PACK_BYTES: usize = 64 << 20;

/// The file of the model of all entities together; no key has such a name.
const POOLED: &str = "~pooled.cbor";

/// The new manifest, until it replaces the old one.
const TEMPORARY_MANIFEST: &str = ".manifest.json";

/// Writes one generation of a store.
///
/// Nothing that a reader sees changes before [`commit`](Self::commit); a writer that is dropped
/// without it leaves at most a staging directory, whose models the next run takes over.
pub struct Writer {
    directory: PathBuf,
    staging: Staging,
    earlier: Earlier,
    manifest: Option<Manifest>,
    /// Whether the directory was made by this writer.
    created: bool,
    committed: bool,
    layout: Layout,
    files: Vec<String>,
    pack: Vec<u8>,
    /// The models of the file to be written next.
    pending: Vec<JournalModel>,
    entities: Vec<Entry>,
    model_bytes: u64,
    pooled: Option<FileDigest>,
    _lock: Lock,
}

enum Layout {
    Own(FileNames),
    Packs { models: usize },
}

/// A row of the table of entities.
struct Entry {
    outcome: Outcome,
    place: Option<Place>,
}

struct Place {
    file: usize,
    offset: u64,
    length: u32,
    digest: blake3::Hash,
}

impl Writer {
    /// Begins a generation in a directory that is a store, is empty or does not exist. `keys` are
    /// those of all entities to come.
    ///
    /// # Errors
    ///
    /// [`Error::NotAStore`] for a directory with other content, [`Error::Locked`] while another
    /// run writes, [`Error::Io`] where nothing can be written.
    pub fn create<'a>(
        directory: &Path,
        models_per_file: ModelsPerFile,
        keys: impl ExactSizeIterator<Item = &'a str>,
    ) -> Result<Self> {
        let mut writer = Self::begin(directory)?;
        writer.lay_out(models_per_file, keys);
        Ok(writer)
    }

    /// As [`create`](Self::create), where the keys are not known yet;
    /// [`lay_out`](Self::lay_out) tells them before anything is put.
    ///
    /// # Errors
    ///
    /// As [`create`](Self::create).
    pub fn begin(directory: &Path) -> Result<Self> {
        check_directory(directory)?;
        let created = !directory.exists();
        fs::create_dir_all(directory).map_err(Error::io(directory))?;
        let lock = Lock::take(directory)?;
        let manifest = Manifest::read(directory)?;
        let next = directory_name(next_number(manifest.as_ref()));
        let staging = Staging::create(directory, manifest.as_ref(), &next)?;
        let mut earlier = Earlier::default();
        for leftover in &staging.leftovers {
            earlier.add_staging(leftover);
        }
        Ok(Self {
            directory: directory.to_path_buf(),
            staging,
            earlier,
            manifest,
            created,
            committed: false,
            layout: Layout::Packs { models: usize::MAX },
            files: Vec::new(),
            pack: Vec::new(),
            pending: Vec::new(),
            entities: Vec::new(),
            model_bytes: 0,
            pooled: None,
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

    /// A directory for what is needed only while the generation is made. Whoever makes it removes
    /// it before the [`commit`](Self::commit); what a killed run leaves of it, the next run
    /// removes.
    pub fn scratch_directory(&self) -> PathBuf {
        self.staging.path.join("scratch")
    }

    /// The models that interrupted runs left, for [`Engine::known`](crate::train::Engine::known).
    /// They are given out once.
    pub fn earlier(&mut self) -> Earlier {
        std::mem::take(&mut self.earlier)
    }

    /// Whether a store could be begun in a directory; touches nothing.
    ///
    /// # Errors
    ///
    /// [`Error::NotAStore`] for a directory with other content, and those of a damaged store.
    pub fn check(directory: &Path) -> Result<()> {
        check_directory(directory)?;
        Manifest::read(directory)?;
        Ok(())
    }

    /// Takes what became of one entity, and writes its model. Entities come in the order of their
    /// keys.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the model cannot be written.
    pub fn put(&mut self, mut outcome: Outcome) -> Result<()> {
        let place = match &mut outcome.status {
            Status::Trained(trained) => {
                let bytes = std::mem::take(&mut trained.bytes);
                Some(self.place(&outcome.key, trained, bytes)?)
            }
            Status::Skipped | Status::Failed(_) => None,
        };
        self.entities.push(Entry { outcome, place });
        Ok(())
    }

    /// Writes the model of all entities together.
    ///
    /// # Errors
    ///
    /// [`Error::NoModel`] where its training failed, [`Error::Io`] where it cannot be written.
    pub fn put_pooled(&mut self, outcome: Outcome) -> Result<()> {
        let Status::Trained(trained) = outcome.status else {
            return Err(Error::NoModel {
                key: "all entities together".into(),
                reason: outcome.status.error().unwrap_or("too few rows").into(),
            });
        };
        write_synced(&self.staging.path.join(POOLED), &trained.bytes)?;
        self.pooled = Some(FileDigest {
            name: POOLED.into(),
            length: trained.bytes.len() as u64,
            digest: blake3::hash(&trained.bytes).to_hex().to_string(),
        });
        Ok(())
    }

    fn place(&mut self, key: &str, trained: &Trained, bytes: Vec<u8>) -> Result<Place> {
        let digest = blake3::hash(&bytes);
        let length = bytes.len() as u32;
        self.model_bytes += bytes.len() as u64;
        let place = Place {
            file: self.files.len(),
            offset: self.pack.len() as u64,
            length,
            digest,
        };
        self.pending.push(JournalModel {
            fingerprint: trained.fingerprint.to_vec().into(),
            offset: place.offset,
            length,
            digest: digest.as_bytes().to_vec().into(),
            classes: trained.classes,
            nodes: trained.nodes,
            depth: trained.depth,
            training_accuracy: trained.training_accuracy,
        });
        match &self.layout {
            Layout::Own(names) => {
                let name = names.of(key);
                self.write(name, &bytes)?;
            }
            &Layout::Packs { models } => {
                self.pack.extend(bytes);
                if self.pending.len() >= models || self.pack.len() >= PACK_BYTES {
                    self.close_pack()?;
                }
            }
        }
        Ok(place)
    }

    fn close_pack(&mut self) -> Result<()> {
        let pack = std::mem::take(&mut self.pack);
        self.write(format!("pack-{:05}.cbor", self.files.len()), &pack)?;
        self.pack = pack;
        self.pack.clear();
        Ok(())
    }

    fn write(&mut self, name: String, bytes: &[u8]) -> Result<()> {
        let models = std::mem::take(&mut self.pending);
        self.staging.write(&name, bytes, models)?;
        self.files.push(name);
        Ok(())
    }

    /// Makes the generation the current one, and returns what the manifest says of it.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where something cannot be written; then the store is as it was before.
    pub fn commit(mut self, run: Run) -> Result<Generation> {
        if !self.pack.is_empty() {
            self.close_pack()?;
        }
        let entities_file = self.write_entities()?;
        sync_directory(&self.staging.path)?;

        let number = next_number(self.manifest.as_ref());
        let name = directory_name(number);
        let target = self.directory.join(&name);
        let generation = self.generation(number, name, run, entities_file);
        let mut manifest = self.manifest.take().unwrap_or(Manifest {
            format_version: FORMAT_VERSION,
            current: number,
            generations: Vec::new(),
        });
        manifest.current = number;
        manifest.generations.push(generation.clone());
        // All that needs room on the disk comes before the renames, which need none.
        let prepared = prepare_manifest(&self.directory, &manifest)?;
        fs::rename(&self.staging.path, &target).map_err(Error::io(&target))?;
        sync_directory(&self.directory)?;
        replace_manifest(&self.directory, &prepared)?;
        self.staging.clear(&target);
        self.committed = true;
        Ok(generation)
    }

    fn generation(
        &self,
        number: u64,
        directory: String,
        run: Run,
        entities_file: FileDigest,
    ) -> Generation {
        let (mut rows, mut trained, mut skipped, mut failed) = (0, 0, 0, 0);
        let (mut correct, mut weight) = (0.0, 0.0);
        for Entry { outcome, .. } in &self.entities {
            rows += outcome.rows as u64;
            match &outcome.status {
                Status::Trained(model) => {
                    trained += 1;
                    correct += model.training_accuracy * outcome.rows as f64;
                    weight += outcome.rows as f64;
                }
                Status::Skipped => skipped += 1,
                Status::Failed(_) => failed += 1,
            }
        }
        Generation {
            number,
            directory,
            created: chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            program: concat!("per-entity ", env!("CARGO_PKG_VERSION")).into(),
            run,
            rows,
            entities: self.entities.len() as u64,
            trained,
            skipped,
            failed,
            training_accuracy: (weight > 0.0).then(|| correct / weight),
            model_bytes: self.model_bytes,
            entities_file,
            pooled: self.pooled.clone(),
        }
    }

    fn write_entities(&self) -> Result<FileDigest> {
        let mut bytes = Vec::new();
        self.encode_entities(&mut bytes)
            .map_err(Error::polars("cannot make the table of entities"))?;
        write_synced(&self.staging.path.join(ENTITIES), &bytes)?;
        Ok(FileDigest {
            name: ENTITIES.into(),
            length: bytes.len() as u64,
            digest: blake3::hash(&bytes).to_hex().to_string(),
        })
    }

    /// The table of entities in Parquet, made a row group at a time, for there may be millions.
    fn encode_entities(&self, bytes: &mut Vec<u8>) -> PolarsResult<()> {
        let is_contest = self
            .entities
            .iter()
            .any(|entry| entry.contested().is_some());
        let schema = self.entities_frame(&[], is_contest)?;
        let mut writer = ParquetWriter::new(bytes).batched(schema.schema())?;
        for entries in self.entities.chunks(ENTITIES_ROW_GROUP) {
            writer.write_batch(&self.entities_frame(entries, is_contest)?)?;
        }
        writer.finish().map(|_| ())
    }

    fn entities_frame(&self, entries: &[Entry], is_contest: bool) -> PolarsResult<DataFrame> {
        fn column<'a, T>(entries: &'a [Entry], value: impl Fn(&'a Entry) -> T) -> Vec<T> {
            entries.iter().map(value).collect()
        }
        fn trained<'a, T>(
            entries: &'a [Entry],
            value: impl Fn(&'a Trained) -> T,
        ) -> Vec<Option<T>> {
            column(entries, |entry| match &entry.outcome.status {
                Status::Trained(trained) => Some(value(trained)),
                _ => None,
            })
        }
        fn placed<'a, T>(entries: &'a [Entry], value: impl Fn(&'a Place) -> T) -> Vec<Option<T>> {
            column(entries, |entry| entry.place.as_ref().map(&value))
        }
        df!(
            "key" => column(entries, |entry| entry.outcome.key.as_str()),
            "status" => column(entries, |entry| entry.outcome.status.name()),
            "error" => column(entries, |entry| entry.error()),
            "rows" => column(entries, |entry| entry.outcome.rows as u64),
            "classes" => trained(entries, |trained| trained.classes as u32),
            "nodes" => trained(entries, |trained| trained.nodes as u32),
            "depth" => trained(entries, |trained| trained.depth as u32),
            "training_accuracy" => trained(entries, |trained| trained.training_accuracy),
            "file" => placed(entries, |place| self.files[place.file].as_str()),
            "offset" => placed(entries, |place| place.offset),
            "length" => placed(entries, |place| place.length),
            "digest" => placed(entries, |place| place.digest.as_bytes().as_slice()),
            "fingerprint" => trained(entries, |trained| trained.fingerprint.as_slice()),
        )
        .and_then(|frame| frame.hstack(&holdout_columns(entries)))
        .and_then(|frame| match is_contest {
            true => frame.hstack(&contest_columns(entries)),
            false => Ok(frame),
        })
    }
}

impl Writer {
    /// Gives up the generation: nothing of it is left.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where what was written cannot be removed.
    pub fn discard(mut self) -> Result<()> {
        self.pack.clear();
        self.staging.models = 0;
        remove_directory(&self.staging.path)
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
        if self.staging.models > 0 {
            log::warn!(
                "{}: {} finished models are kept; the same command takes them over",
                self.staging.path.display(),
                self.staging.models
            );
            return;
        }
        let _ = remove_directory(&self.staging.path);
        if self.created {
            let _ = fs::remove_file(self.directory.join(LOCK));
            let _ = fs::remove_dir(&self.directory);
        }
    }
}

impl Entry {
    fn contested(&self) -> Option<&Contested> {
        match &self.outcome.status {
            Status::Trained(trained) => trained.contested.as_deref(),
            _ => None,
        }
    }

    /// Why there is no model, or no new one.
    fn error(&self) -> Option<&str> {
        let contested = self
            .contested()
            .and_then(|contested| contested.error.as_deref());
        self.outcome.status.error().or(contested)
    }
}

/// Which of two models won, and how both did.
fn contest_columns(entries: &[Entry]) -> Vec<Column> {
    let contested = || entries.iter().map(Entry::contested);
    let score = |name: &str, score: fn(&Contested) -> Option<f64>| {
        let scores = contested().map(|contested| contested.and_then(score));
        Column::new(name.into(), scores.collect::<Vec<_>>())
    };
    let winner = contested().map(|contested| Some(contested?.winner?.name()));
    vec![
        Column::new("winner".into(), winner.collect::<Vec<_>>()),
        score("champion_score", |contested| contested.champion_score),
        score("challenger_score", |contested| contested.challenger_score),
    ]
}

/// The figures on the rows held out; null where none were.
fn holdout_columns(entries: &[Entry]) -> Vec<Column> {
    let metrics = |entry: &Entry| match &entry.outcome.status {
        Status::Trained(trained) => trained.held_out.as_ref().map(|h| h.metrics.clone()),
        _ => None,
    };
    let metrics: Vec<Option<Metrics>> = entries.iter().map(metrics).collect();
    let column = |name: &str, score: fn(&Metrics) -> Option<f64>| {
        let scores = metrics
            .iter()
            .map(|metrics| metrics.as_ref().and_then(score));
        Column::new(name.into(), scores.collect::<Vec<_>>())
    };
    let rows = metrics
        .iter()
        .map(|metrics| metrics.as_ref().map(|m| m.rows));
    vec![
        Column::new("holdout_rows".into(), rows.collect::<Vec<_>>()),
        column("accuracy", |metrics| metrics.accuracy),
        column("balanced_accuracy", |metrics| metrics.balanced_accuracy),
        column("precision", |metrics| metrics.precision),
        column("recall", |metrics| metrics.recall),
        column("f1", |metrics| metrics.f1),
        column("roc_auc", |metrics| metrics.roc_auc),
        column("log_loss", |metrics| metrics.log_loss),
        column("brier_score", |metrics| metrics.brier_score),
    ]
}

/// Rows of the table of entities that are read together when one key is looked up.
const ENTITIES_ROW_GROUP: usize = 1 << 15;

fn check_directory(directory: &Path) -> Result<()> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Error::io(directory)(error)),
    };
    let mut foreign = false;
    for entry in entries {
        let name = entry.map_err(Error::io(directory))?.file_name();
        if name == MANIFEST {
            return Ok(());
        }
        foreign |= name != LOCK
            && !name.to_string_lossy().starts_with(STAGING)
            && name != TEMPORARY_MANIFEST;
    }
    if foreign {
        return Err(Error::NotAStore {
            path: directory.to_path_buf(),
        });
    }
    Ok(())
}

fn sync_directory(path: &Path) -> Result<()> {
    File::open(path)
        .and_then(|directory| directory.sync_all())
        .map_err(Error::io(path))
}

/// The number of the generation to come; numbers are never given twice.
fn next_number(manifest: Option<&Manifest>) -> u64 {
    let generations = manifest.map_or(&[][..], |manifest| &manifest.generations);
    1 + generations
        .iter()
        .map(|generation| generation.number)
        .max()
        .unwrap_or(0)
}

fn directory_name(number: u64) -> String {
    format!("gen-{number:06}")
}

/// Writes a manifest beside the one that is valid.
fn prepare_manifest(directory: &Path, manifest: &Manifest) -> Result<PathBuf> {
    let path = directory.join(TEMPORARY_MANIFEST);
    let text = serde_json::to_string_pretty(manifest)
        .map_err(|error| Error::bad_store(&path, error.to_string()))?;
    write_synced(&path, text.as_bytes())?;
    Ok(path)
}

/// Replaces the manifest: whoever reads sees the old one or the new one.
fn replace_manifest(directory: &Path, prepared: &Path) -> Result<()> {
    let path = directory.join(MANIFEST);
    fs::rename(prepared, &path).map_err(Error::io(&path))?;
    sync_directory(directory)
}

/// Writes a manifest and makes it the valid one.
pub(super) fn write_manifest(directory: &Path, manifest: &Manifest) -> Result<()> {
    let prepared = prepare_manifest(directory, manifest)?;
    replace_manifest(directory, &prepared)
}

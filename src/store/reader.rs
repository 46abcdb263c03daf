//! Reads a store: the current generation, its table of entities, and single models.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use polars::prelude::*;
use rayon::prelude::*;

use super::Manifest;
use super::manifest::{Generation, is_plain_name};
use crate::train::Outcome;
use crate::{Error, Model, Result, guarded};

/// The current generation of a store, as it was when the store was opened.
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
    directory: PathBuf,
    manifest: Manifest,
    generation: Generation,
}

/// What a store notes about one entity.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityRecord {
    /// The key.
    pub key: String,
    /// `trained`, `skipped` or `failed`.
    pub status: String,
    /// Why training failed.
    pub error: Option<String>,
    /// Number of rows.
    pub rows: u64,
    /// Number of classes, where there is a model.
    pub classes: Option<u32>,
    /// Number of nodes, where there is a model.
    pub nodes: Option<u32>,
    /// Depth of the tree, where there is a model.
    pub depth: Option<u32>,
    /// Accuracy on the training rows, where there is a model.
    pub training_accuracy: Option<f64>,
    /// Number of rows held out, where some were and there is a model.
    pub holdout_rows: Option<u64>,
    /// Accuracy on the rows held out.
    pub accuracy: Option<f64>,
    /// The digest of the trainer and of all that it was given, where there is a model.
    pub fingerprint: Option<Vec<u8>>,
    /// Where the model lies.
    pub(super) place: Option<Place>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Place {
    pub file: String,
    pub offset: u64,
    pub length: u32,
    pub digest: Vec<u8>,
}

impl EntityRecord {
    /// Bytes of the model; 0 where there is none.
    pub fn model_bytes(&self) -> u64 {
        self.place.as_ref().map_or(0, |place| place.length.into())
    }

    /// The file of the model, in the generation's directory.
    pub fn file(&self) -> Option<&str> {
        self.place.as_ref().map(|place| place.file.as_str())
    }

    /// The file of the model and where in it the model begins.
    pub(crate) fn place(&self) -> Option<(&str, u64)> {
        let place = self.place.as_ref()?;
        Some((place.file.as_str(), place.offset))
    }

    /// Whether the model of the next record lies right behind this one's.
    fn adjoins(&self, next: &Self) -> bool {
        let end = self
            .place()
            .map(|(file, offset)| (file, offset.checked_add(self.model_bytes())));
        end == next.place().map(|(file, offset)| (file, Some(offset)))
    }

    /// Why there is no model, where there is none.
    pub(crate) fn why_untrained(&self) -> &str {
        let skipped = "it was skipped, for too few rows";
        self.error.as_deref().unwrap_or(skipped)
    }
}

impl Store {
    /// Opens the store in a directory.
    ///
    /// # Errors
    ///
    /// [`Error::BadStore`] for a directory without a manifest or with a damaged one,
    /// [`Error::NewerFormat`] for a store of a newer version, [`Error::Io`].
    pub fn open(directory: impl AsRef<Path>) -> Result<Self> {
        let directory = directory.as_ref().to_path_buf();
        let manifest = Manifest::read(&directory)?.ok_or_else(|| {
            Error::bad_store(
                &directory,
                "no store here (no manifest.json); train one first",
            )
        })?;
        let current = manifest.current;
        Self::at(directory, manifest, current)
    }

    /// Opens an earlier generation of the store in a directory.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open), and [`Error::BadStore`] for a generation that there is not.
    pub fn open_generation(directory: impl AsRef<Path>, number: u64) -> Result<Self> {
        let store = Self::open(directory)?;
        Self::at(store.directory, store.manifest, number)
    }

    pub(super) fn at(directory: PathBuf, manifest: Manifest, number: u64) -> Result<Self> {
        let generation = manifest.generation(number).cloned().ok_or_else(|| {
            let problem = format!("has no generation {number}; `per-entity history` lists them");
            Error::bad_store(&directory, problem)
        })?;
        let store = Self {
            directory,
            manifest,
            generation,
        };
        let path = store.path();
        if !std::fs::symlink_metadata(&path)
            .map_err(Error::io(&path))?
            .is_dir()
        {
            return Err(Error::bad_store(&path, "is not a directory"));
        }
        let table = path.join(&store.generation.entities_file.name);
        let length = regular_file(&table)?.len();
        if length != store.generation.entities_file.length {
            let problem = format!(
                "has {length} bytes instead of {}; go back with `per-entity rollback`, or train again",
                store.generation.entities_file.length
            );
            return Err(Error::bad_store(&table, problem));
        }
        Ok(store)
    }

    /// The manifest.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The current generation.
    pub fn generation(&self) -> &Generation {
        &self.generation
    }

    /// The directory of the current generation.
    pub fn path(&self) -> PathBuf {
        self.directory.join(&self.generation.directory)
    }

    /// The table of entities, one row each, sorted as their keys are.
    ///
    /// # Errors
    ///
    /// [`Error::BadStore`] where the file is missing, [`Error::Polars`].
    pub fn entities(&self) -> Result<LazyFrame> {
        let path = self.path().join(&self.generation.entities_file.name);
        regular_file(&path)?;
        LazyFrame::scan_parquet(
            PlRefPath::new(path.to_string_lossy()),
            ScanArgsParquet {
                glob: false,
                ..ScanArgsParquet::default()
            },
        )
        .map_err(|error| Error::bad_store(&path, error.to_string()))
    }

    /// What the store notes about all entities.
    ///
    /// # Errors
    ///
    /// [`Error::BadStore`] for a table that cannot be read.
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
        let table = self.read_table(None)?;
        self.guard(|| Index::new(table))
    }

    fn read(&self, wanted: Option<Expr>) -> Result<Vec<EntityRecord>> {
        let table = self.read_table(wanted)?;
        self.guard(|| records(&table))
    }

    fn guard<T>(&self, read: impl FnOnce() -> PolarsResult<T>) -> Result<T> {
        let path = self.path().join(&self.generation.entities_file.name);
        guarded(read).map_err(|error| {
            let problem =
                format!("is damaged ({error}); go back with `per-entity rollback`, or train again");
            Error::bad_store(&path, problem)
        })
    }

    fn read_table(&self, wanted: Option<Expr>) -> Result<DataFrame> {
        let expected = &self.generation.entities_file;
        let path = self.path().join(&expected.name);
        regular_file(&path)?;
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        if blake3::hash(&bytes).to_hex().as_str() != expected.digest {
            return Err(Error::bad_store(
                &path,
                "its digest does not match; go back with `per-entity rollback`, or train again",
            ));
        }
        self.guard(|| table_in(bytes, wanted))
    }

    /// The model of all entities together, its digest checked; nothing where none was trained.
    ///
    /// # Errors
    ///
    /// [`Error::BadStore`] for a model that is damaged, [`Error::Io`].
    pub fn pooled(&self) -> Result<Option<Model>> {
        let Some(file) = &self.generation.pooled else {
            return Ok(None);
        };
        let path = self.path().join(&file.name);
        regular_file(&path)?;
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        if blake3::hash(&bytes).to_hex().as_str() != file.digest {
            let problem = "the pooled model's digest does not match; train again";
            return Err(Error::bad_store(&path, problem));
        }
        Model::decode(&bytes)
            .map(Some)
            .map_err(|error| Error::bad_store(&path, error.to_string()))
    }

    /// What the store notes about one entity.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEntity`], and as [`records`](Self::records).
    pub fn record(&self, key: &str) -> Result<EntityRecord> {
        let frame = self.entities()?.filter(col("key").eq(lit(key)));
        self.guard(|| frame.collect().and_then(|frame| records(&frame)))?
            .pop()
            .ok_or_else(|| Error::UnknownEntity { key: key.into() })
    }

    /// The model of one entity, its digest checked.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownEntity`], [`Error::NoModel`] for an entity that was skipped or failed,
    /// [`Error::BadStore`] for a model that is damaged.
    pub fn model(&self, key: &str) -> Result<Model> {
        self.model_of(&self.record(key)?)
    }

    /// The model that a record tells of.
    ///
    /// # Errors
    ///
    /// [`Error::NoModel`] and [`Error::BadStore`] as [`model`](Self::model).
    pub fn model_of(&self, record: &EntityRecord) -> Result<Model> {
        self.decode(record, &self.read_model(record)?)
    }

    /// The models that some records tell of, in their order. Models that lie side by side in one
    /// file are read together, so records are best sorted by their places.
    pub(crate) fn models_of(&self, records: &[&EntityRecord]) -> Vec<Result<Model>> {
        self.read_together(records, |record, bytes| self.decode(record, bytes))
    }

    /// What some records tell of, in their order, to be put into another generation as it is.
    ///
    /// # Errors
    ///
    /// [`Error::BadStore`] for a model that is damaged.
    pub fn outcomes<'a>(
        &'a self,
        records: &'a [EntityRecord],
    ) -> impl Iterator<Item = Result<Outcome>> + Send + 'a {
        records.chunks(OUTCOMES_TOGETHER).flat_map(|records| {
            let records: Vec<&EntityRecord> = records.iter().collect();
            self.read_together(&records, |record, bytes| {
                if record.place.is_some() {
                    self.check_digest(record, bytes)?;
                }
                Ok(record.outcome(bytes))
            })
        })
    }

    /// What `make` makes of the bytes of models, which are none where a record tells of no model.
    fn read_together<T: Send>(
        &self,
        records: &[&EntityRecord],
        make: impl Fn(&EntityRecord, &[u8]) -> Result<T> + Sync,
    ) -> Vec<Result<T>> {
        let mut bytes = 0;
        let runs: Vec<&[&EntityRecord]> = records
            .chunk_by(|a, b| {
                bytes += a.model_bytes();
                let together = bytes < READ_TOGETHER && a.adjoins(b);
                if !together {
                    bytes = 0;
                }
                together
            })
            .collect();
        runs.par_iter()
            .flat_map_iter(|run| self.read_run(run, &make))
            .collect()
    }

    /// The same for records whose models adjoin, or for a single one.
    fn read_run<T>(
        &self,
        run: &[&EntityRecord],
        make: impl Fn(&EntityRecord, &[u8]) -> Result<T>,
    ) -> Vec<Result<T>> {
        let length = run.iter().map(|record| record.model_bytes()).sum();
        let bytes = match run.first().and_then(|record| record.place()) {
            Some((file, offset)) => self.read_file(file, offset, length),
            None => Ok(Vec::new()),
        };
        let Ok(bytes) = bytes else {
            return run
                .iter()
                .map(|record| make(record, &self.read_model(record)?))
                .collect();
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
            return Err(Error::NoModel {
                key: record.key.clone(),
                reason: record.why_untrained().to_owned(),
            });
        };
        self.read_file(&place.file, place.offset, place.length.into())
            .map_err(|error| match error {
                Error::BadStore { problem, .. } => self.damaged(record, &problem),
                other => other,
            })
    }

    fn check_digest(&self, record: &EntityRecord, bytes: &[u8]) -> Result<()> {
        let expected = record.place.as_ref().map(|place| place.digest.as_slice());
        if expected == Some(blake3::hash(bytes).as_bytes()) {
            return Ok(());
        }
        Err(self.damaged(record, "its digest does not match; train again"))
    }

    fn decode(&self, record: &EntityRecord, bytes: &[u8]) -> Result<Model> {
        self.check_digest(record, bytes)?;
        let model =
            Model::decode(bytes).map_err(|error| self.damaged(record, &error.to_string()))?;
        if model.key() != record.key {
            return Err(self.damaged(record, "it is the model of another entity"));
        }
        Ok(model)
    }

    fn damaged(&self, record: &EntityRecord, problem: &str) -> Error {
        let file = record.file().unwrap_or_default();
        let problem = format!("model of entity '{}': {problem}", record.key);
        Error::bad_store(self.path().join(file), problem)
    }

    /// A part of one of the generation's files of models.
    fn read_file(&self, name: &str, offset: u64, length: u64) -> Result<Vec<u8>> {
        if !is_plain_name(name) {
            let problem = format!("'{name}' is not a plain file name");
            return Err(Error::bad_store(self.path(), problem));
        }
        let path = self.path().join(name);
        regular_file(&path)?;
        let mut file = File::open(&path).map_err(Error::io(&path))?;
        let size = file.metadata().map_err(Error::io(&path))?.len();
        if offset.checked_add(length).is_none_or(|end| end > size) {
            return Err(Error::bad_store(&path, "the file is too short"));
        }
        let mut bytes = vec![0; length as usize];
        file.seek(SeekFrom::Start(offset))
            .and_then(|_| file.read_exact(&mut bytes))
            .map_err(Error::io(&path))?;
        Ok(bytes)
    }
}

/// Models that are taken into another generation at a time.
const OUTCOMES_TOGETHER: usize = 1 << 14;

/// Bytes of models that are read at a time.
const READ_TOGETHER: u64 = 1 << 20;

/// The records of a store, to be found by their keys.
pub(crate) struct Index {
    table: DataFrame,
    /// The table's rows in the order of their keys.
    sorted: Vec<u32>,
}

impl Index {
    fn new(table: DataFrame) -> PolarsResult<Self> {
        let keys = table.column("key")?.str()?;
        let mut sorted: Vec<u32> = (0..table.height() as u32).collect();
        sorted.sort_unstable_by_key(|&row| keys.get(row as usize));
        Ok(Self { table, sorted })
    }

    /// What the store notes about those of the keys that it has.
    pub fn records_of(&self, keys: &[&str]) -> PolarsResult<Vec<EntityRecord>> {
        let of_row = self.table.column("key")?.str()?;
        let rows = keys.iter().filter_map(|key| {
            let by_key = |row: &u32| of_row.get(*row as usize).cmp(&Some(key));
            let found = self.sorted.binary_search_by(by_key).ok()?;
            Some(self.sorted[found])
        });
        let rows = IdxCa::from_vec("rows".into(), rows.collect());
        records(&self.table.take(&rows)?)
    }
}

/// The table of entities in these bytes, whatever they are.
fn table_in(bytes: Vec<u8>, wanted: Option<Expr>) -> PolarsResult<DataFrame> {
    let source = ScanSources::Buffers([bytes.into()].into_iter().collect());
    let mut arguments = ScanArgsParquet::default();
    // There is no path to take columns from.
    arguments.hive_options.enabled = Some(false);
    let mut frame = LazyFrame::scan_parquet_sources(source, arguments)?;
    if let Some(wanted) = wanted {
        frame = frame.filter(wanted);
    }
    let table = frame.collect_with_engine(Engine::Streaming)?;
    Ok(table.unwrap_single())
}

/// Refuses what is not a regular file: a link could lead out of the store.
pub(super) fn regular_file(path: &Path) -> Result<std::fs::Metadata> {
    let metadata = std::fs::symlink_metadata(path).map_err(Error::io(path))?;
    if metadata.is_file() {
        Ok(metadata)
    } else {
        Err(Error::bad_store(path, "is not a regular file"))
    }
}

fn records(frame: &DataFrame) -> PolarsResult<Vec<EntityRecord>> {
    let key = frame.column("key")?.str()?;
    let status = frame.column("status")?.str()?;
    let error = frame.column("error")?.str()?;
    let rows = frame.column("rows")?.u64()?;
    let classes = frame.column("classes")?.u32()?;
    let nodes = frame.column("nodes")?.u32()?;
    let depth = frame.column("depth")?.u32()?;
    let accuracy = frame.column("training_accuracy")?.f64()?;
    // A store that is older than these columns has none of them.
    let holdout_rows = frame.column("holdout_rows").ok().map(|column| column.u64());
    let holdout_rows = holdout_rows.transpose()?;
    let holdout_accuracy = frame.column("accuracy").ok().map(|column| column.f64());
    let holdout_accuracy = holdout_accuracy.transpose()?;
    let file = frame.column("file")?.str()?;
    let offset = frame.column("offset")?.u64()?;
    let length = frame.column("length")?.u32()?;
    let digest = frame.column("digest")?.binary()?;
    let fingerprint = frame.column("fingerprint")?.binary()?;
    Ok((0..frame.height())
        .map(|row| EntityRecord {
            key: key.get(row).unwrap_or_default().to_owned(),
            status: status.get(row).unwrap_or_default().to_owned(),
            error: error.get(row).map(str::to_owned),
            rows: rows.get(row).unwrap_or_default(),
            classes: classes.get(row),
            nodes: nodes.get(row),
            depth: depth.get(row),
            training_accuracy: accuracy.get(row),
            holdout_rows: holdout_rows.and_then(|rows| rows.get(row)),
            accuracy: holdout_accuracy.and_then(|accuracy| accuracy.get(row)),
            fingerprint: fingerprint.get(row).map(<[u8]>::to_vec),
            place: file.get(row).map(|file| Place {
                file: file.to_owned(),
                offset: offset.get(row).unwrap_or_default(),
                length: length.get(row).unwrap_or_default(),
                digest: digest.get(row).unwrap_or_default().to_vec(),
            }),
        })
        .collect())
}

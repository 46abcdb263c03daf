//! Rows that do not fit into memory: written to files by ranges of keys, and read one range at a
//! time.
//!
//! The rows of each key are counted first, incomplete ones too. Keys in their order then fill
//! *buckets*, so many that the rows of each fit, and the rows are written bucket by bucket in the
//! order of the input. So entities come in the same order with the same rows as in one table, and
//! give the same models.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

use super::key::key_text;
use super::partition::{BATCH_ROWS, count, rows_before_filter};
use super::sieve::Sieve;
use super::{DatasetSpec, LeftOut, Query, Source, Table};
use crate::schema::FeatureKind;
use crate::{Error, Result, guarded};

/// How many rows may be in memory at once, and where the others go: files in a directory that is
/// made, and removed in the end.
#[derive(Clone, Debug)]
pub struct MemoryLimit {
    size: Size,
    directory: PathBuf,
}

#[derive(Clone, Copy, Debug)]
enum Size {
    Bytes(u64),
    Rows(u64),
}

/// What reading and writing take beside the rows themselves.
const RESERVED: u64 = 512 << 20;

/// The least that a limit must leave for rows.
const LEAST: u64 = 128 << 20;

/// Rows that wait to be written, in all buckets together.
const ROWS_WAITING: usize = 1 << 18;

impl MemoryLimit {
    /// A limit of so many bytes for the whole process, some 512 MiB of which are for reading and
    /// writing. What a row takes is reckoned from the query's columns.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] for fewer bytes than any run needs.
    pub fn new(bytes: u64, directory: PathBuf) -> Result<Self> {
        if bytes < RESERVED + LEAST {
            let least = (RESERVED + LEAST) >> 20;
            return Err(Error::Spec(format!(
                "a memory limit of {} MiB is too little to read anything; give {least} MiB or more",
                bytes >> 20
            )));
        }
        Ok(Self {
            size: Size::Bytes(bytes),
            directory,
        })
    }

    /// A limit of so many rows in a table, whatever memory they take.
    pub fn of_rows(rows: u64, directory: PathBuf) -> Self {
        Self {
            size: Size::Rows(rows),
            directory,
        }
    }

    /// Whether the rows of a query may be too many for one table.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where they cannot be counted.
    pub fn is_exceeded(&self, source: &Source, query: &Query) -> Result<bool> {
        let rows = match source.known_rows() {
            Some(rows) => rows,
            None => count(&query.frame.clone().select([len()]))?,
        };
        Ok(rows > self.rows(query))
    }

    /// Rows that fit into one table while there are so many entities in all.
    fn rows_beside(&self, entities: u64, query: &Query) -> u64 {
        match self.size {
            Size::Bytes(bytes) => {
                let left = (bytes - RESERVED).saturating_sub(entities * ENTITY);
                left.max(LEAST) / bytes_per_row(query)
            }
            Size::Rows(rows) => rows,
        }
    }

    /// Rows that fit into one table.
    fn rows(&self, query: &Query) -> u64 {
        match self.size {
            Size::Bytes(bytes) => (bytes - RESERVED) / bytes_per_row(query),
            Size::Rows(rows) => rows,
        }
    }
}

/// What an entity takes beside its rows: its key, and what is noted about its model.
const ENTITY: u64 = 300;

/// What a row takes at most in a table and while the table is sorted.
fn bytes_per_row(query: &Query) -> u64 {
    let feature = |kind| match kind {
        FeatureKind::Numeric => 8,
        FeatureKind::Categorical => 4,
    };
    let features: u64 = query.features.iter().map(|f| feature(f.kind)).sum();
    let weight = 8 * u64::from(query.weight.is_some());
    let discrete = 12 * (query.key.len() as u64 + 1);
    discrete + weight + features + 4 * query.carried as u64
}

/// A key and its rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpilledKey {
    /// The key, as a table has it.
    pub key: String,
    /// Its rows, without those left out.
    pub rows: u64,
    /// The bytes that its rows would take, where these are too many even for a table of their own.
    pub too_large: Option<u64>,
    bucket: usize,
}

/// Rows in files, by ranges of keys. The files are removed when this is dropped.
pub struct Spilled {
    directory: PathBuf,
    query: Query,
    keys: Vec<SpilledKey>,
    buckets: usize,
    classes: Arc<[String]>,
    left_out: LeftOut,
    rows_read: u64,
}

impl Spilled {
    /// Writes the rows of a query of a source to files.
    ///
    /// # Errors
    ///
    /// As [`Table::load`], and [`Error::Io`] where files cannot be written.
    pub fn write(
        source: &Source,
        query: &Query,
        spec: &DatasetSpec,
        limit: &MemoryLimit,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Self> {
        let directory = &limit.directory;
        std::fs::create_dir_all(directory).map_err(Error::io(directory))?;
        let mut spilled = Self {
            directory: directory.clone(),
            query: query.clone(),
            keys: Vec::new(),
            buckets: 0,
            classes: Arc::default(),
            left_out: LeftOut::default(),
            rows_read: 0,
        };
        let written = spilled.fill(source, limit, interrupt);
        written.map_err(|error| source.locate(error, &query.numeric_columns(), spec))?;
        if spilled.rows() == 0 {
            return Err(Error::NoRows(spilled.left_out.describe()));
        }
        Ok(spilled)
    }

    fn fill(
        &mut self,
        source: &Source,
        limit: &MemoryLimit,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<()> {
        let mut plan = Plan::new(&self.query, limit)?;
        self.buckets = plan.buckets;
        let schema = text_schema(&self.query)?;
        let files = (0..plan.buckets)
            .map(|bucket| BucketFile::create(&bucket_path(&self.directory, bucket), &schema))
            .collect::<Result<Vec<_>>>()?;
        let keys = std::mem::take(&mut plan.keys);
        let spiller = Arc::new(Mutex::new(Spiller {
            sieve: Sieve::new(&self.query),
            plan,
            keys,
            classes: PlHashSet::new(),
            files,
            texts: schema.clone(),
            interrupt: interrupt.clone(),
        }));
        let sink = spiller.clone();
        let take = move |batch: DataFrame| {
            let mut spiller = sink
                .lock()
                .map_err(|_| polars_err!(ComputeError: "a batch could not be taken in"))?;
            spiller.take(batch)
        };
        let frame = self.query.frame.clone();
        guarded(|| {
            frame
                .sink_batches(PlanCallback::new(take), true, BATCH_ROWS.try_into().ok())?
                .collect_with_engine(Engine::Streaming)
        })
        .map_err(Error::polars("cannot read the input"))?;
        if interrupt.load(Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let mut spiller = spiller
            .lock()
            .map_err(|_| Error::Spec("a batch could not be taken in".into()))?;
        for file in spiller.files.drain(..) {
            file.finish()
                .map_err(Error::polars("cannot write rows to a file"))?;
        }
        self.keys = std::mem::take(&mut spiller.keys);
        self.keys.retain(|key| key.rows > 0);
        let fitting = limit.rows_beside(self.keys.len() as u64, &self.query);
        for key in self.keys.iter_mut().filter(|key| key.rows > fitting) {
            key.too_large = Some(key.rows * bytes_per_row(&self.query));
        }
        let left_out = spiller.sieve.left_out;
        let passed = self.rows() + left_out.total();
        let ragged = source.ragged();
        let known = source.known_rows().map(|rows| rows - ragged);
        let rows = rows_before_filter(&self.query, known, passed)?;
        self.left_out = LeftOut {
            ragged,
            filter: rows - passed,
            ..left_out
        };
        self.rows_read = rows + ragged;
        let mut classes: Vec<String> = spiller.classes.drain().collect();
        let order = super::KeyOrder(vec![self.query.target.1]);
        classes.sort_by(|one, other| order.compare(one, other));
        self.classes = classes.into();
        Ok(())
    }

    /// The keys in their order.
    pub fn keys(&self) -> &[SpilledKey] {
        &self.keys
    }

    /// All classes of the target.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Number of rows, without those left out.
    pub fn rows(&self) -> u64 {
        self.keys.iter().map(|key| key.rows).sum()
    }

    /// Number of rows that the input has, those left out included.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Rows left out, by reason.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
    }

    /// The tables, one range of keys after another; keys that are too large are in none.
    ///
    /// # Errors
    ///
    /// Each item as [`Table::collect`].
    pub fn tables<'a>(
        &'a self,
        interrupt: &'a Arc<AtomicBool>,
    ) -> impl Iterator<Item = Result<Table>> + 'a {
        let mut buckets: Vec<usize> = self
            .keys
            .iter()
            .filter(|key| key.too_large.is_none())
            .map(|key| key.bucket)
            .collect();
        buckets.dedup();
        buckets.into_iter().map(move |bucket| {
            let query = self.bucket_query(bucket)?;
            let table = Table::run(&query, None, interrupt)?;
            Ok(table.among(&self.classes))
        })
    }

    /// Number of ranges of keys.
    pub fn buckets(&self) -> usize {
        self.buckets
    }

    /// The query for the rows of one file.
    fn bucket_query(&self, bucket: usize) -> Result<Query> {
        let path = bucket_path(&self.directory, bucket);
        let arguments = ScanArgsParquet {
            glob: false,
            ..ScanArgsParquet::default()
        };
        let failed = |error| Error::polars(format!("{}", path.display()))(error);
        let frame = LazyFrame::scan_parquet(PlRefPath::new(path.to_string_lossy()), arguments)
            .map_err(failed)?;
        let schema = text_schema(&self.query)?;
        let columns = schema.iter().map(|(name, dtype)| match dtype {
            // A dictionary of its own for each file, gone with its table.
            DataType::String => {
                let own = Categories::random(PlSmallStr::EMPTY, CategoricalPhysical::U32);
                col(name.clone()).strict_cast(DataType::from_categories(own))
            }
            _ => col(name.clone()),
        });
        Ok(Query {
            frame: frame.select(columns.collect::<Vec<_>>()),
            predicate: false,
            unfiltered: None,
            ..self.query.clone()
        })
    }
}

impl Drop for Spilled {
    fn drop(&mut self) {
        // What cannot be removed now is removed with the rest of an interrupted run.
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

fn bucket_path(directory: &Path, bucket: usize) -> PathBuf {
    directory.join(format!("rows-{bucket:05}.parquet"))
}

/// The columns of a query with text in the place of categories.
fn text_schema(query: &Query) -> Result<Schema> {
    let schema = query
        .frame
        .clone()
        .collect_schema()
        .map_err(Error::polars("cannot read the schema"))?;
    let fields = schema.iter().map(|(name, dtype)| {
        let dtype = match dtype {
            DataType::Categorical(..) => DataType::String,
            other => other.clone(),
        };
        Field::new(name.clone(), dtype)
    });
    Ok(fields.collect())
}

/// Which bucket the rows of each key go to.
struct Plan {
    /// By the physical values of the key's columns: the position of the key.
    positions: Positions,
    /// In their order.
    keys: Vec<SpilledKey>,
    buckets: usize,
    key_columns: usize,
}

impl Plan {
    /// Counts the rows of each key, and fills buckets with keys in their order.
    fn new(query: &Query, limit: &MemoryLimit) -> Result<Self> {
        let Counter {
            mut positions,
            mut keys,
        } = Counter::count(query)?;
        let order = query.key_order();
        let mut sorted: Vec<u32> = (0..keys.len() as u32).collect();
        let key = |position: u32| keys[position as usize].0.as_str();
        sorted.sort_by(|&one, &other| order.compare(key(one), key(other)));

        let together = limit.rows_beside(keys.len() as u64, query) / 2;
        let (mut buckets, mut filled) = (0, u64::MAX);
        let mut places = vec![0; keys.len()];
        let mut planned = Vec::with_capacity(keys.len());
        for position in sorted {
            let (key, rows) = std::mem::take(&mut keys[position as usize]);
            if filled.saturating_add(rows) > together {
                buckets += 1;
                filled = 0;
            }
            filled += rows;
            places[position as usize] = planned.len() as u32;
            planned.push(SpilledKey {
                key,
                rows: 0,
                too_large: None,
                bucket: buckets - 1,
            });
        }
        positions.replace(&places);
        Ok(Self {
            positions,
            keys: planned,
            buckets,
            key_columns: query.key.len(),
        })
    }
}

/// The positions of keys, by the physical values of their columns. There may be millions, most
/// often of one column.
enum Positions {
    Single(PlHashMap<i64, u32>),
    Composite(PlHashMap<Vec<i64>, u32>),
}

impl Positions {
    fn new(key_columns: usize) -> Self {
        match key_columns {
            1 => Self::Single(PlHashMap::new()),
            _ => Self::Composite(PlHashMap::new()),
        }
    }

    fn get(&self, key: &[i64]) -> Option<u32> {
        match self {
            Self::Single(positions) => positions.get(&key[0]).copied(),
            Self::Composite(positions) => positions.get(key).copied(),
        }
    }

    fn insert(&mut self, key: &[i64], position: u32) {
        match self {
            Self::Single(positions) => positions.insert(key[0], position),
            Self::Composite(positions) => positions.insert(key.to_vec(), position),
        };
    }

    /// Replaces each position by the place that is given for it.
    fn replace(&mut self, places: &[u32]) {
        let replace = |position: &mut u32| *position = places[*position as usize];
        match self {
            Self::Single(positions) => positions.values_mut().for_each(replace),
            Self::Composite(positions) => positions.values_mut().for_each(replace),
        }
    }
}

/// The keys without a null, in the order of their first rows, and the rows of each.
struct Counter {
    positions: Positions,
    keys: Vec<(String, u64)>,
}

impl Counter {
    fn new(key_columns: usize) -> Self {
        Self {
            positions: Positions::new(key_columns),
            keys: Vec::new(),
        }
    }

    fn count(query: &Query) -> Result<Self> {
        let names = query.key.iter().map(|(name, _)| col(name.as_str()));
        let keys = query.frame.clone().select(names.collect::<Vec<_>>());
        let counter = Arc::new(Mutex::new(Self::new(query.key.len())));
        let sink = counter.clone();
        let take = move |batch: DataFrame| {
            let mut counter = sink
                .lock()
                .map_err(|_| polars_err!(ComputeError: "a batch could not be counted"))?;
            counter.take(&batch).map(|()| false)
        };
        guarded(|| {
            keys.sink_batches(PlanCallback::new(take), true, BATCH_ROWS.try_into().ok())?
                .collect_with_engine(Engine::Streaming)
        })
        .map_err(Error::polars("cannot count the rows of each key"))?;
        let mut counter = counter
            .lock()
            .map_err(|_| Error::Spec("the rows of each key could not be counted".into()))?;
        Ok(std::mem::replace(&mut counter, Self::new(0)))
    }

    fn take(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let batch = batch.drop_nulls::<String>(None)?;
        let raw = batch
            .columns()
            .iter()
            .map(raw_values)
            .collect::<PolarsResult<Vec<_>>>()?;
        let mut new = Vec::new();
        let mut key = vec![0; raw.len()];
        for row in 0..batch.height() {
            for (value, raw) in key.iter_mut().zip(&raw) {
                *value = raw[row];
            }
            let next = self.keys.len();
            let position = match self.positions.get(&key) {
                Some(position) => position as usize,
                None => {
                    self.positions.insert(&key, next as u32);
                    self.keys.push(Default::default());
                    new.push(row as IdxSize);
                    next
                }
            };
            self.keys[position].1 += 1;
        }
        let first = self.keys.len() - new.len();
        let new = batch.take(&IdxCa::from_vec(PlSmallStr::EMPTY, new))?;
        for (key, text) in self.keys[first..].iter_mut().zip(key_texts(&new)?) {
            key.0 = text;
        }
        Ok(())
    }
}

/// The text of the key in each row.
fn key_texts(keys: &DataFrame) -> PolarsResult<Vec<String>> {
    let texts = keys
        .columns()
        .iter()
        .map(|column| column.cast(&DataType::String))
        .collect::<PolarsResult<Vec<Column>>>()?;
    let texts = texts
        .iter()
        .map(Column::str)
        .collect::<PolarsResult<Vec<_>>>()?;
    let values = |row: usize| {
        texts
            .iter()
            .map(move |text| text.get(row).unwrap_or_default())
    };
    let rows = 0..keys.height();
    Ok(match texts.as_slice() {
        [text] => rows
            .map(|row| text.get(row).unwrap_or_default().to_owned())
            .collect(),
        _ => rows.map(|row| key_text(values(row))).collect(),
    })
}

/// Whole numbers as they are, categories by their codes; any number for a null.
fn raw_values(column: &Column) -> PolarsResult<Vec<i64>> {
    let physical = column.to_physical_repr().cast(&DataType::Int64)?;
    let physical = physical.i64()?;
    Ok(physical
        .iter()
        .map(|value| value.unwrap_or_default())
        .collect())
}

/// Takes in batches and hands their rows to the files of their buckets.
struct Spiller {
    sieve: Sieve,
    plan: Plan,
    keys: Vec<SpilledKey>,
    classes: PlHashSet<String>,
    files: Vec<BucketFile>,
    texts: Schema,
    interrupt: Arc<AtomicBool>,
}

impl Spiller {
    /// Takes in one batch. Returns whether the query should stop.
    fn take(&mut self, batch: DataFrame) -> PolarsResult<bool> {
        if self.interrupt.load(Ordering::Relaxed) {
            return Ok(true);
        }
        let batch = self.sieve.keep(batch)?;
        if batch.height() == 0 {
            return Ok(false);
        }
        self.note_classes(&batch)?;
        let raw = batch.columns()[..self.plan.key_columns]
            .iter()
            .map(raw_values)
            .collect::<PolarsResult<Vec<_>>>()?;
        let mut rows_of: Vec<Vec<IdxSize>> = vec![Vec::new(); self.files.len()];
        let mut key = vec![0; raw.len()];
        for row in 0..batch.height() {
            for (value, raw) in key.iter_mut().zip(&raw) {
                *value = raw[row];
            }
            let position = self.plan.positions.get(&key).ok_or_else(
                || polars_err!(ComputeError: "a key came up that was not there when keys were counted; the input was changed meanwhile"),
            )?;
            let key = &mut self.keys[position as usize];
            key.rows += 1;
            rows_of[key.bucket].push(row as IdxSize);
        }
        let columns = batch.columns().iter().zip(self.texts.iter_values());
        let columns = columns.map(|(column, dtype)| column.cast(dtype));
        let batch = DataFrame::new(batch.height(), columns.collect::<PolarsResult<_>>()?)?;
        let row_group = ROWS_WAITING / self.files.len().max(1);
        for (file, rows) in self.files.iter_mut().zip(rows_of) {
            if !rows.is_empty() {
                file.take(
                    batch.take(&IdxCa::from_vec(PlSmallStr::EMPTY, rows))?,
                    row_group,
                )?;
            }
        }
        Ok(false)
    }

    fn note_classes(&mut self, batch: &DataFrame) -> PolarsResult<()> {
        let distinct = batch.columns()[self.plan.key_columns].unique()?;
        let distinct = distinct.cast(&DataType::String)?;
        for class in distinct.str()?.iter().flatten() {
            if !self.classes.contains(class) {
                self.classes.insert(class.to_owned());
            }
        }
        Ok(())
    }
}

/// The file of one bucket, and the rows that are yet to be written to it.
struct BucketFile {
    writer: BatchedWriter<File>,
    waiting: Option<DataFrame>,
}

impl BucketFile {
    fn create(path: &Path, schema: &Schema) -> Result<Self> {
        let file = File::create(path).map_err(Error::io(path))?;
        let writer = ParquetWriter::new(file)
            .with_compression(ParquetCompression::Lz4Raw)
            .with_statistics(StatisticsOptions::empty())
            .batched(schema)
            .map_err(Error::polars(format!("{}", path.display())))?;
        Ok(Self {
            writer,
            waiting: None,
        })
    }

    /// Takes rows, and writes them when there are `row_group`.
    fn take(&mut self, rows: DataFrame, row_group: usize) -> PolarsResult<()> {
        match &mut self.waiting {
            Some(waiting) => {
                waiting.vstack_mut(&rows)?;
            }
            None => self.waiting = Some(rows),
        }
        match &self.waiting {
            Some(waiting) if waiting.height() >= row_group => self.flush(),
            _ => Ok(()),
        }
    }

    fn flush(&mut self) -> PolarsResult<()> {
        match self.waiting.take() {
            Some(mut rows) => {
                rows.rechunk_mut();
                self.writer.write_batch(&rows)
            }
            None => Ok(()),
        }
    }

    fn finish(mut self) -> PolarsResult<()> {
        self.flush()?;
        self.writer.finish().map(|_| ())
    }
}

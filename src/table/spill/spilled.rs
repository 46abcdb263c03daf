//! Rows in files, by ranges of keys.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;

use super::bucket_file::BucketFile;
use super::memory_limit::MemoryLimit;
use super::plan::Plan;
use super::scratch::Scratch;
use super::scratch_file::ScratchFile;
use super::spilled_key::SpilledKey;
use super::spiller::Spiller;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::guard::guarded;
use crate::schema::{KeyOrder, KeyType, LeftOut, Task, TaskReason};
use crate::table::input::Input;
use crate::table::load::rows_before_filter;
use crate::table::memory_budget::bytes_per_row;
use crate::table::query::Query;
use crate::table::selection::as_own_categories;
use crate::table::stream::stream;
use crate::table::table::Table;

/// Rows in files, by ranges of keys. The files are removed when this is dropped.
pub struct Spilled {
    scratch: Arc<dyn Scratch>,
    query: Query,
    keys: Vec<SpilledKey>,
    files: Vec<ScratchFile>,
    classes: Arc<[String]>,
    task_reason: TaskReason,
    left_out: LeftOut,
    dropped: HashMap<String, u64>,
    rows_read: u64,
}

impl Spilled {
    /// Writes the rows of a query of an input to files.
    ///
    /// # Errors
    ///
    /// As [`Table::load`], and [`Error::Io`] where files cannot be written.
    pub fn write(
        input: &Input,
        query: &Query,
        limit: &MemoryLimit,
        cancel: &Cancel,
    ) -> Result<Self> {
        let spilled = Self::write_any(input, query, limit, cancel)?;
        match spilled.rows() {
            0 => Err(Error::NoRows(spilled.left_out.describe())),
            _ => Ok(spilled),
        }
    }

    /// As [`write`](Self::write), where nothing may be left.
    pub(crate) fn write_any(
        input: &Input,
        query: &Query,
        limit: &MemoryLimit,
        cancel: &Cancel,
    ) -> Result<Self> {
        limit.scratch.create()?;
        let mut spilled = Self {
            scratch: limit.scratch.clone(),
            query: query.clone(),
            keys: Vec::new(),
            files: Vec::new(),
            classes: Arc::default(),
            task_reason: TaskReason::Declared,
            left_out: LeftOut::default(),
            dropped: HashMap::new(),
            rows_read: 0,
        };
        let written = spilled.fill(input, limit, cancel);
        written.map_err(|error| input.locate(error, query))?;
        Ok(spilled)
    }

    fn fill(&mut self, input: &Input, limit: &MemoryLimit, cancel: &Cancel) -> Result<()> {
        let plan = Plan::new(&self.query, limit)?;
        let schema = text_schema(&self.query)?;
        let files = (0..plan.buckets)
            .map(|bucket| {
                let name = format!("rows-{bucket:05}.parquet");
                BucketFile::create(&self.scratch, name, &schema)
            })
            .collect::<Result<Vec<_>>>()?;
        let spiller = Spiller::new(&self.query, plan, files, schema, cancel.clone());
        let frame = self.query.frame.clone();
        let mut spiller = stream(frame, spiller, Spiller::take, &self.query.failure())?;
        cancel.check()?;
        for file in spiller.files.drain(..) {
            let written = file.finish();
            self.files
                .push(written.map_err(Error::polars("cannot write rows to a file"))?);
        }
        self.keep_account(input, limit, spiller)
    }

    /// Notes what was written and what was left out.
    fn keep_account(&mut self, input: &Input, limit: &MemoryLimit, spiller: Spiller) -> Result<()> {
        self.keys = spiller.keys;
        self.keys.retain(|key| key.rows > 0);
        let mut filter = spiller.filter;
        self.dropped = filter.dropped();
        let fitting = limit.rows_beside(self.keys.len() as u64, &self.query);
        for key in self.keys.iter_mut().filter(|key| key.rows > fitting) {
            key.too_large = Some(key.rows * bytes_per_row(&self.query));
        }
        let columns = filter.columns();
        let left_out = filter.left_out;
        let passed = self.rows() + left_out.total();
        let rows = rows_before_filter(&self.query, input.whole_rows(), passed)?;
        self.left_out = LeftOut {
            ragged: input.ragged(),
            filter: rows - passed,
            columns,
            ..left_out
        };
        self.rows_read = rows + input.ragged();
        let (task, task_reason) = spiller.choice.decide(&self.query)?;
        self.query.task = Some(task);
        self.task_reason = task_reason;
        let mut classes: Vec<String> = spiller.classes.into_iter().collect();
        let order = KeyOrder(vec![match self.query.has_numeric_target() {
            true => KeyType::Integer,
            false => KeyType::Text,
        }]);
        classes.sort_by(|one, other| order.compare(one, other));
        self.classes = classes.into();
        Ok(())
    }

    /// The keys in their order.
    pub fn keys(&self) -> &[SpilledKey] {
        &self.keys
    }

    /// Whether the target is classes or a quantity.
    pub fn task(&self) -> Task {
        self.query.task.unwrap_or_default()
    }

    /// Why the target is taken for that.
    pub fn task_reason(&self) -> &TaskReason {
        &self.task_reason
    }

    /// All classes of the target; none of a quantity.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The same rows with their targets among these classes, which have their own in the same order.
    #[must_use]
    pub(crate) fn among(mut self, classes: &Arc<[String]>) -> Self {
        self.classes = classes.clone();
        self
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
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Rows left out by the key that they have; rows without one aside.
    pub fn left_out_by_key(&self) -> &HashMap<String, u64> {
        &self.dropped
    }

    /// The tables, one range of keys after another; keys that are too large are in none.
    ///
    /// # Errors
    ///
    /// Each item as [`Table::load`].
    pub fn tables<'a>(&'a self, cancel: &'a Cancel) -> impl Iterator<Item = Result<Table>> + 'a {
        let mut buckets: Vec<usize> = self
            .keys
            .iter()
            .filter(|key| key.too_large.is_none())
            .map(|key| key.bucket)
            .collect();
        buckets.dedup();
        buckets.into_iter().map(move |bucket| {
            let query = self.bucket_query(bucket)?;
            let table = Table::run(&query, None, cancel)?;
            Ok(table.among(&self.classes))
        })
    }

    /// Number of ranges of keys.
    pub fn buckets(&self) -> usize {
        self.files.len()
    }

    /// The query for the rows of one file, which are those that were written.
    fn bucket_query(&self, bucket: usize) -> Result<Query> {
        let bytes = self.files[bucket].read(&*self.scratch)?;
        let source = ScanSources::Buffers([bytes.into()].into_iter().collect());
        let mut arguments = ScanArgsParquet::default();
        // There is no path to take columns from.
        arguments.hive_options.enabled = Some(false);
        let frame = LazyFrame::scan_parquet_sources(source, arguments)
            .map_err(Error::polars("cannot read the rows of a file"))?;
        let schema = text_schema(&self.query)?;
        let columns = schema.iter().map(|(name, dtype)| match dtype {
            // A dictionary of its own for each file, gone with its table.
            DataType::String => as_own_categories(col(name.clone())),
            _ => col(name.clone()),
        });
        Ok(Query {
            frame: frame.select(columns.collect::<Vec<_>>()),
            predicate: None,
            unfiltered: None,
            ..self.query.clone()
        })
    }
}

impl Drop for Spilled {
    fn drop(&mut self) {
        self.scratch.remove();
    }
}

/// The columns of a query with text in the place of categories.
fn text_schema(query: &Query) -> Result<Schema> {
    let mut frame = query.frame.clone();
    let schema =
        guarded(|| frame.collect_schema()).map_err(Error::polars("cannot read the schema"))?;
    let fields = schema.iter().map(|(name, dtype)| {
        let dtype = match dtype {
            DataType::Categorical(..) => DataType::String,
            other => other.clone(),
        };
        Field::new(name.clone(), dtype)
    });
    Ok(fields.collect())
}

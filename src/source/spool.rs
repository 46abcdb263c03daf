//! Rows of text that Polars cannot read as they are, copied into files of Arrow IPC that it can.

use std::fs::File;
use std::path::{Path, PathBuf};

use polars::io::ipc::BatchedWriter;
use polars::prelude::*;
use polars_arrow::io::ipc::write::default_ipc_fields;
use tempfile::TempDir;

use crate::error::{Error, Result};

/// Rows that are written together, and values of all their columns.
const BATCH_ROWS: usize = 1 << 16;
const BATCH_VALUES: usize = 1 << 22;

/// A copy of rows, every value a text. Rows that come before a column is first seen lie in a file
/// without it. The files are removed when this is dropped.
pub(super) struct Spool {
    directory: TempDir,
    files: Vec<(PathBuf, Vec<String>)>,
}

impl Spool {
    /// The files in the order of their rows, each with its columns.
    pub fn files(&self) -> &[(PathBuf, Vec<String>)] {
        &self.files
    }
}

/// Takes rows, and writes them.
pub(super) struct SpoolWriter {
    spool: Spool,
    columns: Vec<String>,
    builders: Vec<StringChunkedBuilder>,
    positions: PlHashMap<String, usize>,
    /// By column: whether the row at hand has it.
    filled: Vec<bool>,
    rows: usize,
    writer: Option<BatchedWriter<File>>,
}

impl SpoolWriter {
    /// Begins a copy in the directory for temporary files.
    pub fn new() -> Result<Self> {
        let directory = tempfile::Builder::new()
            .prefix("per-entity-")
            .tempdir()
            .map_err(Error::io(std::env::temp_dir()))?;
        Ok(Self {
            spool: Spool {
                directory,
                files: Vec::new(),
            },
            columns: Vec::new(),
            builders: Vec::new(),
            positions: PlHashMap::new(),
            filled: Vec::new(),
            rows: 0,
            writer: None,
        })
    }

    /// The position of a column, which is new where it was not seen before.
    pub fn column(&mut self, name: &str) -> usize {
        if let Some(&position) = self.positions.get(name) {
            return position;
        }
        let mut builder = StringChunkedBuilder::new(name.into(), self.rows);
        for _ in 0..self.rows {
            builder.append_null();
        }
        self.builders.push(builder);
        self.filled.push(false);
        self.columns.push(name.to_owned());
        self.positions
            .insert(name.to_owned(), self.columns.len() - 1);
        self.columns.len() - 1
    }

    /// Fills in a value of the row at hand. Returns whether it was not filled in before.
    pub fn put(&mut self, column: usize, value: Option<&str>) -> bool {
        if std::mem::replace(&mut self.filled[column], true) {
            return false;
        }
        self.builders[column].append_option(value);
        true
    }

    /// Ends the row at hand; calls `left_out` with the position of each column that it lacks.
    pub fn end_row(&mut self, mut left_out: impl FnMut(usize)) -> Result<()> {
        for (column, filled) in self.filled.iter_mut().enumerate() {
            if !std::mem::take(filled) {
                self.builders[column].append_null();
                left_out(column);
            }
        }
        self.rows += 1;
        let is_full = self.rows >= BATCH_ROWS || self.rows * self.columns.len() >= BATCH_VALUES;
        match is_full {
            true => self.flush(),
            false => Ok(()),
        }
    }

    /// Writes the rows that wait, into another file where they have columns that the last one lacks.
    fn flush(&mut self) -> Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.rows);
        let new = |name: &String| StringChunkedBuilder::new(name.into(), 0);
        let next = self.columns.iter().map(new).collect();
        let columns = std::mem::replace(&mut self.builders, next);
        let columns = columns
            .into_iter()
            .map(|builder| builder.finish().into_column());
        let frame = DataFrame::new(rows, columns.collect()).map_err(failed)?;
        if self.is_outgrown() {
            self.next_file(frame.schema())?;
        }
        match &mut self.writer {
            Some(writer) => writer.write_batch(&frame).map_err(failed),
            None => Ok(()),
        }
    }

    /// Whether there are columns that the last file does not have.
    fn is_outgrown(&self) -> bool {
        let files = &self.spool.files;
        files
            .last()
            .is_none_or(|(_, columns)| columns.len() < self.columns.len())
    }

    fn next_file(&mut self, schema: &Schema) -> Result<()> {
        self.finish_file()?;
        let name = format!("rows-{:05}.arrow", self.spool.files.len());
        let path = self.spool.directory.path().join(name);
        let file = File::create(&path).map_err(Error::io(&path))?;
        let fields = schema.to_arrow(CompatLevel::newest());
        let fields = default_ipc_fields(fields.iter_values());
        let writer = IpcWriter::new(file)
            .batched(schema, fields)
            .map_err(failed)?;
        self.writer = Some(writer);
        self.spool.files.push((path, self.columns.clone()));
        Ok(())
    }

    fn finish_file(&mut self) -> Result<()> {
        match self.writer.take() {
            Some(mut writer) => writer.finish().map_err(failed),
            None => Ok(()),
        }
    }

    /// Ends the copy.
    pub fn finish(mut self) -> Result<Spool> {
        self.flush()?;
        self.finish_file()?;
        Ok(self.spool)
    }
}

fn failed(error: PolarsError) -> Error {
    let directory = std::env::temp_dir();
    Error::polars(format!("{}: cannot copy the rows", directory.display()))(error)
}

/// A lazy frame of one of the files.
pub(super) fn scan(path: &Path) -> PolarsResult<LazyFrame> {
    LazyFrame::scan_ipc_sources(
        ScanSources::Paths(
            [PlRefPath::new(path.to_string_lossy())]
                .into_iter()
                .collect(),
        ),
        Default::default(),
        UnifiedScanArgs {
            glob: false,
            ..UnifiedScanArgs::default()
        },
    )
}

//! The file of one range of keys.

use std::fs::File;
use std::path::Path;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

use crate::error::{Error, Result};

/// The file of one bucket, and the rows that are yet to be written to it.
pub(super) struct BucketFile {
    writer: BatchedWriter<File>,
    waiting: Option<DataFrame>,
}

impl BucketFile {
    pub fn create(path: &Path, schema: &Schema) -> Result<Self> {
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
    pub fn take(&mut self, rows: DataFrame, row_group: usize) -> PolarsResult<()> {
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

    pub fn finish(mut self) -> PolarsResult<()> {
        self.flush()?;
        self.writer.finish().map(|_| ())
    }
}

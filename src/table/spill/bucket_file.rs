//! The file of one range of keys.

use std::sync::Arc;

use polars::io::parquet::write::BatchedWriter;
use polars::prelude::*;

use super::scratch::Scratch;
use super::scratch_file::{ScratchFile, ScratchWriter};
use crate::error::{Error, Result};

/// The file of one bucket, and the rows that are yet to be written to it.
pub(super) struct BucketFile {
    writer: BatchedWriter<ScratchWriter>,
    file: ScratchWriter,
    waiting: Option<DataFrame>,
}

impl BucketFile {
    pub fn create(scratch: &Arc<dyn Scratch>, name: String, schema: &Schema) -> Result<Self> {
        let path = scratch.path(&name);
        let file = ScratchWriter::create(scratch, name)?;
        let writer = ParquetWriter::new(file.clone())
            .with_compression(ParquetCompression::Lz4Raw)
            .with_statistics(StatisticsOptions::empty())
            .batched(schema)
            .map_err(Error::polars(format!("{}", path.display())))?;
        Ok(Self {
            writer,
            file,
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

    pub fn finish(mut self) -> PolarsResult<ScratchFile> {
        self.flush()?;
        self.writer.finish()?;
        Ok(self.file.finish()?)
    }
}

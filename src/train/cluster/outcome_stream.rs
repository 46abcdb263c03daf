//! Outcomes as a stream of Arrow IPC.

use std::io::Write;

use polars::prelude::*;
use polars_arrow::io::ipc::write::{StreamWriter, WriteOptions};

use crate::error::{Error, Result};

/// Writes frames of outcomes as a stream of Arrow IPC, in types that every reader has.
pub struct OutcomeStream<W: Write> {
    writer: StreamWriter<W>,
    has_begun: bool,
}

impl<W: Write> OutcomeStream<W> {
    /// A stream into a writer.
    pub fn new(writer: W) -> Self {
        let options = WriteOptions { compression: None };
        Self {
            writer: StreamWriter::new(writer, options),
            has_begun: false,
        }
    }

    /// Writes a frame; all have the same columns.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where the writer fails.
    pub fn write(&mut self, frame: DataFrame) -> Result<()> {
        self.put(frame)
            .map_err(Error::polars("cannot write outcomes"))
    }

    fn put(&mut self, mut frame: DataFrame) -> PolarsResult<()> {
        let level = CompatLevel::oldest();
        if !std::mem::replace(&mut self.has_begun, true) {
            self.writer.start(&frame.schema().to_arrow(level), None)?;
        }
        frame.align_chunks_par();
        let mut batches = frame.iter_chunks(level, false);
        batches.try_for_each(|batch| self.writer.write(&batch, None))
    }

    /// Ends the stream, and gives the writer back.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where the writer fails.
    pub fn finish(mut self) -> Result<W> {
        let ended = self.writer.finish();
        ended.map_err(Error::polars("cannot write outcomes"))?;
        Ok(self.writer.into_inner())
    }
}

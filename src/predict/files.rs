//! The rows of files, predicted in batches.

use std::io::Write;

use polars::prelude::PolarsError;

use super::destination::Destination;
use super::frame_writer::FrameWriter;
use super::partial_file::PartialFile;
use super::predictor::Predictor;
use super::rows::{RowAccount, RowInput};
use crate::cancel::Cancel;
use crate::error::{Error, Result, as_at_training};
use crate::guard::guarded;
use crate::schema::LeftOut;
use crate::source::{Format, Source};

impl Predictor {
    /// Predicts the rows of files, in batches, so that they may be larger than memory, and writes
    /// them with what is added by [`predict`](Self::predict). The files are to be opened with
    /// [`spec`](Self::spec). Values of text files are written as the texts that they are; from
    /// NDJSON to NDJSON, every object keeps its text.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict) and [`Source::batches`], [`Error::NoRows`] for files without
    /// rows, [`Error::Polars`] and [`Error::Io`] where nothing can be written, and
    /// [`Error::Interrupted`]. Then nothing is written under the name that was asked for.
    pub fn predict_files(
        &mut self,
        source: &Source,
        destination: Destination,
        format: Format,
        cancel: &Cancel,
    ) -> Result<RowAccount> {
        if source.format() == Format::Ndjson && format == Format::Ndjson {
            // Row by row, every object keeps its text.
            let input = RowInput::of_files(source.located(), Format::Ndjson);
            return self.predict_rows(input, destination, format, cancel);
        }
        match destination {
            Destination::Writer(writer) => self.predict_batches(source, writer, "", format, cancel),
            Destination::File(path) => {
                let mut file = PartialFile::create(&path)?;
                let name = format!("{}: ", path.display());
                match self.predict_batches(source, &mut file, &name, format, cancel) {
                    Ok(account) => {
                        file.finish()?;
                        Ok(account)
                    }
                    Err(error) => {
                        file.discard();
                        Err(error)
                    }
                }
            }
        }
    }

    fn predict_batches(
        &mut self,
        source: &Source,
        output: impl Write,
        name: &str,
        format: Format,
        cancel: &Cancel,
    ) -> Result<RowAccount> {
        let failed = |error: PolarsError| {
            Error::polars(format!("{name}cannot write the predictions"))(error)
        };
        let mut output = Some(output);
        let mut account = RowAccount::default();
        let mut writer: Option<FrameWriter<_>> = None;
        let rows_together = self.batch_rows(source.columns().len());
        for rows in source.batches(rows_together)? {
            let predicted = self.predict_read(&rows?, Some(source.format()));
            let mut predicted = predicted.map_err(|error| {
                let error = source.place(error, &self.run().feature_columns());
                as_at_training(error)
            })?;
            cancel.check()?;
            if let Some(output) = output.take() {
                let begun = guarded(|| FrameWriter::new(output, format, predicted.schema()));
                writer = Some(begun.map_err(failed)?);
            }
            account.read += predicted.height() as u64;
            account.written = account.read;
            if let Some(writer) = &mut writer {
                guarded(|| writer.write(&mut predicted)).map_err(failed)?;
            }
        }
        match writer {
            Some(writer) => {
                writer.finish().map_err(failed)?;
                Ok(account)
            }
            None => {
                let left_out = LeftOut {
                    ragged: source.ragged(),
                    ..LeftOut::default()
                };
                Err(Error::NoRows(left_out.describe()))
            }
        }
    }
}

//! A row in, a row out.

use std::io::{BufRead, Write};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

use polars::prelude::*;
use serde_json::Value;

use super::row::{Row, RowReader, bad_row};
use super::row_writer::RowWriter;
use crate::cancel::Cancel;
use crate::error::{Error, InputError, Result};
use crate::predict::destination::Destination;
use crate::predict::partial_file::PartialFile;
use crate::predict::predictor::Predictor;
use crate::source::{DatasetSpec, Format};

/// Rows that are read ahead.
const AHEAD: usize = 1_024;

/// How long a request to stop may go unnoticed while no rows come.
const PATIENCE: Duration = Duration::from_millis(100);

/// Where rows of text come from.
pub struct RowInput<R> {
    /// What is read.
    pub reader: R,
    /// What it is called in messages, such as `stdin`.
    pub name: String,
    /// CSV, TSV or NDJSON.
    pub format: Format,
}

impl Predictor {
    /// Predicts rows of text as they come, and writes each with its prediction; what is written is
    /// flushed when no more rows wait. NDJSON keeps its text and gets fields at its end, CSV gets
    /// columns. Where a row fails, a file of rows stays under another name, for rows that came once
    /// may not come again.
    ///
    /// # Errors
    ///
    /// [`InputError::BadLine`] for a row that cannot be read or predicted,
    /// [`InputError::NotByRow`] for a format that is not written row by row, [`Error::Io`],
    /// [`Error::Interrupted`].
    pub fn predict_rows<R: BufRead + Send + 'static>(
        &mut self,
        input: RowInput<R>,
        destination: Destination,
        format: Format,
        cancel: &Cancel,
    ) -> Result<()> {
        for format in [input.format, format] {
            if !matches!(format, Format::Csv | Format::Tsv | Format::Ndjson) {
                let format = format.name();
                return Err(InputError::NotByRow { format }.into());
            }
        }
        let mut stream = Stream {
            name: input.name.clone(),
            writer: RowWriter::new(input.format, format),
            spec: &self.spec(),
            rows: read(input, self.spec()),
            predictor: self,
            cancel,
        };
        match destination {
            Destination::Writer(mut writer) => stream.run(&mut *writer),
            Destination::File(path) => {
                let mut file = PartialFile::create(&path)?;
                match stream.run(&mut file) {
                    Ok(()) => file.finish(),
                    Err(error) => {
                        file.keep();
                        Err(error)
                    }
                }
            }
        }
    }
}

/// Reads on a thread of its own, so that waiting for rows holds up nothing else.
fn read<R: BufRead + Send + 'static>(
    input: RowInput<R>,
    spec: DatasetSpec,
) -> Receiver<Result<Row>> {
    let (sender, rows) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut reader = RowReader::new(input.reader, &input.name, input.format, spec);
        while let Some(row) = reader.next().transpose() {
            let failed = row.is_err();
            if sender.send(row).is_err() || failed {
                break;
            }
        }
    });
    rows
}

struct Stream<'a> {
    name: String,
    rows: Receiver<Result<Row>>,
    writer: RowWriter,
    predictor: &'a mut Predictor,
    spec: &'a DatasetSpec,
    cancel: &'a Cancel,
}

impl Stream<'_> {
    fn run(&mut self, output: &mut dyn Write) -> Result<()> {
        let done = self.rows(output);
        self.flush(output)?;
        done
    }

    fn flush(&self, output: &mut dyn Write) -> Result<()> {
        output.flush().map_err(Error::io("the predictions"))
    }

    fn rows(&mut self, output: &mut dyn Write) -> Result<()> {
        while let Some(row) = self.next(output)? {
            let at = |problem: String| bad_row(&self.name, row.line, problem);
            let frame = row.frame(self.spec).map_err(at)?;
            let predicted = self.predictor.predict(&frame);
            let predicted = predicted.map_err(|error| at(error.to_string()))?;
            let added = predicted.columns()[frame.width()..].iter().map(field);
            let added: Vec<(String, Value)> = added
                .collect::<PolarsResult<_>>()
                .map_err(|error| at(error.to_string()))?;
            self.writer.write(output, &row, &added).map_err(at)?;
        }
        Ok(())
    }

    /// The next row, after a flush where none waits; nothing at the end.
    fn next(&self, output: &mut dyn Write) -> Result<Option<Row>> {
        match self.rows.try_recv() {
            Ok(row) => return row.map(Some),
            Err(TryRecvError::Disconnected) => return Ok(None),
            Err(TryRecvError::Empty) => self.flush(output)?,
        }
        loop {
            self.cancel.check()?;
            match self.rows.recv_timeout(PATIENCE) {
                Ok(row) => return row.map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

/// The name and the value of a column of one row.
fn field(column: &Column) -> PolarsResult<(String, Value)> {
    let value = match column.get(0)? {
        AnyValue::Null => Value::Null,
        AnyValue::Int64(number) => number.into(),
        AnyValue::Float64(number) => number.into(),
        other => other.str_value().into_owned().into(),
    };
    Ok((column.name().to_string(), value))
}

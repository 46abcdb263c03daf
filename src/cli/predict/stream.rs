//! A row in, a row out.

use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, sync_channel};
use std::time::Duration;

use per_entity::dataset::{DatasetSpec, Format};
use per_entity::predict::Predictor;
use polars::prelude::*;
use serde_json::Value;

use super::Predict;
use super::partial_file::PartialFile;
use super::row::{Row, RowReader};
use super::row_writer::RowWriter;
use crate::cli::{CliError, Context};

/// Rows that are read ahead.
const AHEAD: usize = 1_024;

/// How long a signal may go unnoticed while no rows come.
const PATIENCE: Duration = Duration::from_millis(100);

impl Predict {
    /// Predicts the rows of stdin as they come. What is written is flushed when no more rows wait.
    pub(super) fn stream(
        &self,
        context: &Context,
        predictor: &mut Predictor,
        spec: &DatasetSpec,
    ) -> Result<(), CliError> {
        let from = self.format.map_or(Format::Ndjson, Into::into);
        let to = self.format_of_rows(from);
        for format in [from, to] {
            if !matches!(format, Format::Csv | Format::Tsv | Format::Ndjson) {
                let problem = format!(
                    "{} is not written row by row; use CSV or NDJSON",
                    format.name()
                );
                return Err(CliError::Usage(problem));
            }
        }
        let mut stream = Stream {
            rows: read(from, spec.clone()),
            writer: RowWriter::new(from, to),
            predictor,
            spec,
            context,
        };
        if self.output == Path::new("-") {
            return stream.run(&mut BufWriter::new(std::io::stdout()));
        }
        let mut file = PartialFile::create(&self.output)?;
        match stream.run(&mut file) {
            Ok(()) => file.finish(),
            // Rows that came once may not come again, so what there is of them stays.
            Err(error) => {
                log::warn!(
                    "{} has the rows until here; it is not renamed to {}",
                    file.partial().display(),
                    self.output.display()
                );
                Err(error)
            }
        }
    }

    fn format_of_rows(&self, from: Format) -> Format {
        let named = Format::of_path(&self.output).filter(|_| self.output != Path::new("-"));
        self.output_format.map(Into::into).or(named).unwrap_or(from)
    }
}

/// Reads stdin on a thread of its own, so that waiting for rows holds up nothing else.
fn read(format: Format, spec: DatasetSpec) -> Receiver<Result<Row, String>> {
    let (sender, rows) = sync_channel(AHEAD);
    std::thread::spawn(move || {
        let mut reader = RowReader::new(BufReader::new(std::io::stdin()), format, spec);
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
    rows: Receiver<Result<Row, String>>,
    writer: RowWriter,
    predictor: &'a mut Predictor,
    spec: &'a DatasetSpec,
    context: &'a Context<'a>,
}

impl Stream<'_> {
    fn run(&mut self, output: &mut dyn Write) -> Result<(), CliError> {
        let done = self.rows(output);
        output.flush()?;
        done
    }

    fn rows(&mut self, output: &mut dyn Write) -> Result<(), CliError> {
        while let Some(row) = self.next(output)? {
            let row = row.map_err(CliError::Usage)?;
            let at = |problem: String| CliError::Usage(format!("stdin:{}: {problem}", row.line));
            let frame = row.frame(self.spec).map_err(at)?;
            let predicted = self
                .predictor
                .predict(&frame)
                .map_err(|error| at(error.to_string()))?;
            let added = predicted.columns()[frame.width()..].iter().map(field);
            let added: Vec<(String, Value)> = added
                .collect::<PolarsResult<_>>()
                .map_err(|e| at(e.to_string()))?;
            self.writer.write(output, &row, &added).map_err(at)?;
        }
        Ok(())
    }

    /// The next row, after a flush where none waits; nothing at the end.
    fn next(&self, output: &mut dyn Write) -> Result<Option<Result<Row, String>>, CliError> {
        match self.rows.try_recv() {
            Ok(row) => return Ok(Some(row)),
            Err(TryRecvError::Disconnected) => return Ok(None),
            Err(TryRecvError::Empty) => output.flush()?,
        }
        loop {
            if self.context.interrupt.is_requested() {
                return Err(per_entity::Error::Interrupted.into());
            }
            match self.rows.recv_timeout(PATIENCE) {
                Ok(row) => return Ok(Some(row)),
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

//! A row in, a row out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, TryRecvError};
use std::time::Duration;

use polars::prelude::*;
use serde_json::{Value, json};

use super::account::{BadRow, RowAccount};
use super::columns::RowColumns;
use super::lines::bad_row;
use super::read_ahead::ReadAhead;
use super::row::Row;
use super::row_frame::frame;
use super::row_input::{OnBadRow, RowInput};
use super::row_writer::RowWriter;
use crate::cancel::Cancel;
use crate::error::{Error, InputError, Result};
use crate::predict::as_trained::problems;
use crate::predict::destination::Destination;
use crate::predict::partial_file::PartialFile;
use crate::predict::predictor::Predictor;
use crate::source::Format;

/// Rows that are predicted together, where as many wait, and the length of their texts.
const GROUP_ROWS: usize = 4_096;
const GROUP_BYTES: usize = 16 << 20;

/// How long a request to stop may go unnoticed while no rows come.
const PATIENCE: Duration = Duration::from_millis(100);

impl Predictor {
    /// Predicts rows of text as they come, and writes each with its prediction; what is written is
    /// flushed when no more rows wait. NDJSON keeps its text and gets fields at its end, CSV gets
    /// columns. A field that a row of NDJSON lacks is missing. Where the work ends by an error, a
    /// file of rows that came from a reader stays under another name, for they may not come again.
    ///
    /// # Errors
    ///
    /// [`InputError::BadLine`] for a header that lacks a column or has one twice, with
    /// [`OnBadRow::Error`] for the first bad row, and with [`Unknown::Error`] for the first row
    /// without a model; [`InputError::NotByRow`] for a format that
    /// is not written row by row, [`Error::Io`], [`Error::Interrupted`].
    ///
    /// [`Unknown::Error`]: crate::predict::Unknown::Error
    pub fn predict_rows(
        &mut self,
        input: RowInput,
        destination: Destination,
        format: Format,
        cancel: &Cancel,
    ) -> Result<RowAccount> {
        for format in [input.format, format] {
            if !format.is_text() {
                let format = format.name();
                return Err(InputError::NotByRow { format }.into());
            }
        }
        let spec = self.spec();
        let columns = Arc::new(RowColumns::of(self.run(), self.added_columns()));
        let mut stream = Stream {
            format: input.format,
            writer: RowWriter::new(input.format, format, columns.clone()),
            rejects: input.rejects,
            on_bad_row: input.on_bad_row,
            rows: ReadAhead::new(input.origins, input.format, spec, columns.clone()),
            given: vec![false; columns.asked.len()],
            columns,
            predictor: self,
            cancel,
            output: PathBuf::from("the predictions"),
            account: RowAccount::default(),
        };
        match destination {
            Destination::Writer(mut writer) => stream.run(&mut *writer)?,
            Destination::File(path) => {
                let mut file = PartialFile::create(&path)?;
                stream.output = path;
                match stream.run(&mut file) {
                    Ok(()) => file.finish()?,
                    Err(error) => {
                        match input.is_lasting {
                            true => file.discard(),
                            false => file.keep(),
                        }
                        return Err(error);
                    }
                }
            }
        }
        Ok(stream.account())
    }
}

struct Stream<'a> {
    /// The format of the rows that are read.
    format: Format,
    rows: ReadAhead,
    writer: RowWriter,
    rejects: Option<Box<dyn Write>>,
    on_bad_row: OnBadRow,
    predictor: &'a mut Predictor,
    columns: Arc<RowColumns>,
    /// By column that is asked for: whether a row had it.
    given: Vec<bool>,
    cancel: &'a Cancel,
    /// Where the rows are written, in messages.
    output: PathBuf,
    account: RowAccount,
}

impl Stream<'_> {
    fn run(&mut self, output: &mut dyn Write) -> Result<()> {
        let done = self.rows(output);
        self.flush(output)?;
        done
    }

    fn flush(&mut self, output: &mut dyn Write) -> Result<()> {
        output.flush().map_err(Error::io(&self.output))?;
        match &mut self.rejects {
            None => Ok(()),
            Some(rejects) => rejects.flush().map_err(rejects_failed()),
        }
    }

    fn rows(&mut self, output: &mut dyn Write) -> Result<()> {
        while let Some(first) = self.next(output)? {
            self.cancel.check()?;
            let (rows, failed) = self.waiting(first);
            self.account.read += rows.len() as u64;
            self.note_given(&rows);
            self.predict(rows, output)?;
            if let Some(error) = failed {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The next row, after a flush where none waits; nothing at the end.
    fn next(&mut self, output: &mut dyn Write) -> Result<Option<Row>> {
        match self.rows.try_next() {
            Ok(row) => return row.map(Some),
            Err(TryRecvError::Disconnected) => return Ok(None),
            Err(TryRecvError::Empty) => self.flush(output)?,
        }
        loop {
            self.cancel.check()?;
            match self.rows.next_within(PATIENCE) {
                Ok(row) => return row.map(Some),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }

    /// A row and those that wait behind it; and the error that ended the reading, if one did.
    fn waiting(&self, first: Row) -> (Vec<Row>, Option<Error>) {
        let mut bytes = first.text.len();
        let mut rows = vec![first];
        while rows.len() < GROUP_ROWS && bytes < GROUP_BYTES {
            match self.rows.try_next() {
                Ok(Ok(row)) => {
                    bytes += row.text.len();
                    rows.push(row);
                }
                Ok(Err(error)) => return (rows, Some(error)),
                Err(_) => break,
            }
        }
        (rows, None)
    }

    fn note_given(&mut self, rows: &[Row]) {
        let asked = self.columns.asked.iter().zip(&mut self.given);
        for (asked, given) in asked.filter(|(_, given)| !**given) {
            let mut place = 0;
            *given = rows
                .iter()
                .any(|row| row.value(&asked.name, &mut place).is_some());
        }
    }

    /// Predicts rows together and writes them. Where that fails, the row that it fails for is
    /// looked for, and those before it are written.
    fn predict(&mut self, mut rows: Vec<Row>, output: &mut dyn Write) -> Result<()> {
        let mut good = frame(&rows, &self.columns)?;
        if self.on_bad_row == OnBadRow::Error
            && let Some(bad) = rows.iter().position(|row| !row.is_good())
        {
            good = good.head(Some(bad));
        }
        let predicted = match good.height() {
            0 => Ok(good.clone()),
            _ => self.predictor.predict_read(&good, Some(self.format)),
        };
        match predicted {
            Err(Error::Input(InputError::BadValue { .. }))
                if self.mark_bad(&mut rows, &good)? =>
            {
                self.predict(rows, output)
            }
            Ok(predicted) => self.write(rows, &predicted.columns()[good.width()..], output),
            Err(_) if rows.len() > 1 => {
                let later = rows.split_off(rows.len() / 2);
                self.predict(rows, output)?;
                self.predict(later, output)
            }
            Err(error) => self.unpredicted(rows, error, output),
        }
    }

    /// Gives a problem to the rows with a value that cannot be converted. Returns whether there are
    /// any; `good` are the first of the good rows.
    fn mark_bad(&self, rows: &mut [Row], good: &DataFrame) -> Result<bool> {
        let problems = problems(good, self.predictor.run(), self.format)?;
        let mut is_marked = false;
        let good_rows = rows.iter_mut().filter(|row| row.is_good());
        for (row, problem) in good_rows.zip(problems) {
            is_marked |= problem.is_some();
            row.problem = problem;
        }
        Ok(is_marked)
    }

    /// The one row that could not be predicted is a bad one, or has no model where it must.
    fn unpredicted(
        &mut self,
        mut rows: Vec<Row>,
        error: Error,
        output: &mut dyn Write,
    ) -> Result<()> {
        let is_bad = matches!(error, Error::Input(_) | Error::Spec(_));
        for row in &mut rows {
            let problem = error.to_string();
            match is_bad {
                true => row.problem = Some(problem),
                false => return Err(bad_row(&row.input, row.line, problem)),
            }
        }
        self.write(rows, &[], output)
    }

    /// Writes rows, the good ones with their values in the columns added.
    fn write(&mut self, rows: Vec<Row>, added: &[Column], output: &mut dyn Write) -> Result<()> {
        let mut place = 0;
        for row in rows {
            if let Some(problem) = &row.problem {
                self.bad(&row, problem, output)?;
                continue;
            }
            let values = added.iter().map(|column| value(column, place));
            let values = values.collect::<PolarsResult<Vec<Value>>>();
            let values = values.map_err(Error::polars("cannot write the predictions"))?;
            self.put(&row, &values, output)?;
            place += 1;
        }
        Ok(())
    }

    fn put(&mut self, row: &Row, added: &[Value], output: &mut dyn Write) -> Result<()> {
        let written = self.writer.write(output, row, added);
        written.map_err(Error::io(&self.output))?;
        self.account.written += 1;
        Ok(())
    }

    fn bad(&mut self, row: &Row, problem: &str, output: &mut dyn Write) -> Result<()> {
        if let Some(rejects) = &mut self.rejects {
            let reject = json!({
                "input": *row.input, "line": row.line, "reason": problem, "row": row.text,
            });
            writeln!(rejects, "{reject}").map_err(rejects_failed())?;
        }
        if self.on_bad_row == OnBadRow::Error {
            return Err(bad_row(&row.input, row.line, problem.to_owned()));
        }
        let bad = BadRow {
            input: row.input.to_string(),
            line: row.line,
            reason: problem.to_owned(),
        };
        if self.account.bad == 0 {
            log::warn!("{bad}; bad rows are counted from here on");
        }
        self.account.note_bad(bad);
        if self.on_bad_row == OnBadRow::Null && !row.fields.is_empty() {
            let mut added = vec![Value::Null; self.columns.added.len()];
            if let Some(model) = added.last_mut() {
                *model = "none".into();
            }
            return self.put(row, &added, output);
        }
        let begun = self.writer.begin(output, row);
        begun.map_err(Error::io(&self.output))
    }

    /// What became of the rows.
    fn account(self) -> RowAccount {
        let asked = self.columns.asked.iter().zip(&self.given);
        let lacking = asked.filter(|(_, given)| !**given && self.account.written > 0);
        RowAccount {
            cut: self.writer.cut,
            never_given: lacking.map(|(asked, _)| asked.name.to_string()).collect(),
            ..self.account
        }
    }
}

fn rejects_failed() -> impl FnOnce(std::io::Error) -> Error {
    Error::io(Path::new("the rejected rows"))
}

/// A column's value in one row.
fn value(column: &Column, row: usize) -> PolarsResult<Value> {
    Ok(match column.get(row)? {
        AnyValue::Null => Value::Null,
        AnyValue::Int64(number) => number.into(),
        AnyValue::Float64(number) => number.into(),
        other => other.str_value().into_owned().into(),
    })
}

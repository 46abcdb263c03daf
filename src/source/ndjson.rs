//! NDJSON: one object a line, each with whatever fields it has.

use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::conversion::{Refusal, Refused};
use super::json::{JsonValue, each_field};
use super::limits::ReadLimits;
use super::observation::{Observation, Texts};
use super::spool::{Spool, SpoolWriter};
use super::text_file::{open, read_line};
use crate::error::{Error, InputError, Result};

/// One file, and the copy of its rows that Polars reads.
#[derive(Clone)]
pub(super) struct NdjsonFile {
    pub path: PathBuf,
    pub rows: u64,
    /// In the order in which they are first seen.
    pub columns: Vec<(String, Observation)>,
    pub spool: Arc<Spool>,
}

impl NdjsonFile {
    /// Reads a file, compressed or not. A text is kept without its quotes, everything else as it is
    /// written.
    ///
    /// # Errors
    ///
    /// [`InputError::BadLine`] for a line that is not one object, and for one of more than the
    /// limits; [`Error::Io`].
    pub fn read(path: &Path, texts: &Texts, limits: &ReadLimits) -> Result<Self> {
        let mut copier = Copier {
            texts,
            limits,
            writer: SpoolWriter::new()?,
            observations: Vec::new(),
            rows: 0,
        };
        let mut reader = BufReader::with_capacity(1 << 20, open(path)?);
        let mut line = Vec::new();
        for number in 1.. {
            line.clear();
            let read = read_line(&mut reader, &mut line, limits.row_bytes());
            let copied = match read.map_err(Error::io(path))? {
                Some(0) => break,
                Some(_) => copier.copy(line.trim_ascii())?,
                None => Err(limits.too_long()),
            };
            copied.map_err(|problem| InputError::BadLine {
                path: path.to_path_buf(),
                line: number,
                problem: format!("{problem}; correct the line"),
            })?;
        }
        let columns = copier.observations;
        Ok(Self {
            path: path.to_path_buf(),
            rows: copier.rows,
            columns,
            spool: Arc::new(copier.writer.finish()?),
        })
    }
}

struct Copier<'a> {
    texts: &'a Texts,
    limits: &'a ReadLimits,
    writer: SpoolWriter,
    observations: Vec<(String, Observation)>,
    rows: u64,
}

impl Copier<'_> {
    /// Copies a line; the inner error says what is wrong with it.
    fn copy(&mut self, line: &[u8]) -> Result<std::result::Result<(), String>> {
        if line.is_empty() {
            return Ok(Ok(()));
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return Ok(Err("is not valid UTF-8".into()));
        };
        if let Err(problem) = each_field(line, self.limits.nesting, |name, value| {
            self.field(&name, value)
        }) {
            return Ok(Err(problem));
        }
        let observations = &mut self.observations;
        self.writer
            .end_row(|column| observations[column].1.leave_out())?;
        self.rows += 1;
        Ok(Ok(()))
    }

    fn field(&mut self, name: &str, value: JsonValue) -> std::result::Result<(), String> {
        let column = self.writer.column(name);
        if column == self.observations.len() {
            if let Some(problem) = self.limits.too_wide(column + 1) {
                return Err(problem);
            }
            let mut observation = Observation::default();
            observation.missing = self.rows;
            self.observations.push((name.to_owned(), observation));
        }
        let observation = &mut self.observations[column].1;
        let text = match &value {
            JsonValue::Text(text) => {
                observation.look_at_quoted(text, self.texts);
                Some(text.as_ref())
            }
            JsonValue::Other(text) => {
                observation.look_at_json(text, self.texts);
                Some(*text).filter(|text| *text != "null")
            }
        };
        match self.writer.put(column, text) {
            true => Ok(()),
            false => Err(format!("has field '{name}' twice")),
        }
    }
}

/// The first value that is refused: its line, its column and its text.
pub(super) fn first_refused(
    path: &Path,
    columns: &[Refusal],
    limits: &ReadLimits,
) -> Result<Option<Refused>> {
    let mut reader = BufReader::new(open(path)?);
    let mut bytes = Vec::new();
    for number in 1.. {
        bytes.clear();
        let read = read_line(&mut reader, &mut bytes, limits.row_bytes());
        let line = match read.map_err(Error::io(path))? {
            None | Some(0) => break,
            Some(_) => String::from_utf8_lossy(&bytes),
        };
        let mut refused = None;
        let _ = each_field(&line, limits.nesting, |name, value| {
            let text = match &value {
                JsonValue::Text(text) => text.as_ref(),
                JsonValue::Other("null") => return Ok(()),
                JsonValue::Other(text) => text,
            };
            let column = columns.iter().find(|(column, _)| *column == name);
            if column.is_some_and(|(_, refuses)| refuses(text)) {
                refused.get_or_insert((number, name.to_string(), text.to_owned()));
            }
            Ok(())
        });
        if refused.is_some() {
            return Ok(refused);
        }
    }
    Ok(None)
}

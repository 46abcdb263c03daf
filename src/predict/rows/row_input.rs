//! Where rows of text come from, and what becomes of bad ones.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use crate::error::Result;
use crate::source::{DatasetSpec, FolderValues, Format, Located, find, open};

/// What becomes of a row that cannot be read (broken JSON, the wrong number of fields, a quote that
/// is never closed, bytes that are not UTF-8), or of which a value cannot be taken for what it was
/// at training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnBadRow {
    /// It is an error, and ends the work.
    #[default]
    Error,
    /// It is written with the fields that can be told and without a prediction, its `model` being
    /// `none`. A row of NDJSON that is no object, or has a column that is to be added, cannot be
    /// written.
    Null,
    /// It is not written.
    Skip,
}

/// Rows of text, and what becomes of bad ones.
///
/// | name | default | purpose |
/// | --- | --- | --- |
/// | [`on_bad_row`](Self::on_bad_row) | [`OnBadRow::Null`] for a reader, [`OnBadRow::Error`] for files, which can be corrected and read again | what becomes of a row that cannot be read or predicted |
/// | [`rejects`](Self::rejects) | nowhere | where bad rows go as they came |
///
/// ```no_run
/// use std::io::{BufReader, stdin, stdout};
///
/// use per_entity::predict::{Destination, OnBadRow, RowInput};
/// use per_entity::source::Format;
/// use per_entity::{Cancel, Predictor, Store};
///
/// let mut predictor = Predictor::new(Store::open("models")?)?;
/// let rows = RowInput::new(BufReader::new(stdin()), "stdin", Format::Ndjson);
/// let account = predictor.predict_rows(
///     rows.on_bad_row(OnBadRow::Skip).rejects(Vec::new()),
///     Destination::Writer(Box::new(stdout())),
///     Format::Csv,
///     &Cancel::new(),
/// )?;
/// for row in &account.first_bad {
///     eprintln!("{row}");
/// }
/// # Ok::<(), per_entity::Error>(())
/// ```
pub struct RowInput {
    pub(super) origins: Origins,
    pub(super) format: Format,
    pub(super) on_bad_row: OnBadRow,
    pub(super) rejects: Option<Box<dyn Write>>,
    /// Whether the rows can be read again.
    pub(super) is_lasting: bool,
}

/// What is read, one after another.
pub(super) struct Origins {
    reader: Option<(Box<dyn BufRead + Send>, String)>,
    files: VecDeque<Located>,
}

/// What is read, its name, and what its folders give to its rows.
type Origin = (Box<dyn BufRead + Send>, String, FolderValues);

impl RowInput {
    /// Rows of CSV, TSV or NDJSON that a reader gives. `name` is what it is called in messages, such
    /// as `stdin`.
    pub fn new(
        reader: impl BufRead + Send + 'static,
        name: impl Into<String>,
        format: Format,
    ) -> Self {
        let reader: Box<dyn BufRead + Send> = Box::new(reader);
        Self {
            origins: Origins {
                reader: Some((reader, name.into())),
                files: VecDeque::new(),
            },
            format,
            on_bad_row: OnBadRow::Null,
            rejects: None,
            is_lasting: false,
        }
    }

    /// Rows of files of one format, compressed or not, one after another. Paths, globs, format and
    /// specification are those of [`Source::open`](crate::source::Source::open); nothing is read
    /// yet.
    ///
    /// # Errors
    ///
    /// As `Source::open` for what concerns names: none found, a directory, an unknown extension,
    /// mixed formats.
    pub fn files(inputs: &[String], format: Option<Format>, spec: &DatasetSpec) -> Result<Self> {
        let (files, format) = find(inputs, format, spec)?;
        Ok(Self::of_files(files, format))
    }

    pub(in crate::predict) fn of_files(files: Vec<Located>, format: Format) -> Self {
        Self {
            origins: Origins {
                reader: None,
                files: files.into(),
            },
            format,
            on_bad_row: OnBadRow::Error,
            rejects: None,
            is_lasting: true,
        }
    }

    /// Sets what becomes of a row that cannot be read or predicted.
    #[must_use]
    pub fn on_bad_row(mut self, on_bad_row: OnBadRow) -> Self {
        self.on_bad_row = on_bad_row;
        self
    }

    /// Has bad rows written as they came, each as an object of NDJSON: `input`, what it came from;
    /// `line`, the line on which it begins, from 1; `reason`, what is wrong with it; `row`, its text
    /// without the line's end, in which bytes that are not UTF-8 are replaced by U+FFFD.
    #[must_use]
    pub fn rejects(mut self, writer: impl Write + 'static) -> Self {
        self.rejects = Some(Box::new(writer));
        self
    }

    /// The files that are to be read; none for a reader.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.origins.files.iter().map(|file| file.path.as_path())
    }

    /// The format of the rows.
    pub fn format(&self) -> Format {
        self.format
    }
}

impl Origins {
    /// Opens what is next, under its name, and with the values that the names of its folders give
    /// to its rows; nothing at the end.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io).
    pub fn next(&mut self) -> Result<Option<Origin>> {
        if let Some((reader, name)) = self.reader.take() {
            return Ok(Some((reader, name, FolderValues::new())));
        }
        let Some(Located { path, folders }) = self.files.pop_front() else {
            return Ok(None);
        };
        let reader = BufReader::with_capacity(1 << 16, open(&path)?);
        Ok(Some((
            Box::new(reader),
            path.display().to_string(),
            folders,
        )))
    }
}

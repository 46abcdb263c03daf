//! One fast look at a CSV file before Polars reads it: how many rows, which of them have the wrong
//! number of fields, and whether it is text at all. Polars itself pads or cuts a ragged row without
//! a word, cannot say at which line a file stops being text, and takes every quote for one that
//! opens or closes a field.

use std::path::Path;
use std::sync::Arc;

use tempfile::TempPath;

use super::conversion::{Refusal, Refused};
use super::csv_copy::plain_copy;
use super::csv_lines::{CsvLine, CsvLines, CsvRecord};
use super::dialect::Dialect;
use super::input_file::InputFile;
use super::limits::ReadLimits;
use super::observation::{Observation, Texts};
use super::observer::Observer;
use crate::error::{InputError, Result};

/// What a look at one file found.
#[derive(Clone, Debug, Default)]
pub(super) struct CsvCheck {
    pub file: InputFile,
    /// The column names, from the header where there is one.
    pub columns: Vec<String>,
    /// Lines before the first record.
    pub skip_lines: usize,
    /// Rows, ragged ones included; neither header, comments nor empty lines.
    pub rows: u64,
    /// Number of rows with the wrong number of fields.
    pub ragged: u64,
    /// Where Polars, which takes an empty line behind the header for a row of nulls, counts rows
    /// that are to be left out: the ragged ones and empty lines. Ascending.
    pub excluded: Vec<u32>,
    /// Line and number of fields of the first ragged row.
    pub first_ragged: Option<(u64, usize)>,
    /// What the texts of each column look like, ragged rows aside; none where nobody asked.
    pub observations: Vec<Observation>,
    /// Whether there are quotes that Polars would not read as they are meant: in the midst of a
    /// field, or in a comment.
    pub odd_quotes: bool,
    /// Whether there may be fields with nothing between their quotes, which Polars takes for texts.
    pub empty_quotes: bool,
    /// What Polars reads instead of a file with odd quotes.
    copy: Option<Arc<TempPath>>,
}

impl CsvCheck {
    /// Looks at one file, compressed or not; and at its values, where `texts` says how they are
    /// written.
    pub fn take(file: InputFile, dialect: &Dialect, texts: Option<&Texts>) -> Result<Self> {
        let mut checker = Checker {
            observer: texts.map(|texts| Observer::new(texts, dialect.separator)),
            check: Self {
                file: file.clone(),
                columns: dialect.columns.clone(),
                ..Self::default()
            },
            limits: dialect.limits,
            position: 0,
            started: false,
        };
        let mut lines = CsvLines::open(&file, dialect)?;
        while let Some(line) = lines.next()? {
            match line {
                CsvLine::Comment { has_quotes } => checker.check.odd_quotes |= has_quotes,
                CsvLine::Blank if checker.started => checker.exclude(),
                CsvLine::Blank => {}
                CsvLine::Record(record) => checker.record(&record)?,
            }
        }
        checker.check.observations = match checker.observer.take() {
            Some(observer) => observer.finish(checker.check.columns.len()),
            None => Vec::new(),
        };
        checker.finish(dialect)
    }

    /// The file for Polars to read: the very one, or a copy of it.
    pub fn readable(&self) -> &Path {
        match &self.copy {
            Some(copy) => copy,
            None => self.file.readable(),
        }
    }

    /// Whether Polars comes upon rows with the wrong number of fields, of whose values nothing is
    /// known.
    pub fn reads_ragged(&self) -> bool {
        self.ragged > 0 && self.copy.is_none()
    }

    /// Makes a copy that Polars can read, where the file has quotes that it cannot, and any row to
    /// be read. It has neither comments, blank lines nor ragged rows, and lives as long as the check
    /// and its clones.
    ///
    /// # Errors
    ///
    /// [`Error::Io`](crate::Error::Io), and [`InputError::Changed`] where the file is no longer
    /// what was checked.
    pub fn make_readable(&mut self, dialect: &Dialect) -> Result<()> {
        let counted = self.rows - self.ragged;
        if !self.odd_quotes || counted == 0 {
            return Ok(());
        }
        let (copy, read) = plain_copy(&self.file, dialect, self.columns.len())?;
        if read != counted {
            return Err(InputError::Changed { counted, read }.into());
        }
        log::debug!(
            "{} has quotes within fields; Polars reads {} instead",
            self.file.path.display(),
            copy.display()
        );
        self.copy = Some(Arc::new(copy));
        self.skip_lines = 0;
        self.excluded.clear();
        Ok(())
    }
}

struct Checker {
    check: CsvCheck,
    observer: Option<Observer>,
    limits: ReadLimits,
    /// The next row's position as Polars counts.
    position: u32,
    /// Whether the first record has been seen.
    started: bool,
}

impl Checker {
    fn record(&mut self, record: &CsvRecord<'_>) -> Result<()> {
        self.check.odd_quotes |= record.has_odd_quotes();
        self.check.empty_quotes |= record.has_two_quotes();
        if !std::mem::replace(&mut self.started, true) {
            self.check.skip_lines = record.line as usize - 1;
            if self.check.columns.is_empty() {
                self.check.columns = self.header(record)?;
                return Ok(());
            }
        }
        let fields = record.width();
        if fields != self.check.columns.len() {
            self.check.ragged += 1;
            self.check.first_ragged.get_or_insert((record.line, fields));
            self.exclude();
        } else {
            self.position += 1;
            if let Some(observer) = &mut self.observer {
                observer.take(record.bytes());
            }
        }
        self.check.rows += 1;
        Ok(())
    }

    fn exclude(&mut self) {
        self.check.excluded.push(self.position);
        self.position += 1;
    }

    fn header(&self, record: &CsvRecord<'_>) -> Result<Vec<String>> {
        let names = || record.texts().into_iter().map(Into::into);
        let (names, problem) = match self.limits.too_wide(record.width()) {
            None => (names().collect(), None),
            problem => (Vec::new(), problem),
        };
        match problem.or_else(|| named_twice(&names)) {
            None => Ok(names),
            Some(problem) => Err(InputError::BadLine {
                path: self.check.file.path.clone(),
                line: record.line,
                problem,
            }
            .into()),
        }
    }

    fn finish(self, dialect: &Dialect) -> Result<CsvCheck> {
        if self.check.rows == 0 {
            return Err(InputError::Empty {
                header: dialect.columns.is_empty() && !self.check.columns.is_empty(),
                path: self.check.file.path,
            }
            .into());
        }
        Ok(self.check)
    }
}

/// What is wrong with a header that names a column twice.
pub(crate) fn named_twice(names: &[String]) -> Option<String> {
    let mut earlier = std::collections::HashSet::new();
    let name = names.iter().find(|name| !earlier.insert(*name))?;
    Some(format!(
        "the header names column '{name}' twice; rename one of them"
    ))
}

/// The first value that is refused: its line, its column and its text. `columns` are the columns
/// to look at, and what each refuses.
pub(super) fn first_refused(
    check: &CsvCheck,
    dialect: &Dialect,
    columns: &[Refusal],
) -> Result<Option<Refused>> {
    let mut lines = CsvLines::open(&check.file, dialect)?;
    let mut is_header = dialect.columns.is_empty();
    let position = |name: &String| check.columns.iter().position(|column| column == name);
    while let Some(line) = lines.next()? {
        let CsvLine::Record(record) = line else {
            continue;
        };
        if std::mem::take(&mut is_header) || record.width() != check.columns.len() {
            continue;
        }
        let fields = record.texts();
        for (name, refuses) in columns {
            let field = position(name).and_then(|position| fields.get(position));
            if let Some(text) = field.filter(|text| refuses(text)) {
                return Ok(Some((record.line, name.clone(), text.to_string())));
            }
        }
    }
    Ok(None)
}

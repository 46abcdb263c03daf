//! From paths and globs to lazy frames.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::batches::Batches;
use super::columns::{Found, InputColumn, unite_columns};
use super::conversion::{BadValue, Converter, RowFilterExpression, refusals};
use super::csv_check::CsvCheck;
use super::dialect::Dialect;
use super::format::Format;
use super::location::{Located, common_format, expand};
use super::observation::Texts;
use super::part::{Part, csv_parts, ndjson_parts, one_frame, typed_parts};
use super::spec::DatasetSpec;
use crate::error::{Error, InputError, Result, SpecError};
use crate::schema::{ColumnSchema, ValueType};

/// One input: files of one format, whose columns are united by their names.
#[derive(Clone)]
pub struct Source {
    paths: Vec<PathBuf>,
    format: Format,
    dialect: Box<Dialect>,
    texts: Texts,
    parts: Vec<Part>,
    columns: Vec<InputColumn>,
}

impl Source {
    /// Finds the files and looks at all rows of those that are text, so that what a column is
    /// taken for depends neither on the order of files nor on their first rows.
    ///
    /// `inputs` are paths, globs or directories, `format` overrides the extension. A file without a
    /// known extension is CSV if the specification names the columns. A directory stands for the
    /// files in it and in those below it; a folder with a name like `store=007` gives a column
    /// `store` of text to all its rows, where it lies below an input that is a directory, differs
    /// between files, or is a column that the specification names.
    ///
    /// # Errors
    ///
    /// What is wrong with the files: none found, an unknown extension, mixed formats, no rows, text
    /// that is not UTF-8, a line of NDJSON that is not an object, and a ragged row where the
    /// specification is strict.
    pub fn open(inputs: &[String], format: Option<Format>, spec: &DatasetSpec) -> Result<Self> {
        let located = expand(inputs, spec)?;
        let paths: Vec<PathBuf> = located.iter().map(|file| file.path.clone()).collect();
        let format = common_format(&paths, format, spec)?;
        let default_separator = if format == Format::Tsv { '\t' } else { ',' };
        let dialect = Box::new(Dialect {
            columns: spec.csv.columns.clone(),
            separator: spec.csv.separator.unwrap_or(default_separator) as u8,
            comment: spec.csv.comment.clone(),
            limits: spec.limits,
        });
        let texts = spec.texts_in(format);
        let parts = match format {
            Format::Csv | Format::Tsv => csv_parts(located, &dialect, &texts, spec.strict)?,
            Format::Ndjson => ndjson_parts(located, &texts, &spec.limits)?,
            Format::Parquet | Format::Ipc => typed_parts(located, format)?,
        };
        let mut columns = Vec::new();
        for part in &parts {
            unite_columns(&mut columns, part.columns());
        }
        Ok(Self {
            paths,
            format,
            dialect,
            texts,
            parts,
            columns,
        })
    }

    /// The files, in the order in which they are read.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// Their format.
    pub fn format(&self) -> Format {
        self.format
    }

    /// The columns of all files, in the order in which they are first seen.
    pub(crate) fn columns(&self) -> &[InputColumn] {
        &self.columns
    }

    /// The text files, each with the values that the names of its folders give to its rows.
    pub(crate) fn located(&self) -> Vec<Located> {
        let located = self.parts.iter().map(|part| Located {
            path: part.path().to_path_buf(),
            folders: part.folders.clone(),
        });
        located.collect()
    }

    /// Two files, of which the first lacks a column that the second has; nothing where all have it.
    pub(crate) fn lacking(&self, column: &str) -> Option<(&Path, &Path)> {
        if self.parts.len() < 2 {
            return None;
        }
        let has = |part: &&Part| part.has(column);
        let with = self.parts.iter().find(has)?;
        let without = self.parts.iter().find(|part| !part.has(column))?;
        Some((without.path(), with.path()))
    }

    fn checks(&self) -> impl Iterator<Item = &CsvCheck> {
        self.parts.iter().filter_map(Part::check)
    }

    /// Rows with the wrong number of fields.
    pub fn ragged(&self) -> u64 {
        self.checks().map(|check| check.ragged).sum()
    }

    /// The first of the ragged rows: file, line, its fields, and the fields wanted.
    pub fn first_ragged(&self) -> Option<(&Path, u64, usize, usize)> {
        self.checks().find_map(|check| {
            let (line, fields) = check.first_ragged?;
            Some((check.file.path.as_path(), line, fields, check.columns.len()))
        })
    }

    /// All rows of text files, ragged ones included; nothing where only a query can tell.
    pub(crate) fn known_rows(&self) -> Option<u64> {
        let rows = self.parts.iter().map(Part::known_rows);
        rows.sum()
    }

    /// A lazy frame of all files with these columns, converted into what they were taken for, and
    /// the rows for which the filter holds; ragged rows are left out. A file that lacks a column
    /// has nulls in it. A value that cannot be converted is noted in `bad`, or null without it.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where a frame cannot be made.
    pub(crate) fn scan(
        &self,
        columns: &[ColumnSchema],
        filter: RowFilterExpression,
        bad: Option<&BadValue>,
    ) -> Result<LazyFrame> {
        let texts = self.texts.clone();
        let converter = match bad {
            Some(bad) => Converter::strict(texts, bad),
            None => Converter::lenient(texts),
        };
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let frames = self.parts.iter().map(|part| {
            let (frame, schema) = part.frame(&self.dialect, &self.texts, columns, Some(&names))?;
            Ok(converter.convert_frame(frame, &schema, columns, filter))
        });
        self.united(frames)
    }

    /// All rows as they stand in the files: every value of a text file as text. Nothing is left out
    /// but ragged rows; a file that lacks a column has nulls in it.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where a frame cannot be made.
    pub fn rows(&self) -> Result<LazyFrame> {
        let all = self.columns.iter().map(|column| column.name.as_str());
        self.rows_of(&all.collect::<Vec<_>>())
    }

    /// The same of some columns.
    fn rows_of(&self, names: &[&str]) -> Result<LazyFrame> {
        let frames = self.parts.iter().map(|part| {
            let (frame, schema) = part.frame(&self.dialect, &self.texts, &[], Some(names))?;
            let columns = names.iter().map(|&name| match schema.get(name) {
                Some(_) => col(name),
                None => lit(NULL).alias(name),
            });
            Ok(frame.select(columns.collect::<Vec<_>>()))
        });
        self.united(frames)
    }

    /// A lazy frame of a row for each part, with the number of its rows.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where a frame cannot be made.
    pub(crate) fn row_counts(&self) -> Result<LazyFrame> {
        let frames = self.parts.iter().map(|part| {
            let (frame, _) = part.frame(&self.dialect, &self.texts, &[], Some(&[]))?;
            Ok(frame.select([len()]))
        });
        self.united(frames)
    }

    fn united(&self, frames: impl Iterator<Item = PolarsResult<LazyFrame>>) -> Result<LazyFrame> {
        let frames: PolarsResult<Vec<LazyFrame>> = frames.collect();
        frames
            .and_then(one_frame)
            .map_err(Error::polars(self.describe()))
    }

    /// The same rows, at most so many at a time.
    ///
    /// # Errors
    ///
    /// As [`rows`](Self::rows); and [`Error::Polars`] as the last item.
    pub fn batches(&self, rows: NonZeroUsize) -> Result<impl Iterator<Item = Result<DataFrame>>> {
        let frame = self.rows()?;
        Ok(Batches::new(frame, rows).map(|batch| batch.map_err(|error| self.name(error))))
    }

    /// As [`batches`](Self::batches), of some columns and so many rows.
    ///
    /// # Errors
    ///
    /// As [`batches`](Self::batches).
    pub(crate) fn batches_of(
        &self,
        columns: &[&str],
        rows: NonZeroUsize,
    ) -> Result<impl Iterator<Item = Result<DataFrame>>> {
        let frame = self.rows_of(columns)?;
        Ok(Batches::new(frame, rows).map(|batch| batch.map_err(|error| self.name(error))))
    }

    /// Says which value could not be converted, and where the first such value is, if that is what
    /// failed.
    pub(crate) fn locate(&self, error: Error, columns: &[ColumnSchema], bad: &BadValue) -> Error {
        match (error, bad.take()) {
            (Error::Polars { .. }, Some((column, value))) => {
                self.place(bad_value(None, 0, column, value, columns), columns)
            }
            (error, _) => self.name(error),
        }
    }

    /// Says in which file and line the first value is that cannot be converted, or which file has a
    /// column that cannot be, if that is what failed.
    pub(crate) fn place(&self, error: Error, columns: &[ColumnSchema]) -> Error {
        match error {
            Error::Input(InputError::BadValue {
                path: None,
                column,
                value,
                ..
            }) => self.place_value(column, value, columns),
            Error::Spec(SpecError::OtherTypeThanTrained {
                path: None,
                column,
                found,
                trained,
            }) => SpecError::OtherTypeThanTrained {
                path: self.first_of_type(&column, &found),
                column,
                found,
                trained,
            }
            .into(),
            other => other,
        }
    }

    fn place_value(&self, column: String, value: String, columns: &[ColumnSchema]) -> Error {
        let refusals = refusals(columns, &self.texts);
        let in_text = self.parts.iter().find_map(|part| {
            let found = part.first_refused(&self.dialect, &refusals);
            Some((part.path().to_path_buf(), found.ok()??))
        });
        if let Some((path, (line, column, value))) = in_text {
            return bad_value(Some(path), line, column, value, columns);
        }
        let schema = columns.iter().find(|schema| schema.name == column);
        let typed = schema.and_then(|schema| {
            let mut parts = self.parts.iter();
            parts.find_map(|part| part.first_unconvertible(schema, &self.texts).ok()?)
        });
        let (path, row) = typed.map_or((None, 0), |(path, row)| (Some(path), row));
        bad_value(path, row, column, value, columns)
    }

    /// The first file whose column is of this type.
    fn first_of_type(&self, column: &str, found: &ValueType) -> Option<PathBuf> {
        let column = self.columns.iter().find(|other| other.name == *column)?;
        let Found::Types(types) = &column.found else {
            return None;
        };
        let mut types = types.iter();
        let (_, path) = types.find(|(dtype, _)| ValueType::from(dtype) == *found)?;
        path.clone()
    }

    /// Names the files in an error of Polars.
    pub(crate) fn name(&self, error: Error) -> Error {
        match error {
            Error::Polars { context, cause } => Error::Polars {
                context: format!("{}: {context}", self.describe()),
                cause,
            },
            other => other,
        }
    }

    fn describe(&self) -> String {
        match self.paths.as_slice() {
            [path] => path.display().to_string(),
            [first, rest @ ..] => format!("{} and {} more", first.display(), rest.len()),
            [] => String::new(),
        }
    }
}

/// The error of a value that cannot be converted.
pub(crate) fn bad_value(
    path: Option<PathBuf>,
    line: u64,
    column: String,
    value: String,
    columns: &[ColumnSchema],
) -> Error {
    let schema = columns.iter().find(|schema| schema.name == column);
    let is_infinite = || value.trim().parse::<f64>().is_ok_and(f64::is_infinite);
    InputError::BadValue {
        path,
        line,
        wanted: match schema {
            None => "what it should be",
            Some(schema) if schema.infinite.is_some() && is_infinite() => "a finite number",
            Some(schema) => schema.column_type.noun(),
        },
        trained: false,
        column,
        value,
    }
    .into()
}

//! From paths and globs to lazy frames.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use polars::prelude::*;

use super::batches::Batches;
use super::columns::{Found, InputColumn, unite_columns};
use super::conversion::{BadValue, Converter, RowFilterExpression};
use super::csv_check::{self, CsvCheck};
use super::dialect::Dialect;
use super::format::Format;
use super::location::{FolderValues, Located, common_format, expand};
use super::ndjson::{self, NdjsonFile};
use super::observation::Texts;
use super::spec::DatasetSpec;
use super::spool;
use crate::error::{Error, InputError, Result};
use crate::schema::{ColumnSchema, ColumnType};

/// The position of a row in its file, while ragged rows are sorted out.
const ROW: &str = "\u{0}row";

/// Values in a batch of rows, all columns together.
const BATCH_VALUES: usize = 1 << 22;

/// One input: files of one format, whose columns are united by their names.
#[derive(Clone)]
pub struct Source {
    paths: Vec<PathBuf>,
    format: Format,
    dialect: Dialect,
    texts: Texts,
    parts: Vec<Part>,
    columns: Vec<InputColumn>,
}

/// Files that are read together: one of text, or several of the same columns.
#[derive(Clone)]
struct Part {
    content: Content,
    /// Values that the names of folders give to all rows.
    folders: FolderValues,
}

#[derive(Clone)]
enum Content {
    Csv(Box<CsvCheck>),
    Ndjson(NdjsonFile),
    Typed {
        format: Format,
        paths: Vec<PathBuf>,
        schema: SchemaRef,
    },
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
        let dialect = Dialect {
            columns: spec.csv.columns.clone(),
            separator: spec.csv.separator.unwrap_or(default_separator) as u8,
            comment: spec.csv.comment.clone(),
        };
        for path in &paths {
            if std::fs::metadata(path).map_err(Error::io(path))?.len() == 0 {
                return Err(InputError::Empty {
                    path: path.clone(),
                    header: false,
                }
                .into());
            }
        }
        let texts = spec.texts();
        let parts = match format {
            Format::Csv | Format::Tsv => csv_parts(located, &dialect, &texts, spec.strict)?,
            Format::Ndjson => ndjson_parts(located, &texts)?,
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

    /// Whether the names of folders give columns to rows.
    pub(crate) fn has_folders(&self) -> bool {
        self.parts.iter().any(|part| !part.folders.is_empty())
    }

    /// Two files, of which the first lacks a column that the second has; nothing where all have it.
    pub(crate) fn lacking(&self, column: &str) -> Option<(&Path, &Path)> {
        let has = |part: &&Part| part.has(column);
        let with = self.parts.iter().find(has)?;
        let without = self.parts.iter().find(|part| !part.has(column))?;
        Some((without.path(), with.path()))
    }

    fn checks(&self) -> impl Iterator<Item = &CsvCheck> {
        self.parts.iter().filter_map(|part| match &part.content {
            Content::Csv(check) => Some(&**check),
            _ => None,
        })
    }

    /// Rows with the wrong number of fields.
    pub fn ragged(&self) -> u64 {
        self.checks().map(|check| check.ragged).sum()
    }

    /// The first of the ragged rows: file, line, its fields, and the fields wanted.
    pub fn first_ragged(&self) -> Option<(&Path, u64, usize, usize)> {
        self.checks().find_map(|check| {
            let (line, fields) = check.first_ragged?;
            Some((check.path.as_path(), line, fields, check.columns.len()))
        })
    }

    /// All rows of text files, ragged ones included; nothing where only a query can tell.
    pub(crate) fn known_rows(&self) -> Option<u64> {
        let rows = self.parts.iter().map(|part| match &part.content {
            Content::Csv(check) => Some(check.rows),
            Content::Ndjson(file) => Some(file.rows),
            Content::Typed { .. } => None,
        });
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
        let frames = self.parts.iter().map(|part| {
            let (frame, schema) = part.frame(&self.dialect, &self.texts, columns)?;
            Ok(converter.convert_frame(frame, &schema, columns, filter))
        });
        let frames: PolarsResult<Vec<LazyFrame>> = frames.collect();
        frames
            .and_then(one_frame)
            .map_err(Error::polars(self.describe()))
    }

    /// All rows as they stand in the files: every value of a text file as text. Nothing is left out
    /// but ragged rows; a file that lacks a column has nulls in it.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where a frame cannot be made.
    pub fn rows(&self) -> Result<LazyFrame> {
        let frames = self.parts.iter().map(|part| {
            let (frame, schema) = part.frame(&self.dialect, &self.texts, &[])?;
            let columns = self
                .columns
                .iter()
                .map(|column| match schema.get(&column.name) {
                    Some(_) => col(&column.name),
                    None => lit(NULL).alias(&column.name),
                });
            Ok(frame.select(columns.collect::<Vec<_>>()))
        });
        let frames: PolarsResult<Vec<LazyFrame>> = frames.collect();
        frames
            .and_then(one_frame)
            .map_err(Error::polars(self.describe()))
    }

    /// The same rows, a bounded number at a time.
    ///
    /// # Errors
    ///
    /// As [`rows`](Self::rows); and [`Error::Polars`] as the last item.
    pub fn batches(&self) -> Result<impl Iterator<Item = Result<DataFrame>>> {
        let frame = self.rows()?;
        let rows = BATCH_VALUES / self.columns.len().max(1);
        let rows = rows.clamp(1_024, BATCH_VALUES / 16);
        let rows = NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN);
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

    /// Says in which file and line the first value is that cannot be converted, if that is what
    /// failed.
    pub(crate) fn place(&self, error: Error, columns: &[ColumnSchema]) -> Error {
        if !matches!(error, Error::Input(InputError::BadValue { path: None, .. })) {
            return error;
        }
        let refusals = refusals(columns, &self.texts);
        let found = self.parts.iter().find_map(|part| {
            let found = match &part.content {
                Content::Csv(check) => csv_check::first_refused(check, &self.dialect, &refusals),
                Content::Ndjson(file) => ndjson::first_refused(&file.path, &refusals),
                Content::Typed { .. } => return None,
            };
            Some((part.path().to_path_buf(), found.ok()??))
        });
        match (found, error) {
            (Some((path, (line, column, value))), _) => {
                bad_value(Some(path), line, column, value, columns)
            }
            (
                None,
                Error::Input(InputError::BadValue {
                    line,
                    column,
                    value,
                    ..
                }),
            ) => bad_value(self.paths.first().cloned(), line, column, value, columns),
            (None, error) => error,
        }
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
    InputError::BadValue {
        path,
        line,
        wanted: schema.map_or("what it should be", |schema| schema.column_type.noun()),
        trained: false,
        column,
        value,
    }
    .into()
}

/// By column, whether it refuses a text.
fn refusals(columns: &[ColumnSchema], texts: &Texts) -> Vec<(String, Box<dyn Fn(&str) -> bool>)> {
    let refusal = |column: &ColumnSchema| {
        let (schema, bad) = (column.clone(), BadValue::default());
        let converter = Converter::strict(texts.clone(), &bad);
        let refuses = move |text: &str| converter.refuses(text, &schema);
        (
            column.name.clone(),
            Box::new(refuses) as Box<dyn Fn(&str) -> bool>,
        )
    };
    let columns = columns.iter();
    let columns = columns.filter(|column| column.column_type != ColumnType::Text);
    columns.map(refusal).collect()
}

fn one_frame(frames: Vec<LazyFrame>) -> PolarsResult<LazyFrame> {
    match <[LazyFrame; 1]>::try_from(frames) {
        Ok([frame]) => Ok(frame),
        Err(frames) => concat(
            frames,
            UnionArgs {
                maintain_order: true,
                to_supertypes: true,
                ..UnionArgs::default()
            },
        ),
    }
}

/// Looks at every file.
fn csv_parts(
    files: Vec<Located>,
    dialect: &Dialect,
    texts: &Texts,
    strict: bool,
) -> Result<Vec<Part>> {
    let part = |file: Located| {
        let mut check = CsvCheck::take(&file.path, dialect, Some(texts))?;
        if strict && let Some((line, found)) = check.first_ragged {
            return Err(InputError::Ragged {
                path: check.path.clone(),
                line,
                found,
                expected: check.columns.len(),
            }
            .into());
        }
        check.make_readable(dialect)?;
        Ok(Part {
            content: Content::Csv(Box::new(check)),
            folders: file.folders,
        })
    };
    files.into_iter().map(part).collect()
}

fn ndjson_parts(files: Vec<Located>, texts: &Texts) -> Result<Vec<Part>> {
    let part = |file: Located| {
        let read = NdjsonFile::read(&file.path, texts)?;
        if read.rows == 0 {
            return Err(InputError::Empty {
                path: file.path,
                header: false,
            }
            .into());
        }
        Ok(Part {
            content: Content::Ndjson(read),
            folders: file.folders,
        })
    };
    files.into_iter().map(part).collect()
}

/// Files that follow each other and have the same columns are one part.
fn typed_parts(files: Vec<Located>, format: Format) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    for file in files {
        let schema = scan_typed(std::slice::from_ref(&file.path), format)
            .and_then(|mut frame| frame.collect_schema())
            .map_err(Error::polars(file.path.display().to_string()))?;
        if let Some(part) = parts.last_mut()
            && let Content::Typed {
                paths,
                schema: last,
                ..
            } = &mut part.content
            && part.folders == file.folders
            && *last == schema
        {
            paths.push(file.path);
            continue;
        }
        parts.push(Part {
            content: Content::Typed {
                format,
                paths: vec![file.path],
                schema,
            },
            folders: file.folders,
        });
    }
    Ok(parts)
}

fn scan_typed(paths: &[PathBuf], format: Format) -> PolarsResult<LazyFrame> {
    let paths = paths.iter().map(|path| polars_path(path)).collect();
    match format {
        Format::Ipc => LazyFrame::scan_ipc_sources(
            ScanSources::Paths(paths),
            Default::default(),
            UnifiedScanArgs {
                glob: false,
                ..UnifiedScanArgs::default()
            },
        ),
        _ => LazyFrame::scan_parquet_files(
            paths,
            ScanArgsParquet {
                glob: false,
                hive_options: HiveOptions::new_disabled(),
                ..ScanArgsParquet::default()
            },
        ),
    }
}

impl Part {
    fn path(&self) -> &Path {
        match &self.content {
            Content::Csv(check) => &check.path,
            Content::Ndjson(file) => &file.path,
            Content::Typed { paths, .. } => &paths[0],
        }
    }

    fn has(&self, column: &str) -> bool {
        let is_folder = self.folders.iter().any(|(name, _)| name == column);
        is_folder
            || match &self.content {
                Content::Csv(check) => check.columns.iter().any(|name| name == column),
                Content::Ndjson(file) => file.columns.iter().any(|(name, _)| name == column),
                Content::Typed { schema, .. } => schema.contains(column),
            }
    }

    fn columns(&self) -> Vec<InputColumn> {
        let observed = |name: &String, observation: &_| InputColumn {
            name: name.clone(),
            found: Found::Texts(Box::new(Clone::clone(observation))),
        };
        let mut columns: Vec<InputColumn> = match &self.content {
            Content::Csv(check) => {
                let columns = check.columns.iter().zip(&check.observations);
                columns
                    .map(|(name, observation)| observed(name, observation))
                    .collect()
            }
            Content::Ndjson(file) => {
                let columns = file.columns.iter();
                columns
                    .map(|(name, observation)| observed(name, observation))
                    .collect()
            }
            Content::Typed { schema, .. } => {
                let columns = schema.iter();
                let path = Some(self.path());
                columns
                    .map(|(name, dtype)| InputColumn::typed(name, dtype, path))
                    .collect()
            }
        };
        for (name, _) in &self.folders {
            if !columns.iter().any(|column| column.name == *name) {
                columns.push(InputColumn::typed(
                    name,
                    &DataType::String,
                    Some(self.path()),
                ));
            }
        }
        columns
    }

    /// The rows, and their columns. Those of `columns` that are plain numbers are read as such from
    /// CSV, everything else as text.
    fn frame(
        &self,
        dialect: &Dialect,
        texts: &Texts,
        columns: &[ColumnSchema],
    ) -> PolarsResult<(LazyFrame, SchemaRef)> {
        let mut frame = match &self.content {
            Content::Csv(check) => scan_csv(check, dialect, texts, columns)?,
            Content::Ndjson(file) => scan_spool(file)?,
            Content::Typed { paths, format, .. } => scan_typed(paths, *format)?,
        };
        let mut schema = frame.collect_schema()?;
        let folders = self
            .folders
            .iter()
            .filter(|(name, _)| !schema.contains(name));
        let folders: Vec<Expr> = folders
            .map(|(name, value)| match value {
                Some(value) => lit(value.as_str()).alias(name),
                None => lit(NULL).cast(DataType::String).alias(name),
            })
            .collect();
        if !folders.is_empty() {
            frame = frame.with_columns(folders);
            schema = frame.collect_schema()?;
        }
        Ok((frame, schema))
    }
}

fn scan_spool(file: &NdjsonFile) -> PolarsResult<LazyFrame> {
    let all: Vec<&String> = file.columns.iter().map(|(name, _)| name).collect();
    let frames = file.spool.files().iter().map(|(path, columns)| {
        let columns = all.iter().map(|&name| match columns.contains(name) {
            true => col(name),
            false => lit(NULL).cast(DataType::String).alias(name),
        });
        Ok(spool::scan(path)?.select(columns.collect::<Vec<_>>()))
    });
    one_frame(frames.collect::<PolarsResult<_>>()?)
}

fn scan_csv(
    check: &CsvCheck,
    dialect: &Dialect,
    texts: &Texts,
    columns: &[ColumnSchema],
) -> PolarsResult<LazyFrame> {
    let has_types = !columns.is_empty();
    let dtype = |position: usize, name: &String| {
        let plain = check
            .observations
            .get(position)
            .is_some_and(|o| o.has_plain_numbers());
        let column = columns.iter().find(|column| column.name == *name);
        match column.map(|column| &column.column_type) {
            Some(ColumnType::Number) if plain => DataType::Float64,
            Some(ColumnType::Whole) if plain => DataType::Int64,
            _ => DataType::String,
        }
    };
    let names = check.columns.iter().enumerate();
    let schema: Schema = names
        .map(|(position, name)| Field::new(name.into(), dtype(position, name)))
        .collect();
    let missing: Vec<PlSmallStr> = texts
        .missing
        .iter()
        .flat_map(|text| [text.into(), format!(" {text}").into()])
        .collect();
    let missing = (has_types && !missing.is_empty()).then_some(NullValues::AllColumns(missing));
    let frame = LazyCsvReader::new(polars_path(check.readable()))
        .with_skip_lines(check.skip_lines)
        .with_glob(false)
        .with_has_header(dialect.columns.is_empty())
        .with_separator(dialect.separator)
        .with_comment_prefix(dialect.comment.as_deref().map(Into::into))
        .with_null_values(missing)
        .with_schema(Some(std::sync::Arc::new(schema)))
        .with_truncate_ragged_lines(check.ragged > 0)
        .finish()?;
    let Some(&first) = check.excluded.first() else {
        return Ok(frame);
    };
    let kept = check.rows - check.ragged;
    if u64::from(first) == kept {
        return Ok(frame.limit(first));
    }
    let excluded = Series::new("excluded".into(), &check.excluded);
    Ok(frame
        .with_row_index(ROW, None)
        .filter(col(ROW).is_in(lit(excluded).implode(false), false).not())
        .drop(cols([ROW])))
}

fn polars_path(path: &Path) -> PlRefPath {
    PlRefPath::new(path.to_string_lossy())
}

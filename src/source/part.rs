//! Files that are read together, and lazy frames of them.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;

use super::columns::{Found, InputColumn};
use super::conversion::{Converter, Refusal, Refused};
use super::csv_check::{self, CsvCheck};
use super::dialect::Dialect;
use super::format::Format;
use super::input_file::{InputFile, check_length};
use super::ipc_check::check_ipc;
use super::ipc_stream::file_of_stream;
use super::limits::ReadLimits;
use super::location::{FolderValues, Located};
use super::ndjson::{self, NdjsonFile};
use super::observation::Texts;
use super::parquet_check::check_parquet;
use super::spool;
use crate::cloud::Address;
use crate::error::{Error, InputError, Result};
use crate::guard::guarded;
use crate::schema::{ColumnSchema, ColumnType, OnInfinite};

/// The position of a row in its file, while ragged rows are sorted out.
const ROW: &str = "\u{0}row";

/// Files that are read together: one of text, or several of the same columns.
#[derive(Clone)]
pub(super) struct Part {
    content: Content,
    /// Values that the names of folders give to all rows.
    pub folders: FolderValues,
}

#[derive(Clone)]
enum Content {
    Csv(Box<CsvCheck>),
    Ndjson(NdjsonFile),
    Typed {
        format: Format,
        files: Vec<InputFile>,
        schema: SchemaRef,
    },
}

/// Looks at every file.
pub(super) fn csv_parts(
    files: Vec<Located>,
    dialect: &Dialect,
    texts: &Texts,
    strict: bool,
) -> Result<Vec<Part>> {
    let inputs = InputFile::fetch_all(files.iter().map(|file| &file.path), Format::Csv)?;
    let part = |(file, input): (Located, InputFile)| {
        let mut check = CsvCheck::take(input, dialect, Some(texts))?;
        if strict && let Some((line, found)) = check.first_ragged {
            return Err(InputError::Ragged {
                path: check.file.path.clone(),
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
    files.into_iter().zip(inputs).map(part).collect()
}

pub(super) fn ndjson_parts(
    files: Vec<Located>,
    texts: &Texts,
    limits: &ReadLimits,
) -> Result<Vec<Part>> {
    let part = |file: Located| {
        if Address::of(&file.path).is_none() {
            check_length(&file.path, &file.path)?;
        }
        let read = NdjsonFile::read(&file.path, texts, limits)?;
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
pub(super) fn typed_parts(files: Vec<Located>, format: Format) -> Result<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let inputs = InputFile::fetch_all(files.iter().map(|file| &file.path), format)?;
    for (file, input) in files.into_iter().zip(inputs) {
        let read = || {
            let mut typed = input;
            match format {
                Format::Ipc => {
                    if let Some(copy) = file_of_stream(typed.readable())? {
                        typed = typed.read_from(copy);
                    }
                    check_ipc(typed.readable())?;
                }
                _ if typed.is_fetched_by_column() => {}
                _ => check_parquet(&mut File::open(typed.readable())?)?,
            }
            let schema = scan_typed(std::slice::from_ref(&typed), format)?.collect_schema()?;
            Ok((typed, schema))
        };
        let read = guarded(read).map_err(Error::polars(file.path.display().to_string()));
        let (typed, schema) = read?;
        if let Some(part) = parts.last_mut()
            && let Content::Typed {
                files,
                schema: last,
                ..
            } = &mut part.content
            && part.folders == file.folders
            && *last == schema
        {
            files.push(typed);
            continue;
        }
        parts.push(Part {
            content: Content::Typed {
                format,
                files: vec![typed],
                schema,
            },
            folders: file.folders,
        });
    }
    Ok(parts)
}

fn scan_typed(files: &[InputFile], format: Format) -> PolarsResult<LazyFrame> {
    let paths = files.iter().map(|file| polars_path(file.readable()));
    let paths = paths.collect();
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
    /// What a look at a CSV file found.
    pub fn check(&self) -> Option<&CsvCheck> {
        match &self.content {
            Content::Csv(check) => Some(check),
            _ => None,
        }
    }

    /// All rows of a text file, ragged ones included; nothing where only a query can tell.
    pub fn known_rows(&self) -> Option<u64> {
        match &self.content {
            Content::Csv(check) => Some(check.rows),
            Content::Ndjson(file) => Some(file.rows),
            Content::Typed { .. } => None,
        }
    }

    /// The first value of a text file that is refused: its line, its column and its text.
    pub fn first_refused(
        &self,
        dialect: &Dialect,
        refusals: &[Refusal],
    ) -> Result<Option<Refused>> {
        match &self.content {
            Content::Csv(check) => csv_check::first_refused(check, dialect, refusals),
            Content::Ndjson(file) => ndjson::first_refused(&file.path, refusals, &dialect.limits),
            Content::Typed { .. } => Ok(None),
        }
    }

    /// The first file with types that has a value in a column which cannot be converted, and the
    /// row of that value, from 1.
    pub fn first_unconvertible(
        &self,
        column: &ColumnSchema,
        texts: &Texts,
    ) -> PolarsResult<Option<(PathBuf, u64)>> {
        let Content::Typed {
            files,
            format,
            schema,
        } = &self.content
        else {
            return Ok(None);
        };
        let Some(dtype) = schema.get(&column.name) else {
            return Ok(None);
        };
        let converter = Converter::lenient(texts.clone());
        let column = &ColumnSchema {
            infinite: column
                .infinite
                .filter(|infinite| *infinite == OnInfinite::Error),
            ..column.clone()
        };
        let is_there = converter.text(&column.name, dtype).is_not_null();
        let converted = converter.convert(&column.name, dtype, column);
        let is_lost = is_there.and(converted.is_null()).alias(&column.name);
        guarded(|| InputFile::require(files, Some(&[column.name.as_str()])))?;
        for file in files {
            let frame = scan_typed(std::slice::from_ref(file), *format)?;
            let lost = guarded(|| frame.select([is_lost.clone()]).collect())?;
            if let Some(row) = lost.columns()[0].bool()?.first_true_idx() {
                return Ok(Some((file.path.clone(), row as u64 + 1)));
            }
        }
        Ok(None)
    }

    pub fn path(&self) -> &Path {
        match &self.content {
            Content::Csv(check) => &check.file.path,
            Content::Ndjson(file) => &file.path,
            Content::Typed { files, .. } => &files[0].path,
        }
    }

    pub fn has(&self, column: &str) -> bool {
        let is_folder = self.folders.iter().any(|(name, _)| name == column);
        is_folder
            || match &self.content {
                Content::Csv(check) => check.columns.iter().any(|name| name == column),
                Content::Ndjson(file) => file.columns.iter().any(|(name, _)| name == column),
                Content::Typed { schema, .. } => schema.contains(column),
            }
    }

    pub fn columns(&self) -> Vec<InputColumn> {
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
    /// CSV, everything else as text. No other column is read than those of these `names`; all may be
    /// where there are none.
    pub fn frame(
        &self,
        dialect: &Dialect,
        texts: &Texts,
        columns: &[ColumnSchema],
        names: Option<&[&str]>,
    ) -> PolarsResult<(LazyFrame, SchemaRef)> {
        guarded(|| {
            if let Content::Typed { files, .. } = &self.content {
                InputFile::require(files, names)?;
            }
            self.scan(dialect, texts, columns)
        })
    }

    fn scan(
        &self,
        dialect: &Dialect,
        texts: &Texts,
        columns: &[ColumnSchema],
    ) -> PolarsResult<(LazyFrame, SchemaRef)> {
        let mut frame = match &self.content {
            Content::Csv(check) => scan_csv(check, dialect, texts, columns)?,
            Content::Ndjson(file) => scan_spool(file)?,
            Content::Typed { files, format, .. } => scan_typed(files, *format)?,
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
    let columns = ColumnSchema::by_name(columns);
    let dtype = |position: usize, name: &String| {
        let plain = !check.reads_ragged()
            && check
                .observations
                .get(position)
                .is_some_and(|o| o.has_plain_numbers());
        let column = columns.get(name.as_str());
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
    let mut missing: Vec<PlSmallStr> = Vec::new();
    if has_types {
        let texts = texts.missing.iter();
        missing.extend(texts.flat_map(|text| [text.into(), format!(" {text}").into()]));
    }
    if check.empty_quotes {
        missing.push(PlSmallStr::EMPTY);
    }
    let missing = (!missing.is_empty()).then_some(NullValues::AllColumns(missing));
    let frame = LazyCsvReader::new(polars_path(check.readable()))
        .with_skip_lines(check.skip_lines)
        .with_glob(false)
        .with_has_header(dialect.columns.is_empty())
        .with_separator(dialect.separator)
        .with_comment_prefix(dialect.comment.as_deref().map(Into::into))
        .with_null_values(missing)
        .with_schema(Some(Arc::new(schema)))
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

pub(super) fn one_frame(frames: Vec<LazyFrame>) -> PolarsResult<LazyFrame> {
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

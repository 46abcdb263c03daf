//! From paths and globs to one lazy frame.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use polars::prelude::*;

use super::batches::Batches;
use super::cleaning::{clean, with_columns};
use super::csv_check::{CsvCheck, Dialect, first_bad_number};
use super::format::Format;
use super::location::{common_format, expand};
use super::spec::DatasetSpec;
use crate::error::{Error, InputError, Result};
use crate::guard::guarded;

/// The position of a row in its file, while ragged rows are sorted out.
const ROW: &str = "\u{0}row";

/// How many rows of a CSV or NDJSON file decide about its types.
const INFERENCE_ROWS: usize = 10_000;

/// Values in a batch of rows, all columns together.
const BATCH_VALUES: usize = 1 << 22;

/// One input: files of one format with the same columns.
#[derive(Clone, Debug)]
pub struct Source {
    paths: Vec<PathBuf>,
    format: Format,
    dialect: Dialect,
    checks: Vec<CsvCheck>,
}

impl Source {
    /// Finds the files and looks at those that are CSV.
    ///
    /// `inputs` are paths or globs, `format` overrides the extension. A file without a known
    /// extension is CSV if the specification names the columns.
    ///
    /// # Errors
    ///
    /// What is wrong with the files: none found, a directory, an unknown extension, mixed formats,
    /// no rows, text that is not UTF-8, headers that differ, and a ragged row where the
    /// specification is strict.
    pub fn open(inputs: &[String], format: Option<Format>, spec: &DatasetSpec) -> Result<Self> {
        let paths = expand(inputs)?;
        let format = common_format(&paths, format, spec)?;
        let default_separator = if format == Format::Tsv { '\t' } else { ',' };
        let dialect = Dialect {
            columns: spec.csv.columns.clone(),
            separator: spec.csv.separator.unwrap_or(default_separator) as u8,
            comment: spec.csv.comment.clone(),
        };
        let checks = match format {
            Format::Csv | Format::Tsv => check_files(&paths, &dialect, spec.strict)?,
            _ => Vec::new(),
        };
        for path in &paths {
            if checks.is_empty() && std::fs::metadata(path).map_err(Error::io(path))?.len() == 0 {
                return Err(InputError::Empty {
                    path: path.clone(),
                    header: false,
                }
                .into());
            }
        }
        Ok(Self {
            paths,
            format,
            dialect,
            checks,
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

    /// Rows with the wrong number of fields.
    pub fn ragged(&self) -> u64 {
        self.checks.iter().map(|check| check.ragged).sum()
    }

    /// The first of the ragged rows: file, line, its fields, and the fields wanted.
    pub fn first_ragged(&self) -> Option<(&Path, u64, usize, usize)> {
        self.checks.iter().find_map(|check| {
            let (line, fields) = check.first_ragged?;
            Some((check.path.as_path(), line, fields, check.columns.len()))
        })
    }

    /// All rows of text files, ragged ones included; nothing where only a query can tell.
    pub(crate) fn known_rows(&self) -> Option<u64> {
        let known = matches!(self.format, Format::Csv | Format::Tsv);
        known.then(|| self.checks.iter().map(|check| check.rows).sum())
    }

    /// A lazy frame of all files, ragged rows left out.
    ///
    /// Numbers in text files are read as 64-bit floats where they are features, and as the
    /// specification says where it says so.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where the files' schema cannot be read.
    pub fn scan(&self, spec: &DatasetSpec) -> Result<LazyFrame> {
        match self.format {
            Format::Csv | Format::Tsv => self.scan_csv(spec),
            Format::Parquet => LazyFrame::scan_parquet_files(
                self.polars_paths(),
                ScanArgsParquet {
                    glob: false,
                    ..ScanArgsParquet::default()
                },
            ),
            Format::Ipc => LazyFrame::scan_ipc_sources(
                ScanSources::Paths(self.polars_paths()),
                Default::default(),
                UnifiedScanArgs {
                    glob: false,
                    ..UnifiedScanArgs::default()
                },
            ),
            Format::Ndjson => LazyJsonLineReader::new_paths(self.polars_paths())
                .with_infer_schema_length(INFERENCE_ROWS.try_into().ok())
                .finish(),
        }
        .map_err(Error::polars(self.describe()))
    }

    /// All rows as they are to be predicted: cleaned as the specification says, nothing left out
    /// but ragged rows, and whole numbers of text files as whole numbers again.
    ///
    /// # Errors
    ///
    /// As [`scan`](Self::scan), and [`InputError::NotANumber`] for text in a numeric column.
    pub fn rows(&self, spec: &DatasetSpec) -> Result<LazyFrame> {
        let mut frame = self.scan(spec)?;
        let schema = frame
            .collect_schema()
            .map_err(Error::polars(self.describe()))?;
        let frame = with_columns(frame, clean(&schema, spec));
        if self.known_rows().is_none() {
            return Ok(frame);
        }
        let whole = guarded(|| whole_numbers(&frame))
            .map_err(Error::polars("cannot read the input"))
            .map_err(|error| self.locate(error, &spec.numeric, &spec.missing))?;
        let whole = whole
            .into_iter()
            .map(|name| col(name).cast(DataType::Int64));
        Ok(frame.with_columns(whole.collect::<Vec<_>>()))
    }

    /// The same rows, a bounded number at a time.
    ///
    /// # Errors
    ///
    /// As [`rows`](Self::rows); and [`InputError::NotANumber`] or [`Error::Polars`] as the last item.
    pub fn batches(&self, spec: &DatasetSpec) -> Result<impl Iterator<Item = Result<DataFrame>>> {
        let mut frame = self.rows(spec)?;
        let schema = frame
            .collect_schema()
            .map_err(Error::polars(self.describe()))?;
        let rows = (BATCH_VALUES / schema.len().max(1)).clamp(1_024, BATCH_VALUES / 16);
        let rows = NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN);
        Ok(Batches::new(frame, rows)
            .map(|batch| batch.map_err(|error| self.locate(error, &spec.numeric, &spec.missing))))
    }

    fn scan_csv(&self, spec: &DatasetSpec) -> PolarsResult<LazyFrame> {
        let schema = self.csv_schema(spec)?;
        let frames = self
            .checks
            .iter()
            .map(|check| self.scan_csv_file(check, schema.clone(), spec))
            .collect::<PolarsResult<Vec<_>>>()?;
        match <[LazyFrame; 1]>::try_from(frames) {
            Ok([frame]) => Ok(frame),
            Err(frames) => concat(
                frames,
                UnionArgs {
                    maintain_order: true,
                    ..UnionArgs::default()
                },
            ),
        }
    }

    fn scan_csv_file(
        &self,
        check: &CsvCheck,
        schema: SchemaRef,
        spec: &DatasetSpec,
    ) -> PolarsResult<LazyFrame> {
        let frame = self
            .csv_reader(check, spec)
            .with_schema(Some(schema))
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

    fn csv_reader(&self, check: &CsvCheck, spec: &DatasetSpec) -> LazyCsvReader {
        let missing: Vec<PlSmallStr> = spec
            .missing
            .iter()
            .flat_map(|text| [text.into(), format!(" {text}").into()])
            .collect();
        LazyCsvReader::new(polars_path(&check.path))
            .with_skip_lines(check.skip_lines)
            .with_glob(false)
            .with_has_header(self.dialect.columns.is_empty())
            .with_separator(self.dialect.separator)
            .with_comment_prefix(self.dialect.comment.as_deref().map(Into::into))
            .with_null_values((!missing.is_empty()).then_some(NullValues::AllColumns(missing)))
            .with_infer_schema_length(Some(INFERENCE_ROWS))
    }

    /// Names from the specification or the header, types from the specification or, where it does
    /// not say, from the first rows.
    fn csv_schema(&self, spec: &DatasetSpec) -> PolarsResult<SchemaRef> {
        let first = &self.checks[0];
        let is_feature = |name: &String| !spec.key.contains(name) && spec.target != *name;
        let declared = |name: &String| {
            if spec.numeric.contains(name) && is_feature(name) || spec.weight.as_ref() == Some(name)
            {
                Some(DataType::Float64)
            } else if spec.categorical.contains(name) || spec.ignore.contains(name) {
                Some(DataType::String)
            } else {
                None
            }
        };
        let undeclared = first.columns.iter().any(|name| declared(name).is_none());
        let inferred: Vec<DataType> = if undeclared {
            let mut frame = self
                .csv_reader(first, spec)
                .with_truncate_ragged_lines(true)
                .finish()?;
            frame.collect_schema()?.iter_values().cloned().collect()
        } else {
            Vec::new()
        };
        Ok(Arc::new(
            first
                .columns
                .iter()
                .enumerate()
                .map(|(position, name)| {
                    let dtype = declared(name).unwrap_or_else(|| {
                        let inferred = inferred.get(position).cloned().unwrap_or(DataType::String);
                        // A column of whole numbers may hold a fraction further down.
                        if inferred.is_integer() && is_feature(name) {
                            DataType::Float64
                        } else {
                            inferred
                        }
                    });
                    Field::new(name.into(), dtype)
                })
                .collect(),
        ))
    }

    /// Says where in the files the number is that Polars could not read, if that is what failed.
    pub(crate) fn locate(&self, error: Error, numeric: &[String], missing: &[String]) -> Error {
        if !matches!(error, Error::Polars { .. }) {
            return error;
        }
        for check in &self.checks {
            let positions: Vec<usize> = (0..check.columns.len())
                .filter(|&position| numeric.contains(&check.columns[position]))
                .collect();
            let found = first_bad_number(&check.path, &self.dialect, &positions, missing);
            if let Ok(Some((line, column, value))) = found {
                return InputError::NotANumber {
                    path: check.path.clone(),
                    line,
                    column: check.columns[column].clone(),
                    value,
                }
                .into();
            }
        }
        self.name(error)
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

    fn polars_paths<B: FromIterator<PlRefPath>>(&self) -> B {
        self.paths.iter().map(|path| polars_path(path)).collect()
    }
}

/// The columns of floats that are all whole.
fn whole_numbers(frame: &LazyFrame) -> PolarsResult<Vec<PlSmallStr>> {
    let schema = frame.clone().collect_schema()?;
    let floats = schema.iter().filter(|(_, dtype)| dtype.is_float());
    let all_whole: Vec<Expr> = floats
        .map(|(name, _)| {
            let number = || col(name.clone());
            let whole = number().cast(DataType::Int64).cast(DataType::Float64);
            let is_whole = whole.eq(number()).fill_null(lit(false));
            number().is_null().or(is_whole).all(false)
        })
        .collect();
    if all_whole.is_empty() {
        return Ok(Vec::new());
    }
    let found = frame
        .clone()
        .select(all_whole)
        .collect_with_engine(Engine::Streaming)?
        .unwrap_single();
    let columns = found.columns().iter();
    columns
        .filter_map(|column| match column.bool() {
            Ok(all) => (all.get(0) == Some(true)).then(|| Ok(column.name().clone())),
            Err(error) => Some(Err(error)),
        })
        .collect()
}

fn polars_path(path: &Path) -> PlRefPath {
    PlRefPath::new(path.to_string_lossy())
}

/// Looks at every file; all must have the columns of the first.
fn check_files(paths: &[PathBuf], dialect: &Dialect, strict: bool) -> Result<Vec<CsvCheck>> {
    let checks = paths
        .iter()
        .map(|path| CsvCheck::take(path, dialect))
        .collect::<Result<Vec<_>>>()?;
    for check in &checks {
        if check.columns != checks[0].columns {
            return Err(InputError::DifferentHeader {
                path: check.path.clone(),
                first: checks[0].path.clone(),
            }
            .into());
        }
        if strict && let Some((line, found)) = check.first_ragged {
            return Err(InputError::Ragged {
                path: check.path.clone(),
                line,
                found,
                expected: check.columns.len(),
            }
            .into());
        }
    }
    Ok(checks)
}

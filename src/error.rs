//! Everything that can go wrong, said so that a user can mend it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

/// The error of every public function that can fail.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No file of this name, or none that the glob matches.
    #[error("{pattern}: no such file; check the path given to --input")]
    NoSuchInput {
        /// The path or glob as given.
        pattern: String,
    },
    /// A path that is not a regular file.
    #[error("{}: is a directory; name its files, for example '{}/*.parquet'", path.display(), path.display())]
    InputIsDirectory {
        /// The directory.
        path: PathBuf,
    },
    /// The format of a file cannot be told by its name.
    #[error("{}: cannot tell the format by the extension; say --format csv, tsv, parquet, ipc or ndjson", path.display())]
    UnknownFormat {
        /// The file.
        path: PathBuf,
    },
    /// Inputs of one run have different formats.
    #[error("{}: is {found}, but the files before it are {expected}; give files of one format, or convert them", path.display())]
    MixedFormats {
        /// The first file that differs.
        path: PathBuf,
        /// Its format.
        found: &'static str,
        /// The format of the files before it.
        expected: &'static str,
    },
    /// A file without any row.
    #[error("{}: holds no rows{}", path.display(), if *.header { ", only a header" } else { "" })]
    EmptyInput {
        /// The file.
        path: PathBuf,
        /// Whether there is a header.
        header: bool,
    },
    /// A header that differs from the one of the first file.
    #[error("{}: its header differs from that of {}; give files with the same columns in the same order", path.display(), first.display())]
    DifferentHeader {
        /// The file.
        path: PathBuf,
        /// The first file.
        first: PathBuf,
    },
    /// A line that cannot be read as text.
    #[error("{}:{line}: {problem}", path.display())]
    BadLine {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A field of a numeric column that is not a number.
    #[error("{}:{line}: column '{column}' is numeric, but holds '{value}'; mend the file, or make the column categorical (--categorical {column}), or name the text that stands for a missing value (--missing '{value}')", path.display())]
    NotANumber {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// The column.
        column: String,
        /// The field.
        value: String,
    },
    /// A column that the input does not have.
    #[error("{role}: no column '{column}'; the input has {}", list(.columns))]
    UnknownColumn {
        /// What the column was wanted for.
        role: String,
        /// The column.
        column: String,
        /// The columns that there are.
        columns: Vec<String>,
    },
    /// A column in two roles that exclude each other.
    #[error("column '{column}' is both {first} and {second}; give it one role")]
    TwoRoles {
        /// The column.
        column: String,
        /// One role.
        first: &'static str,
        /// The other.
        second: &'static str,
    },
    /// A column of a type that cannot serve in its role.
    #[error("column '{column}' is of type {dtype}, which cannot be {role}; {advice}")]
    UnsupportedType {
        /// The column.
        column: String,
        /// Its Polars type.
        dtype: String,
        /// What it was wanted for.
        role: &'static str,
        /// What to do.
        advice: String,
    },
    /// A specification that cannot be followed.
    #[error("{0}")]
    Spec(String),
    /// A `--where` predicate that is not valid SQL.
    #[error("--where '{predicate}': {problem}")]
    Where {
        /// The predicate.
        predicate: String,
        /// What Polars said.
        problem: String,
    },
    /// No row is left to train on, evaluate or predict.
    #[error("no row is left to work on: {0}")]
    NoRows(String),
    /// A hyperparameter out of its range.
    #[error(transparent)]
    Params(#[from] crate::tree::ParamsError),
    /// Polars failed.
    #[error("{context}: {source}")]
    Polars {
        /// What was being done.
        context: String,
        /// The error.
        source: polars::error::PolarsError,
    },
    /// The operating system failed.
    #[error("{}: {source}{}", path.display(), advice(source))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The error.
        source: std::io::Error,
    },
    /// A directory that is neither empty nor a store.
    #[error("{}: is not empty and not a store (it has no manifest.json); give another --output-dir", path.display())]
    NotAStore {
        /// The directory.
        path: PathBuf,
    },
    /// A store, or a part of one, that cannot be read.
    #[error("{}: {problem}", path.display())]
    BadStore {
        /// The file.
        path: PathBuf,
        /// What is wrong and what to do.
        problem: String,
    },
    /// A store written by a newer version.
    #[error("{}: has format version {found}, this program reads up to {supported}; use a newer per-entity", path.display())]
    NewerFormat {
        /// The manifest.
        path: PathBuf,
        /// The version found.
        found: u64,
        /// The newest version that can be read.
        supported: u64,
    },
    /// Another process writes to the store.
    #[error("{}: another run is writing to this store ({holder}); wait for it to end", path.display())]
    Locked {
        /// The lock.
        path: PathBuf,
        /// Who holds it.
        holder: String,
    },
    /// An entity that the store does not have.
    #[error("no entity '{key}' in the store; `per-entity inspect` lists them")]
    UnknownEntity {
        /// The key.
        key: String,
    },
    /// An entity without a model.
    #[error("entity '{key}' has no model: {reason}")]
    NoModel {
        /// The key.
        key: String,
        /// Its status or error.
        reason: String,
    },
    /// A row without a key.
    #[error(
        "row {row} has no key, for it is null; leave such rows out, or choose what they get with --unknown"
    )]
    NullKey {
        /// The row, from 1.
        row: u64,
    },
    /// A model that cannot be decoded.
    #[error("model: {0}")]
    BadModel(String),
    /// Predictions that cannot be evaluated.
    #[error(transparent)]
    Evaluation(#[from] crate::evaluate::EvaluationError),
    /// The run was stopped from outside.
    #[error("interrupted; nothing was committed")]
    Interrupted,
}

/// What every fallible function of the library returns.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn io(path: impl AsRef<Path>) -> impl FnOnce(std::io::Error) -> Error {
        let path = path.as_ref().to_path_buf();
        move |source| Error::Io { path, source }
    }

    pub(crate) fn polars(
        context: impl Into<String>,
    ) -> impl FnOnce(polars::error::PolarsError) -> Error {
        let context = context.into();
        move |source| Error::Polars { context, source }
    }

    pub(crate) fn bad_store(path: impl AsRef<Path>, problem: impl Into<String>) -> Error {
        Error::BadStore {
            path: path.as_ref().to_path_buf(),
            problem: problem.into(),
        }
    }
}

/// Runs Polars on data that may be damaged or out of range, over which it may panic; here that is
/// one more error.
pub fn guarded<T>(
    polars: impl FnOnce() -> polars::error::PolarsResult<T>,
) -> polars::error::PolarsResult<T> {
    catch_unwind(AssertUnwindSafe(polars)).unwrap_or_else(|panic| {
        let message = panic_message(&*panic);
        Err(polars::prelude::polars_err!(
            ComputeError: "a value is damaged or out of range: {message}"
        ))
    })
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("for an unknown reason")
}

fn list(columns: &[String]) -> String {
    const SHOWN: usize = 20;
    let mut text = columns
        .iter()
        .take(SHOWN)
        .map(|column| format!("'{column}'"))
        .collect::<Vec<_>>()
        .join(", ");
    if columns.len() > SHOWN {
        text += &format!(" and {} more", columns.len() - SHOWN);
    }
    text
}

fn advice(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind::*;
    match error.kind() {
        StorageFull | QuotaExceeded => "; free some space and run the same command again",
        PermissionDenied | ReadOnlyFilesystem => {
            "; choose a place that can be written, or change its permissions"
        }
        _ => "",
    }
}

//! What can be wrong with input files.

use std::path::PathBuf;

/// Files that cannot be read as they are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InputError {
    /// No input at all.
    #[error("no input is given; name a file or a pattern")]
    Nothing,
    /// No file of this name, or none that the glob matches.
    #[error("{pattern}: no such file; check the path")]
    NoSuchFile {
        /// The path or glob as given.
        pattern: String,
    },
    /// A path that is not a regular file.
    #[error("{}: is a directory; name its files, for example '{}/*.parquet'", path.display(), path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
    },
    /// The format of a file cannot be told by its name.
    #[error("{}: cannot tell the format by the extension; say which it is: csv, tsv, parquet, ipc or ndjson", path.display())]
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
    Empty {
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
    /// A row with the wrong number of fields, where such rows are an error.
    #[error("{}:{line}: {found} fields instead of {expected}; correct the line, or have such rows left out", path.display())]
    Ragged {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// Its fields.
        found: usize,
        /// The fields that the header has.
        expected: usize,
    },
    /// A field of a numeric column that is not a number.
    #[error("{}:{line}: column '{column}' is numeric, but holds '{value}'; correct the file, make the column categorical, or name the text as one that stands for a missing value", path.display())]
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
    /// A file that is to be trained on and tested on.
    #[error("{}: is trained on and tested on; test on another file, or hold some of its rows out", path.display())]
    TestedOnTraining {
        /// The file.
        path: PathBuf,
    },
    /// An input that was not the same when it was read again.
    #[error(
        "the input was changed while it was read: {counted} rows were counted, but {read} read; run the same again"
    )]
    Changed {
        /// Rows that were counted.
        counted: u64,
        /// Rows that were read.
        read: u64,
    },
    /// A format that cannot be read or written row by row.
    #[error("{format} is not written row by row; use CSV or NDJSON")]
    NotByRow {
        /// The format.
        format: &'static str,
    },
}

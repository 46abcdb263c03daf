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
    /// A directory without files that could be read.
    #[error("{}: holds no file whose name tells a format (csv, tsv, parquet, arrow, ndjson)", path.display())]
    EmptyDirectory {
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
    /// A value that is not of the type that its column has.
    #[error("{}column '{column}' holds '{value}', which is not {wanted}{}; correct it, give the column another type, or name the text as one that stands for a missing value", place(.path, .line), if *.trained { " as at training" } else { "" })]
    BadValue {
        /// The file; nothing for a frame.
        path: Option<PathBuf>,
        /// The line of a text file, or the row of another, from 1; 0 where it is not known.
        line: u64,
        /// The column.
        column: String,
        /// The value.
        value: String,
        /// What it should be, in a sentence.
        wanted: &'static str,
        /// Whether the type is that of training.
        trained: bool,
    },
    /// A column that one file has and another has not, so that all rows of the latter would be left
    /// out.
    #[error("{}: has no column '{column}', but {} has, so all rows of the former would be left out; add the column, give files that have it, or leave the column out", without.display(), with.display())]
    LackingColumn {
        /// The file.
        without: PathBuf,
        /// The other file.
        with: PathBuf,
        /// The column.
        column: String,
    },
    /// A column whose types in two files have nothing in common.
    #[error("column '{column}' is {one} in {}, but {other} in {}; convert one of them, or give the column a type", first.display(), path.display())]
    TypesDiffer {
        /// The column.
        column: String,
        /// The first file.
        first: PathBuf,
        /// What it holds there, in a sentence.
        one: &'static str,
        /// The other file.
        path: PathBuf,
        /// What it holds there.
        other: &'static str,
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

/// A file and a line, as far as they are known.
fn place(path: &Option<PathBuf>, line: &u64) -> String {
    match (path, line) {
        (None, _) => String::new(),
        (Some(path), 0) => format!("{}: ", path.display()),
        (Some(path), line) => format!("{}:{line}: ", path.display()),
    }
}

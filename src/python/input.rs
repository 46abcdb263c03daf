//! What rows come from: files, or a frame at hand.

use per_entity::source::{DatasetSpec, Format, Source};
use per_entity::table::Input;
use polars::prelude::DataFrame;
use pyo3::prelude::*;

use crate::error;
use crate::frame;

/// What rows come from, as Python says it: a list of paths and patterns, or what has
/// `__arrow_c_stream__`.
pub enum Rows {
    Files(Vec<String>, Option<Format>),
    Frame(DataFrame),
}

impl Rows {
    pub fn of(rows: &Bound<PyAny>, format: Option<&str>) -> PyResult<Self> {
        match (rows.extract::<Vec<String>>(), format) {
            (Ok(files), format) => Ok(Self::Files(files, format.map(format_of).transpose()?)),
            (Err(_), Some(_)) => Err(error::specification(
                "format: only files have one, and this is a frame",
            )),
            (Err(_), None) => Ok(Self::Frame(frame::import(rows)?)),
        }
    }

    /// Opens the files.
    pub fn open(self, spec: &DatasetSpec) -> per_entity::Result<Input> {
        Ok(match self {
            Self::Files(files, format) => Source::open(&files, format, spec)?.into(),
            Self::Frame(frame) => frame.into(),
        })
    }
}

fn format_of(name: &str) -> PyResult<Format> {
    Ok(match name {
        "csv" => Format::Csv,
        "tsv" => Format::Tsv,
        "parquet" => Format::Parquet,
        "ipc" => Format::Ipc,
        "ndjson" => Format::Ndjson,
        _ => {
            let problem = "is none of csv, tsv, parquet, ipc and ndjson";
            return Err(error::specification(format!("format: '{name}' {problem}")));
        }
    })
}

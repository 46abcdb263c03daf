//! Which files are meant, and of which format they are.

use std::path::PathBuf;

use super::format::Format;
use super::spec::DatasetSpec;
use crate::error::{InputError, Result};

/// The files that paths and globs stand for.
pub(super) fn expand(inputs: &[String]) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for input in inputs {
        let path = PathBuf::from(input);
        let missing = || InputError::NoSuchFile {
            pattern: input.clone(),
        };
        if path.exists() {
            paths.push(path);
            continue;
        }
        let found: Vec<PathBuf> = glob::glob(input)
            .map_err(|_| missing())?
            .filter_map(|entry| entry.ok())
            .filter(|path| path.is_file())
            .collect();
        if found.is_empty() {
            return Err(missing().into());
        }
        paths.extend(found);
    }
    match paths.iter().find(|path| path.is_dir()) {
        Some(path) => Err(InputError::Directory { path: path.clone() }.into()),
        None => Ok(paths),
    }
}

/// The format that all files have; a file without a known extension is CSV where the specification
/// names the columns.
pub(super) fn common_format(
    paths: &[PathBuf],
    format: Option<Format>,
    spec: &DatasetSpec,
) -> Result<Format> {
    if let Some(format) = format {
        return Ok(format);
    }
    let fallback = (!spec.csv.columns.is_empty()).then_some(Format::Csv);
    let mut common = None;
    for path in paths {
        let format = Format::of_path(path)
            .or(fallback)
            .ok_or_else(|| InputError::UnknownFormat { path: path.clone() })?;
        let expected = *common.get_or_insert(format);
        if format != expected {
            return Err(InputError::MixedFormats {
                path: path.clone(),
                found: format.name(),
                expected: expected.name(),
            }
            .into());
        }
    }
    common.ok_or_else(|| InputError::Nothing.into())
}

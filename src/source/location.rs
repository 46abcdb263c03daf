//! Which files are meant, of which format they are, and what the names of their folders say.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::format::Format;
use super::spec::DatasetSpec;
use crate::cloud::{Address, Bucket};
use crate::error::{Error, InputError, Result};

/// A file of the input.
#[derive(Clone)]
pub(crate) struct Located {
    pub path: PathBuf,
    pub folders: FolderValues,
}

/// Columns and the value that a folder's name gives to all rows below it; nothing for null.
pub(crate) type FolderValues = Vec<(String, Option<String>)>;

/// What Hive writes for a null.
const NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The files that paths, globs and directories stand for, and their format.
pub(crate) fn find(
    inputs: &[String],
    format: Option<Format>,
    spec: &DatasetSpec,
) -> Result<(Vec<Located>, Format)> {
    let located = expand(inputs, spec)?;
    let paths: Vec<PathBuf> = located.iter().map(|file| file.path.clone()).collect();
    let format = common_format(&paths, format, spec)?;
    Ok((located, format))
}

/// The files that paths, globs and directories stand for, and the columns that the names of their
/// folders give: those below an input that is a directory, those that differ between files, and
/// those that the specification names.
pub(super) fn expand(inputs: &[String], spec: &DatasetSpec) -> Result<Vec<Located>> {
    let mut found = Vec::new();
    for input in inputs {
        locate(input, &mut found)?;
    }
    let mut values: BTreeSet<(String, Option<String>)> = BTreeSet::new();
    for (path, _) in &found {
        values.extend(folder_values(path));
    }
    let differs = |name: &String| values.iter().filter(|(other, _)| other == name).count() > 1;
    let located = found.into_iter().map(|(path, below)| {
        let own = folder_values(&below);
        let folders = folder_values(&path).into_iter();
        let folders = folders
            .filter(|value| own.contains(value) || differs(&value.0) || spec.names(&value.0));
        Located {
            folders: folders.collect(),
            path,
        }
    });
    Ok(located.collect())
}

/// Adds the files that an input stands for, each with its path below the input where that is a
/// directory.
fn locate(input: &str, found: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    let missing = || InputError::NoSuchFile {
        pattern: input.to_owned(),
    };
    if let Some(address) = Address::of(input) {
        return locate_objects(&address, found);
    }
    let path = PathBuf::from(input);
    if path.exists() {
        return add(path, found);
    }
    let mut paths: Vec<PathBuf> = glob::glob(input)
        .map_err(|_| missing())?
        .filter_map(|entry| entry.ok())
        .collect();
    // Folders among files are passed over where the pattern finds both.
    if paths.iter().any(|path| path.is_file()) {
        paths.retain(|path| path.is_file());
    }
    if paths.is_empty() {
        return Err(missing().into());
    }
    paths.into_iter().try_for_each(|path| add(path, found))
}

/// The same of objects. What lies below a key that is no object's is a directory's.
fn locate_objects(address: &Address, found: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    let bucket = Bucket::connect(address)?;
    let key = address.key.as_str();
    let missing = || InputError::NoSuchFile {
        pattern: address.to_string(),
    };
    if !key.is_empty() && bucket.look_up(key)?.is_some() {
        found.push((bucket.path(key), PathBuf::new()));
        return Ok(());
    }
    let parts = key
        .split('/')
        .take_while(|part| !part.contains(['*', '?', '[']));
    let plain = parts.collect::<Vec<_>>().join("/");
    let objects = bucket.list_all(&plain)?.into_iter();
    let mut keys: Vec<String> = objects.map(|object| object.location.to_string()).collect();
    keys.sort_by(|one, other| one.split('/').cmp(other.split('/')));
    if keys.is_empty() {
        return Err(missing().into());
    }
    if plain == key {
        return add_below(&bucket, &keys, key, found);
    }
    let pattern = glob::Pattern::new(key).map_err(|_| missing())?;
    let matches = |key: &str| pattern.matches_with(key, WITHIN_FOLDERS);
    let files = keys.iter().filter(|key| matches(key));
    let files: Vec<_> = files
        .map(|key| (bucket.path(key), PathBuf::new()))
        .collect();
    if !files.is_empty() {
        found.extend(files);
        return Ok(());
    }
    let folders = keys.iter().filter_map(|key| {
        let mut ends = key.match_indices('/').map(|(end, _)| &key[..end]);
        ends.find(|folder| matches(folder))
    });
    let folders: BTreeSet<&str> = folders.collect();
    if folders.is_empty() {
        return Err(missing().into());
    }
    let mut folders = folders.into_iter();
    folders.try_for_each(|folder| add_below(&bucket, &keys, folder, found))
}

/// Adds those of some objects that lie in a directory and below it.
fn add_below(
    bucket: &Bucket,
    keys: &[String],
    folder: &str,
    found: &mut Vec<(PathBuf, PathBuf)>,
) -> Result<()> {
    let before = found.len();
    for key in keys {
        let below = match folder {
            "" => Some(key.as_str()),
            folder => key
                .strip_prefix(folder)
                .and_then(|rest| rest.strip_prefix('/')),
        };
        let is_data = |name: &&str| !name.split('/').any(|part| part.starts_with(['_', '.']));
        if let Some(name) = below.filter(is_data) {
            add_by_format(bucket.path(key), name.into(), found);
        }
    }
    match found.len() > before {
        true => Ok(()),
        false => Err(InputError::EmptyDirectory {
            path: bucket.path(folder),
        }
        .into()),
    }
}

/// A star stands for no slash.
const WITHIN_FOLDERS: glob::MatchOptions = glob::MatchOptions {
    case_sensitive: true,
    require_literal_separator: true,
    require_literal_leading_dot: false,
};

fn add(path: PathBuf, found: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    if !path.is_dir() {
        found.push((path, PathBuf::new()));
        return Ok(());
    }
    let before = found.len();
    walk(&path, Path::new(""), found)?;
    match found.len() > before {
        true => Ok(()),
        false => Err(InputError::EmptyDirectory { path }.into()),
    }
}

/// Adds the files in a directory and below it, in the order of their names. Those that are no data
/// by their name, such as `_SUCCESS` and `.part.crc`, are passed over.
fn walk(root: &Path, below: &Path, found: &mut Vec<(PathBuf, PathBuf)>) -> Result<()> {
    let directory = root.join(below);
    let entries = std::fs::read_dir(&directory).map_err(Error::io(&directory))?;
    let names = entries.map(|entry| entry.map(|entry| entry.file_name()));
    let mut names = names
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(Error::io(&directory))?;
    names.sort();
    for name in names {
        if name.to_string_lossy().starts_with(['_', '.']) {
            continue;
        }
        let (path, below) = (directory.join(&name), below.join(&name));
        if path.is_dir() {
            walk(root, &below, found)?;
        } else {
            add_by_format(path, below, found);
        }
    }
    Ok(())
}

/// Adds a file of a directory if its name tells a format.
fn add_by_format(path: PathBuf, below: PathBuf, found: &mut Vec<(PathBuf, PathBuf)>) {
    match Format::of_path(&path) {
        Some(_) => found.push((path, below)),
        None => log::warn!(
            "{}: is passed over, for its name tells no format",
            path.display()
        ),
    }
}

/// The columns in the names of a file's folders.
fn folder_values(path: &Path) -> FolderValues {
    let folders = path.parent().into_iter().flat_map(Path::components);
    let values = folders.filter_map(|folder| {
        let Component::Normal(name) = folder else {
            return None;
        };
        let (column, value) = name.to_str()?.split_once('=')?;
        let value = Some(unescaped(value)).filter(|value| value != NULL);
        (!column.is_empty()).then(|| (unescaped(column), value))
    });
    values.collect()
}

/// A text without percent encoding (RFC 3986), which Hive and Spark write for characters that a
/// path cannot have.
fn unescaped(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let code = match (first, after) {
            (b'%', [high, low, ..]) => std::str::from_utf8(&[*high, *low])
                .ok()
                .and_then(|digits| u8::from_str_radix(digits, 16).ok()),
            _ => None,
        };
        rest = match code {
            Some(_) => &after[2..],
            None => after,
        };
        bytes.push(code.unwrap_or(*first));
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_of_folders_are_columns() {
        let values = folder_values(Path::new(
            "/data/run=5/store=007/=x/city=S%C3%A3o%2FX/a.csv",
        ));
        let values: Vec<(&str, Option<&str>)> = values
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_deref()))
            .collect();
        assert_eq!(
            values,
            [
                ("run", Some("5")),
                ("store", Some("007")),
                ("city", Some("São/X"))
            ]
        );
        let null = folder_values(Path::new("store=__HIVE_DEFAULT_PARTITION__/k=50%/a.csv"));
        assert_eq!(
            null,
            [("store".into(), None), ("k".into(), Some("50%".into()))]
        );
    }
}

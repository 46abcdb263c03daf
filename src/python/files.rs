//! Where a store lies: a folder, or the memory of the process, whose files can be taken along.

use std::collections::BTreeMap;

use per_entity::store::{Directory, Location, MemoryDirectory, ObjectDirectory};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::error;

/// Where a store lies.
#[derive(Clone)]
pub enum Place {
    Folder(String),
    Memory(MemoryDirectory),
}

impl Place {
    /// A path, or a store in memory.
    pub fn of(place: &Bound<PyAny>) -> PyResult<Self> {
        match place.cast::<Memory>() {
            Ok(memory) => Ok(Self::Memory(memory.get().0.clone())),
            Err(_) => Ok(Self::Folder(place.extract()?)),
        }
    }

    pub fn location(&self) -> Location {
        match self {
            Self::Folder(path) => path.as_str().into(),
            Self::Memory(directory) => directory.into(),
        }
    }
}

/// A store in memory, whose files are bytes by their names.
#[pyclass(frozen, module = "per_entity")]
pub struct Memory(MemoryDirectory);

#[pymethods]
impl Memory {
    /// An empty one, or one of these files.
    #[new]
    #[pyo3(signature = (files=BTreeMap::new()))]
    fn new(files: BTreeMap<String, Vec<u8>>) -> PyResult<Self> {
        let directory = MemoryDirectory::new();
        let made = make(&directory, &files);
        made.map_err(|error| error::exception(&error))?;
        Ok(Self(directory))
    }

    /// All files, by their names.
    fn files(&self) -> PyResult<BTreeMap<String, Vec<u8>>> {
        let mut files = BTreeMap::new();
        take(&self.0, "", &mut files).map_err(|error| error::exception(&error))?;
        Ok(files)
    }
}

/// Writes a file of a folder, which may be one in a bucket.
#[pyfunction]
pub fn put_file(py: Python, folder: &str, name: &str, bytes: &[u8]) -> PyResult<()> {
    let directory = Location::from(folder);
    let put = || directory.put(name, bytes).and_then(|()| directory.sync(""));
    py.detach(put).map_err(|error| error::exception(&error))
}

/// Reads a file of a folder, which may be one in a bucket.
#[pyfunction]
pub fn read_file<'py>(py: Python<'py>, folder: &str, name: &str) -> PyResult<Bound<'py, PyBytes>> {
    let directory = Location::from(folder);
    let bytes = py.detach(|| directory.read(name));
    let bytes = bytes.map_err(|error| error::exception(&error))?;
    Ok(PyBytes::new(py, &bytes))
}

/// The names of the files in a folder of another one, which may be one in a bucket.
#[pyfunction]
pub fn list_files(py: Python, parent: &str, name: &str) -> PyResult<Vec<String>> {
    let directory = Location::from(parent);
    let entries = py.detach(|| directory.list(name));
    let entries = entries.map_err(|error| error::exception(&error))?;
    let files = entries.into_iter().filter(|entry| !entry.is_folder);
    Ok(files.map(|file| file.name).collect())
}

/// Removes a folder of another one, which may be one in a bucket.
#[pyfunction]
pub fn remove_folder(py: Python, parent: &str, name: &str) -> PyResult<()> {
    let directory = Location::from(parent);
    let remove = || directory.remove(name);
    py.detach(remove).map_err(|error| error::exception(&error))
}

/// Whether a text is the address of something in a bucket that can be reached.
#[pyfunction]
pub fn is_address(text: &str) -> bool {
    ObjectDirectory::at(text).is_some_and(|directory| directory.is_supported())
}

fn make(directory: &MemoryDirectory, files: &BTreeMap<String, Vec<u8>>) -> per_entity::Result<()> {
    directory.create()?;
    for (name, bytes) in files {
        if let Some((folder, _)) = name.split_once('/')
            && !directory.is_folder(folder)
        {
            directory.create_folder(folder)?;
        }
        directory.put(name, bytes)?;
    }
    Ok(())
}

fn take(
    directory: &MemoryDirectory,
    folder: &str,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> per_entity::Result<()> {
    for entry in directory.list(folder)? {
        let name = match folder {
            "" => entry.name,
            folder => format!("{folder}/{}", entry.name),
        };
        match entry.is_folder {
            true => take(directory, &name, files)?,
            false => {
                files.insert(name.clone(), directory.read(&name)?);
            }
        }
    }
    Ok(())
}

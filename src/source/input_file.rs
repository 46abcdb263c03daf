//! A file of the input: what it is called, and where its bytes lie on this machine.

use std::io::{BufWriter, Write, copy};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use polars::prelude::PolarsResult;
use tempfile::TempPath;

use super::format::Format;
use super::parquet_columns::ParquetColumns;
use super::temporary_file::temporary;
use crate::cloud::{Address, Bucket, ObjectReader};
use crate::error::{Error, InputError, Result};

/// Files that are fetched at a time.
const FETCHED_AT_A_TIME: usize = 4;

/// A file of the input. What lies in a bucket is fetched; the copy vanishes with the last clone.
#[derive(Clone, Debug, Default)]
pub(super) struct InputFile {
    /// For messages.
    pub path: PathBuf,
    copy: Option<Arc<Copy>>,
}

/// What is read in a file's place.
#[derive(Debug)]
enum Copy {
    Whole(TempPath),
    Columns(ParquetColumns),
}

impl InputFile {
    /// Fetches what does not lie on this machine, several at a time; of Parquet what the files say
    /// of themselves.
    ///
    /// # Errors
    ///
    /// [`InputError::Empty`], [`Error::Io`], and [`Error::Polars`] for damaged Parquet.
    pub fn fetch_all<'a>(
        paths: impl Iterator<Item = &'a PathBuf>,
        format: Format,
    ) -> Result<Vec<Self>> {
        let paths: Vec<&PathBuf> = paths.collect();
        let threads = match paths.iter().any(|path| Address::of(path).is_some()) {
            true => FETCHED_AT_A_TIME,
            false => 1,
        };
        several_at_a_time(&paths, threads, |path| Self::fetch(path, format))
    }

    fn fetch(path: &Path, format: Format) -> Result<Self> {
        let copy = match (Address::of(path), format) {
            (None, _) => None,
            (Some(address), Format::Parquet) => {
                Some(Copy::Columns(ParquetColumns::fetch(&address)?))
            }
            (Some(address), _) => Some(Copy::Whole(fetch(&address)?)),
        };
        let file = Self {
            path: path.to_path_buf(),
            copy: copy.map(Arc::new),
        };
        check_length(file.readable(), path)?;
        Ok(file)
    }

    /// The same with a copy that is read in its place.
    pub fn read_from(self, copy: TempPath) -> Self {
        Self {
            copy: Some(Arc::new(Copy::Whole(copy))),
            ..self
        }
    }

    /// Where its bytes are.
    pub fn readable(&self) -> &Path {
        match self.copy.as_deref() {
            None => &self.path,
            Some(Copy::Whole(copy)) => copy,
            Some(Copy::Columns(columns)) => columns.path(),
        }
    }

    /// Whether columns are fetched once they are [required](Self::require).
    pub fn is_fetched_by_column(&self) -> bool {
        matches!(self.copy.as_deref(), Some(Copy::Columns(_)))
    }

    /// Fetches columns, all of them where no names are given, of files that lack them.
    ///
    /// # Errors
    ///
    /// What is damaged, and what cannot be fetched.
    pub fn require(files: &[Self], names: Option<&[&str]>) -> PolarsResult<()> {
        let columns = files.iter().filter_map(|file| match file.copy.as_deref() {
            Some(Copy::Columns(columns)) => Some(columns),
            _ => None,
        });
        let columns: Vec<&ParquetColumns> = columns.collect();
        several_at_a_time(&columns, FETCHED_AT_A_TIME, |columns| {
            columns.require(names)
        })?;
        Ok(())
    }
}

/// Refuses a file of no bytes, and what has no length, such as a pipe.
pub(super) fn check_length(readable: &Path, path: &Path) -> Result<()> {
    let metadata = std::fs::metadata(readable).map_err(Error::io(path))?;
    match metadata.len() {
        0 => Err(InputError::Empty {
            path: path.to_path_buf(),
            header: false,
        }
        .into()),
        _ => Ok(()),
    }
}

/// Does some work with items, in several threads, and returns its results in their order, or an
/// error. Once there is one, no more is begun.
fn several_at_a_time<T: Sync, R: Send, E: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> std::result::Result<R, E> + Sync,
) -> std::result::Result<Vec<R>, E> {
    let threads = threads.min(items.len());
    if threads <= 1 {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let do_some = || {
        let mut done = Vec::new();
        while let number = next.fetch_add(1, Ordering::Relaxed)
            && let Some(item) = items.get(number)
        {
            let result = work(item);
            if result.is_err() {
                next.store(items.len(), Ordering::Relaxed);
            }
            done.push((number, result));
        }
        done
    };
    let mut done: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(do_some)).collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.flatten().collect()
    });
    done.sort_by_key(|(number, _)| *number);
    done.into_iter().map(|(_, result)| result).collect()
}

/// A copy of an object in the directory for temporary files.
fn fetch(address: &Address) -> Result<TempPath> {
    let bucket = Bucket::connect(address)?;
    let mut reader = ObjectReader::open(&bucket, &address.key)?;
    let (file, path) = temporary()?.into_parts();
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    copy(&mut reader, &mut writer)
        .and_then(|_| writer.flush())
        .map_err(Error::io(address.path()))?;
    log::debug!("{address} is read from {}", path.display());
    Ok(path)
}

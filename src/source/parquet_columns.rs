//! A Parquet file in a bucket, of which those columns are fetched that are read.
//!
//! The copy has every byte at its place, and nothing where a column was not asked for, so it is
//! checked and read like the file itself.

use std::collections::HashSet;
use std::fs::File;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use polars::prelude::{PolarsResult, polars_bail};
use polars_parquet::parquet::read::read_metadata;
use tempfile::TempPath;

use super::parquet_check::check_columns;
use super::temporary_file::temporary;
use crate::cloud::{Address, Bucket, ObjectPart};
use crate::error::{Error, InputError, Result};
use crate::guard::guarded;

/// Bytes of the file's end that are read first; most descriptions are shorter.
const TAIL: u64 = 64 << 10;

/// The mark at both ends of a file; in front of the second one stands the length of the description.
const MAGIC: &[u8; 4] = b"PAR1";
const MARK: u64 = 4;
const LENGTH: u64 = 4;

/// Bytes that are asked for at a time.
const AT_A_TIME: u64 = 32 << 20;
const PART: u64 = 4 << 20;

/// The fetched columns of a file.
#[derive(Debug)]
pub(super) struct ParquetColumns {
    object: ObjectPart,
    bucket: Bucket,
    path: TempPath,
    file: File,
    /// The column that every part of the file belongs to.
    chunks: Vec<(String, Range<u64>)>,
    fetched: Mutex<HashSet<String>>,
}

impl ParquetColumns {
    /// Fetches what the file says of itself.
    ///
    /// # Errors
    ///
    /// [`InputError::Empty`], [`Error::Io`], and [`Error::Polars`] for a file that is damaged.
    pub fn fetch(address: &Address) -> Result<Self> {
        let bucket = Bucket::connect(address)?;
        let object = bucket.whole(&address.key)?;
        let length = object.range.end;
        if length == 0 {
            let path = address.path();
            let header = false;
            return Err(InputError::Empty { path, header }.into());
        }
        let (file, path) = temporary()?.into_parts();
        file.set_len(length).map_err(Error::io(&path))?;
        let mut columns = Self {
            object,
            bucket,
            path,
            file,
            chunks: Vec::new(),
            fetched: Mutex::default(),
        };
        columns.fetch_description(length)?;
        let described = guarded(|| columns.describe());
        columns.chunks = described.map_err(Error::polars(address.to_string()))?;
        Ok(columns)
    }

    /// Where the columns are.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn fetch_description(&self, length: u64) -> Result<()> {
        let tail = length.saturating_sub(TAIL);
        self.copy(&[0..MARK.min(length), tail..length])?;
        let Some(end) = length.checked_sub(MARK + LENGTH) else {
            return Ok(());
        };
        let mut told = [0; (LENGTH + MARK) as usize];
        let read = self.file.read_exact_at(&mut told, end);
        read.map_err(Error::io(&self.path))?;
        let [one, two, three, four, mark @ ..] = told;
        if &mark != MAGIC {
            // It is no Parquet, which is told when it is looked at.
            return Ok(());
        }
        let description = u32::from_le_bytes([one, two, three, four]);
        let start = end.saturating_sub(description.into());
        match start < tail {
            true => self.copy(std::slice::from_ref(&(start..tail))),
            false => Ok(()),
        }
    }

    /// The parts of the file that columns are.
    fn describe(&self) -> PolarsResult<Vec<(String, Range<u64>)>> {
        let mut file = &self.file;
        check_columns(&mut file, |_| false)?;
        let metadata = read_metadata(&mut file)?;
        let groups = metadata.row_groups.iter();
        let chunks = groups
            .flat_map(|group| group.parquet_columns())
            .map(|column| {
                let range = column.byte_range();
                let name = column.descriptor().path_in_schema.first();
                (name.map(ToString::to_string).unwrap_or_default(), range)
            });
        Ok(chunks.collect())
    }

    /// Fetches columns that are not there yet, all of them where no names are given, and checks
    /// them.
    ///
    /// # Errors
    ///
    /// What is damaged, and what cannot be fetched.
    pub fn require(&self, names: Option<&[&str]>) -> PolarsResult<()> {
        let fetched = self.fetched.lock();
        let mut fetched = fetched.unwrap_or_else(PoisonError::into_inner);
        let is_wanted =
            |name: &str| !fetched.contains(name) && names.is_none_or(|names| names.contains(&name));
        let wanted = self.chunks.iter().filter(|(name, _)| is_wanted(name));
        let (names, ranges): (HashSet<&str>, Vec<Range<u64>>) = wanted
            .map(|(name, range)| (name.as_str(), range.clone()))
            .unzip();
        if names.is_empty() {
            return Ok(());
        }
        if let Err(error) = self.copy(&ranges) {
            polars_bail!(ComputeError: "{error}");
        }
        check_columns(&mut &self.file, |name| names.contains(name))?;
        fetched.extend(names.into_iter().map(str::to_owned));
        Ok(())
    }

    /// Copies parts of the file to their places.
    fn copy(&self, ranges: &[Range<u64>]) -> Result<()> {
        let length = self.object.range.end;
        let pieces = ranges.iter().flat_map(|range| {
            let end = range.end.min(length);
            let starts = (range.start..end).step_by(PART as usize);
            starts.map(move |start| start..end.min(start + PART))
        });
        let mut waiting: Vec<ObjectPart> = Vec::new();
        let mut bytes = 0;
        for range in pieces {
            bytes += range.end - range.start;
            waiting.push(ObjectPart {
                range,
                ..self.object.clone()
            });
            if bytes >= AT_A_TIME {
                self.write(&std::mem::take(&mut waiting))?;
                bytes = 0;
            }
        }
        self.write(&waiting)
    }

    fn write(&self, parts: &[ObjectPart]) -> Result<()> {
        for (part, bytes) in parts.iter().zip(self.bucket.read_parts(parts)) {
            let written = self.file.write_all_at(&bytes?, part.range.start);
            written.map_err(Error::io(&self.path))?;
        }
        Ok(())
    }
}

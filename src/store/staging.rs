//! Where a generation is written before it is committed, and what an interrupted run left there.
//!
//! Each run writes to a directory of its own, `.staging-N`. A journal in it names every finished
//! file and the models in it, so that the next run can take them over.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;

use super::manifest::{Manifest, is_plain_name};
use crate::{Error, Result};

/// How the names of staging directories begin.
pub(super) const STAGING: &str = ".staging-";

/// The journal's file name.
const JOURNAL: &str = ".journal";

/// A model in a finished file.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct JournalModel {
    pub fingerprint: ByteBuf,
    pub offset: u64,
    pub length: u32,
    pub digest: ByteBuf,
    pub classes: usize,
    pub nodes: usize,
    pub depth: usize,
    pub training_accuracy: f64,
}

/// A finished file.
#[derive(Serialize, Deserialize)]
pub(super) struct JournalFile {
    pub file: String,
    pub models: Vec<JournalModel>,
}

/// The directory of a running writer, and those of runs that did not end in order.
pub(super) struct Staging {
    pub path: PathBuf,
    journal: File,
    /// Models that the journal names.
    pub models: usize,
    pub leftovers: Vec<PathBuf>,
}

impl Staging {
    /// Begins a staging directory. The caller holds the store's lock.
    pub fn create(directory: &Path, manifest: Option<&Manifest>, next: &str) -> Result<Self> {
        let mut leftovers = leftovers(directory)?;
        let mut number = leftovers.last().map_or(1, |(number, _)| number + 1);
        let mut take_number = || {
            number += 1;
            directory.join(format!("{STAGING}{:06}", number - 1))
        };
        // A run that ended between the renames of its directory and of the manifest.
        let unnamed = directory.join(next);
        let is_named = manifest.is_some_and(|manifest| {
            manifest
                .generations
                .iter()
                .any(|generation| generation.directory == next)
        });
        if !is_named && unnamed.is_dir() {
            let path = take_number();
            fs::rename(&unnamed, &path).map_err(Error::io(&path))?;
            leftovers.push((0, path));
        }
        let path = take_number();
        fs::create_dir(&path).map_err(Error::io(&path))?;
        let journal = path.join(JOURNAL);
        let journal = OpenOptions::new()
            .create(true)
            .append(true)
            .open(&journal)
            .map_err(Error::io(&journal))?;
        Ok(Self {
            path,
            journal,
            models: 0,
            leftovers: leftovers.into_iter().map(|(_, path)| path).collect(),
        })
    }

    /// Writes a file, or takes over the same one from an interrupted run, and notes its models.
    pub fn write(&mut self, name: &str, bytes: &[u8], models: Vec<JournalModel>) -> Result<()> {
        let path = self.path.join(name);
        if !self.take_over(name, bytes, &path) {
            write_synced(&path, bytes)?;
        }
        let count = models.len();
        let mut payload = Vec::new();
        let entry = JournalFile {
            file: name.to_owned(),
            models,
        };
        ciborium::into_writer(&entry, &mut payload).expect("writing to memory does not fail");
        let digest = blake3::hash(&payload);
        let frame = (ByteBuf::from(*digest.as_bytes()), ByteBuf::from(payload));
        let mut line = Vec::new();
        ciborium::into_writer(&frame, &mut line).expect("writing to memory does not fail");
        let journal = self.path.join(JOURNAL);
        self.journal.write_all(&line).map_err(Error::io(&journal))?;
        // A file of its own for each model: what a power cut takes of the journal is trained again.
        if count > 1 {
            self.journal.sync_data().map_err(Error::io(&journal))?;
        }
        self.models += count;
        Ok(())
    }

    /// Moving a finished pack needs no room on a disk that may have been full.
    fn take_over(&self, name: &str, bytes: &[u8], path: &Path) -> bool {
        self.leftovers.iter().any(|leftover| {
            let old = leftover.join(name);
            fs::symlink_metadata(&old)
                .is_ok_and(|file| file.is_file() && file.len() == bytes.len() as u64)
                && fs::read(&old).is_ok_and(|content| content == bytes)
                && File::open(&old).is_ok_and(|file| file.sync_all().is_ok())
                && fs::rename(&old, path).is_ok()
        })
    }

    /// Removes the journal of a committed generation and all that interrupted runs left.
    pub fn clear(&self, committed: &Path) {
        // The generation is committed; what cannot be removed is an orphan that `verify` lists.
        let _ = fs::remove_file(committed.join(JOURNAL));
        for leftover in &self.leftovers {
            let _ = remove_directory(leftover);
        }
    }
}

/// The staging directories of a store, in the order of their numbers.
pub(super) fn leftovers(directory: &Path) -> Result<Vec<(u32, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).map_err(Error::io(directory))? {
        let entry = entry.map_err(Error::io(directory))?;
        let name = entry.file_name();
        let number = name.to_str().and_then(|name| name.strip_prefix(STAGING));
        if let Some(Ok(number @ ..1_000_000_000)) = number.map(str::parse::<u32>)
            && entry.file_type().is_ok_and(|kind| kind.is_dir())
        {
            found.push((number, entry.path()));
        }
    }
    found.sort();
    Ok(found)
}

/// What the journal of an interrupted run names. It ends where it was cut off.
pub(super) fn read_journal(staging: &Path) -> Vec<JournalFile> {
    let path = staging.join(JOURNAL);
    let is_file = fs::symlink_metadata(&path).is_ok_and(|file| file.is_file());
    let Some(bytes) = is_file.then(|| fs::read(&path).ok()).flatten() else {
        return Vec::new();
    };
    let mut rest = bytes.as_slice();
    let mut files = Vec::new();
    while let Ok((digest, payload)) = ciborium::from_reader::<(ByteBuf, ByteBuf), _>(&mut rest) {
        if blake3::hash(&payload).as_bytes().as_slice() != digest.as_slice() {
            break;
        }
        match ciborium::from_reader::<JournalFile, _>(payload.as_slice()) {
            Ok(file) if is_plain_name(&file.file) => files.push(file),
            _ => break,
        }
    }
    files
}

pub(super) fn remove_directory(path: &Path) -> Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io(path)(error)),
        _ => Ok(()),
    }
}

/// Writes a file and waits until it is on disk; leaves nothing of it where that fails.
pub(super) fn write_synced(path: &Path, bytes: &[u8]) -> Result<()> {
    let write = || {
        let mut file = File::create(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|error| {
        let _ = fs::remove_file(path);
        Error::io(path)(error)
    })
}

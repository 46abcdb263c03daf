//! The manifest: which generation is current, and what each one is.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::directory::{Location, Prepared};
use super::layout::{MANIFEST, generation_folder, is_plain_name};
use super::run::Run;
use super::seal;
use crate::error::{Error, Result, StoreError};
use crate::schema::Holdout;

/// The newest version of the store's format that this program writes and reads.
pub const FORMAT_VERSION: u64 = 1;

/// The largest number of a generation, so that counting on never overflows.
const LAST_GENERATION: u64 = 1 << 48;

/// What `manifest.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of the store's format.
    pub format_version: u64,
    /// Number of the current generation.
    pub current: u64,
    /// All generations, oldest first.
    pub generations: Vec<Generation>,
}

/// One generation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Generation {
    /// Its number, from 1.
    pub number: u64,
    /// Its directory, within the store's.
    pub directory: String,
    /// When it was committed, RFC 3339, UTC.
    pub created: String,
    /// Until when it was the current one, RFC 3339, UTC; nothing while it is, and for generations
    /// of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub current_until: Option<String>,
    /// The program that wrote it.
    pub program: String,
    /// How it came about.
    #[serde(flatten)]
    pub run: Run,
    /// Rows of all entities, skipped and failed ones included.
    pub rows: u64,
    /// Number of entities.
    pub entities: u64,
    /// Entities with a model.
    pub trained: u64,
    /// Entities with too few rows.
    pub skipped: u64,
    /// Entities whose training failed.
    pub failed: u64,
    /// Entities all rows of which were left out.
    #[serde(default)]
    pub empty: u64,
    /// Share of the rows of trained entities that their models classify correctly; null without
    /// any, and of quantities.
    pub training_accuracy: Option<f64>,
    /// Mean R² of the models on the rows that they were trained on, each weighted by these rows;
    /// only of quantities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub training_r2: Option<f64>,
    /// Bytes of all models.
    pub model_bytes: u64,
    /// The table of entities.
    pub entities_file: FileDigest,
    /// The model of all entities together, where one was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooled: Option<FileDigest>,
    /// What the models of all entities share, where they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<SharedFile>,
    /// The models of the entities' parents, where they were trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parents: Option<Parents>,
}

/// Models of parents: one for all entities whose composite keys have the same first values, for
/// each number of these.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parents {
    /// The table of parents, of the form of the table of entities.
    pub file: FileDigest,
    /// Parents with a model.
    pub trained: u64,
    /// Parents with too few rows.
    pub skipped: u64,
    /// Parents whose training failed.
    pub failed: u64,
    /// Bytes of their models.
    pub model_bytes: u64,
}

/// What the models of all entities share. Updates keep it, so it may be of an earlier run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SharedFile {
    /// The file that it is in.
    #[serde(flatten)]
    pub file: FileDigest,
    /// Which rows it was not trained on; nothing where none were held out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_out: Option<Holdout>,
}

impl FileDigest {
    /// The digest of a file's content.
    pub(super) fn of(name: &str, bytes: &[u8]) -> Self {
        Self {
            name: name.to_owned(),
            length: bytes.len() as u64,
            digest: blake3::hash(bytes).to_hex().to_string(),
        }
    }

    /// Whether these bytes are the file's content.
    pub(super) fn matches(&self, bytes: &[u8]) -> bool {
        blake3::hash(bytes).to_hex().as_str() == self.digest
    }
}

/// A file, and what its content must be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileDigest {
    /// The file's name in the generation's directory.
    pub name: String,
    /// Its length in bytes.
    pub length: u64,
    /// Its BLAKE3 digest in hexadecimal.
    pub digest: String,
}

impl Manifest {
    /// Reads the manifest of a store, and its bytes; nothing where there is none.
    pub(super) fn read(directory: &Location) -> Result<Option<(Self, Vec<u8>)>> {
        let Some(bytes) = directory.read_if_there(MANIFEST)? else {
            return Ok(None);
        };
        let manifest = Self::parse(directory.path(MANIFEST), &bytes)?;
        Ok(Some((manifest, bytes)))
    }

    /// As [`read`](Self::read), where there must be one.
    pub(super) fn require(directory: &Location) -> Result<(Self, Vec<u8>)> {
        Self::read(directory)?.ok_or_else(|| {
            let path = directory.path("");
            StoreError::Missing { path }.into()
        })
    }

    /// Makes ready to write the manifest.
    pub(super) fn prepare(&self, directory: &Location) -> Result<Prepared> {
        let text = seal::seal(self)
            .map_err(|error| Error::bad_store(directory.path(MANIFEST), error.to_string()))?;
        directory.prepare(MANIFEST, text.as_bytes())
    }

    /// The manifest of a store that has no generation yet.
    pub(super) fn empty() -> Self {
        Self {
            format_version: FORMAT_VERSION,
            current: 0,
            generations: Vec::new(),
        }
    }

    /// The number of the generation to come: one that was never given, and whose folder nothing in
    /// the store's directory has the name of.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoNumberLeft`].
    pub(super) fn next_number(&self, directory: &Location) -> Result<u64> {
        let entries = directory.list("")?.into_iter();
        let taken: HashSet<String> = entries.map(|entry| entry.name).collect();
        let numbers = self.generations.iter().map(|generation| generation.number);
        let first = 1 + numbers.max().unwrap_or(0);
        let mut free = first..=LAST_GENERATION;
        free.find(|&number| !taken.contains(&generation_folder(number)))
            .ok_or_else(|| {
                let path = directory.path("");
                StoreError::NoNumberLeft { path }.into()
            })
    }

    /// Makes a generation that is listed the current one.
    pub(super) fn make_current(&mut self, number: u64) {
        let before = std::mem::replace(&mut self.current, number);
        for generation in &mut self.generations {
            if generation.number == number {
                generation.current_until = None;
            } else if generation.number == before {
                generation.current_until = Some(now());
            }
        }
    }

    /// The generation of the largest number.
    pub(super) fn newest(&self) -> Option<&Generation> {
        let generations = self.generations.iter();
        generations.max_by_key(|generation| generation.number)
    }

    /// Whether a generation has this folder.
    pub(super) fn names(&self, folder: &str) -> bool {
        let mut generations = self.generations.iter();
        generations.any(|generation| generation.directory == folder)
    }

    /// The manifest that these bytes are; `path` is for messages.
    pub(super) fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self> {
        let damaged =
            |error: serde_json::Error| Error::bad_store(&path, format!("not a manifest: {error}"));
        let version: serde_json::Value = serde_json::from_slice(bytes).map_err(damaged)?;
        let found = version["format_version"].as_u64().unwrap_or(0);
        if found > FORMAT_VERSION {
            return Err(StoreError::NewerFormat {
                path,
                found,
                supported: FORMAT_VERSION,
            }
            .into());
        }
        if !seal::is_whole(&version, bytes) {
            return Err(Error::bad_store(&path, NOT_WHOLE));
        }
        let manifest: Self = serde_json::from_value(version).map_err(damaged)?;
        let mut numbers = HashSet::new();
        for generation in &manifest.generations {
            let number = generation.number;
            if !(1..=LAST_GENERATION).contains(&number) || !numbers.insert(number) {
                let problem = format!("generation {number} is listed twice or out of range");
                return Err(Error::bad_store(&path, problem));
            }
            let pooled = generation.pooled.as_ref().map(|file| &file.name);
            let shared = generation.shared.as_ref();
            let shared = shared.map(|shared| &shared.file.name);
            let parents = generation.parents.as_ref();
            let parents = parents.map(|parents| &parents.file.name);
            let names = [&generation.directory, &generation.entities_file.name];
            for name in names.into_iter().chain(pooled).chain(shared).chain(parents) {
                if !is_plain_name(name) {
                    let problem = format!("'{name}' is not a plain file name");
                    return Err(Error::bad_store(&path, problem));
                }
            }
        }
        if manifest.generation(manifest.current).is_none() {
            return Err(Error::bad_store(
                &path,
                "names a current generation that it does not list",
            ));
        }
        Ok(manifest)
    }

    /// The generation of this number.
    pub fn generation(&self, number: u64) -> Option<&Generation> {
        self.generations
            .iter()
            .find(|generation| generation.number == number)
    }
}

/// What to do about a manifest that is not as it was written.
const NOT_WHOLE: &str = "its digest does not match, so it was damaged, or changed by hand; put back a copy of it, or, where it was changed on purpose, remove its field 'digest'";

/// This moment, RFC 3339, UTC, whatever the clock says: it may be before 1970.
pub(super) fn now() -> String {
    text_of(SystemTime::now())
}

fn text_of(moment: SystemTime) -> String {
    let moment = chrono::DateTime::<chrono::Utc>::from(moment);
    moment.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn a_clock_before_1970_has_a_text() {
        let before = UNIX_EPOCH - Duration::from_millis(1_500);
        assert_eq!(text_of(before), "1969-12-31T23:59:58.500Z");
        assert_eq!(text_of(UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }
}

//! The manifest: which generation is current, and what each one is.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::MANIFEST;
use super::reader::regular_file;
use crate::dataset::{DatasetSpec, Feature, Holdout, LeftOut};
use crate::evaluate::{Metric, Overall};
use crate::{Error, Result};

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

/// How a generation came about.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// The input files.
    pub inputs: Vec<String>,
    /// The command line.
    pub command: Vec<String>,
    /// How the input was read.
    pub dataset: DatasetSpec,
    /// The features, in schema order.
    pub features: Vec<Feature>,
    /// Whether the target's classes are whole numbers.
    #[serde(default)]
    pub target_is_integer: bool,
    /// All classes of the target, in order.
    pub classes: Vec<String>,
    /// The trainer and its hyperparameters.
    pub trainer: serde_json::Value,
    /// The fewest rows of an entity that is trained.
    pub min_rows: usize,
    /// Rows of the input.
    pub rows_read: u64,
    /// Rows left out, by reason.
    pub left_out: LeftOut,
    /// The rows that were not trained on, and how good the models are on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<HoldoutRun>,
    /// How the models of the generation before compare, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<ContestRun>,
}

/// The models of the generation before against the new ones, on the rows held out. A model that
/// stayed has the fingerprint of the data that it was trained on, so that it meets a new
/// challenger at the next update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContestRun {
    /// What was compared.
    pub metric: Metric,
    /// A challenger that was worse by more than this did not replace its champion; nothing where
    /// every challenger did.
    pub tolerance: Option<f64>,
    /// Earlier models that stayed.
    pub champions: u64,
    /// New models that replaced an earlier one.
    pub challengers: u64,
    /// Entities whose new model is the earlier one to the byte.
    pub unchanged: u64,
    /// The metric of the earlier models on the rows held out of all these entities together.
    pub before: Option<f64>,
    /// The metric of the models that were committed, on the same rows.
    pub after: Option<f64>,
}

impl Run {
    /// Adds classes that models of an earlier run predict, and keeps all in order.
    pub fn add_classes(&mut self, classes: &[String]) {
        let known: HashSet<String> = self.classes.iter().cloned().collect();
        let new = classes.iter().filter(|class| !known.contains(*class));
        self.classes.extend(new.cloned());
        if self.target_is_integer {
            self.classes
                .sort_by_key(|class| (class.parse::<i64>().map_err(|_| ()), class.clone()));
        } else {
            self.classes.sort();
        }
    }
}

/// Rows that were held out, and how good the models are on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoldoutRun {
    /// How the rows were drawn.
    pub drawn: Holdout,
    /// The rows of entities with a model.
    pub rows: u64,
    /// The figures of all these entities together.
    pub overall: Overall,
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
    /// Share of the rows of trained entities that their models classify correctly; null without
    /// any.
    pub training_accuracy: Option<f64>,
    /// Bytes of all models.
    pub model_bytes: u64,
    /// The table of entities.
    pub entities_file: FileDigest,
    /// The model of all entities together, where one was trained.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pooled: Option<FileDigest>,
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
    /// Reads the manifest of a store; nothing where there is none.
    pub(super) fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join(MANIFEST);
        match regular_file(&path) {
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                return Ok(None);
            }
            result => result?,
        };
        let bytes = std::fs::read(&path).map_err(Error::io(&path))?;
        Self::parse(path, &bytes).map(Some)
    }

    /// The manifest that these bytes are; `path` is for messages.
    pub(super) fn parse(path: PathBuf, bytes: &[u8]) -> Result<Self> {
        let damaged =
            |error: serde_json::Error| Error::bad_store(&path, format!("not a manifest: {error}"));
        let version: serde_json::Value = serde_json::from_slice(bytes).map_err(damaged)?;
        let found = version["format_version"].as_u64().unwrap_or(0);
        if found > FORMAT_VERSION {
            return Err(Error::NewerFormat {
                path,
                found,
                supported: FORMAT_VERSION,
            });
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
            let names = [&generation.directory, &generation.entities_file.name];
            for name in names.into_iter().chain(pooled) {
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

/// Whether a name stays within its directory on every system.
pub(super) fn is_plain_name(name: &str) -> bool {
    !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0', ':'])
}

//! How a run trains: all its settings but the dataset and the trainer.

use serde::{Deserialize, Serialize};

use super::threshold::Threshold;
use super::update::Update;
use crate::error::{Error, Result, SpecError};
use crate::schema::{ByteSize, Holdout, ImportanceKind, holdout_as_table};
use crate::store::ModelsPerFile;

/// All settings of a [`Training`](super::Training) but the dataset and the trainer; the table
/// `[train]` of a specification, in which names are written in kebab-case. The manifest records
/// them in the same form.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `min_rows` | 1 | entities with fewer rows are skipped | any |
/// | `holdout` | none | rows that are not trained on, to see how good the models are | see [`HoldoutTable`](crate::schema::HoldoutTable) |
/// | `pooled` | false | also train one model on all entities, with the key as a feature; it can answer for entities without a model of their own | |
/// | `parents` | false | also train a model for all entities with the same first values of a composite key; it can answer for entities without a model of their own | a key of 2 columns or more |
/// | `memory_limit` | none | where the rows take more bytes than this, they are written to files and trained in parts | 640 MiB or more; `"2GiB"` or a number |
/// | `models_per_file` | [`ModelsPerFile::Automatic`] | how many models share a file | 1 or more |
/// | `threads` | 0 | threads that train; 0 is one for each core | any |
/// | `threshold` | none | from which probability on the positive class is predicted, instead of the most probable class | see [`Threshold`]; the best one needs a `holdout` |
/// | `positive` | the second of two | the class that the threshold is of | one of the classes |
/// | `importance` | none | notes how much each feature matters to each model | impurity; permutation, which needs a `holdout` |
/// | `update` | none | what is taken from the store's current generation | see [`Update`] |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct TrainingSettings {
    /// The fewest rows of an entity that is trained.
    pub min_rows: usize,
    /// Whether one model for all entities is trained, too.
    pub pooled: bool,
    /// Whether models of parents are trained, too.
    pub parents: bool,
    /// How many bytes the process may take.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory_limit: Option<ByteSize>,
    /// How many models share a file.
    #[serde(skip_serializing_if = "is_automatic")]
    pub models_per_file: ModelsPerFile,
    /// The number of threads that train; 0 is one for each core.
    pub threads: usize,
    /// From which probability on the positive class is predicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<Threshold>,
    /// The class that the threshold is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub positive: Option<String>,
    /// How the importances of features are found that are noted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importance: Option<ImportanceKind>,
    /// Which rows are held out.
    #[serde(with = "holdout_as_table", skip_serializing_if = "Option::is_none")]
    pub holdout: Option<Holdout>,
    /// What is taken from the store's current generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<Update>,
}

impl Default for TrainingSettings {
    fn default() -> Self {
        Self {
            min_rows: 1,
            pooled: false,
            parents: false,
            memory_limit: None,
            models_per_file: ModelsPerFile::Automatic,
            threads: 0,
            threshold: None,
            positive: None,
            importance: None,
            holdout: None,
            update: None,
        }
    }
}

impl TrainingSettings {
    /// The threads that train.
    pub(super) fn thread_pool(&self) -> Result<rayon::ThreadPool> {
        rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            // linfa-trees recurses as deep as its trees are.
            .stack_size(64 << 20)
            .build()
            .map_err(|error| Error::Threads(error.to_string()))
    }

    /// What can be checked of the threshold and the importances before anything is read.
    pub(super) fn check_what_is_noted(&self) -> std::result::Result<(), SpecError> {
        let is_held_out = self.holdout.is_some();
        match (self.threshold, self.importance) {
            (None, _) if self.positive.is_some() => Err(SpecError::PositiveWithoutThreshold),
            (Some(Threshold::Fixed(threshold)), _) if !(0.0..=1.0).contains(&threshold) => {
                Err(SpecError::Threshold(threshold))
            }
            (Some(Threshold::Best(_)), _) if !is_held_out => {
                Err(SpecError::ThresholdWithoutHoldout)
            }
            (_, Some(ImportanceKind::Permutation)) if !is_held_out => {
                Err(SpecError::PermutationWithoutHoldout)
            }
            _ => Ok(()),
        }
    }
}

fn is_automatic(models: &ModelsPerFile) -> bool {
    *models == ModelsPerFile::Automatic
}

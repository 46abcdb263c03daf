//! How a shared model is trained.

use serde::{Deserialize, Serialize};

use crate::ensemble::SharedSettings;
use crate::error::ParamsError;

/// How the model is trained that all entities share; in a specification the names stand in `[tree]`,
/// in kebab-case and with `shared-` before them.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | `members` | stack, of more than [`LARGE_ROWS`](Self::LARGE_ROWS) rows best | whether the members are mixed, or the best of them is taken | best, stack |
/// | `models` | folds, of more than [`LARGE_ROWS`](Self::LARGE_ROWS) rows one | whether the models of the folds predict together, or one that is trained on all rows: faster, and a little worse | folds, one |
/// | `rounds` | 1500 | the most trees one after another; how many it becomes is told by rows left out | 1 or more |
/// | `rows` | 1,000,000 | the most rows that the shared model is trained on; of more a sample is taken, by entity | 100 or more |
/// | `seed` | 0 | which rows are in which fold, and which entities in the sample | any |
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct SharedParams {
    /// Whether the members are mixed; nothing to go by the number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub members: Option<SharedMembers>,
    /// Which models predict; nothing to go by the number of rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub models: Option<SharedModels>,
    /// The most trees one after another.
    pub rounds: usize,
    /// The most rows that the shared model is trained on.
    pub rows: usize,
    /// Which rows are in which fold, and which entities in the sample.
    pub seed: u64,
}

/// Which members a shared model has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SharedMembers {
    /// The one that loses least on rows left out.
    Best,
    /// A mixture of them, by weights that lose least on rows left out (Wolpert 1992).
    Stack,
}

/// Which models of a member predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SharedModels {
    /// Those of the folds together, each trained without the rows of one.
    Folds,
    /// One, trained on all rows.
    One,
}

impl Default for SharedParams {
    fn default() -> Self {
        Self {
            members: None,
            models: None,
            rounds: 1_500,
            rows: 1_000_000,
            seed: 0,
        }
    }
}

/// Of many rows a loss falls for long, but by little: rounds that gain less than this share of it are
/// not worth their time.
const LEAST_FALL_OF_LARGE: f64 = 2e-4;

/// Folds of the rows.
pub(super) const FOLDS: usize = 5;

/// Of more than so many rows there are fewer folds: what models gain by a larger part of them is not
/// worth the time of two more.
const FEW_FOLDS_ROWS: usize = 300_000;
const FEW_FOLDS: usize = 3;

impl SharedParams {
    /// Beyond so many rows the best member alone is taken, and one model of it, unless told
    /// otherwise.
    pub const LARGE_ROWS: usize = 100_000;

    /// The fewest rows that a sample may be limited to.
    const FEWEST_ROWS: usize = 100;

    /// Checks the ranges.
    ///
    /// # Errors
    ///
    /// [`ParamsError::SharedRounds`], [`ParamsError::SharedRows`].
    pub fn check(&self) -> Result<(), ParamsError> {
        if self.rounds == 0 {
            return Err(ParamsError::SharedRounds);
        }
        match self.rows < Self::FEWEST_ROWS {
            true => Err(ParamsError::SharedRows(self.rows, Self::FEWEST_ROWS)),
            false => Ok(()),
        }
    }

    /// Whether anything is set that is of no use to ensembles of each entity's own.
    pub(in crate::train) fn has_sharing(&self) -> bool {
        let defaults = Self::default();
        self.members.is_some() || self.models.is_some() || self.rows != defaults.rows
    }

    /// The settings for a sample of so many rows.
    pub(super) fn settings(&self, rows: usize) -> SharedSettings {
        let is_large = rows > Self::LARGE_ROWS;
        let members = self.members.unwrap_or(match is_large {
            true => SharedMembers::Best,
            false => SharedMembers::Stack,
        });
        let models = self.models.unwrap_or(match is_large {
            true => SharedModels::One,
            false => SharedModels::Folds,
        });
        SharedSettings {
            max_rounds: self.rounds,
            least_fall: match is_large {
                true => LEAST_FALL_OF_LARGE,
                false => SharedSettings::default().least_fall,
            },
            folds: match rows > FEW_FOLDS_ROWS {
                true => FEW_FOLDS,
                false => FOLDS,
            },
            refit: models == SharedModels::One,
            stack: members == SharedMembers::Stack,
            ..SharedSettings::default()
        }
    }
}

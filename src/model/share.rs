//! What one entity has of its own, beside what all share.

use serde::{Deserialize, Serialize};

use super::ensemble::memory_of;
use super::shared_model::{SharedModel, add_level};
use crate::ensemble::AdditiveTrees;

/// What one entity has of its own, beside what all share.
///
/// Its predictions are made of the shared score, its level and the scores of its own trees, all
/// added up.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    /// The entity as numbers, in each of the ways of the shared model.
    pub numbers: Vec<f64>,
    /// By score: what is added to it.
    pub level: Vec<f64>,
    /// Own trees, whose scores begin with 0. They may ask for all codes of a [`SharedModel`].
    pub trees: AdditiveTrees,
    /// The weight of the rows that it was trained on.
    pub rows: f64,
    /// The standard deviation of what the shared score leaves over of the entity's targets; 1 of
    /// classes.
    pub spread: f64,
    /// The logarithm of the Bayes factor of an own tree against none; nothing where there was none
    /// to be judged.
    pub evidence: Option<f64>,
    /// What the rows say about how much the entity differs from the others.
    pub verdict: Verdict,
}

/// What the rows of an entity say about how much it differs from the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It has a structure of its own.
    Own,
    /// It is as the others, but for its level.
    Level,
    /// They are too few to tell.
    Undecided,
}

impl Verdict {
    /// The verdict in words.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Own => "own",
            Verdict::Level => "shared and level",
            Verdict::Undecided => "undecided",
        }
    }
}

impl Share {
    /// Whether this is a share of a model.
    pub(super) fn check(&self, shared: &SharedModel) -> Result<(), &'static str> {
        let outputs = shared.loss().outputs();
        if self.numbers.len() != shared.parts().numbers.len() || self.level.len() != outputs {
            return Err("has not a number for each of those of the shared model, or no levels");
        }
        let numbers = self.numbers.iter().chain(&self.level);
        let figures = [self.rows, self.spread, self.evidence.unwrap_or(0.0)];
        if !numbers.chain(&figures).all(|number| number.is_finite()) {
            return Err("has a number that is not finite");
        }
        if self.trees.start().iter().any(|&start| start != 0.0) {
            return Err("has own trees that do not begin with 0");
        }
        shared.asked().check(&self.trees, outputs)
    }

    /// Adds the level and the scores of own trees, given the codes of rows.
    pub(super) fn add(&self, codes: &[u8], width: usize, scores: &mut [f64]) {
        add_level(&self.level, scores);
        if self.trees.tree_count() > 0 {
            self.trees.add(codes, width, 1.0, scores);
        }
    }

    pub(super) fn memory(&self) -> usize {
        let numbers = size_of::<f64>() * (self.numbers.capacity() + self.level.capacity());
        size_of::<Self>() + numbers + memory_of(&self.trees)
    }
}

//! What all entities of a generation share.

use std::sync::Arc;

use super::asked_codes::{AskedCodes, check_loss};
use super::binned_feature::{BinnedFeature, check_bins, check_categories};
use super::share_settings::ShareSettings;
use crate::codes::NumberBins;
use crate::ensemble::{AdditiveTrees, CodeTest, Loss};
use crate::error::{Error, Result};

/// What all entities of a generation share: boosted trees of all their rows.
///
/// The trees ask for the codes of a row at these positions:
///
/// 1. each of the features,
/// 2. each number of the entity's own, in its bins,
/// 3. the entity's category,
/// 4. only for the entity's own trees: each shared score, in its bins.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedModel {
    parts: SharedParts,
    /// By feature: splits of all trees that answer for known entities.
    splits: Vec<u64>,
}

/// What a [`SharedModel`] is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct SharedParts {
    /// The classes, in the order of probabilities; none of a quantity.
    pub classes: Arc<[String]>,
    /// What makes predictions of scores.
    pub loss: Loss,
    /// The features.
    pub features: Vec<BinnedFeature>,
    /// Entities as numbers, in several ways or in none.
    pub numbers: Vec<EntityNumber>,
    /// The keys of entities that are categories, ascending, at most
    /// [`MAX_CATEGORIES`](super::MAX_CATEGORIES). Those of others have the code behind them.
    pub categories: Vec<String>,
    /// Their weighted scores add up to the shared score.
    pub members: Vec<Member>,
    /// What answers for entities that are not known: its score is the mean of theirs. They ask
    /// about `features` only.
    pub unknown: Vec<AdditiveTrees>,
    /// By score: the bins of the shared score, for the entities' own trees.
    pub score_bins: Vec<NumberBins>,
    /// How entities' shares are fitted.
    pub own: ShareSettings,
    /// What is added to scores of entities that are not known, by the first values of their keys:
    /// ascending by these, at most [`MAX_PARENTS`].
    pub parents: Vec<ParentLevel>,
}

/// The most parents of entities that have a level.
pub const MAX_PARENTS: usize = 1 << 16;

/// The level of all entities of the same first values of the key.
#[derive(Clone, Debug, PartialEq)]
pub struct ParentLevel {
    /// The first values of the key, as one CSV record.
    pub key: String,
    /// By score: what is added to it.
    pub level: Vec<f64>,
}

/// One way to tell entities apart by a number.
#[derive(Clone, Debug, PartialEq)]
pub struct EntityNumber {
    /// The number of an entity that is not known.
    pub of_unknown: f64,
    /// What it counts for, in rows, where the number of an entity is estimated.
    pub prior_rows: f64,
    /// The bins of the number.
    pub bins: NumberBins,
}

/// A part of the shared score.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    /// What it is called.
    pub name: String,
    /// What its score is multiplied by.
    pub weight: f64,
    /// Its score is the mean of theirs.
    pub trees: Vec<AdditiveTrees>,
}

impl EntityNumber {
    /// The number of an entity whose rows have this weight and weighted sum: their mean, shrunk towards
    /// that of all entities.
    pub(crate) fn shrunk(&self, weight: f64, sum: f64) -> f64 {
        (sum + self.prior_rows * self.of_unknown) / (weight + self.prior_rows)
    }
}

impl SharedModel {
    /// Puts the parts together.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] where they do not fit: there must be a member and trees of each, and
    /// trees for entities that are not known; trees must have the scores of the loss, and ask for
    /// codes that there are; numbers must be finite and bins ascend.
    pub fn new(mut parts: SharedParts) -> Result<Self> {
        let bad = |problem: &str| Error::BadModel(problem.to_owned());
        parts.check().map_err(bad)?;
        let members = parts.members.iter_mut();
        for trees in members
            .flat_map(|member| &mut member.trees)
            .chain(&mut parts.unknown)
        {
            trees.expect_many_rows();
        }
        let splits = parts.members.iter().flat_map(|member| &member.trees);
        Ok(Self {
            splits: splits_of(splits, parts.features.len()),
            parts,
        })
    }

    /// What it is made of.
    pub fn parts(&self) -> &SharedParts {
        &self.parts
    }

    /// The classes, in the order of probabilities; none of a quantity.
    pub fn classes(&self) -> &Arc<[String]> {
        &self.parts.classes
    }

    /// The features.
    pub fn features(&self) -> &[BinnedFeature] {
        &self.parts.features
    }

    /// What makes predictions of scores.
    pub fn loss(&self) -> Loss {
        self.parts.loss
    }

    /// Number of trees of all members.
    pub fn tree_count(&self) -> usize {
        let members = self.parts.members.iter().flat_map(|member| &member.trees);
        members.map(AdditiveTrees::tree_count).sum()
    }

    /// By feature: splits of all members' trees.
    pub(super) fn splits(&self) -> &[u64] {
        &self.splits
    }

    /// Codes of a row, those of scores included.
    pub(crate) fn width(&self) -> usize {
        self.first_score() + self.parts.score_bins.len()
    }

    /// The position of the first score's code.
    fn first_score(&self) -> usize {
        self.parts.features.len() + self.parts.numbers.len() + 1
    }

    /// What the entities' own trees may ask for.
    pub(super) fn asked(&self) -> AskedCodes {
        self.parts.asked_of_own()
    }

    /// Writes the codes of an entity behind those of the features, for each row.
    pub(crate) fn write_entity(&self, key: &str, numbers: &[f64], codes: &mut [u8]) {
        let features = self.parts.features.len();
        let categories = &self.parts.categories;
        let place = categories.binary_search_by(|other| other.as_str().cmp(key));
        let category = place.unwrap_or(categories.len()) as u8;
        for row in codes.chunks_exact_mut(self.width()) {
            let own = &mut row[features..];
            for (code, (of_model, &number)) in
                own.iter_mut().zip(self.parts.numbers.iter().zip(numbers))
            {
                *code = of_model.bins.code(number);
            }
            own[numbers.len()] = category;
        }
    }

    /// The codes of an entity, behind those of the features.
    pub(crate) fn entity_codes(&self, key: &str, numbers: &[f64]) -> Vec<u8> {
        let mut row = vec![0; self.width()];
        self.write_entity(key, numbers, &mut row);
        row[self.parts.features.len()..self.first_score()].to_vec()
    }

    /// Adds the shared scores of rows, given their codes, and writes the codes of these.
    pub(super) fn add(&self, codes: &mut [u8], scores: &mut [f64]) {
        let width = self.width();
        for member in &self.parts.members {
            let weight = member.weight / member.trees.len() as f64;
            for trees in &member.trees {
                trees.add(codes, width, weight, scores);
            }
        }
        let bins = &self.parts.score_bins;
        let scores = scores.chunks_exact(bins.len());
        for (codes, scores) in codes.chunks_exact_mut(width).zip(scores) {
            let codes = &mut codes[self.first_score()..];
            for ((code, bins), &score) in codes.iter_mut().zip(bins).zip(scores) {
                *code = bins.code(score);
            }
        }
    }

    /// The level of entities that are not known, by the first values of their keys; nothing where
    /// these are not known either.
    pub(crate) fn parent_level(&self, parent: &str) -> Option<&[f64]> {
        let parents = &self.parts.parents;
        let place = parents.binary_search_by(|other| other.key.as_str().cmp(parent));
        Some(&parents[place.ok()?].level)
    }

    /// Adds the scores of rows whose entities are not known, given the codes of the features, and
    /// the level of their parent.
    pub(super) fn add_unknown(&self, codes: &[u8], level: Option<&[f64]>, scores: &mut [f64]) {
        if let Some(level) = level {
            add_level(level, scores);
        }
        let weight = 1.0 / self.parts.unknown.len() as f64;
        for trees in &self.parts.unknown {
            trees.add(codes, self.width(), weight, scores);
        }
    }
}

impl SharedParts {
    /// Whether all bins are in order.
    pub(super) fn check_bins(&self) -> std::result::Result<(), &'static str> {
        self.features.iter().try_for_each(BinnedFeature::check)?;
        let mut numbers = self.numbers.iter();
        numbers.try_for_each(|number| check_bins(&number.bins))?;
        check_categories(&self.categories)?;
        self.score_bins.iter().try_for_each(check_bins)
    }

    fn check(&self) -> std::result::Result<(), &'static str> {
        check_loss(self.loss, self.classes.len())?;
        self.check_bins()?;
        let is_finite = |number: &EntityNumber| {
            let is_positive = number.prior_rows > 0.0 && number.prior_rows.is_finite();
            is_positive && number.of_unknown.is_finite()
        };
        let is_whole = |member: &Member| member.weight.is_finite() && !member.trees.is_empty();
        if !self.numbers.iter().all(is_finite) || !self.members.iter().all(is_whole) {
            return Err("has a number that is not finite, or a member without trees");
        }
        let outputs = self.loss.outputs();
        if self.score_bins.len() != outputs || self.members.is_empty() || self.unknown.is_empty() {
            return Err("lacks members, bins of scores, or trees for unknown entities");
        }
        self.own.check(outputs)?;
        self.check_parents(outputs)?;
        let known = self.asked_of_members();
        for trees in self.members.iter().flat_map(|member| &member.trees) {
            known.check(trees, outputs)?;
        }
        let unknown = AskedCodes::of_features(&self.features);
        let mut trees = self.unknown.iter();
        trees.try_for_each(|trees| unknown.check(trees, outputs))
    }

    fn check_parents(&self, outputs: usize) -> std::result::Result<(), &'static str> {
        let is_whole = |parent: &ParentLevel| {
            parent.level.len() == outputs && parent.level.iter().all(|level| level.is_finite())
        };
        let ascend = self.parents.is_sorted_by(|one, other| one.key < other.key);
        match ascend && self.parents.len() <= MAX_PARENTS && self.parents.iter().all(is_whole) {
            true => Ok(()),
            false => Err("has too many parents, or parents that do not ascend or lack a level"),
        }
    }

    /// What the members' trees may ask for.
    pub(super) fn asked_of_members(&self) -> AskedCodes {
        let mut asked = AskedCodes::of_features(&self.features);
        for number in &self.numbers {
            asked.push_numbers(&number.bins);
        }
        asked.push_categories();
        asked
    }

    fn asked_of_own(&self) -> AskedCodes {
        let mut asked = self.asked_of_members();
        for bins in &self.score_bins {
            asked.push_numbers(bins);
        }
        asked
    }
}

/// Adds a level to the scores of rows.
pub(super) fn add_level(level: &[f64], scores: &mut [f64]) {
    for row in scores.chunks_exact_mut(level.len()) {
        for (score, level) in row.iter_mut().zip(level) {
            *score += level;
        }
    }
}

/// By feature: the splits of trees that ask about it.
pub(super) fn splits_of<'a>(
    trees: impl IntoIterator<Item = &'a AdditiveTrees>,
    features: usize,
) -> Vec<u64> {
    let mut splits = vec![0; features];
    for test in trees.into_iter().flat_map(AdditiveTrees::tests) {
        if let CodeTest::LessOrEqual { feature, .. } | CodeTest::Among { feature, .. } = test
            && let Some(splits) = splits.get_mut(usize::from(feature))
        {
            *splits += 1;
        }
    }
    splits
}

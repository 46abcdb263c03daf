//! A feature in bins: a code of a byte for each row.

use crate::codes::{MAX_BINS, NumberBins};

/// A feature in bins: a code of a byte for each row.
#[derive(Clone, Debug, PartialEq)]
pub struct BinnedFeature {
    /// The column's name.
    pub name: String,
    /// What the codes stand for.
    pub bins: FeatureBins,
}

/// What the codes of a feature stand for.
#[derive(Clone, Debug, PartialEq)]
pub enum FeatureBins {
    /// Numbers, and behind them missing ones.
    Numbers(NumberBins),
    /// Categories, ascending, at most [`MAX_CATEGORIES`]. The code behind them stands for all
    /// others, and the one behind that for missing ones.
    Categories(Vec<String>),
}

/// The most categories that have a code of their own.
pub const MAX_CATEGORIES: usize = 254;

impl BinnedFeature {
    /// The column's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn check(&self) -> Result<(), &'static str> {
        match &self.bins {
            FeatureBins::Numbers(bins) => check_bins(bins),
            FeatureBins::Categories(categories) => check_categories(categories),
        }
    }
}

impl FeatureBins {
    /// The code of missing values.
    pub fn missing_code(&self) -> u8 {
        match self {
            FeatureBins::Numbers(bins) => bins.len() as u8,
            FeatureBins::Categories(categories) => categories.len() as u8 + 1,
        }
    }
}

pub(super) fn check_bins(bins: &NumberBins) -> Result<(), &'static str> {
    let edges = bins.edges();
    match edges.len() < MAX_BINS
        && edges.iter().all(|edge| edge.is_finite())
        && edges.is_sorted_by(|one, other| one < other)
    {
        true => Ok(()),
        false => Err("has too many bins, or edges that are not finite or do not ascend"),
    }
}

pub(super) fn check_categories(categories: &[String]) -> Result<(), &'static str> {
    match categories.len() <= MAX_CATEGORIES && categories.is_sorted_by(|one, other| one < other) {
        true => Ok(()),
        false => Err("has too many categories, or categories that do not ascend"),
    }
}

//! What sets the dataset of a run apart from that of a store.

use std::fmt::{Display, Formatter};

/// A part of what a dataset is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DatasetPart {
    /// The key columns.
    Key,
    /// The target, and whether it is a quantity, whole numbers or text.
    Target,
    /// The features' names, kinds and types.
    Features,
    /// The column of sample weights.
    Weight,
    /// The filter.
    Filter,
    /// The texts that stand for a missing value.
    Missing,
    /// What becomes of rows with missing features.
    OnMissing,
    /// Whether white space around texts, and a full stop behind labels, is stripped.
    Stripping,
}

impl DatasetPart {
    /// Whether models of both datasets can stand side by side all the same: they are asked for the
    /// same entities, from the same features, and predict the same target.
    pub fn is_minor(self) -> bool {
        !matches!(self, Self::Key | Self::Target | Self::Features)
    }
}

/// A part in which the dataset of a run is not that of the store's current generation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatasetDifference {
    /// What differs.
    pub part: DatasetPart,
    /// What the run has.
    pub run: String,
    /// What the store has.
    pub store: String,
}

impl Display for DatasetPart {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Key => "key",
            Self::Target => "target",
            Self::Features => "features that differ",
            Self::Weight => "weight",
            Self::Filter => "filter",
            Self::Missing => "texts for a missing value",
            Self::OnMissing => "rows with missing features",
            Self::Stripping => "stripping of texts",
        })
    }
}

impl Display for DatasetDifference {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        let Self { part, run, store } = self;
        write!(formatter, "{part}: {run} here, {store} in the store")
    }
}

//! What categories are split from others.

use serde::{Deserialize, Serialize};

/// What a split on a categorical feature asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CategorySplits {
    /// Whether a row has one category: what one-hot columns can tell. A category that training did
    /// not see has none of them, and goes right.
    #[default]
    One,
    /// Whether a row has one of a set of categories. Of two classes and of squared errors and
    /// Poisson deviances the best of all sets is found exactly, as the one in front when categories
    /// are ordered by their means (Fisher 1958; Breiman et al. 1984, section 4.2.2); of more
    /// classes the best of the orders by each of the first 32, and of absolute errors the best
    /// by means. Where leaves are limited, it is the best of those in front that leave enough on both
    /// sides. A category that training did not see goes with the heavier child.
    Set,
}

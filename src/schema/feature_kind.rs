//! How a feature's values are compared.

use serde::{Deserialize, Serialize};

/// How a feature's values are compared at a split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FeatureKind {
    /// Ordered values, split by `value <= threshold`.
    Numeric,
    /// Unordered values, split by `value = category`.
    Categorical,
}

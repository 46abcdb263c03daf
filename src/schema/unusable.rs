//! What becomes of features without a value, and of infinite ones.

use serde::{Deserialize, Serialize};

/// What becomes of rows with missing features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnMissing {
    /// They are kept, and models learn what a missing value means.
    #[default]
    Learn,
    /// They are left out.
    Drop,
}

/// What becomes of infinite numbers in numeric features.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnInfinite {
    /// They are errors.
    #[default]
    Error,
    /// They count as missing.
    Missing,
}

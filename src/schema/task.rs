//! What is predicted: one of several classes, or a quantity.

use serde::{Deserialize, Serialize};

/// What is predicted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One of several classes.
    #[default]
    Classification,
    /// A quantity.
    Regression,
}

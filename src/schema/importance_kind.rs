//! The ways to tell how much features matter.

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize};

/// How the importances of features are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportanceKind {
    /// The share of each feature in the decrease of impurity by the model's splits; see
    /// [`Model::importances`](crate::Model::importances).
    Impurity,
    /// By how much the loss on the entity's rows held out increases where the feature's values are
    /// shuffled among them, the mean of five shuffles: the loss is 1 minus the accuracy, or of a
    /// quantity the mean squared error (Breiman 2001, "Random forests", section 10).
    Permutation,
}

impl ImportanceKind {
    /// `impurity` or `permutation`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Impurity => "impurity",
            Self::Permutation => "permutation",
        }
    }
}

impl Display for ImportanceKind {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

//! What a model predicts: a class or a quantity.

use std::fmt::{Display, Formatter};

use serde::{Deserialize, Serialize};

/// What is predicted of a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Task {
    /// One of the classes of the target.
    #[default]
    Classification,
    /// A quantity.
    Regression,
}

impl Display for Task {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str(match self {
            Task::Classification => "classification",
            Task::Regression => "regression",
        })
    }
}

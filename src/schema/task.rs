//! What is predicted: one of several classes, or a quantity.

use std::fmt::{Display, Formatter};

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

impl Task {
    /// `classification` or `regression`.
    pub fn name(self) -> &'static str {
        match self {
            Task::Classification => "classification",
            Task::Regression => "regression",
        }
    }

    /// What a target is taken for, in words.
    pub fn noun(self) -> &'static str {
        match self {
            Task::Classification => "classes",
            Task::Regression => "a quantity",
        }
    }
}

impl Display for Task {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// So many different whole numbers are classes where nothing says what the target is; more are a
/// quantity.
pub const WHOLE_NUMBER_CLASSES: usize = 20;

/// Why a target is taken for classes or for a quantity.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum TaskReason {
    /// It is said, or was so at training.
    Declared,
    /// Its values are texts, true and false, or times.
    NotNumbers,
    /// Its numbers are not all whole ones of 64 bits.
    Fractions {
        /// The first that is not.
        example: f64,
    },
    /// It has so many different whole numbers, up to [`WHOLE_NUMBER_CLASSES`].
    FewWholeNumbers {
        /// How many.
        different: usize,
    },
    /// It has more different whole numbers than [`WHOLE_NUMBER_CLASSES`].
    ManyWholeNumbers,
}

impl Display for TaskReason {
    fn fmt(&self, formatter: &mut Formatter) -> std::fmt::Result {
        match self {
            TaskReason::Declared => formatter.write_str("as is said"),
            TaskReason::NotNumbers => formatter.write_str("its values are no numbers"),
            TaskReason::Fractions { example } => {
                write!(formatter, "its numbers have fractions, such as {example}")
            }
            TaskReason::FewWholeNumbers { different: 1 } => {
                formatter.write_str("it has one whole number")
            }
            TaskReason::FewWholeNumbers { different } => {
                write!(formatter, "it has {different} different whole numbers")
            }
            TaskReason::ManyWholeNumbers => write!(
                formatter,
                "it has more than {WHOLE_NUMBER_CLASSES} different whole numbers"
            ),
        }
    }
}

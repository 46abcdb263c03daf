//! One column of a table.

use std::sync::Arc;

use super::numbers::Numbers;
use crate::codes::Codes;

/// One column of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Codes into a dictionary whose texts are sorted.
    Categories {
        /// One code per row.
        codes: Codes,
        /// What the codes stand for.
        dictionary: Arc<[String]>,
    },
    /// Finite numbers.
    Numbers(Numbers),
}

impl Column {
    /// The rows that are marked.
    pub(super) fn filter(&self, keep: &[bool]) -> Self {
        match self {
            Column::Numbers(numbers) => Column::Numbers(numbers.filter(keep)),
            Column::Categories { codes, dictionary } => Column::Categories {
                codes: codes.filter(keep),
                dictionary: dictionary.clone(),
            },
        }
    }
}

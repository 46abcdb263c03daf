//! One column of a table.

use std::sync::Arc;

use super::numbers::Numbers;
use crate::codes::{Codes, Order};

/// One column of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Codes into a dictionary whose texts are sorted.
    Categories {
        /// One code per row; the length of the dictionary stands for a missing text.
        codes: Codes,
        /// What the codes stand for.
        dictionary: Arc<[String]>,
    },
    /// Finite numbers, or missing ones.
    Numbers(Numbers),
}

impl Column {
    /// The category of a row; nothing where it is missing, or the column holds numbers.
    pub fn category(&self, row: usize) -> Option<&str> {
        match self {
            Column::Numbers(_) => None,
            Column::Categories { codes, dictionary } => {
                let text = dictionary.get(codes.get(row) as usize)?;
                Some(text)
            }
        }
    }

    /// Rows without a value.
    pub fn missing(&self) -> usize {
        let mut missing = 0;
        match self {
            Column::Numbers(numbers) => numbers.for_each(0..numbers.len(), |number| {
                missing += usize::from(number.is_nan());
            }),
            Column::Categories { codes, dictionary } => codes.for_each(0..codes.len(), |code| {
                missing += usize::from(code as usize == dictionary.len());
            }),
        }
        missing
    }

    /// The same rows in another order.
    pub(super) fn reordered(&self, order: &Order) -> Self {
        match self {
            Column::Numbers(numbers) => Column::Numbers(numbers.scatter(order)),
            Column::Categories { codes, dictionary } => Column::Categories {
                codes: codes.reordered(dictionary.len() + 1, order),
                dictionary: dictionary.clone(),
            },
        }
    }

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

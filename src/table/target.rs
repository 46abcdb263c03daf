//! What is to be predicted, row by row.

use std::sync::Arc;

use super::collector::Collected;
use super::dictionary::Dictionary;
use super::task_choice::whole_number;
use crate::codes::{Codes, Order, marked};
use crate::schema::Task;

/// The target of a table's rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// One of several classes.
    Classes {
        /// One for each row: positions among the classes.
        labels: Codes,
        /// The classes over all entities, in their order: whole numbers by value, text by its
        /// bytes.
        classes: Arc<[String]>,
    },
    /// A quantity for each row, finite.
    Numbers(Vec<f64>),
}

impl Target {
    /// Sorts what a query yielded; a whole number that a class is has been checked to be one.
    pub(super) fn sort(column: Option<Collected>, task: Task, order: &Order) -> Self {
        let quantity = |value: f64| value + 0.0;
        match (column, task) {
            (Some(Collected::Quantities(numbers)), Task::Regression) => {
                Target::Numbers(order.scatter(&numbers, quantity))
            }
            (Some(Collected::Integers(integers)), Task::Regression) => {
                Target::Numbers(order.scatter(&integers, |value| value as f64))
            }
            (Some(Collected::Quantities(numbers)), Task::Classification) => {
                let whole = numbers
                    .into_iter()
                    .map(|n| whole_number(n).unwrap_or_default());
                Self::classes_of(Some(Collected::Integers(whole.collect())), order)
            }
            (column, _) => Self::classes_of(column, order),
        }
    }

    fn classes_of(column: Option<Collected>, order: &Order) -> Self {
        let dictionary = column.map(Dictionary::of).unwrap_or_default();
        let (labels, classes) = dictionary.scatter(order);
        Target::Classes { labels, classes }
    }

    /// What it is.
    pub fn task(&self) -> Task {
        match self {
            Target::Classes { .. } => Task::Classification,
            Target::Numbers(_) => Task::Regression,
        }
    }

    /// The class of each row, as a position among the classes; nothing for a quantity.
    pub fn labels(&self) -> Option<&Codes> {
        match self {
            Target::Classes { labels, .. } => Some(labels),
            Target::Numbers(_) => None,
        }
    }

    /// The classes; none for a quantity.
    pub fn classes(&self) -> &[String] {
        match self {
            Target::Classes { classes, .. } => classes,
            Target::Numbers(_) => &[],
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        match self {
            Target::Classes { labels, .. } => labels.len(),
            Target::Numbers(numbers) => numbers.len(),
        }
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The same rows in another order.
    pub(super) fn reordered(&self, order: &Order) -> Self {
        match self {
            Target::Classes { labels, classes } => Target::Classes {
                labels: labels.reordered(classes.len(), order),
                classes: classes.clone(),
            },
            Target::Numbers(numbers) => Target::Numbers(order.scatter(numbers, |number| number)),
        }
    }

    /// The rows that are marked.
    pub(super) fn filter(&self, keep: &[bool]) -> Self {
        match self {
            Target::Classes { labels, classes } => Target::Classes {
                labels: labels.filter(keep),
                classes: classes.clone(),
            },
            Target::Numbers(numbers) => Target::Numbers(marked(numbers, keep)),
        }
    }

    /// The same rows with their classes among these, which have the target's own in the same order.
    pub(super) fn among(self, all: &Arc<[String]>) -> Self {
        let Target::Classes { labels, classes } = self else {
            return self;
        };
        // In the same order, each is behind the one before.
        let mut rest = all.iter().zip(0_u32..);
        let places = classes.iter().map(|own| {
            let place = rest.find(|(class, _)| *class == own);
            place.map_or(0, |(_, place)| place)
        });
        let places: Vec<u32> = places.collect();
        Target::Classes {
            labels: labels.scatter(&places, all.len(), &Order::Sorted),
            classes: all.clone(),
        }
    }
}

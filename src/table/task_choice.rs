//! Whether a target's values are classes or a quantity.

use polars::prelude::{DataType, PolarsResult, Series};

use super::collector::Collected;
use super::query::Query;
use crate::error::{Result, SpecError};
use crate::schema::{Task, TaskReason, WHOLE_NUMBER_CLASSES};
use crate::source::whole_of;

/// What is known of a target by the values that were seen so far. Values that cannot change the
/// choice any more are not looked at.
#[derive(Clone, Default)]
pub(super) struct TaskChoice {
    declared: Option<Task>,
    /// Different whole numbers, ascending; no more than tell them from a quantity.
    whole: Vec<i64>,
    /// The first number that is not whole.
    fraction: Option<f64>,
}

impl TaskChoice {
    pub fn new(declared: Option<Task>) -> Self {
        Self {
            declared,
            ..Self::default()
        }
    }

    /// The choice for all values of a target.
    pub fn of(query: &Query, column: Option<&Collected>) -> Self {
        let mut choice = Self::new(query.declared_task());
        match column {
            Some(Collected::Integers(integers)) => choice.see_integers(integers),
            Some(Collected::Quantities(numbers)) => choice.see_numbers(numbers),
            _ => {}
        }
        choice
    }

    pub fn see_integers(&mut self, integers: &[i64]) {
        if self.declared.is_some() {
            return;
        }
        let mut last = None;
        for &integer in integers {
            if last == Some(integer) {
                continue;
            }
            last = Some(integer);
            self.note(integer);
            if self.is_quantity() {
                return;
            }
        }
    }

    pub fn see_numbers(&mut self, numbers: &[f64]) {
        for &number in numbers {
            if self.is_quantity() || self.fraction.is_some() {
                return;
            }
            match (whole_number(number), self.declared) {
                (None, _) => self.fraction = Some(number),
                (Some(integer), None) => self.note(integer),
                (Some(_), Some(_)) => {}
            }
        }
    }

    fn note(&mut self, integer: i64) {
        if let Err(place) = self.whole.binary_search(&integer) {
            self.whole.insert(place, integer);
        }
    }

    /// Whether it is a quantity, whatever else comes.
    pub fn is_quantity(&self) -> bool {
        let is_many = self.whole.len() > WHOLE_NUMBER_CLASSES;
        match self.declared {
            Some(task) => task == Task::Regression,
            None => is_many || self.fraction.is_some(),
        }
    }

    /// What the target of a query is, and why.
    ///
    /// # Errors
    ///
    /// [`SpecError::FractionalClass`] for fractions that are said to be classes.
    pub fn decide(&self, query: &Query) -> Result<(Task, TaskReason)> {
        if let (Some(Task::Classification), Some(example)) = (self.declared, self.fraction) {
            return Err(SpecError::FractionalClass {
                column: query.target().to_owned(),
                example,
                trained: query.is_as_trained,
            }
            .into());
        }
        let (task, reason) = self.choice();
        match query.has_numeric_target() {
            true => Ok((task, reason)),
            false => Ok((task, TaskReason::NotNumbers)),
        }
    }

    fn choice(&self) -> (Task, TaskReason) {
        let reason = match (self.declared, self.fraction) {
            (Some(_), _) => TaskReason::Declared,
            (None, Some(example)) => TaskReason::Fractions { example },
            (None, None) if self.is_quantity() => TaskReason::ManyWholeNumbers,
            (None, None) => TaskReason::FewWholeNumbers {
                different: self.whole.len(),
            },
        };
        let task = match self.is_quantity() {
            true => Task::Regression,
            false => Task::Classification,
        };
        (task, reason)
    }
}

/// What a target of these different values, none of them missing, would be taken for.
pub(crate) fn task_of(values: &Series, declared: Option<Task>) -> PolarsResult<(Task, TaskReason)> {
    let mut choice = TaskChoice::new(declared);
    match values.dtype() {
        DataType::Int64 => {
            choice.see_integers(&values.i64()?.no_null_iter().collect::<Vec<_>>());
        }
        DataType::Float64 => {
            choice.see_numbers(&values.f64()?.no_null_iter().collect::<Vec<_>>());
        }
        _ => return Ok((Task::Classification, TaskReason::NotNumbers)),
    }
    Ok(choice.choice())
}

/// A whole number that no other number of double precision is rounded to.
pub(super) fn whole_number(number: f64) -> Option<i64> {
    const EXACT: u64 = 1 << 53;
    whole_of(number).filter(|whole| whole.unsigned_abs() < EXACT)
}

//! Puts a model's predictions beside the truth, on the columns of a table.

use std::collections::HashMap;
use std::ops::Range;

use super::Evaluation;
use crate::dataset::{CodeBuffer, Column, Numbers, Table};
use crate::{Error, Model, Result, Value};

/// The rows of a table and the classes that they are evaluated on.
pub(crate) struct Judge<'a> {
    table: &'a Table,
    classes: HashMap<&'a str, usize>,
    /// By class of the table; nothing for one that is not among the classes.
    truths: Vec<Option<usize>>,
}

impl<'a> Judge<'a> {
    pub fn new(table: &'a Table, classes: &'a [String]) -> Self {
        let classes: HashMap<&str, usize> = classes
            .iter()
            .enumerate()
            .map(|(position, class)| (class.as_str(), position))
            .collect();
        let truths = table
            .classes()
            .iter()
            .map(|class| classes.get(class.as_str()).copied())
            .collect();
        Self {
            table,
            classes,
            truths,
        }
    }

    /// The true class of a row; nothing for one that training did not see.
    pub fn truth(&self, row: usize) -> Option<usize> {
        self.truths[self.table.labels().get(row) as usize]
    }

    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// Predicts some rows of the table with a model. `note` is given each row and the class
    /// predicted for it.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for a model that asks for columns that the table does not have as the
    /// model wants them, or that predicts classes that are none.
    pub fn evaluate(
        &self,
        model: &Model,
        rows: Range<usize>,
        mut note: impl FnMut(usize, usize),
    ) -> Result<Evaluation> {
        let columns = self.bind(model)?;
        let places = model
            .classes()
            .iter()
            .map(|class| self.classes.get(class.as_str()).copied())
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(|| Error::BadModel("predicts a class that its run did not have".into()))?;
        let mut probabilities = vec![0.0; self.class_count()];
        let mut evaluation = Evaluation::new(self.class_count());
        for row in rows {
            let counts = model.leaf_counts(|feature| columns[feature].value(row));
            let total: f64 = counts.iter().sum();
            for (&place, count) in places.iter().zip(counts) {
                probabilities[place] = count / total;
            }
            note(row, evaluation.push(self.truth(row), &probabilities)?);
        }
        Ok(evaluation)
    }

    /// The same for a predictor that gives each row these probabilities.
    pub fn evaluate_constant(
        &self,
        probabilities: &[f64],
        rows: Range<usize>,
    ) -> Result<Evaluation> {
        let mut evaluation = Evaluation::new(self.class_count());
        for row in rows {
            evaluation.push(self.truth(row), probabilities)?;
        }
        Ok(evaluation)
    }

    fn bind(&self, model: &Model) -> Result<Vec<BoundColumn<'a>>> {
        let features = self.table.features();
        model
            .features()
            .iter()
            .map(|wanted| {
                let position = features.iter().position(|f| f.name == wanted.name());
                let column = position.map(|position| &self.table.columns()[position]);
                match (column, wanted.categories()) {
                    (Some(Column::Numbers(numbers)), None) => Ok(BoundColumn::Numbers(numbers)),
                    (Some(Column::Categories { codes, dictionary }), Some(categories)) => {
                        let known = translate(categories, dictionary);
                        Ok(BoundColumn::Categories { codes, known })
                    }
                    _ => Err(Error::BadModel(format!(
                        "asks for feature '{}', which its run did not have so",
                        wanted.name()
                    ))),
                }
            })
            .collect()
    }
}

/// A table's column, as one model's feature.
enum BoundColumn<'a> {
    Numbers(&'a Numbers),
    Categories {
        codes: &'a CodeBuffer,
        /// The table's code and the model's position of each category that both have, ascending.
        known: Vec<(u32, u32)>,
    },
}

impl BoundColumn<'_> {
    fn value(&self, row: usize) -> Value {
        match self {
            Self::Numbers(numbers) => Value::Number(numbers.get(row)),
            Self::Categories { codes, known } => {
                let code = codes.get(row);
                let found = known.binary_search_by_key(&code, |&(code, _)| code);
                Value::Category(found.ok().map(|place| known[place].1))
            }
        }
    }
}

/// Both are sorted, and so is the result.
fn translate(categories: &[String], dictionary: &[String]) -> Vec<(u32, u32)> {
    let code = |category: &String| dictionary.binary_search(category).ok();
    categories
        .iter()
        .enumerate()
        .filter_map(|(position, category)| Some((code(category)? as u32, position as u32)))
        .collect()
}

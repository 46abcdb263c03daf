//! Puts a model's predictions beside the truth, on the columns of a table.

use std::ops::Range;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::metrics::{ClassificationEvaluation, Evaluation, RegressionEvaluation};
use crate::model::{Binder, BoundModel, Model, SharedModel};
use crate::table::{Table, Target};

/// What is predicted for a row, beside what is true.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Prediction {
    /// Positions of classes among those evaluated on; no truth where training did not see it.
    Class {
        truth: Option<usize>,
        predicted: usize,
    },
    /// Quantities.
    Number { truth: f64, predicted: f64 },
}

impl Prediction {
    /// 1 for a wrong class and 0 for the right one, or a quantity's squared error.
    pub fn loss(self) -> f64 {
        match self {
            Prediction::Class { truth, predicted } => f64::from(truth != Some(predicted)),
            Prediction::Number { truth, predicted } => (predicted - truth).powi(2),
        }
    }
}

/// What a predictor says that gives all rows the same.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Constant {
    /// The probability of each class.
    Classes(Vec<f64>),
    /// A quantity.
    Number(f64),
}

/// The rows of a table and the classes that they are evaluated on.
pub(crate) struct Scorer<'a> {
    table: &'a Table,
    binder: Binder<'a>,
    /// By class of the table; nothing for one that is not among the classes.
    truths: Vec<Option<usize>>,
}

impl<'a> Scorer<'a> {
    pub fn new(table: &'a Table, classes: &'a [String]) -> Self {
        let features = table.features().iter();
        let columns = features.zip(table.columns());
        let columns = columns.map(|(feature, column)| (feature.name.as_str(), column.into()));
        let binder = Binder::new(columns, classes);
        let truths = table.classes().iter().map(|class| binder.class(class));
        Self {
            table,
            truths: truths.collect(),
            binder,
        }
    }

    /// The true class of a row; nothing for one that training did not see.
    pub fn truth(&self, row: usize) -> Option<usize> {
        let labels = self.table.target().labels()?;
        self.truths[labels.get(row) as usize]
    }

    fn class_count(&self) -> usize {
        self.binder.class_count()
    }

    /// A model and what it asks of the table.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for a model that asks for columns that the table does not have as the
    /// model wants them, or that predicts classes that are none; [`Error::OtherTask`] for a model
    /// of another task than the table's.
    pub fn bind<'m>(&self, model: &'m Model) -> Result<ScoredModel<'m>>
    where
        'a: 'm,
    {
        Ok(ScoredModel(self.binder.bind(model)?))
    }

    /// What answers for entities that are not known, and what it asks of the table.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    pub fn bind_unknown<'m>(&self, shared: &'m Arc<SharedModel>) -> Result<ScoredModel<'m>>
    where
        'a: 'm,
    {
        Ok(ScoredModel(self.binder.bind_unknown(shared, None)?))
    }

    /// Predicts some rows of the table with a model. `note` is given each row and what is predicted
    /// for it beside what is true.
    pub fn evaluate(
        &self,
        model: &ScoredModel,
        rows: Range<usize>,
        mut note: impl FnMut(usize, Prediction),
    ) -> Result<Evaluation> {
        let row_of = |_, row| row;
        match self.table.target() {
            Target::Classes { .. } => {
                let mut evaluation = ClassificationEvaluation::new(self.class_count());
                self.predict(model, rows, row_of, |row, probabilities, class| {
                    let (truth, predicted) = (self.truth(row), class as usize);
                    evaluation.push_decided(truth, probabilities, predicted)?;
                    note(row, Prediction::Class { truth, predicted });
                    Ok(())
                })?;
                Ok(evaluation.into())
            }
            Target::Numbers(numbers) => {
                let mut evaluation = RegressionEvaluation::new();
                self.predict(model, rows, row_of, |row, predicted, _| {
                    let (truth, predicted) = (numbers[row], predicted[0]);
                    evaluation.push(truth, predicted)?;
                    note(row, Prediction::Number { truth, predicted });
                    Ok(())
                })?;
                Ok(evaluation.into())
            }
        }
    }

    /// Hands the prediction of each of some rows to `take`: the probabilities, or the quantity; and
    /// the class. `row_of` gives the row that a feature of the model, by position, takes its value
    /// for a row from.
    fn predict(
        &self,
        model: &ScoredModel,
        rows: Range<usize>,
        row_of: impl Fn(usize, usize) -> usize,
        mut take: impl FnMut(usize, &[f64], u32) -> Result<()>,
    ) -> Result<()> {
        let width = self.class_count().max(1);
        let block = rows.len().min(BLOCK);
        let (mut numbers, mut classes) = (vec![0.0; block * width], vec![0; block]);
        for first in rows.clone().step_by(BLOCK) {
            let count = (rows.end - first).min(BLOCK);
            let (numbers, classes) = (&mut numbers[..count * width], &mut classes[..count]);
            let row_of = |feature, row| row_of(feature, first + row);
            model.0.predict(row_of, numbers, classes);
            let predictions = numbers.chunks_exact(width).zip(classes);
            for (row, (numbers, class)) in (first..).zip(predictions) {
                take(row, numbers, *class)?;
            }
        }
        Ok(())
    }

    /// The probability of a class in some rows of the table, and whether it is their true class.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for a class that is none of those evaluated on.
    pub fn probabilities_of(
        &self,
        class: &str,
        model: &ScoredModel,
        rows: Range<usize>,
    ) -> Result<Vec<(f64, bool)>> {
        let class = self.binder.class(class).ok_or_else(no_class)?;
        let mut found = Vec::with_capacity(rows.len());
        self.predict(
            model,
            rows,
            |_, row| row,
            |row, probabilities, _| {
                found.push((probabilities[class], self.truth(row) == Some(class)));
                Ok(())
            },
        )?;
        Ok(found)
    }

    /// The loss of a model on some rows of the table, summed up: of classes 1 for a wrong one, of a
    /// quantity the squared error. `value_of` gives the row that a feature of the model, by
    /// position, takes its value for a row from.
    pub fn loss(
        &self,
        model: &ScoredModel,
        rows: Range<usize>,
        value_of: impl Fn(usize, usize) -> usize,
    ) -> Result<f64> {
        let mut sum = 0.0;
        self.predict(model, rows, value_of, |row, prediction, class| {
            sum += match self.table.target() {
                Target::Classes { .. } => f64::from(self.truth(row) != Some(class as usize)),
                Target::Numbers(numbers) => (prediction[0] - numbers[row]).powi(2),
            };
            Ok(())
        })?;
        Ok(sum)
    }

    /// As [`evaluate`](Self::evaluate), for a predictor that says the same of all rows.
    pub fn evaluate_constant(&self, constant: &Constant, rows: Range<usize>) -> Result<Evaluation> {
        match (self.table.target(), constant) {
            (Target::Classes { .. }, Constant::Classes(probabilities)) => {
                let mut evaluation = ClassificationEvaluation::new(self.class_count());
                for row in rows {
                    evaluation.push(self.truth(row), probabilities)?;
                }
                Ok(evaluation.into())
            }
            (Target::Numbers(numbers), Constant::Number(value)) => {
                let mut evaluation = RegressionEvaluation::new();
                for row in rows {
                    evaluation.push(numbers[row], *value)?;
                }
                Ok(evaluation.into())
            }
            _ => Err(Error::OtherTask(OTHER_TASK)),
        }
    }
}

/// Rows that are predicted at a time.
const BLOCK: usize = 1_024;

/// A model and what it asks of a table.
pub(crate) struct ScoredModel<'a>(BoundModel<'a>);

fn no_class() -> Error {
    Error::BadModel("predicts a class that its run did not have".into())
}

/// Why a constant cannot be evaluated.
const OTHER_TASK: &str = "tells classes where the target is a quantity, or the other way round";

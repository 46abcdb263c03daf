//! Puts a model's predictions beside the truth, on the columns of a table.

use std::collections::HashMap;
use std::ops::Range;

use crate::codes::Codes;
use crate::error::{Error, Result};
use crate::metrics::{ClassificationEvaluation, Evaluation, RegressionEvaluation};
use crate::model::{AskedCategories, Leaf, Model};
use crate::table::{Column, Numbers, Table, Target};

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
    classes: HashMap<&'a str, usize>,
    /// By class of the table; nothing for one that is not among the classes.
    truths: Vec<Option<usize>>,
}

impl<'a> Scorer<'a> {
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
        let labels = self.table.target().labels()?;
        self.truths[labels.get(row) as usize]
    }

    fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// A model and what it asks of the table.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for a model that asks for columns that the table does not have as the
    /// model wants them, or that predicts classes that are none.
    pub fn bind<'m>(&self, model: &'m Model) -> Result<ScoredModel<'m>>
    where
        'a: 'm,
    {
        let places = model
            .classes()
            .iter()
            .map(|class| self.classes.get(class.as_str()).copied())
            .collect::<Option<Vec<usize>>>()
            .ok_or_else(no_class)?;
        Ok(ScoredModel {
            model,
            columns: self.columns(model)?,
            places,
        })
    }

    /// Predicts some rows of the table with a model. `note` is given each row and what is predicted
    /// for it beside what is true.
    pub fn evaluate(
        &self,
        model: &ScoredModel,
        rows: Range<usize>,
        mut note: impl FnMut(usize, Prediction),
    ) -> Result<Evaluation> {
        match self.table.target() {
            Target::Classes { .. } => {
                let mut probabilities = vec![0.0; self.class_count()];
                let mut evaluation = ClassificationEvaluation::new(self.class_count());
                for row in rows {
                    let predicted = model.probabilities(row, &mut probabilities)?;
                    let truth = self.truth(row);
                    evaluation.push_decided(truth, &probabilities, predicted)?;
                    note(row, Prediction::Class { truth, predicted });
                }
                Ok(evaluation.into())
            }
            Target::Numbers(numbers) => {
                let mut evaluation = RegressionEvaluation::new();
                for row in rows {
                    let (truth, predicted) = (numbers[row], model.value(row)?);
                    evaluation.push(truth, predicted)?;
                    note(row, Prediction::Number { truth, predicted });
                }
                Ok(evaluation.into())
            }
        }
    }

    /// The probability of a class in some rows of the table, and whether it is their true class.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for a class that is none of those evaluated on, [`Error::OtherTask`] for
    /// a model that tells quantities.
    pub fn probabilities_of(
        &self,
        class: &str,
        model: &ScoredModel,
        rows: Range<usize>,
    ) -> Result<Vec<(f64, bool)>> {
        let class = self.classes.get(class).copied().ok_or_else(no_class)?;
        let mut probabilities = vec![0.0; self.class_count()];
        rows.map(|row| {
            model.probabilities(row, &mut probabilities)?;
            Ok((probabilities[class], self.truth(row) == Some(class)))
        })
        .collect()
    }

    /// The loss of a model on some rows of the table, summed up: of classes 1 for a wrong one, of a
    /// quantity the squared error. `value_of` gives the row that a feature of the model, by
    /// position, takes its value for a row from.
    ///
    /// # Errors
    ///
    /// [`Error::OtherTask`] for a model of another task than the table's.
    pub fn loss(
        &self,
        model: &ScoredModel,
        rows: Range<usize>,
        value_of: impl Fn(usize, usize) -> usize,
    ) -> Result<f64> {
        let mut sum = 0.0;
        for row in rows {
            let leaf = model.leaf_of(|feature| value_of(feature, row));
            sum += match (leaf, self.table.target()) {
                (Leaf::Classes(weights), Target::Classes { .. }) => {
                    f64::from(self.truth(row) != Some(model.decide(weights)))
                }
                (Leaf::Number { value, .. }, Target::Numbers(numbers)) => {
                    (value - numbers[row]).powi(2)
                }
                _ => return Err(Error::OtherTask(OTHER_TASK)),
            };
        }
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

    fn columns(&self, model: &Model) -> Result<Vec<ScoredColumn<'a>>> {
        let features = self.table.features();
        model
            .features()
            .iter()
            .map(|wanted| {
                let position = features.iter().position(|f| f.name == wanted.name());
                let column = position.map(|position| &self.table.columns()[position]);
                match (column, wanted.categories()) {
                    (Some(Column::Numbers(numbers)), None) => Ok(ScoredColumn::Numbers(numbers)),
                    (Some(Column::Categories { codes, dictionary }), Some(categories)) => {
                        let place = |text: &String| dictionary.binary_search(text).ok();
                        let code = |text: &Option<String>| match text {
                            None => dictionary.len() as u32,
                            Some(text) => place(text).map_or(ABSENT, |place| place as u32),
                        };
                        let codes_asked = categories.iter().map(code);
                        let asked = AskedCategories::new(codes_asked, model.has_sets());
                        Ok(ScoredColumn::Categories { codes, asked })
                    }
                    _ => Err(Error::BadModel(format!(
                        "asks for feature '{}', which its run did not have in this form",
                        wanted.name()
                    ))),
                }
            })
            .collect()
    }
}

/// A model, the columns of a table that it asks about, and its classes among those evaluated on.
pub(crate) struct ScoredModel<'a> {
    model: &'a Model,
    columns: Vec<ScoredColumn<'a>>,
    places: Vec<usize>,
}

fn no_class() -> Error {
    Error::BadModel("predicts a class that its run did not have".into())
}

/// Why a model cannot be evaluated.
const OTHER_TASK: &str = "tells classes where the target is a quantity, or the other way round";

impl ScoredModel<'_> {
    pub(super) fn model(&self) -> &Model {
        self.model
    }

    /// The class evaluated on that is predicted where the model's classes have these weights.
    fn decide(&self, weights: &[f64]) -> usize {
        self.places[self.model.decide(weights)]
    }

    /// Writes the probability of each class evaluated on; returns the class that is predicted.
    fn probabilities(&self, row: usize, probabilities: &mut [f64]) -> Result<usize> {
        let Leaf::Classes(weights) = self.leaf(row) else {
            return Err(Error::OtherTask(OTHER_TASK));
        };
        let total: f64 = weights.iter().sum();
        for (&place, weight) in self.places.iter().zip(weights) {
            probabilities[place] = weight / total;
        }
        Ok(self.decide(weights))
    }

    fn value(&self, row: usize) -> Result<f64> {
        match self.leaf(row) {
            Leaf::Number { value, .. } => Ok(value),
            Leaf::Classes(_) => Err(Error::OtherTask(OTHER_TASK)),
        }
    }

    fn leaf(&self, row: usize) -> Leaf<'_> {
        self.leaf_of(|_| row)
    }

    /// The leaf of a row that takes the value of each feature from the row that `row_of` gives.
    fn leaf_of(&self, row_of: impl Fn(usize) -> usize) -> Leaf<'_> {
        self.model
            .leaf_of(|feature, question| match &self.columns[feature] {
                ScoredColumn::Numbers(numbers) => question.of_number(numbers.get(row_of(feature))),
                ScoredColumn::Categories { codes, asked } => {
                    asked.goes_left(&question, codes.get(row_of(feature)))
                }
            })
    }
}

/// What a category that the table lacks is compared with; no table has as many.
const ABSENT: u32 = u32::MAX;

/// A table's column, as one model's feature.
enum ScoredColumn<'a> {
    Numbers(&'a Numbers),
    Categories {
        codes: &'a Codes,
        asked: AskedCategories,
    },
}

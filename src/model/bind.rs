//! A frame's columns as features, and a model that asks them.

use polars::prelude::*;

use super::model::{Leaf, Model};
use super::question::AskedCategories;
use crate::error::{Error, Result, SpecError};
use crate::guard::guarded;
use crate::schema::{ColumnType, Role};
use crate::source::{can_convert, text_of};

/// A frame's column as a feature, read once for however many models ask about it.
pub(crate) enum FrameColumn {
    /// Numbers; NaN for a missing one.
    Numbers(Vec<f64>),
    /// Codes in the order of first appearance, or [`MISSING`].
    Categories {
        codes: Vec<u32>,
        code_of: PlHashMap<String, u32>,
    },
}

/// The code of a missing category.
pub(crate) const MISSING: u32 = u32::MAX;

/// What a category that the frame lacks is compared with.
const ABSENT: u32 = u32::MAX - 1;

impl FrameColumn {
    /// A column of numbers, booleans or times, or of nulls only.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`], and [`SpecError::OtherTypeThanTrained`] for any other column.
    pub fn numbers(frame: &DataFrame, name: &str) -> Result<Self> {
        let column = column(frame, name, Role::NumericFeature)?;
        let other_type = || other_type_than_trained(column, "a number");
        let dtype = column.dtype();
        if !(is_number(dtype) || dtype.is_null()) {
            return Err(other_type());
        }
        let numbers = column.to_physical_repr().cast(&DataType::Float64);
        let numbers = numbers.map_err(|_| other_type())?;
        let numbers = numbers.f64().map_err(|_| other_type())?;
        let mut values = Vec::with_capacity(numbers.len());
        for chunk in numbers.downcast_iter() {
            match chunk.validity() {
                None => values.extend_from_slice(chunk.values()),
                Some(_) => values.extend(chunk.iter().map(|n| n.copied().unwrap_or(f64::NAN))),
            }
        }
        Ok(Self::Numbers(values))
    }

    /// A column of whatever has a text.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`], and [`SpecError::OtherTypeThanTrained`] for a column without texts.
    pub fn categories(frame: &DataFrame, name: &str) -> Result<Self> {
        let column = column(frame, name, Role::CategoricalFeature)?;
        let other_type = || other_type_than_trained(column, "a category");
        if !can_convert(column.dtype(), &ColumnType::Text) {
            return Err(other_type());
        }
        let texts = texts(column).map_err(|_| other_type())?;
        let texts = texts.str().map_err(|_| other_type())?;
        Ok(Self::of_texts(texts.iter()))
    }

    fn of_texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut code_of: PlHashMap<String, u32> = PlHashMap::new();
        let codes = texts
            .map(|text| {
                let Some(text) = text else { return MISSING };
                if let Some(&code) = code_of.get(text) {
                    return code;
                }
                let code = code_of.len() as u32;
                code_of.insert(text.to_owned(), code);
                code
            })
            .collect();
        Self::Categories { codes, code_of }
    }
}

/// A column's values as text, as training reads them.
fn texts(column: &Column) -> PolarsResult<Column> {
    if *column.dtype() == DataType::String {
        return Ok(column.clone());
    }
    let name = column.name().clone();
    let text = text_of(col(name.clone()), column.dtype());
    let frame = DataFrame::new(column.len(), vec![column.clone()])?;
    let texts = guarded(|| frame.lazy().select([text]).collect())?;
    texts.column(&name).cloned()
}

fn is_number(dtype: &DataType) -> bool {
    dtype.is_numeric() || dtype.is_temporal() || dtype.is_bool()
}

/// The column of this name, wanted for a role.
pub(crate) fn column<'a>(frame: &'a DataFrame, name: &str, role: Role) -> Result<&'a Column> {
    let columns = || frame.get_column_names();
    frame.column(name).map_err(|_| {
        SpecError::UnknownColumn {
            role,
            column: name.to_owned(),
            columns: columns().iter().map(|name| name.to_string()).collect(),
        }
        .into()
    })
}

/// A column holds something else than it did at training.
fn other_type_than_trained(column: &Column, trained: &str) -> Error {
    SpecError::OtherTypeThanTrained {
        path: None,
        column: column.name().to_string(),
        found: column.dtype().into(),
        trained: trained.to_owned(),
    }
    .into()
}

/// A model and the columns of the frame that it asks about.
pub(crate) struct BoundModel<'a> {
    model: &'a Model,
    columns: Vec<BoundColumn<'a>>,
}

enum BoundColumn<'a> {
    Numbers(&'a [f64]),
    Categories {
        codes: &'a [u32],
        asked: AskedCategories,
    },
}

impl<'a> BoundModel<'a> {
    /// `column_of` gives the column of each of the model's features, in their order.
    ///
    /// # Errors
    ///
    /// [`Error::BadModel`] for a feature whose column is not there or of the other kind.
    pub fn new(
        model: &'a Model,
        mut column_of: impl FnMut(&str) -> Option<&'a FrameColumn>,
    ) -> Result<Self> {
        let columns = model
            .features()
            .iter()
            .map(
                |feature| match (column_of(feature.name()), feature.categories()) {
                    (Some(FrameColumn::Numbers(numbers)), None) => {
                        Ok(BoundColumn::Numbers(numbers))
                    }
                    (Some(FrameColumn::Categories { codes, code_of }), Some(categories)) => {
                        let code = |text: &Option<String>| match text {
                            None => MISSING,
                            Some(text) => code_of.get(text).copied().unwrap_or(ABSENT),
                        };
                        let codes_asked = categories.iter().map(code);
                        let asked = AskedCategories::new(codes_asked, model.has_sets());
                        Ok(BoundColumn::Categories { codes, asked })
                    }
                    _ => Err(Error::BadModel(format!(
                        "asks for feature '{}', which its run did not have in this form",
                        feature.name()
                    ))),
                },
            )
            .collect::<Result<_>>()?;
        Ok(Self { model, columns })
    }

    /// The leaf that a row of the frame ends in.
    pub fn leaf(&self, row: usize) -> Leaf<'a> {
        self.model
            .leaf_of(|feature, question| match &self.columns[feature] {
                BoundColumn::Numbers(numbers) => question.of_number(numbers[row]),
                BoundColumn::Categories { codes, asked } => asked.goes_left(&question, codes[row]),
            })
    }

    /// The position of the class that is predicted where the classes have these weights.
    pub fn decide(&self, weights: &[f64]) -> usize {
        self.model.decide(weights)
    }
}

//! One model's predictions for the rows of a frame.

use std::borrow::Cow;

use ndarray::Array2;
use polars::prelude::{DataFrame, DataType, TimeUnit};

use super::bind::{BoundModel, FrameColumn, column};
use super::model::{Leaf, Model};
use crate::error::{Error, Result};
use crate::schema::Role;

impl Model {
    /// The class of each row of a frame: the most probable one, the first of them on a tie, unless
    /// the model has another [`decision`](Self::decision).
    ///
    /// A missing number goes where the training rows without it went; where there were none, to the
    /// heavier child. A missing category is one of its own. Timestamps and durations may be of any
    /// unit. Apart from that, columns must hold what they held at training;
    /// [`Predictor`](crate::Predictor) converts them.
    ///
    /// # Errors
    ///
    /// [`Error::OtherTask`](crate::error::Error::OtherTask) of a model that tells quantities;
    /// [`SpecError::UnknownColumn`](crate::error::SpecError::UnknownColumn) for a feature that the
    /// frame lacks, [`SpecError::OtherTypeThanTrained`](crate::error::SpecError::OtherTypeThanTrained)
    /// for one whose column is of another kind than at training.
    pub fn predict(&self, frame: &DataFrame) -> Result<Vec<&str>> {
        let mut classes = Vec::with_capacity(frame.height());
        self.for_each_row(frame, |leaf| match leaf {
            Leaf::Classes(weights) => {
                classes.push(self.classes[self.decide(weights)].as_str());
                Ok(())
            }
            Leaf::Number { .. } => Err(Error::OtherTask("tells a quantity, not a class")),
        })?;
        Ok(classes)
    }

    /// The probability of each class in each row of a frame, rows by classes: the class's share of
    /// the weight in the row's leaf.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn predict_proba(&self, frame: &DataFrame) -> Result<Array2<f64>> {
        let mut probabilities = Array2::zeros((frame.height(), self.classes.len()));
        let mut rows = probabilities.rows_mut().into_iter();
        self.for_each_row(frame, |leaf| match (leaf, rows.next()) {
            (Leaf::Classes(weights), Some(mut target)) => {
                let total: f64 = weights.iter().sum();
                target.assign(&ndarray::aview1(weights));
                target /= total;
                Ok(())
            }
            _ => Err(Error::OtherTask("tells a quantity, not a class")),
        })?;
        Ok(probabilities)
    }

    /// The quantity of each row of a frame.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict), and [`Error::OtherTask`](crate::error::Error::OtherTask) of a
    /// model that tells classes.
    pub fn predict_values(&self, frame: &DataFrame) -> Result<Vec<f64>> {
        let mut values = Vec::with_capacity(frame.height());
        self.for_each_row(frame, |leaf| match leaf {
            Leaf::Number { value, .. } => {
                values.push(value);
                Ok(())
            }
            Leaf::Classes(_) => Err(Error::OtherTask("tells a class, not a quantity")),
        })?;
        Ok(values)
    }

    fn for_each_row(
        &self,
        frame: &DataFrame,
        take: impl FnMut(Leaf<'_>) -> Result<()>,
    ) -> Result<()> {
        let columns = self.columns(frame)?;
        let bound = self.bind(&columns)?;
        (0..frame.height())
            .map(|row| bound.leaf(row))
            .try_for_each(take)
    }

    fn columns(&self, frame: &DataFrame) -> Result<Vec<FrameColumn>> {
        self.features
            .iter()
            .map(|feature| match feature.categories() {
                None => {
                    let frame = in_microseconds(frame, feature.name())?;
                    FrameColumn::numbers(frame.as_ref(), feature.name())
                }
                Some(_) => FrameColumn::categories(frame, feature.name()),
            })
            .collect()
    }

    fn bind<'a>(&'a self, columns: &'a [FrameColumn]) -> Result<BoundModel<'a>> {
        let mut columns = columns.iter();
        BoundModel::new(self, |_| columns.next())
    }
}

/// The frame with a column of timestamps or durations in the unit of thresholds.
fn in_microseconds<'a>(frame: &'a DataFrame, name: &str) -> Result<Cow<'a, DataFrame>> {
    let column = column(frame, name, Role::NumericFeature)?;
    let dtype = match column.dtype() {
        DataType::Datetime(_, zone) => DataType::Datetime(TimeUnit::Microseconds, zone.clone()),
        DataType::Duration(_) => DataType::Duration(TimeUnit::Microseconds),
        _ => return Ok(Cow::Borrowed(frame)),
    };
    let column = column.cast(&dtype);
    let frame = column.and_then(|column| DataFrame::new(frame.height(), vec![column]));
    Ok(Cow::Owned(
        frame.map_err(Error::polars("cannot convert the rows"))?,
    ))
}

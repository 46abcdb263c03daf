//! One model's predictions for the rows of a frame.

use std::borrow::Cow;

use ndarray::Array2;
use polars::prelude::{DataFrame, DataType, TimeUnit};

use super::bind::{BoundModel, FrameColumn, column};
use super::model::Model;
use crate::error::{Error, Result};
use crate::schema::Role;
use crate::tree::heaviest;

impl Model {
    /// The class of each row of a frame: the most probable one, the first of them on a tie.
    ///
    /// A category that training did not see equals none that the tree asks for, and so does a
    /// missing one; a missing number is above every threshold. Timestamps and durations may be of any
    /// unit. Apart from that, columns must hold what they held at training;
    /// [`Predictor`](crate::Predictor) converts them.
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`](crate::error::SpecError::UnknownColumn) for a feature that the
    /// frame lacks, [`SpecError::OtherTypeThanTrained`](crate::error::SpecError::OtherTypeThanTrained)
    /// for one whose column is of another kind than at training.
    pub fn predict(&self, frame: &DataFrame) -> Result<Vec<&str>> {
        let columns = self.columns(frame)?;
        let bound = self.bind(&columns)?;
        Ok((0..frame.height())
            .map(|row| heaviest(bound.leaf_counts(row)))
            .map(|class| self.classes[class].as_str())
            .collect())
    }

    /// The probability of each class in each row of a frame, rows by classes: the class's share of
    /// the training weight in the row's leaf.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn predict_proba(&self, frame: &DataFrame) -> Result<Array2<f64>> {
        let columns = self.columns(frame)?;
        let bound = self.bind(&columns)?;
        let mut probabilities = Array2::zeros((frame.height(), self.classes.len()));
        for (row, mut target) in probabilities.rows_mut().into_iter().enumerate() {
            let counts = bound.leaf_counts(row);
            let total: f64 = counts.iter().sum();
            target.assign(&ndarray::aview1(counts));
            target /= total;
        }
        Ok(probabilities)
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

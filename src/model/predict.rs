//! One model's predictions for the rows of a frame.

use std::borrow::Cow;

use ndarray::Array2;
use polars::prelude::{DataFrame, DataType, TimeUnit};

use super::binder::Binder;
use super::binned_feature::{BinnedFeature, FeatureBins};
use super::frame_column::{FrameColumn, column};
use super::model::{Content, Model};
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
        if self.is_regression() {
            return Err(Error::OtherTask("tells a quantity, not a class"));
        }
        let (_, classes) = self.predictions(frame)?;
        let classes = classes.into_iter();
        Ok(classes
            .map(|class| self.classes[class as usize].as_str())
            .collect())
    }

    /// The probability of each class in each row of a frame, rows by classes: of a tree the class's
    /// share of the weight in the row's leaf.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict).
    pub fn predict_proba(&self, frame: &DataFrame) -> Result<Array2<f64>> {
        if self.is_regression() {
            return Err(Error::OtherTask("tells a quantity, not a class"));
        }
        let (probabilities, _) = self.predictions(frame)?;
        let shape = (frame.height(), self.classes.len());
        Array2::from_shape_vec(shape, probabilities)
            .map_err(|_| Error::Defect("a row has not a number for each class".into()))
    }

    /// The quantity of each row of a frame.
    ///
    /// # Errors
    ///
    /// As [`predict`](Self::predict), and [`Error::OtherTask`](crate::error::Error::OtherTask) of a
    /// model that tells classes.
    pub fn predict_values(&self, frame: &DataFrame) -> Result<Vec<f64>> {
        if !self.is_regression() {
            return Err(Error::OtherTask("tells a class, not a quantity"));
        }
        Ok(self.predictions(frame)?.0)
    }

    /// The probabilities of the rows' classes, or their quantities; and positions of classes.
    fn predictions(&self, frame: &DataFrame) -> Result<(Vec<f64>, Vec<u32>)> {
        let columns = self.columns(frame)?;
        let named = self.feature_names().into_iter();
        let binder = Binder::new(named.zip(columns.iter().map(Into::into)), &self.classes);
        let bound = binder.bind(self)?;
        let mut numbers = vec![0.0; frame.height() * self.classes.len().max(1)];
        let mut classes = vec![0; frame.height()];
        bound.predict(|_, row| row, &mut numbers, &mut classes);
        Ok((numbers, classes))
    }

    /// The columns of the features, in their order.
    pub(super) fn columns(&self, frame: &DataFrame) -> Result<Vec<FrameColumn>> {
        let column = |(name, is_number): (&str, bool)| match is_number {
            true => {
                let frame = in_microseconds(frame, name)?;
                FrameColumn::numbers(frame.as_ref(), name)
            }
            false => FrameColumn::categories(frame, name),
        };
        let binned = |feature: &BinnedFeature| matches!(feature.bins, FeatureBins::Numbers(_));
        let are_numbers: Vec<bool> = match &self.content {
            Content::Tree(tree) => {
                let features = tree.features().iter();
                features
                    .map(|feature| feature.categories().is_none())
                    .collect()
            }
            Content::Boosted(ensemble) => ensemble.features.iter().map(binned).collect(),
            Content::Shared(shared, _) => shared.features().iter().map(binned).collect(),
        };
        let features = self.feature_names().into_iter().zip(are_numbers);
        features.map(column).collect()
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

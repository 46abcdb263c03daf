//! What the columns that a prediction adds are called.

use std::collections::BTreeMap;

use polars::prelude::DataFrame;

use crate::error::{Result, SpecError};

/// What the columns that a prediction adds are called: as in the documentation of
/// [`Predictor::predict`](super::Predictor::predict), with a prefix, or one by one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddedColumns {
    prefix: String,
    renamed: BTreeMap<String, String>,
}

impl AddedColumns {
    /// The names of the documentation.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a text before every name.
    #[must_use]
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Calls one column otherwise, whatever the prefix is.
    #[must_use]
    pub fn rename(mut self, column: impl Into<String>, name: impl Into<String>) -> Self {
        self.renamed.insert(column.into(), name.into());
        self
    }

    /// What a column is called.
    pub(super) fn name(&self, column: &str) -> String {
        match self.renamed.get(column) {
            Some(name) => name.clone(),
            None => format!("{}{column}", self.prefix),
        }
    }

    /// What all columns are called that are added with these classes.
    pub(super) fn names(&self, classes: &[String]) -> Vec<String> {
        all(classes)
            .iter()
            .map(|column| self.name(column))
            .collect()
    }

    /// Checks that the columns can be added to a frame: none of its own is called so, no two are
    /// called the same, and none is called otherwise that there is not.
    pub(super) fn check(&self, frame: &DataFrame, classes: &[String]) -> Result<()> {
        let added = all(classes);
        if let Some(column) = self.renamed.keys().find(|column| !added.contains(column)) {
            return Err(SpecError::NotAdded {
                column: column.clone(),
                columns: added,
            }
            .into());
        }
        let mut names = self.names(classes);
        if let Some(column) = names.iter().find(|name| frame.column(name).is_ok()) {
            return Err(SpecError::AddedColumn {
                column: column.clone(),
            }
            .into());
        }
        names.sort();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(pair) => Err(SpecError::ColumnNamedTwice(pair[0].clone()).into()),
            None => Ok(()),
        }
    }
}

/// The columns that a prediction adds.
fn all(classes: &[String]) -> Vec<String> {
    let probabilities = classes.iter().map(|class| format!("probability_{class}"));
    let prediction = std::iter::once("prediction".to_owned());
    prediction
        .chain(probabilities)
        .chain(["model".to_owned()])
        .collect()
}

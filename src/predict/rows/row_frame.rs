//! Rows as a frame with the columns that a store asks for.

use polars::prelude::*;

use super::columns::RowColumns;
use super::row::Row;
use crate::error::{Error, Result};

/// The texts in the columns that a store asks for, in the order of the good rows; null where a row
/// has none.
///
/// # Errors
///
/// [`Error::Polars`] where there cannot be such a frame.
pub(super) fn frame(rows: &[Row], columns: &RowColumns) -> Result<DataFrame> {
    let good: Vec<&Row> = rows.iter().filter(|row| row.is_good()).collect();
    let columns = columns.asked.iter().map(|asked| {
        let mut place = 0;
        let texts = good.iter().map(|row| row.value(&asked.name, &mut place)?);
        StringChunked::from_iter_options((*asked.name).into(), texts).into_column()
    });
    DataFrame::new(good.len(), columns.collect())
        .map_err(Error::polars("cannot make a table of the rows"))
}

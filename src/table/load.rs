//! From an input to a table: runs the query, and sorts what it yields.

use polars::prelude::*;

use super::collector::Collector;
use super::input::Input;
use super::query::Query;
use super::stream::stream;
use super::table::Table;
use crate::cancel::Cancel;
use crate::error::{Error, InputError, Result, as_at_training};
use crate::guard::guarded;
use crate::schema::ColumnSchema;
use crate::source::{BadValue, DatasetSpec, bad_value};

impl Table {
    /// Runs the query of a specification on an input, and sorts what it yields.
    ///
    /// # Errors
    ///
    /// Those of [`Query::new`]; [`InputError::BadValue`] for a value that is not of its column's type;
    /// [`Error::NoRows`] where nothing is left; [`Error::Interrupted`] when `cancel` was called.
    ///
    /// [`InputError::BadValue`]: crate::error::InputError::BadValue
    pub fn load(input: &Input, spec: &DatasetSpec, cancel: &Cancel) -> Result<Self> {
        Self::load_query(input, &Query::new(input, spec)?, cancel)
    }

    /// Runs a query that was made for this input, and sorts what it yields.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_query(input: &Input, query: &Query, cancel: &Cancel) -> Result<Self> {
        let table = Self::load_any(input, query, cancel)?;
        match table.rows() {
            0 => Err(Error::NoRows(table.left_out.describe())),
            _ => Ok(table),
        }
    }

    /// As [`load_query`](Self::load_query), where nothing may be left.
    pub(crate) fn load_any(input: &Input, query: &Query, cancel: &Cancel) -> Result<Self> {
        let table = Self::run(query, input.whole_rows(), cancel);
        let mut table = table.map_err(|error| input.locate(error, query))?;
        table.left_out.ragged = input.ragged();
        table.rows_read += input.ragged();
        Ok(table)
    }

    /// `rows` are those before the filter, where they are known.
    pub(super) fn run(query: &Query, rows: Option<u64>, cancel: &Cancel) -> Result<Self> {
        let collector = Collector::new(query, cancel.clone());
        let context = query.failure();
        let mut collector = stream(query.frame.clone(), collector, Collector::take, &context)?;
        cancel.check()?;
        let passed = collector.rows as u64 + collector.filter.left_out.total();
        let rows = rows_before_filter(query, rows, passed)?;
        collector.filter.left_out.filter = rows - passed;
        Self::sort(query, collector, rows)
    }
}

impl Input {
    /// Says where the first value is that cannot be converted into what its column was taken for,
    /// if that is what failed: `bad` holds it.
    pub(crate) fn place(&self, error: Error, columns: &[ColumnSchema], bad: &BadValue) -> Error {
        match self {
            Input::Files(source) => source.locate(error, columns, bad),
            Input::Frame(_) => match bad.take() {
                Some((column, value)) => bad_value(None, 0, column, value, columns),
                None => error,
            },
        }
    }

    /// Says where in the files the value is that could not be read, if that is what failed.
    pub(super) fn locate(&self, error: Error, query: &Query) -> Error {
        let error = self.place(error, query.columns(), &query.bad);
        match query.is_as_trained {
            true => as_at_training(error),
            false => error,
        }
    }
}

/// All rows of the input, `passed` of which passed the filter; `rows` where they are known.
pub(super) fn rows_before_filter(query: &Query, rows: Option<u64>, passed: u64) -> Result<u64> {
    let rows = match (rows, &query.unfiltered) {
        (Some(rows), _) => rows,
        (None, Some(unfiltered)) => count(unfiltered)?,
        (None, None) => passed,
    };
    let filtered = query.predicate.is_some() && rows >= passed;
    if rows != passed && !filtered {
        return Err(InputError::Changed {
            counted: rows,
            read: passed,
        }
        .into());
    }
    Ok(rows)
}

/// The rows of a frame that holds nothing but their number.
pub(super) fn count(frame: &LazyFrame) -> Result<u64> {
    let context = "cannot count the rows of the input";
    guarded(|| frame.clone().collect_with_engine(Engine::Streaming))
        .and_then(|result| result.unwrap_single().columns()[0].cast(&DataType::UInt64))
        .and_then(|column| Ok(column.u64()?.get(0).unwrap_or(0)))
        .map_err(Error::polars(context))
}

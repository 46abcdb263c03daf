//! What can go wrong when rows are made.

use std::io;

use polars::error::PolarsError;

/// Why rows could not be made or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GenerateError {
    /// Zero entities were asked for.
    #[error("rows cannot be shared out among 0 entities: ask for at least 1, or for none at all")]
    NoEntities,
    /// More entities than rows were asked for, so that some would have no row.
    #[error(
        "{entities} entities need at least as many rows, but there are {rows}: \
         ask for more rows or for fewer entities"
    )]
    TooManyEntities {
        /// The number of entities asked for.
        entities: u64,
        /// The number of rows asked for.
        rows: u64,
    },
    /// A share of missing values that is none, or leaves nothing.
    #[error(
        "a share of {0} of the values cannot be missing: \
         give a number from 0 to less than 1, such as 0.1 for 10 %"
    )]
    MissingShare(f64),
    /// The progress function asked to stop.
    #[error("stopped after {rows} rows, as asked for: the output is incomplete")]
    Interrupted {
        /// The number of rows written before the stop.
        rows: u64,
    },
    /// Polars could not build a frame or write it as Parquet.
    #[error("cannot make or write a table: {0}")]
    Polars(#[from] PolarsError),
    /// The output could not be written.
    #[error("cannot write the rows: {0}")]
    Io(#[from] io::Error),
}

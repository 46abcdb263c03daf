//! Rows of text, predicted one by one as they come.

mod account;
mod columns;
mod lines;
mod read_ahead;
mod row;
mod row_frame;
mod row_input;
mod row_reader;
mod row_writer;
mod stream;

pub use account::{BadRow, RowAccount};
pub use row_input::{OnBadRow, RowInput};

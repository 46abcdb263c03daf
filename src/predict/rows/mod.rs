//! Rows of text, predicted one by one as they come.

mod row;
mod row_writer;
mod stream;

pub use stream::RowInput;

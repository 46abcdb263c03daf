//! Predicts rows of many entities, each by its own entity's model: frames, files, or rows of text as
//! they come.

mod added;
mod answers;
mod as_trained;
mod cache;
mod destination;
mod files;
mod frame_writer;
mod need;
mod partial_file;
mod predictions;
mod predictor;
mod row_entities;
mod rows;
#[cfg(test)]
mod tests;

pub use added::AddedColumns;
pub use answers::{Answered, Unknown};
pub use destination::Destination;
pub use predictor::Predictor;
pub use rows::{BadRow, OnBadRow, RowAccount, RowInput};

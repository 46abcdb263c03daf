//! What an input holds, before anything is trained on it.

mod description;
mod specification;

pub use description::{ColumnDescription, Description, RowsPerEntity};

//! From paths and patterns to lazy frames: which files, of which format, and whether they can be
//! read as they are.

mod batches;
mod cleaning;
mod csv_check;
mod format;
mod location;
mod scan;
mod spec;

pub(crate) use cleaning::{clean, with_columns};
pub use format::Format;
pub use scan::Source;
pub use spec::{CsvOptions, DatasetSpec};

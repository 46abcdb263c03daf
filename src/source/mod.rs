//! From paths and patterns to lazy frames: which files, of which format, what their columns hold,
//! and whether they can be read as they are.

mod batches;
mod columns;
mod conversion;
mod csv_check;
mod format;
mod json;
mod location;
mod ndjson;
mod observation;
mod scan;
mod spec;
mod spool;
mod type_declaration;
mod value;

pub(crate) use columns::{Found, InputColumn};
pub(crate) use conversion::{BadValue, Converter, RowFilterExpression, can_convert, text_of};
pub use format::Format;
pub use scan::Source;
pub(crate) use scan::bad_value;
pub use spec::{CsvOptions, DatasetSpec};
pub use type_declaration::TypeDeclaration;
pub(crate) use value::timestamp;

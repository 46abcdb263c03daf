//! From paths and patterns to lazy frames: which files, of which format, what their columns hold,
//! and whether they can be read as they are.

mod batches;
mod columns;
mod conversion;
mod csv_check;
mod csv_copy;
mod csv_lines;
mod csv_record;
mod decimal;
mod dialect;
mod format;
mod input_file;
mod ipc_check;
mod ipc_stream;
mod json;
mod limits;
mod location;
mod ndjson;
mod observation;
mod observer;
mod parquet_check;
mod parquet_columns;
mod part;
mod scan;
mod spec;
mod spec_table;
mod spool;
mod temporary_file;
mod text_file;
mod texts;
mod thrift;
mod type_declaration;
mod value;

pub(crate) use columns::{Found, InputColumn};
pub(crate) use conversion::{BadValue, Converter, RowFilterExpression, can_convert};
pub(crate) use csv_check::named_twice;
pub(crate) use csv_record::{
    NEVER_CLOSED, RecordScanner, is_blank, without_line_end, write_record,
};
pub use format::Format;
pub(crate) use json::{JsonValue, each_field};
pub use limits::ReadLimits;
pub(crate) use location::{FolderValues, Located, find};
pub(crate) use parquet_check::check_parquet;
pub use scan::Source;
pub(crate) use scan::bad_value;
pub use spec::{CsvOptions, DatasetSpec};
pub(crate) use spec_table::SpecTable;
pub(crate) use text_file::{open, read_line};
pub(crate) use texts::{text_of, text_of_column, whole_of};
pub use type_declaration::TypeDeclaration;
pub(crate) use value::timestamp;

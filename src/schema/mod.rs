//! What the stages share: which column is what, of which type its values are, and why rows are left
//! out. Nothing here reads, trains or stores.

mod byte_size;
mod column_schema;
mod column_type;
mod feature;
mod feature_kind;
mod holdout;
mod holdout_table;
mod importance_kind;
mod key;
mod left_out;
mod role;
mod span;
mod task;
mod time_text;
mod timestamp;
mod unusable;
mod value_type;
mod weight;

pub use byte_size::{ByteSize, ByteSizeError};
pub use column_schema::{ColumnSchema, Decided};
pub use column_type::{ColumnType, UnknownColumnType};
pub use feature::Feature;
pub use feature_kind::FeatureKind;
pub(crate) use holdout::HoldoutKind;
pub use holdout::{Holdout, HoldoutShareError};
pub(crate) use holdout_table::as_table as holdout_as_table;
pub use holdout_table::{HoldoutTable, HoldoutTableError};
pub use importance_kind::ImportanceKind;
pub(crate) use key::KeyOrder;
pub use key::KeyType;
pub(crate) use key::{key_prefix, key_text};
pub(crate) use left_out::WhyLeftOut;
pub use left_out::{LeftOut, LeftOutByColumn};
pub use role::Role;
pub use span::{Span, SpanError};
pub use task::{Task, TaskReason, WHOLE_NUMBER_CLASSES};
pub(crate) use time_text::{time_text, timestamp_text};
pub use timestamp::{Timestamp, TimestampError};
pub use unusable::{OnInfinite, OnMissing};
pub use value_type::{TextForm, Unit, ValueType};
pub use weight::SAMPLE_WEIGHTS;

//! What the stages share: which column is what, of which type its values are, and why rows are left
//! out. Nothing here reads, trains or stores.

mod feature;
mod feature_kind;
mod holdout;
mod key;
mod left_out;
mod role;
mod span;
mod timestamp;
mod value_type;
mod weight;

pub use feature::Feature;
pub use feature_kind::FeatureKind;
pub(crate) use holdout::HoldoutKind;
pub use holdout::{Holdout, HoldoutShareError};
pub(crate) use key::KeyOrder;
pub use key::KeyType;
pub(crate) use key::{key_prefix, key_text};
pub use left_out::LeftOut;
pub(crate) use left_out::WhyLeftOut;
pub use role::Role;
pub use span::{Span, SpanError};
pub use timestamp::{Timestamp, TimestampError};
pub use value_type::{TextForm, Unit, ValueType};
pub use weight::SAMPLE_WEIGHTS;

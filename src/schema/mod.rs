//! What several stages need to know of a column, and none of them owns.

mod feature_kind;
mod weight;

pub use feature_kind::FeatureKind;
pub use weight::SAMPLE_WEIGHTS;

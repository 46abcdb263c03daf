//! From columns to numbers: one entity's rows as compact codes, or as a dense one-hot matrix.

mod codes;
mod encoder;
mod one_hot;

pub use codes::{CodeColumn, CodeMatrix, Codes, FeatureKind};
pub use encoder::{EncodedPartition, Encoder, EncoderScratch, Values};
pub use one_hot::{OneHot, OneHotColumn, scaled};

/// The threshold between two neighbouring values, `lower < upper`: their midpoint, or `lower`
/// where rounding would put the midpoint on `upper` (scikit-learn's `BestSplitter`).
pub fn midpoint(lower: f64, upper: f64) -> f64 {
    let midpoint = lower / 2.0 + upper / 2.0;
    if midpoint < upper && midpoint.is_finite() {
        midpoint
    } else {
        lower
    }
}

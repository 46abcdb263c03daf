//! Columns of small integer codes, as narrow as their values allow. Nothing here knows what a code
//! stands for.

mod bins;
mod buffer;
mod matrix;
mod order;

pub use bins::{MAX_BINS, NumberBins};
pub use buffer::Codes;
pub(crate) use buffer::with_codes;
pub use matrix::{CodeColumn, CodeMatrix};
pub(crate) use order::{Order, marked};

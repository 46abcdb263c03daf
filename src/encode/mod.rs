//! From columns to numbers: one entity's rows as compact codes, or as a dense one-hot matrix.

mod encoder;
mod one_hot;

pub use encoder::{EncodedPartition, EncodedTarget, Encoder, EncoderScratch, Values};
pub use one_hot::{OneHot, OneHotColumn, scaled};

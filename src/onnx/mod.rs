//! Models in a form that others run: ONNX (<https://onnx.ai>), version 21 of its operators and
//! version 5 of those of machine learning.
//!
//! A graph takes a column for each feature, `[rows, 1]`, and gives what the model predicts. All
//! numbers are of double precision, thresholds too, so rows between two 32-bit numbers end in the
//! same leaves. Questions about categories become columns of zeros and ones, so that all that trees
//! ask is whether a number is at most another one.

mod boosted;
mod columns;
mod exporter;
mod forest;
mod graph;
mod prediction;
mod proto;
mod tree;

pub use exporter::OnnxExporter;

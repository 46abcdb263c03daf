//! What a user relies on, through the binary and the public library.
//!
//! All of it is one binary: each one links Polars, and tests in one share the cores better than
//! binaries that run one after the other.

mod adversarial_data;
mod arbitrary_text;
mod architecture;
mod cluster;
mod command_line;
mod dataset;
mod evaluate;
mod formats;
mod fuzzing;
mod hostile_input;
mod kinds;
mod library;
mod limits;
mod memory;
mod metrics;
mod predict;
mod reliability;
mod spill;
#[path = "../support/mod.rs"]
mod support;
mod training;
mod trees;
mod update;

//! What a user meets at the command line: training, looking into a store, bad input.

mod adult;
mod bad_input;
mod completions;
mod export;
mod generate;
mod help;
mod inspect;
mod interrupt;
mod json;
mod overwrite;
mod pipes;
#[cfg(feature = "scratch")]
mod scratch;
mod specification;
mod store_argument;
mod terminal;
mod train;

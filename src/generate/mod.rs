//! Made-up rows in the shape of the Adult census data, as many as one likes.
//!
//! A real data set has one size, one order and one number of entities. To measure an engine, or
//! to test it where no real data may go, all of these must be free to choose. The generator makes
//! rows with Adult's fifteen columns, its categories and roughly its frequencies, and an income
//! that depends on the other columns, so that a tree has something to learn. Every figure is made
//! up; no real row is used.
//!
//! A row is a function of the seed and its own number. So rows can be made in parallel, in chunks
//! of any size, in any order, and are always the same rows.
//!
//! ```
//! use per_entity::generate::{Generator, Skew};
//!
//! # fn main() -> Result<(), per_entity::generate::GenerateError> {
//! let generator = Generator::new(1_000).seed(7).entities(20).skew(Skew::Zipf);
//! let frame = generator.frame(0, 1_000)?;
//! assert_eq!(frame.shape(), (1_000, 16));
//!
//! let mut csv = Vec::new();
//! Generator::new(1_000).write_csv(&mut csv, &mut |_rows| true)?;
//! assert_eq!(csv.split(|&byte| byte == b'\n').next().unwrap().split(|&byte| byte == b',').count(), 15);
//! # Ok(())
//! # }
//! ```

mod chunks;
mod csv;
mod entities;
mod error;
mod field;
mod frame;
mod gaps;
mod generator;
mod income;
mod permutation;
mod random;
mod row;
mod sampler;
mod tables;

pub use entities::Skew;
pub use error::GenerateError;
pub use generator::Generator;

//! From files to one table sorted by entity: a lazy Polars query reads, filters and selects, and
//! what it yields lands in one compact buffer per column.

mod batches;
mod buffer;
mod collector;
mod holdout;
mod key;
mod partition;
mod query;
mod sieve;
mod source;
mod spec;
mod spill;
mod survey;

use batches::Batches;
pub use buffer::Numbers;
pub use holdout::Holdout;
pub use key::KeyOrder;
pub(crate) use key::key_text;
pub use partition::{Column, LeftOut, Partition, Table, WhyLeftOut};
pub use query::{Discrete, Feature, Query};
pub use source::{Format, Source};
pub use spec::{CsvOptions, DatasetSpec};
pub use spill::{MemoryLimit, Spilled, SpilledKey};

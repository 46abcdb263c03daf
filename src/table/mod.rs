//! From lazy frames to one table sorted by entity: a query filters, casts and selects, and what it
//! yields lands in one compact buffer per column.

mod collector;
mod column;
mod cut_off;
mod dictionary;
mod entities;
mod input;
mod load;
mod numbers;
mod partition;
mod query;
mod row_filter;
mod spill;
mod stream;
#[allow(clippy::module_inception)]
mod table;

pub use column::Column;
pub use input::Input;
pub use numbers::Numbers;
pub use partition::Partition;
pub use query::Query;
pub use spill::{MemoryLimit, Spilled, SpilledKey};
pub use table::Table;

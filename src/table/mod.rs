//! From lazy frames to one table sorted by entity: a query filters, casts and selects, and what it
//! yields lands in one compact buffer per column.

mod collector;
mod column;
mod cut_off;
mod dictionary;
mod entities;
mod filter;
mod input;
mod key_counter;
mod key_positions;
mod load;
mod memory_budget;
mod note;
mod numbers;
mod partition;
mod predicate;
mod query;
mod roles;
mod row_filter;
mod selection;
mod spill;
mod stream;
#[allow(clippy::module_inception)]
mod table;
mod target;
mod task_choice;
mod value_order;

pub use column::Column;
pub(crate) use filter::Filter;
pub use input::Input;
pub use memory_budget::MemoryBudget;
pub use note::ColumnNote;
pub use numbers::Numbers;
pub use partition::Partition;
pub use query::Query;
pub(crate) use roles::Roles;
pub use spill::{MemoryLimit, Scratch, ScratchFolder, Spilled, SpilledKey};
pub use table::Table;
pub use target::Target;
pub(crate) use task_choice::task_of;

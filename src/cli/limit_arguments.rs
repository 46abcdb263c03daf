//! The arguments that say how much an input may ask for.

use per_entity::schema::ByteSize;
use per_entity::source::ReadLimits;

use super::memory_argument::MemoryArgument;

#[derive(clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct LimitArguments {
    /// Bytes of one row of a text file: a line, or what stands between quotes over several
    /// [default: 16MiB]
    #[arg(long, value_name = "SIZE")]
    max_row_size: Option<ByteSize>,

    /// Columns of one file [default: 100000]
    #[arg(long, value_name = "COLUMNS")]
    max_columns: Option<usize>,

    /// Arrays and objects within each other in a field of NDJSON [default: 100]
    #[arg(long, value_name = "LEVELS")]
    max_nesting: Option<usize>,

    #[command(flatten)]
    pub memory: MemoryArgument,
}

impl From<&LimitArguments> for ReadLimits {
    fn from(given: &LimitArguments) -> Self {
        let limits = Self::default();
        Self {
            row: given.max_row_size.unwrap_or(limits.row),
            columns: given.max_columns.unwrap_or(limits.columns),
            nesting: given.max_nesting.unwrap_or(limits.nesting),
        }
    }
}

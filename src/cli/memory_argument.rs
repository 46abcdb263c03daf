//! The argument that says how much memory a command may take.

use per_entity::schema::ByteSize;
use per_entity::table::MemoryBudget;

use super::error::CliError;
use super::memory::hold_memory;

#[derive(clap::Args)]
pub struct MemoryArgument {
    /// Take no more memory than this: `2GiB`, `900MB`. What needs more is an error; `train` writes
    /// rows that there is no room for to files in the store's directory
    #[arg(long, value_name = "SIZE", help_heading = "Limits")]
    memory_limit: Option<ByteSize>,
}

impl MemoryArgument {
    pub fn given(&self) -> Option<ByteSize> {
        self.memory_limit
    }

    /// Has the process keep the limit that is given.
    ///
    /// # Errors
    ///
    /// That it is too low to read anything.
    pub fn hold(&self) -> Result<Option<MemoryBudget>, CliError> {
        hold(self.memory_limit)
    }
}

/// Has the process keep a limit, where there is one.
///
/// # Errors
///
/// That it is too low to read anything.
pub fn hold(limit: Option<ByteSize>) -> Result<Option<MemoryBudget>, CliError> {
    let Some(limit) = limit else {
        return Ok(None);
    };
    let budget = MemoryBudget::new(limit)?;
    hold_memory(limit);
    Ok(Some(budget))
}

//! `prune`: generations that are no longer wanted.

use per_entity::store;
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;

/// Remove old generations, and what interrupted runs left. The current generation and the newest
/// one always stay.
#[derive(clap::Args)]
pub struct Prune {
    #[command(flatten)]
    store: StoreArgument,

    /// Keep so many of the newest generations
    #[arg(long, value_name = "GENERATIONS", value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,
}

impl Prune {
    pub fn run(&self, context: &Context) -> CliResult {
        let removed = store::prune(self.store.path()?, self.keep as usize)?;
        if context.json {
            print_json(json!({ "removed": removed }))?;
        } else if !context.quiet {
            for path in &removed {
                print(format!("removed {}", path.display()))?;
            }
        }
        Ok(Exit::Done)
    }
}

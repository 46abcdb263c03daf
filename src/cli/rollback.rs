//! `rollback`: another generation becomes the current one.

use per_entity::store;
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;

/// Make another generation of a store the current one.
#[derive(clap::Args)]
pub struct Rollback {
    #[command(flatten)]
    store: StoreArgument,

    /// The number of the generation; `per-entity history` lists them
    generation: Option<String>,
}

impl Rollback {
    pub fn run(&self, context: &Context) -> CliResult {
        let (path, [generation]) = self.store.path_and_generations([&self.generation])?;
        let manifest = store::rollback(path, generation)?;
        let printed = if context.json {
            print_json(json!({ "current": manifest.current }))
        } else if !context.quiet {
            print(format!("generation {} is current", manifest.current))
        } else {
            Ok(())
        };
        Ok(Exit::Done.once_told(printed))
    }
}

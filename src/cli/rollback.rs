//! `rollback`: another generation becomes the current one.

use std::path::PathBuf;

use per_entity::store;
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::output::print;

/// Make another generation of a store the current one.
#[derive(clap::Args)]
pub struct Rollback {
    /// The store
    #[arg(value_name = "DIRECTORY")]
    models: PathBuf,

    /// The number of the generation; `per-entity history` lists them
    generation: u64,
}

impl Rollback {
    pub fn run(&self, context: &Context) -> CliResult {
        let manifest = store::rollback(&self.models, self.generation)?;
        if context.json {
            print(json!({ "current": manifest.current }))?;
        } else if !context.quiet {
            print(format!("generation {} is current", manifest.current))?;
        }
        Ok(Exit::Done)
    }
}

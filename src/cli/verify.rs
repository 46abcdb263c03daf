//! `verify`: whether a store is what it says it is.

use per_entity::store;
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::memory_argument::MemoryArgument;
use super::output::grouped;
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;

/// Check every digest and decode every model of a store; exit code 1 if anything is damaged.
#[derive(clap::Args)]
pub struct Verify {
    #[command(flatten)]
    store: StoreArgument,

    #[command(flatten)]
    memory: MemoryArgument,
}

impl Verify {
    pub fn run(&self, context: &Context) -> CliResult {
        self.memory.hold()?;
        let report = store::verify(self.store.path()?)?;
        if context.json {
            print_json(json!({
                "generations": report.generations,
                "models": report.models,
                "problems": report.problems,
                "orphans": report.orphans,
            }))?;
        } else {
            for problem in &report.problems {
                log::error!("{problem}");
            }
            if !context.quiet {
                for orphan in &report.orphans {
                    print(format!("orphan: {}", orphan.display()))?;
                }
                print(format!(
                    "{} models in {} generations are whole, {} problems, {} orphans",
                    grouped(report.models),
                    grouped(report.generations),
                    grouped(report.problems.len() as u64),
                    grouped(report.orphans.len() as u64),
                ))?;
            }
        }
        Ok(match report.problems.is_empty() {
            true => Exit::Done,
            false => Exit::SomeFailed,
        })
    }
}

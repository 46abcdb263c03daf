//! `prune`: generations that are no longer wanted.

use per_entity::schema::{Span, SpanError};
use per_entity::store::{self, Pruned};
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::stdout::{print, print_json};
use super::store_argument::StoreArgument;

/// Remove old generations, and what interrupted runs left. The current generation and the newest
/// one always stay. Exit code 1 if something could not be removed.
#[derive(clap::Args)]
pub struct Prune {
    #[command(flatten)]
    store: StoreArgument,

    /// Keep so many of the newest generations
    #[arg(long, value_name = "GENERATIONS", value_parser = clap::value_parser!(u32).range(1..))]
    keep: u32,

    /// Keep generations that were current within the last span of time, too, for somebody may still
    /// read them: a number and s, min, h, d, w, mo or y; 0 keeps none for that
    #[arg(long, value_name = "SPAN", default_value = "7d", value_parser = keep_for)]
    keep_for: KeepFor,
}

/// For how long generations are kept that were current.
#[derive(Clone, Copy)]
struct KeepFor(Option<Span>);

fn keep_for(text: &str) -> Result<KeepFor, SpanError> {
    match text {
        "0" => Ok(KeepFor(None)),
        _ => text.parse().map(|span| KeepFor(Some(span))),
    }
}

impl Prune {
    pub fn run(&self, context: &Context) -> CliResult {
        let KeepFor(keep_for) = self.keep_for;
        let pruned = store::prune(self.store.path()?, self.keep as usize, keep_for)?;
        for problem in &pruned.problems {
            log::error!("{problem}");
        }
        let printed = if context.json {
            print_json(json!({
                "removed": pruned.removed,
                "recent": pruned.recent,
                "left": pruned.left,
                "running": pruned.running,
                "problems": pruned.problems,
            }))
        } else if !context.quiet {
            self.print(&pruned)
        } else {
            Ok(())
        };
        let exit = match pruned.problems.is_empty() {
            true => Exit::Done,
            false => Exit::SomeFailed,
        };
        Ok(exit.once_told(printed))
    }

    fn print(&self, pruned: &Pruned) -> std::io::Result<()> {
        for path in &pruned.removed {
            print(format!("removed {}", path.display()))?;
        }
        for path in &pruned.left {
            print(format!(
                "left {}, which is none of the store's",
                path.display()
            ))?;
        }
        for path in &pruned.running {
            print(format!(
                "left {}, to which a run wrote within a day and may still be writing",
                path.display()
            ))?;
        }
        if !pruned.recent.is_empty() {
            let recent: Vec<String> = pruned.recent.iter().map(u64::to_string).collect();
            print(format!(
                "kept, for they were current within --keep-for: {}",
                recent.join(", ")
            ))?;
        }
        Ok(())
    }
}

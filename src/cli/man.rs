//! `man`: the manual pages.

use std::path::PathBuf;

use super::error::{CliResult, Exit};
use super::stdout::Stdout;

/// Print the manual page, or write one page per subcommand to a directory.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  per-entity man | man -l -")]
pub struct Man {
    /// Write all pages to this directory
    #[arg(long)]
    output_dir: Option<PathBuf>,
}

impl Man {
    /// `command` is the whole command line.
    pub fn run(&self, command: clap::Command) -> CliResult {
        match &self.output_dir {
            None => clap_mangen::Man::new(command).render(&mut Stdout::new())?,
            Some(directory) => {
                std::fs::create_dir_all(directory)?;
                clap_mangen::generate_to(command, directory)?;
            }
        }
        Ok(Exit::Done)
    }
}

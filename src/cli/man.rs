//! `man`: the manual pages.

use std::path::PathBuf;

use clap::CommandFactory;

use super::{Cli, CliResult, Exit};

/// Print the manual page, or write one page per subcommand to a directory.
#[derive(clap::Args)]
#[command(after_help = "Example:\n  per-entity man | man -l -")]
pub struct Man {
    /// Write all pages to this directory
    #[arg(long)]
    output_dir: Option<PathBuf>,
}

impl Man {
    pub fn run(&self) -> CliResult {
        match &self.output_dir {
            None => clap_mangen::Man::new(Cli::command()).render(&mut std::io::stdout())?,
            Some(directory) => {
                std::fs::create_dir_all(directory)?;
                clap_mangen::generate_to(Cli::command(), directory)?;
            }
        }
        Ok(Exit::Done)
    }
}

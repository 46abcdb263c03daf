//! `completions`: a completion script for a shell.

use clap_complete::Shell;

use super::error::{CliResult, Exit};
use super::stdout::print;

/// Print a completion script for a shell.
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  per-entity completions bash > ~/.local/share/bash-completion/completions/per-entity"
)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    /// `command` is the whole command line.
    pub fn run(&self, mut command: clap::Command) -> CliResult {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, "per-entity", &mut script);
        let mut script = String::from_utf8_lossy(&script).into_owned();
        if self.shell == Shell::Bash {
            // clap_complete 4.6 has two names for a binary with a hyphen: the commands that it
            // recognizes begin with the first, and those that it has words for with the second.
            script = script.replace("per__subcmd__entity", "per__entity");
        }
        print(script.trim_end())?;
        Ok(Exit::Done)
    }
}

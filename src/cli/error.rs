//! How a command ends.

use std::process::ExitCode;

use clap::Command;
use per_entity::generate::GenerateError;

use super::hint::hint;

/// How a command ended that was not stopped by an error.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    SomeFailed,
}

impl Exit {
    /// How a command ended that changed a store, where it could not be printed.
    pub fn once_told(self, printed: std::io::Result<()>) -> Self {
        match printed {
            Ok(()) => self,
            Err(error) => {
                log::error!("all is done and stays so, but stdout cannot be written to: {error}");
                Self::SomeFailed
            }
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Done => ExitCode::SUCCESS,
            Exit::SomeFailed => ExitCode::from(1),
        }
    }
}

/// Why a command could not do anything.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    #[error(transparent)]
    Library(#[from] per_entity::Error),
    #[error(transparent)]
    Generate(#[from] GenerateError),
    #[error("{0}")]
    Io(#[from] std::io::Error),
    #[error("{0}")]
    Usage(String),
    #[error("a defect of this program stopped it; run it again with -vv and report what it says")]
    Defect,
}

impl CliError {
    /// What helps, where that can be told in flags that the subcommand has.
    pub fn hint(&self, subcommand: &Command) -> Option<String> {
        match self {
            CliError::Library(error) => hint(error, subcommand),
            _ => None,
        }
    }

    pub fn is_interruption(&self) -> bool {
        matches!(
            self,
            CliError::Library(per_entity::Error::Interrupted)
                | CliError::Generate(GenerateError::Interrupted { .. })
        )
    }
}

pub type CliResult = Result<Exit, CliError>;

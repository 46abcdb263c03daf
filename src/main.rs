//! The command line: parse, set up logging, dispatch, exit code.

mod cli;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many row groups of Parquet Polars reads ahead. Its own 16 take some 600 MB more where rows
/// are written to files as they come, and are no faster.
const ROW_GROUPS_AHEAD: (&str, &str) = ("POLARS_ROW_GROUP_PREFETCH_SIZE", "3");

fn main() -> ExitCode {
    let (name, row_groups) = ROW_GROUPS_AHEAD;
    if std::env::var_os(name).is_none() {
        // SAFETY: no other thread has been started that could read the environment meanwhile.
        unsafe { std::env::set_var(name, row_groups) };
    }
    let arguments = cli::Cli::parse();
    cli::set_up_logging(&arguments);
    // What panics is caught and told of as an error; where it did is for those who ask.
    std::panic::set_hook(Box::new(|panic| log::debug!("{panic}")));
    let interrupt = match cli::Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => return cli::fail(&arguments, &error.into()),
    };
    let run = || cli::run(&arguments, &interrupt);
    let run = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(cli::CliError::Defect));
    match run {
        Ok(exit) => exit.into(),
        Err(error) if error.is_interruption() => {
            cli::print_error(&error);
            ExitCode::from(interrupt.exit_code())
        }
        Err(error) => cli::fail(&arguments, &error),
    }
}

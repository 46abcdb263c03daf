//! The command line: parse, set up logging, dispatch, exit code.

mod cli;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
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

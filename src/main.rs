//! The command line: parse, set up logging, dispatch, exit code.

mod cli;

use std::process::ExitCode;

use clap::Parser;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments = cli::Cli::parse();
    cli::set_up_logging(&arguments);
    let interrupt = match cli::Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => return cli::fail(&arguments, &error.into()),
    };
    match cli::run(&arguments, &interrupt) {
        Ok(exit) => exit.into(),
        Err(error) if error.is_interruption() => {
            cli::print_error(&error);
            ExitCode::from(interrupt.exit_code())
        }
        Err(error) => cli::fail(&arguments, &error),
    }
}

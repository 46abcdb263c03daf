//! The command line: parse, set up logging, dispatch, exit code.

mod cli;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::Parser;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: cli::CountingAllocator<MiMalloc> = cli::CountingAllocator(MiMalloc);

/// How many row groups of Parquet Polars reads ahead.
const ROW_GROUPS_AHEAD: &str = "POLARS_ROW_GROUP_PREFETCH_SIZE";

fn main() -> ExitCode {
    if std::env::var_os(ROW_GROUPS_AHEAD).is_none() {
        // One for each core and the next. Polars' own 16 and more take some 600 MB on two cores
        // where rows are written to files as they come, and are no faster.
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // SAFETY: no other thread has been started that could read the environment meanwhile.
        unsafe { std::env::set_var(ROW_GROUPS_AHEAD, (cores + 1).to_string()) };
    }
    let arguments = cli::Cli::parse();
    cli::set_up_logging(&arguments);
    // What panics is caught and told of as an error; where it did is for those who ask.
    std::panic::set_hook(Box::new(|panic| log::debug!("{panic}")));
    cli::guard_memory();
    if let Err(error) = cli::allow_open_files() {
        return cli::fail(&arguments, &error);
    }
    let interrupt = match cli::Interrupt::listen() {
        Ok(interrupt) => interrupt,
        Err(error) => return cli::fail(&arguments, &error.into()),
    };
    let run = || cli::run(&arguments, &interrupt);
    let run = catch_unwind(AssertUnwindSafe(run)).unwrap_or(Err(cli::CliError::Defect));
    match run {
        Ok(exit) => exit.into(),
        Err(_) if cli::reader_is_gone() => ExitCode::SUCCESS,
        Err(error) if error.is_interruption() => {
            cli::print_error(&error, None);
            ExitCode::from(interrupt.exit_code())
        }
        Err(error) => cli::fail(&arguments, &error),
    }
}

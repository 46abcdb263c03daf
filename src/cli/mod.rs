//! What a user types: one file per subcommand, with its arguments and its `run`.

mod boosted_format;
mod columns;
mod commit;
mod compare;
mod completions;
mod context;
mod counting_allocator;
mod dataset_arguments;
mod decision_arguments;
mod describe;
mod diff;
mod error;
mod evaluate;
mod export;
mod figures;
mod generate;
mod hint;
mod history;
mod holdout_arguments;
mod importance;
mod inspect;
mod interrupt;
mod limit_arguments;
mod man;
mod memory;
mod memory_argument;
mod open_files;
mod output;
mod output_file;
mod plan;
mod plan_argument;
mod predict;
mod prune;
mod rollback;
mod shared_arguments;
mod sort_field;
mod stdout;
mod store_argument;
mod table;
mod time_holdout_arguments;
mod train;
mod train_command;
mod training_arguments;
mod tree_arguments;
mod tree_format;
mod verify;
mod visible;
mod worker;

use std::io::Write;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use context::Context;
pub use counting_allocator::CountingAllocator;
pub use error::CliError;
use error::CliResult;
pub use interrupt::Interrupt;
pub use memory::guard_memory;
pub use open_files::allow_open_files;
pub use stdout::reader_is_gone;
use visible::visible;

/// One decision tree per entity: train, look into, and use a model for every store, customer,
/// machine or country.
#[derive(Parser)]
#[command(name = "per-entity", version, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,

    /// Print nothing but errors
    #[arg(long, short, global = true)]
    quiet: bool,

    /// Print more about what is going on, to stderr; twice for even more
    #[arg(long, short, global = true, action = clap::ArgAction::Count)]
    verbose: u8,

    /// Print one JSON document instead of tables
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  per-entity train --input adult.data --output-dir models
  per-entity train --input 'sales/*.parquet' --key country,store --target returned --output-dir models
  per-entity inspect models
  per-entity inspect models --entity Bachelors
  per-entity evaluate --models models --input adult.test

Exit codes: 0 done, 1 some entities or rows failed, 2 nothing could be done, 130 or 143 interrupted.";

#[derive(Subcommand)]
enum Command {
    Describe(Box<describe::Describe>),
    Train(Box<train::Train>),
    Inspect(inspect::Inspect),
    Evaluate(evaluate::Evaluate),
    Predict(predict::Predict),
    Export(export::Export),
    Compare(Box<compare::Compare>),
    Plan(Box<plan::Plan>),
    Worker(worker::Worker),
    Commit(commit::Commit),
    History(history::History),
    Diff(diff::Diff),
    Rollback(rollback::Rollback),
    Verify(verify::Verify),
    Prune(prune::Prune),
    Generate(generate::Generate),
    Completions(completions::Completions),
    Man(man::Man),
}

impl Command {
    /// The subcommand's name, as it is typed.
    fn name(&self) -> &'static str {
        match self {
            Command::Describe(_) => "describe",
            Command::Train(_) => "train",
            Command::Inspect(_) => "inspect",
            Command::Evaluate(_) => "evaluate",
            Command::Predict(_) => "predict",
            Command::Export(_) => "export",
            Command::Compare(_) => "compare",
            Command::Plan(_) => "plan",
            Command::Worker(_) => "worker",
            Command::Commit(_) => "commit",
            Command::History(_) => "history",
            Command::Diff(_) => "diff",
            Command::Rollback(_) => "rollback",
            Command::Verify(_) => "verify",
            Command::Prune(_) => "prune",
            Command::Generate(_) => "generate",
            Command::Completions(_) => "completions",
            Command::Man(_) => "man",
        }
    }
}

pub fn run(cli: &Cli, interrupt: &Interrupt) -> CliResult {
    let context = Context {
        quiet: cli.quiet,
        json: cli.json,
        cancel: interrupt.cancel(),
    };
    match &cli.command {
        Command::Describe(describe) => describe.run(&context),
        Command::Train(train) => train.run(&context),
        Command::Inspect(inspect) => inspect.run(&context),
        Command::Evaluate(evaluate) => evaluate.run(&context),
        Command::Predict(predict) => predict.run(&context),
        Command::Export(export) => export.run(&context),
        Command::Compare(compare) => {
            let given = Cli::command().get_matches();
            compare.run(&context, given.subcommand().map(|(_, given)| given))
        }
        Command::Plan(plan) => plan.run(&context),
        Command::Worker(worker) => worker.run(&context),
        Command::Commit(commit) => commit.run(&context),
        Command::History(history) => history.run(&context),
        Command::Diff(diff) => diff.run(&context),
        Command::Rollback(rollback) => rollback.run(&context),
        Command::Verify(verify) => verify.run(&context),
        Command::Prune(prune) => prune.run(&context),
        Command::Generate(generate) => generate.run(&context),
        Command::Completions(completions) => completions.run(Cli::command()),
        Command::Man(man) => man.run(Cli::command()),
    }
}

pub fn set_up_logging(cli: &Cli) {
    let level = match (cli.quiet, cli.verbose) {
        (true, _) => log::LevelFilter::Error,
        (false, 0) => log::LevelFilter::Warn,
        (false, 1) => log::LevelFilter::Info,
        (false, _) => log::LevelFilter::Debug,
    };
    env_logger::Builder::new()
        .filter_module("per_entity", level)
        .format(|to, record| {
            let style = to.default_level_style(record.level());
            let text = record.args().to_string();
            writeln!(
                to,
                "[{style}{:<5}{style:#}] {}",
                record.level(),
                visible(&text)
            )
        })
        .init();
    // Its warnings are for those who program with it.
    polars::error::set_warning_function(|text, _| log::debug!("{text}"));
}

pub fn print_error(error: &CliError, hint: Option<&str>) {
    // Nobody may read stderr any more.
    let mut stderr = std::io::stderr().lock();
    let _ = writeln!(stderr, "error: {}", visible(&error.to_string()));
    if let Some(hint) = hint {
        let _ = writeln!(stderr, "hint: {}", visible(hint));
    }
}

/// Says why nothing could be done.
pub fn fail(cli: &Cli, error: &CliError) -> ExitCode {
    let command = Cli::command();
    let subcommand = command.find_subcommand(cli.command.name());
    let hint = subcommand.and_then(|subcommand| error.hint(subcommand));
    if cli.json {
        let mut document = serde_json::json!({ "error": error.to_string() });
        if let Some(hint) = &hint {
            document["hint"] = hint.as_str().into();
        }
        let _ = stdout::print_json(document);
    }
    print_error(error, hint.as_deref());
    ExitCode::from(2)
}

//! `worker`: trains the entities of one part.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use per_entity::Error;
use per_entity::schema::ByteSize;
use per_entity::source::{Format, Source};
use per_entity::train::cluster::{OutcomeStream, Worker as PartWorker};

use super::context::Context;
use super::dataset_arguments::FormatArgument;
use super::error::{CliError, CliResult, Exit};
use super::memory_argument::MemoryArgument;
use super::output::{grouped, report_ragged};
use super::plan_argument::PlanArgument;
use super::stdout::Stdout;

/// Train the entities of one part of the rows, by a plan.
///
/// Rows come as a stream of Arrow IPC on stdin, or from files; they must be all rows of each of their
/// entities. What becomes of the entities goes to stdout, as a stream of Arrow IPC. The same part may
/// be done again, or twice at once: its outcomes are the same, and count once. Entities that fail are
/// outcomes like others, and no reason for another exit code than 0.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity worker --plan plan --part 7 < rows.arrow > outcomes-7.arrow
  per-entity worker --plan plan --part 7 --input 'store=7*/*.parquet' > outcomes-7.arrow")]
pub struct Worker {
    #[command(flatten)]
    plan: PlanArgument,

    /// The name of the part: another one for each part, and the same where it is done again
    #[arg(long, value_name = "NAME")]
    part: String,

    /// Files or globs instead of stdin, in any format
    #[arg(long, num_args = 1.., value_name = "FILE")]
    input: Vec<String>,

    /// The files' format [default: by extension]
    #[arg(long, value_enum, requires = "input")]
    format: Option<FormatArgument>,

    /// Threads that train [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..))]
    threads: Option<u16>,

    #[command(flatten)]
    memory: MemoryArgument,
}

impl Worker {
    pub fn run(&self, context: &Context) -> CliResult {
        if std::io::stdout().is_terminal() {
            let problem = "outcomes are no text for a terminal; redirect stdout to a file";
            return Err(CliError::Usage(problem.into()));
        }
        let worker = PartWorker::new(self.plan.read()?, &self.part)?
            .cancel(context.cancel.clone())
            .threads(self.threads.map_or(0, usize::from))
            .memory_limit(self.memory.given().map(|ByteSize(bytes)| bytes));
        self.memory.hold()?;
        let (source, _copy) = self.source(&worker)?;
        report_ragged(&source, "the account of the part counts them");
        let mut stream = OutcomeStream::new(Stdout::new());
        let report = worker.run(source, |frame| stream.write(frame))?;
        stream.finish()?.flush()?;
        if !context.quiet {
            log::info!(
                "part '{}': {} rows, {} entities, {} trained, {} failed",
                self.part,
                grouped(report.rows_read),
                grouped(report.entities),
                grouped(report.trained),
                grouped(report.failed)
            );
        }
        Ok(Exit::Done)
    }

    /// The rows, and the file that they lie in where they came from stdin.
    fn source(
        &self,
        worker: &PartWorker,
    ) -> Result<(Source, Option<tempfile::NamedTempFile>), CliError> {
        if !self.input.is_empty() {
            let format = self.format.map(Into::into);
            return Ok((Source::open(&self.input, format, worker.dataset())?, None));
        }
        if std::io::stdin().is_terminal() {
            let problem = "rows come as a stream of Arrow IPC on stdin; --input names files";
            return Err(CliError::Usage(problem.into()));
        }
        let builder = tempfile::Builder::new()
            .prefix("per-entity-stdin-")
            .tempfile();
        let io = |cause| Error::Io {
            path: PathBuf::from("stdin"),
            cause,
        };
        let mut copy = builder.map_err(io)?;
        std::io::copy(&mut std::io::stdin().lock(), &mut copy).map_err(io)?;
        let path = copy.path().to_string_lossy().into_owned();
        let source = Source::open(&[path], Some(Format::Ipc), worker.dataset())?;
        Ok((source, Some(copy)))
    }
}

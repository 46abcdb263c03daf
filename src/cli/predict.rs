//! `predict`: each row by its own entity's model.

use std::fs::File;
use std::io::{BufReader, BufWriter, Write, stdin};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use per_entity::predict::{
    AddedColumns, Answered, BadRow, Destination, OnBadRow, Predictor, RowAccount, RowInput, Unknown,
};
use per_entity::source::{Format, Source};
use per_entity::{Error, Store};

use super::context::Context;
use super::dataset_arguments::FormatArgument;
use super::error::{CliError, CliResult, Exit};
use super::limit_arguments::LimitArguments;
use super::output::{grouped, reading, report_ragged};
use super::output_file::refuse_read;
use super::stdout::{Stdout, print, print_json};
use super::store_argument::StoreArgument;
use super::visible::visible;

/// Predict each row with the model of its own entity.
///
/// All columns of the input are written, followed by `prediction`, one `probability_CLASS` for
/// each class, and `model`, which says what answered: `own`, `parent`, `fallback`, `shared` or `none`. Rows keep their
/// order; a missing or unknown value fails no row. Files are worked on in batches, so they may be
/// larger than memory. A bad row is one that cannot be read, such as broken JSON, or of which a
/// value cannot be taken for what it was at training; all are counted.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity predict --models models --input adult.test --output predictions.csv
  per-entity predict --models models --input new.parquet --output predictions.parquet --unknown fallback
  tail -f events.ndjson | per-entity predict --models models --input - --output -
  per-entity predict --models models --input new.csv --output out.csv --on-bad-row skip --rejects bad.ndjson")]
pub struct Predict {
    #[command(flatten)]
    store: StoreArgument,

    /// Files or globs, read as at training; `-` reads rows from stdin as they come
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    input: Vec<String>,

    /// The file to write, also in a bucket, its format by its extension; `-` writes to stdout
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// The input's format [default: by extension; NDJSON on stdin]
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,

    /// The output's format [default: by extension; that of the input, or CSV, on stdout]
    #[arg(long, value_enum)]
    output_format: Option<FormatArgument>,

    /// What a row gets whose entity has no model [default: shared where the models of all entities
    /// share something, else null]
    #[arg(long, value_enum)]
    unknown: Option<UnknownArgument>,

    /// Put this text before the names of the columns that are added
    #[arg(
        long,
        default_value = "",
        hide_default_value = true,
        value_name = "TEXT"
    )]
    prefix: String,

    /// Call an added column otherwise: `model=answered_by`
    #[arg(long, value_name = "COLUMN=NAME")]
    rename: Vec<String>,

    /// What becomes of a bad row [default: null on stdin; error for files]
    #[arg(long, value_enum)]
    on_bad_row: Option<OnBadRowArgument>,

    /// A file for bad rows as they came, each with its line and what is wrong with it, as NDJSON
    #[arg(long, value_name = "FILE")]
    rejects: Option<PathBuf>,

    /// Bytes of models that are held in memory; others are read again when they are needed
    #[arg(long, default_value_t = 256 << 20, value_name = "BYTES")]
    cache: u64,

    #[command(flatten)]
    limits: LimitArguments,
}

#[derive(Clone, Copy, ValueEnum)]
enum UnknownArgument {
    /// No prediction
    Null,
    /// An error, and nothing is written
    Error,
    /// The prediction of the pooled model (`train --pooled`)
    Fallback,
    /// The prediction of the nearest parent's model (`train --parents`), then of the pooled one
    /// where there is one
    Parent,
    /// The prediction of what the models of all entities share, where they share something
    Shared,
}

impl From<UnknownArgument> for Unknown {
    fn from(unknown: UnknownArgument) -> Self {
        match unknown {
            UnknownArgument::Null => Unknown::Null,
            UnknownArgument::Error => Unknown::Error,
            UnknownArgument::Fallback => Unknown::Fallback,
            UnknownArgument::Parent => Unknown::Parent,
            UnknownArgument::Shared => Unknown::Shared,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OnBadRowArgument {
    /// It ends the work
    Error,
    /// It is written without a prediction, with the fields that can be told
    Null,
    /// It is not written
    Skip,
}

impl From<OnBadRowArgument> for OnBadRow {
    fn from(on_bad_row: OnBadRowArgument) -> Self {
        match on_bad_row {
            OnBadRowArgument::Error => OnBadRow::Error,
            OnBadRowArgument::Null => OnBadRow::Null,
            OnBadRowArgument::Skip => OnBadRow::Skip,
        }
    }
}

/// What there is to tell at the end.
#[derive(Default)]
struct Outcome {
    rows: RowAccount,
    /// Rows of files that were left out before they were predicted.
    ragged: u64,
}

impl Predict {
    pub fn run(&self, context: &Context) -> CliResult {
        let mut predictor = self.predictor()?;
        let outcome = match self.row_input(&predictor)? {
            Some(input) => self.predict_rows(context, &mut predictor, input)?,
            None => self.predict_files(context, &mut predictor)?,
        };
        self.report(context, predictor.answered(), &outcome)?;
        for problem in predictor.damaged() {
            log::error!("{problem}");
        }
        warn_of_unknown(&predictor)?;
        let rows = &outcome.rows;
        warn_of(rows);
        if let Some(first) = rows.first_bad.first() {
            log::error!("{}", bad_rows(rows, first));
        }
        let is_damaged = predictor.damaged().next().is_some();
        let is_done = !is_damaged && rows.bad == 0 && !predictor.answered().is_nothing();
        Ok(match is_done {
            true => Exit::Done,
            false => Exit::SomeFailed,
        })
    }

    fn predictor(&self) -> Result<Predictor, CliError> {
        let budget = self.limits.memory.hold()?;
        let predictor = Predictor::new(Store::open(self.store.path()?)?)?;
        let predictor = match self.unknown {
            Some(unknown) => predictor.unknown(unknown.into())?,
            None => predictor,
        };
        let predictor = predictor.limits((&self.limits).into());
        let predictor = predictor.added(self.added()?);
        Ok(match budget {
            Some(budget) => predictor
                .cache(self.cache.min(budget.models()))
                .batch_values(budget.batch_values()),
            None => predictor.cache(self.cache),
        })
    }

    fn added(&self) -> Result<AddedColumns, CliError> {
        let mut added = AddedColumns::new().prefix(&self.prefix);
        for renamed in &self.rename {
            let Some((column, name)) = renamed.split_once('=') else {
                let problem = format!("--rename {renamed}: say COLUMN=NAME");
                return Err(CliError::Usage(problem));
            };
            added = added.rename(column, name);
        }
        Ok(added)
    }

    /// Rows that are read one by one: those from stdin, and those of text files of which a bad one
    /// is not just an error.
    fn row_input(&self, predictor: &Predictor) -> Result<Option<RowInput>, CliError> {
        let format: Option<Format> = self.format.map(Into::into);
        let mut input = if self.input == ["-"] {
            let reader = BufReader::with_capacity(1 << 16, stdin());
            RowInput::new(reader, "stdin", format.unwrap_or(Format::Ndjson))
        } else {
            let is_plain = matches!(self.on_bad_row, None | Some(OnBadRowArgument::Error));
            if is_plain && self.rejects.is_none() {
                return Ok(None);
            }
            let input = RowInput::files(&self.input, format, &predictor.spec())?;
            if !input.format().is_text() {
                return Ok(None);
            }
            input
        };
        if let Some(on_bad_row) = self.on_bad_row {
            input = input.on_bad_row(on_bad_row.into());
        }
        let Some(path) = &self.rejects else {
            return Ok(Some(input));
        };
        if input
            .paths()
            .chain([self.output.as_path()])
            .any(|other| is_same(path, other))
        {
            let path = path.display();
            let problem = format!("{path} is input or output, and cannot be --rejects, too");
            return Err(CliError::Usage(problem));
        }
        let rejects = File::create(path).map_err(|cause| Error::Io {
            path: path.clone(),
            cause,
        })?;
        Ok(Some(input.rejects(BufWriter::new(rejects))))
    }

    fn predict_files(
        &self,
        context: &Context,
        predictor: &mut Predictor,
    ) -> Result<Outcome, CliError> {
        let format = self.format_of_file()?;
        let input_format = self.format.map(Into::into);
        let source = Source::open(&self.input, input_format, &predictor.spec())?;
        refuse_read(&self.output, &self.store.path()?, source.paths())?;
        report_ragged(&source, "--on-bad-row null keeps them");
        let destination = match self.writes_to_stdout() {
            true => Destination::Writer(Box::new(Stdout::new())),
            false => Destination::File(self.output.clone()),
        };
        // Rows on a terminal move themselves.
        let reading = (!self.writes_to_stdout()).then(|| reading(context));
        let rows = predictor.predict_files(&source, destination, format, &context.cancel)?;
        if let Some(reading) = reading {
            reading.finish_and_clear();
        }
        if self.writes_to_stdout() {
            Stdout::new().flush()?;
        }
        Ok(Outcome {
            rows,
            ragged: source.ragged(),
        })
    }

    fn predict_rows(
        &self,
        context: &Context,
        predictor: &mut Predictor,
        input: RowInput,
    ) -> Result<Outcome, CliError> {
        let format = match self.input == ["-"] {
            true => self.format_of_stream(input.format()),
            false => self.format_of_file()?,
        };
        let mut inputs: Vec<PathBuf> = input.paths().map(Path::to_path_buf).collect();
        if inputs.is_empty() {
            inputs.push("-".into());
        }
        refuse_read(&self.output, &self.store.path()?, &inputs)?;
        let destination = match self.writes_to_stdout() {
            true => Destination::Writer(Box::new(BufWriter::with_capacity(1 << 16, Stdout::new()))),
            false => Destination::File(self.output.clone()),
        };
        Ok(Outcome {
            rows: predictor.predict_rows(input, destination, format, &context.cancel)?,
            ragged: 0,
        })
    }

    fn format_of_stream(&self, from: Format) -> Format {
        let named = Format::of_path(&self.output).filter(|_| !self.writes_to_stdout());
        let to = self.output_format.map(Into::into).or(named);
        to.unwrap_or(from)
    }

    fn writes_to_stdout(&self) -> bool {
        self.output == Path::new("-")
    }

    fn format_of_file(&self) -> Result<Format, CliError> {
        if let Some(format) = self.output_format {
            return Ok(format.into());
        }
        if self.writes_to_stdout() {
            return Ok(Format::Csv);
        }
        Format::of_path(&self.output).ok_or_else(|| {
            let path = self.output.display();
            CliError::Usage(format!(
                "{path}: cannot tell the format; say --output-format"
            ))
        })
    }

    /// Says what was done; on stderr where the rows are on stdout.
    fn report(
        &self,
        context: &Context,
        answered: Answered,
        outcome: &Outcome,
    ) -> std::io::Result<()> {
        match (self.writes_to_stdout(), context.json) {
            (true, true) => {
                let document = self.document(answered, outcome).to_string();
                eprintln!("{}", visible(&document));
            }
            (false, true) => print_json(self.document(answered, outcome))?,
            (false, false) if !context.quiet => print(summary(answered, outcome))?,
            _ => {}
        }
        Ok(())
    }

    fn document(&self, answered: Answered, outcome: &Outcome) -> serde_json::Value {
        let rows = &outcome.rows;
        let first: Vec<String> = rows.first_bad.iter().map(BadRow::to_string).collect();
        serde_json::json!({
            "output": self.output.display().to_string(),
            "rows": rows.written,
            "own": answered.own, "parent": answered.parent, "fallback": answered.fallback,
            "shared": answered.shared, "none": answered.none,
            "left_out": { "ragged": outcome.ragged },
            "bad": { "rows": rows.bad, "left_out": rows.read - rows.written, "first": first },
            "cut": rows.cut,
            "never_given": rows.never_given,
        })
    }
}

/// Says that most rows have no model, and how keys look in the store and in the input.
fn warn_of_unknown(predictor: &Predictor) -> per_entity::Result<()> {
    let answered = predictor.answered();
    if !answered.is_little() {
        return Ok(());
    }
    let (unknown, known) = predictor.unknown_keys()?;
    let mut text = format!(
        "{} of {} rows have no model",
        grouped(answered.none),
        grouped(answered.rows())
    );
    if !unknown.is_empty() {
        let key = predictor.spec().key.join(",");
        text += &format!(
            "; {key}: models have {} …; the input has {} …",
            known.join(", "),
            unknown.join(", ")
        );
    }
    log::warn!("{text}");
    Ok(())
}

fn summary(answered: Answered, outcome: &Outcome) -> String {
    let parent = match answered.parent {
        0 => String::new(),
        parent => format!("{} by a parent's, ", grouped(parent)),
    };
    let shared = match answered.shared {
        0 => String::new(),
        shared => format!("{} by the shared one, ", grouped(shared)),
    };
    let mut text = format!(
        "{} rows: {} by their own model, {parent}{} by the pooled one, {shared}{} without a model",
        grouped(outcome.rows.written),
        grouped(answered.own),
        grouped(answered.fallback),
        grouped(answered.none)
    );
    if outcome.ragged > 0 {
        let ragged = grouped(outcome.ragged);
        text += &format!("; {ragged} left out: wrong number of fields");
    }
    text
}

/// Whether two paths lead to one file.
fn is_same(path: &Path, other: &Path) -> bool {
    let found = |path: &Path| path.canonicalize().ok();
    path == other || found(path).is_some_and(|path| found(other) == Some(path))
}

/// What is odd about the rows, but not wrong.
fn warn_of(rows: &RowAccount) {
    for column in &rows.never_given {
        log::warn!("no row has a field '{column}'; it was taken for missing in all of them");
    }
    if rows.cut > 0 {
        let cut = grouped(rows.cut);
        log::warn!("{cut} rows were written without fields that the header does not have");
    }
}

fn bad_rows(rows: &RowAccount, first: &BadRow) -> String {
    let (bad, read) = (grouped(rows.bad), grouped(rows.read));
    format!("{bad} of {read} rows could not be read or predicted; the first: {first}")
}

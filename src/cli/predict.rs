//! `predict`: each row by its own entity's model.

use std::io::{BufReader, BufWriter, stdin, stdout};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use per_entity::Store;
use per_entity::predict::{Answered, Destination, Predictor, RowInput, Unknown};
use per_entity::source::{Format, Source};

use super::context::Context;
use super::dataset_arguments::FormatArgument;
use super::error::{CliError, CliResult, Exit};
use super::output::{grouped, print, report_ragged};

/// Predict each row with the model of its own entity.
///
/// All columns of the input are written, followed by `prediction`, one `probability_CLASS` for
/// each class, and `model`, which says what answered: `own`, `parent`, `fallback` or `none`. Rows keep their
/// order; a missing or unknown value fails no row. Files are worked on in batches, so they may be
/// larger than memory.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity predict --models models --input adult.test --output predictions.csv
  per-entity predict --models models --input new.parquet --output predictions.parquet --unknown fallback
  tail -f events.ndjson | per-entity predict --models models --input - --output -")]
pub struct Predict {
    /// The store
    #[arg(long, value_name = "DIRECTORY")]
    models: PathBuf,

    /// Files or globs, read as at training; `-` reads rows from stdin as they come
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    input: Vec<String>,

    /// The file to write, its format by its extension; `-` writes to stdout
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// The input's format [default: by extension; NDJSON on stdin]
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,

    /// The output's format [default: by extension; that of the input, or CSV, on stdout]
    #[arg(long, value_enum)]
    output_format: Option<FormatArgument>,

    /// What a row gets whose entity has no model
    #[arg(long, value_enum, default_value_t = UnknownArgument::Null)]
    unknown: UnknownArgument,

    /// Bytes of models that are held in memory; others are read again when they are needed
    #[arg(long, default_value_t = 256 << 20, value_name = "BYTES")]
    cache: u64,
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
}

impl From<UnknownArgument> for Unknown {
    fn from(unknown: UnknownArgument) -> Self {
        match unknown {
            UnknownArgument::Null => Unknown::Null,
            UnknownArgument::Error => Unknown::Error,
            UnknownArgument::Fallback => Unknown::Fallback,
            UnknownArgument::Parent => Unknown::Parent,
        }
    }
}

impl Predict {
    pub fn run(&self, context: &Context) -> CliResult {
        let mut predictor = self.predictor()?;
        match self.input == ["-"] {
            true => self.predict_rows(context, &mut predictor)?,
            false => self.predict_files(context, &mut predictor)?,
        }
        for problem in predictor.damaged() {
            log::error!("{problem}");
        }
        Ok(match predictor.damaged().next() {
            None => Exit::Done,
            Some(_) => Exit::SomeFailed,
        })
    }

    fn predictor(&self) -> per_entity::Result<Predictor> {
        let predictor = Predictor::new(Store::open(&self.models)?)?;
        Ok(predictor.unknown(self.unknown.into())?.cache(self.cache))
    }

    fn predict_files(&self, context: &Context, predictor: &mut Predictor) -> Result<(), CliError> {
        let format = self.format_of_file()?;
        let input_format = self.format.map(Into::into);
        let source = Source::open(&self.input, input_format, &predictor.spec())?;
        report_ragged(&source);
        let destination = match self.writes_to_stdout() {
            true => Destination::Writer(Box::new(stdout())),
            false => Destination::File(self.output.clone()),
        };
        predictor.predict_files(&source, destination, format, &context.cancel)?;
        if self.writes_to_stdout() {
            return Ok(());
        }
        Ok(self.report(context, predictor.answered(), source.ragged())?)
    }

    fn predict_rows(&self, context: &Context, predictor: &mut Predictor) -> per_entity::Result<()> {
        let from = self.format.map_or(Format::Ndjson, Into::into);
        let named = Format::of_path(&self.output).filter(|_| !self.writes_to_stdout());
        let to = self.output_format.map(Into::into).or(named);
        let input = RowInput {
            reader: BufReader::new(stdin()),
            name: "stdin".into(),
            format: from,
        };
        let destination = match self.writes_to_stdout() {
            true => Destination::Writer(Box::new(BufWriter::new(stdout()))),
            false => Destination::File(self.output.clone()),
        };
        predictor.predict_rows(input, destination, to.unwrap_or(from), &context.cancel)
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

    fn report(&self, context: &Context, answered: Answered, ragged: u64) -> std::io::Result<()> {
        let Answered {
            own,
            parent,
            fallback,
            none,
        } = answered;
        let rows = answered.rows();
        if context.json {
            let output = self.output.display().to_string();
            print(serde_json::json!({
                "output": output, "rows": rows, "own": own, "parent": parent, "fallback": fallback, "none": none,
                "left_out": { "ragged": ragged },
            }))
        } else if !context.quiet {
            let parents = match self.unknown {
                UnknownArgument::Parent => format!("{} by a parent's, ", grouped(parent)),
                _ => String::new(),
            };
            let mut text = format!(
                "{} rows: {} by their own model, {}{} by the pooled one, {} without a model",
                grouped(rows),
                grouped(own),
                parents,
                grouped(fallback),
                grouped(none)
            );
            if ragged > 0 {
                text += &format!("; {} left out: wrong number of fields", grouped(ragged));
            }
            print(text)
        } else {
            Ok(())
        }
    }
}

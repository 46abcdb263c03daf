//! `predict`: each row by its own entity's model.

mod frame_writer;
mod partial_file;
mod row;
mod row_writer;
mod stream;

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use per_entity::dataset::{DatasetSpec, Format, LeftOut, Source};
use per_entity::guarded;
use per_entity::predict::{Answered, Predictor, Unknown};
use per_entity::store::Store;
use polars::prelude::*;

use super::dataset::FormatArgument;
use super::output::{grouped, print};
use super::{CliError, CliResult, Context, Exit};
use frame_writer::FrameWriter;
use partial_file::PartialFile;

/// Predict each row with the model of its own entity.
///
/// All columns of the input are written, and behind them `prediction`, one `probability_CLASS` for
/// each class, and `model`, which says what answered: `own`, `fallback` or `none`. Rows keep their
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
}

impl From<UnknownArgument> for Unknown {
    fn from(unknown: UnknownArgument) -> Self {
        match unknown {
            UnknownArgument::Null => Unknown::Null,
            UnknownArgument::Error => Unknown::Error,
            UnknownArgument::Fallback => Unknown::Fallback,
        }
    }
}

impl Predict {
    pub fn run(&self, context: &Context) -> CliResult {
        let store = Store::open(&self.models)?;
        let run = store.generation().run.clone();
        let mut predictor = Predictor::new(store)?
            .unknown(self.unknown.into())?
            .cache(self.cache);
        let mut spec = run.dataset.as_trained(&run.features);
        spec.predicate = None;
        if self.input == ["-"] {
            self.stream(context, &mut predictor, &spec)?;
        } else {
            self.predict_files(context, &mut predictor, &spec)?;
        }
        for problem in predictor.damaged() {
            log::error!("{problem}");
        }
        Ok(if predictor.damaged().next().is_none() {
            Exit::Done
        } else {
            Exit::SomeFailed
        })
    }

    fn predict_files(
        &self,
        context: &Context,
        predictor: &mut Predictor,
        spec: &DatasetSpec,
    ) -> Result<(), CliError> {
        let format = self.format_of_file()?;
        let source = Source::open(&self.input, self.format.map(Into::into), spec)?;
        crate::cli::train::report_ragged(&source);
        if self.output == Path::new("-") {
            return self.predict_batches(context, predictor, &source, spec, stdout(), format);
        }
        let mut file = PartialFile::create(&self.output)?;
        match self.predict_batches(context, predictor, &source, spec, &mut file, format) {
            Ok(()) => file.finish()?,
            Err(error) => {
                file.discard();
                return Err(error);
            }
        }
        Ok(self.report(context, predictor.answered(), source.ragged())?)
    }

    fn format_of_file(&self) -> Result<Format, CliError> {
        if let Some(format) = self.output_format {
            return Ok(format.into());
        }
        if self.output == Path::new("-") {
            return Ok(Format::Csv);
        }
        Format::of_path(&self.output).ok_or_else(|| {
            let path = self.output.display();
            CliError::Usage(format!(
                "{path}: cannot tell the format; say --output-format"
            ))
        })
    }

    fn predict_batches(
        &self,
        context: &Context,
        predictor: &mut Predictor,
        source: &Source,
        spec: &DatasetSpec,
        output: impl Write,
        format: Format,
    ) -> Result<(), CliError> {
        let failed = |error: PolarsError| {
            let path = self.output.display();
            CliError::Usage(format!("{path}: cannot write the predictions: {error}"))
        };
        let mut output = Some(output);
        let mut writer: Option<FrameWriter<_>> = None;
        for rows in source.batches(spec)? {
            let mut predicted = predictor.predict(&rows?)?;
            if context.interrupt.is_requested() {
                return Err(per_entity::Error::Interrupted.into());
            }
            if let Some(output) = output.take() {
                writer = Some(
                    guarded(|| FrameWriter::new(output, format, predicted.schema()))
                        .map_err(failed)?,
                );
            }
            if let Some(writer) = &mut writer {
                guarded(|| writer.write(&mut predicted)).map_err(failed)?;
            }
        }
        match writer {
            Some(writer) => writer.finish().map_err(failed),
            None => {
                let left_out = LeftOut {
                    ragged: source.ragged(),
                    ..LeftOut::default()
                };
                Err(per_entity::Error::NoRows(left_out.describe()).into())
            }
        }
    }

    fn report(&self, context: &Context, answered: Answered, ragged: u64) -> std::io::Result<()> {
        let Answered {
            own,
            fallback,
            none,
        } = answered;
        let rows = answered.rows();
        if context.json {
            let output = self.output.display().to_string();
            print(serde_json::json!({
                "output": output, "rows": rows, "own": own, "fallback": fallback, "none": none,
                "left_out": { "ragged": ragged },
            }))
        } else if !context.quiet {
            let mut text = format!(
                "{} rows: {} by their own model, {} by the pooled one, {} without a model",
                grouped(rows),
                grouped(own),
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

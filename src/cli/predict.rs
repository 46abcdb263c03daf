//! `predict`: each row by its own entity's model.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use per_entity::dataset::{DatasetSpec, Format, Source};
use per_entity::predict::{Predictor, Unknown};
use per_entity::store::Store;
use polars::prelude::*;

use super::dataset::FormatArgument;
use super::output::{grouped, print};
use super::{CliError, CliResult, Context, Exit};

/// Predict each row with the model of its own entity.
///
/// All columns of the input are written, and behind them `prediction`, one `probability_CLASS` for
/// each class, and `model`, which says what answered: `own`, `fallback` or `none`. Rows keep their
/// order; a missing or unknown value fails no row.
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

    /// Bytes of models that are kept in memory while rows come from stdin
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
        let to_stdout = self.output == Path::new("-");
        let format = match self.output_format.map(Format::from) {
            Some(format) => format,
            None if to_stdout => Format::Csv,
            None => Format::of_path(&self.output).ok_or_else(|| {
                let path = self.output.display();
                CliError::Usage(format!(
                    "{path}: cannot tell the format; say --output-format"
                ))
            })?,
        };
        let source = Source::open(&self.input, self.format.map(Into::into), spec)?;
        super::train::report_ragged(&source);
        let rows = source.rows(spec)?;
        let mut predicted = predictor.predict(&rows)?;
        if context.interrupt.is_requested() {
            return Err(per_entity::Error::Interrupted.into());
        }
        if to_stdout {
            let mut bytes = Vec::new();
            write(&mut bytes, &mut predicted, format, true)?;
            std::io::stdout().write_all(&bytes)?;
            return Ok(());
        }
        // Renamed when it is whole, so that nobody takes a part for the file.
        let mut partial = self.output.clone().into_os_string();
        partial.push(".partial");
        let written = std::fs::File::create(&partial)
            .map_err(CliError::from)
            .and_then(|file| write(file, &mut predicted, format, true))
            .and_then(|()| Ok(std::fs::rename(&partial, &self.output)?));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&partial);
            return Err(CliError::Usage(format!(
                "{}: {error}",
                self.output.display()
            )));
        }
        self.report(context, &predicted)
    }

    fn report(&self, context: &Context, predicted: &DataFrame) -> Result<(), CliError> {
        let answered = |name: &str| {
            let model = predicted
                .column("model")
                .and_then(|column| Ok(column.str()?.clone()));
            model.map_or(0, |model| {
                model.iter().filter(|m| *m == Some(name)).count() as u64
            })
        };
        let (own, fallback, none) = (answered("own"), answered("fallback"), answered("none"));
        let rows = predicted.height() as u64;
        if context.json {
            let output = self.output.display().to_string();
            print(serde_json::json!({
                "output": output, "rows": rows, "own": own, "fallback": fallback, "none": none,
            }))?;
        } else if !context.quiet {
            print(format!(
                "{} rows: {} by their own model, {} by the pooled one, {} without a model",
                grouped(rows),
                grouped(own),
                grouped(fallback),
                grouped(none)
            ))?;
        }
        Ok(())
    }

    /// A row in, a row out.
    fn stream(
        &self,
        context: &Context,
        predictor: &mut Predictor,
        spec: &DatasetSpec,
    ) -> Result<(), CliError> {
        let input = self.format.map_or(Format::Ndjson, Into::into);
        let to_stdout = self.output == Path::new("-");
        let by_name = Format::of_path(&self.output).filter(|_| !to_stdout);
        let output = self
            .output_format
            .map(Into::into)
            .or(by_name)
            .unwrap_or(input);
        for format in [input, output] {
            if !matches!(format, Format::Csv | Format::Tsv | Format::Ndjson) {
                let problem = format!(
                    "{} is not written row by row; use CSV or NDJSON",
                    format.name()
                );
                return Err(CliError::Usage(problem));
            }
        }
        let mut writer: Box<dyn Write> = if to_stdout {
            Box::new(std::io::stdout())
        } else {
            Box::new(std::fs::File::create(&self.output)?)
        };
        let mut lines = std::io::stdin().lock();
        let mut header = match (input, spec.csv.columns.is_empty()) {
            (Format::Ndjson, _) => Some(String::new()),
            (_, true) => None,
            (_, false) => Some(spec.csv.columns.join(",") + "\n"),
        };
        let mut number = 0;
        let mut first = true;
        let mut columns = Vec::new();
        let mut line = String::new();
        loop {
            line.clear();
            number += 1;
            let read = lines.read_line(&mut line).map_err(|error| {
                CliError::Usage(format!("stdin:{number}: {error}; rows are UTF-8 text"))
            })?;
            if read == 0 || context.interrupt.is_requested() {
                break;
            }
            let comment = spec.csv.comment.as_deref();
            if line.trim().is_empty() || comment.is_some_and(|comment| line.starts_with(comment)) {
                continue;
            }
            let Some(header) = &header else {
                header = Some(std::mem::take(&mut line));
                continue;
            };
            let row = read_row(input, header, &line, spec).map_err(|error| {
                CliError::Usage(format!("stdin:{number}: {error}; mend the row"))
            })?;
            let mut predicted = predictor.predict(&row)?;
            if output != Format::Ndjson {
                predicted = align(predicted, &mut columns)
                    .map_err(|problem| CliError::Usage(format!("stdin:{number}: {problem}")))?;
            }
            write(
                &mut writer,
                &mut predicted,
                output,
                std::mem::take(&mut first),
            )?;
            writer.flush()?;
        }
        if context.interrupt.is_requested() {
            return Err(per_entity::Error::Interrupted.into());
        }
        Ok(())
    }
}

/// Puts a row's columns in the order of the first row's, under whose names they are written.
fn align(row: DataFrame, columns: &mut Vec<PlSmallStr>) -> Result<DataFrame, String> {
    if columns.is_empty() {
        *columns = row.get_column_names_owned();
        return Ok(row);
    }
    let same = row.width() == columns.len() && columns.iter().all(|name| row.column(name).is_ok());
    let aligned = same.then(|| row.select(columns.iter().cloned()).ok());
    aligned.flatten().ok_or_else(|| {
        "has other fields than the first row; give all rows the same, or write NDJSON".to_owned()
    })
}

/// One row of text as a frame whose columns have the kinds that they had at training.
fn read_row(
    format: Format,
    header: &str,
    line: &str,
    spec: &DatasetSpec,
) -> Result<DataFrame, CliError> {
    let fields: Vec<(String, Option<String>)> = if format == Format::Ndjson {
        let row: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(line).map_err(|error| CliError::Usage(error.to_string()))?;
        let text = |value: serde_json::Value| match value {
            serde_json::Value::Null => None,
            serde_json::Value::String(text) => Some(text),
            other => Some(other.to_string()),
        };
        row.into_iter()
            .map(|(name, value)| (name, text(value)))
            .collect()
    } else {
        let default = if format == Format::Tsv { '\t' } else { ',' };
        let names = fields(
            header,
            if spec.csv.columns.is_empty() {
                spec.csv.separator.unwrap_or(default)
            } else {
                ','
            },
        )?;
        let values = fields(line, spec.csv.separator.unwrap_or(default))?;
        if names.len() != values.len() {
            let (found, wanted) = (values.len(), names.len());
            return Err(CliError::Usage(format!(
                "{found} fields instead of {wanted}"
            )));
        }
        let value = |text: String| (!text.is_empty()).then_some(text);
        names
            .into_iter()
            .zip(values.into_iter().map(value))
            .collect()
    };
    let columns = fields
        .into_iter()
        .map(|(name, text)| {
            let text = text
                .map(|text| {
                    if spec.trim {
                        text.trim().to_owned()
                    } else {
                        text
                    }
                })
                .filter(|text| !spec.missing.contains(text));
            if !spec.numeric.contains(&name) {
                return Ok(Column::new(name.as_str().into(), [text]));
            }
            number(&name, text)
        })
        .collect::<Result<Vec<_>, CliError>>()?;
    DataFrame::new(1, columns).map_err(|error| CliError::Usage(error.to_string()))
}

/// A whole number stays one, so that it is written as it was read.
fn number(name: &str, text: Option<String>) -> Result<Column, CliError> {
    let Some(text) = text else {
        return Ok(Column::new(name.into(), [None::<f64>]));
    };
    if let Ok(whole) = text.trim().parse::<i64>() {
        return Ok(Column::new(name.into(), [whole]));
    }
    match text.trim().parse::<f64>() {
        Ok(number) => Ok(Column::new(name.into(), [number])),
        Err(_) => {
            let problem = format!("column '{name}' is numeric, but holds '{text}'");
            Err(CliError::Usage(problem))
        }
    }
}

fn fields(line: &str, separator: char) -> Result<Vec<String>, CliError> {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .delimiter(separator as u8)
        .from_reader(line.as_bytes());
    let mut record = csv::StringRecord::new();
    reader
        .read_record(&mut record)
        .map_err(|error| CliError::Usage(error.to_string()))?;
    Ok(record.iter().map(str::to_owned).collect())
}

fn write(
    writer: impl Write,
    frame: &mut DataFrame,
    format: Format,
    header: bool,
) -> Result<(), CliError> {
    let mut writer = writer;
    match format {
        Format::Csv | Format::Tsv => CsvWriter::new(&mut writer)
            .include_header(header)
            .with_separator(if format == Format::Tsv { b'\t' } else { b',' })
            .finish(frame),
        Format::Ndjson => JsonWriter::new(&mut writer)
            .with_json_format(JsonFormat::JsonLines)
            .finish(frame),
        Format::Parquet => ParquetWriter::new(&mut writer).finish(frame).map(|_| ()),
        Format::Ipc => IpcWriter::new(&mut writer).finish(frame),
    }
    .map_err(|error| CliError::Usage(format!("cannot write the predictions: {error}")))
}

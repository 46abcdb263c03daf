//! `export`: one entity's model in a form that others run.

use std::io::Write;
use std::path::PathBuf;

use clap::ValueEnum;
use per_entity::Store;
use per_entity::onnx::OnnxExporter;
use serde_json::json;

use super::context::Context;
use super::error::{CliResult, Exit};
use super::output::bytes;
use super::output_file::{refuse_read, write_whole};
use super::stdout::{Stdout, print, print_json};
use super::store_argument::StoreArgument;

/// Write one entity's model in a form that other programs run.
///
/// ONNX takes a column for each feature, `[rows, 1]`: numbers as `double`, NaN for a missing one, dates
/// as days and timestamps as microseconds since 1970, and categories as `string`. It gives
/// `prediction` and, of classes, `probabilities`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity export models --entity Bachelors --output bachelors.onnx
  per-entity export models --entity 'NL,17' --output model.onnx --missing-category '?'")]
pub struct Export {
    #[command(flatten)]
    store: StoreArgument,

    /// The entity; the values of a composite key as one CSV record
    #[arg(long, value_name = "KEY")]
    entity: String,

    /// The form
    #[arg(long, value_enum, default_value_t = ExportFormat::Onnx)]
    format: ExportFormat,

    /// The file to write; - is stdout
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,

    /// The text that stands for a missing category, for texts of ONNX cannot be missing
    #[arg(long, value_name = "TEXT", default_value = "")]
    missing_category: String,
}

#[derive(Clone, Copy, ValueEnum)]
enum ExportFormat {
    /// ONNX, which onnxruntime runs from 1.20 on
    Onnx,
}

impl Export {
    pub fn run(&self, context: &Context) -> CliResult {
        let path = self.store.path()?;
        refuse_read(&self.output, &path, [])?;
        let store = Store::open(path)?;
        let model = store.model(&self.entity)?;
        let features = store.generation().run.features.clone();
        let exported = match self.format {
            ExportFormat::Onnx => OnnxExporter::new(features)
                .missing_category(&self.missing_category)
                .export(&model)?,
        };
        if self.output.as_os_str() == "-" {
            let mut stdout = Stdout::new();
            stdout.write_all(&exported)?;
            stdout.flush()?;
            return Ok(Exit::Done);
        }
        write_whole(&self.output, &exported)?;
        self.tell(context, exported.len() as u64)?;
        Ok(Exit::Done)
    }

    fn tell(&self, context: &Context, length: u64) -> std::io::Result<()> {
        let output = self.output.display();
        if context.json {
            return print_json(json!({
                "entity": self.entity,
                "output": output.to_string(),
                "bytes": length,
            }));
        }
        match context.quiet {
            true => Ok(()),
            false => print(format!("{output}: {} of '{}'", bytes(length), self.entity)),
        }
    }
}

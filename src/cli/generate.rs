//! `generate`: made-up rows in the shape of the Adult census data.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::PathBuf;

use clap::ValueEnum;
use per_entity::generate::{Generator, Skew};
use per_entity::schema::Task;

use super::context::Context;
use super::error::{CliError, CliResult, Exit};
use super::output::{bytes, grouped, progress};
use super::stdout::{print, print_json};

/// Write made-up rows in the shape of the Adult census data, with labels that depend on the
/// features.
///
/// Without --entities a CSV file has the very form of adult.data: no header, a comma and a space
/// between fields, `?` for missing. With it, there is a header and a first column `entity`.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity generate --rows 2000 --output sample.csv
  per-entity generate --rows 1000000 --entities 20000 --output million.parquet
  per-entity generate --rows 50000 --entities 100 --task regression --missing 0.1 --output gaps.csv")]
pub struct Generate {
    /// The file to write: .csv or .parquet
    #[arg(long, value_name = "FILE")]
    output: PathBuf,

    /// Number of rows
    #[arg(long)]
    rows: u64,

    /// The same seed gives the same rows
    #[arg(long, default_value_t = 0)]
    seed: u64,

    /// Add a column `entity` with so many values
    #[arg(long)]
    entities: Option<u64>,

    /// How rows are shared among entities
    #[arg(long, value_enum, default_value_t = SkewArgument::Even, requires = "entities")]
    skew: SkewArgument,

    /// What the column `income` is
    #[arg(long, value_enum, default_value_t = TaskArgument::Classification)]
    task: TaskArgument,

    /// Leave this share of the values of features missing at random, in place of Adult's own gaps;
    /// from 0, which leaves these, to less than 1
    #[arg(long, value_name = "SHARE", default_value_t = 0.0)]
    missing: f64,

    /// Leave no value missing
    #[arg(long, conflicts_with = "missing")]
    complete: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum TaskArgument {
    /// A class: <=50K or >50K
    Classification,
    /// A quantity: an amount with two decimals
    Regression,
}

#[derive(Clone, Copy, ValueEnum)]
enum SkewArgument {
    /// The same number of rows for all, give or take one
    Even,
    /// By Zipf's law: the largest entity has about a third of the rows
    Zipf,
}

impl Generate {
    pub fn run(&self, context: &Context) -> CliResult {
        let extension = self
            .output
            .extension()
            .and_then(|extension| extension.to_str());
        let parquet = match extension {
            Some("parquet") => true,
            Some("csv" | "data") => false,
            _ => {
                let path = self.output.display();
                return Err(CliError::Usage(format!(
                    "{path}: name a .csv or a .parquet file"
                )));
            }
        };
        let generator = self.generator();
        // Renamed when it is whole, so that nobody takes a part for the file.
        let mut partial = self.output.clone().into_os_string();
        partial.push(".partial");
        let written = self.write(context, &generator, parquet, &PathBuf::from(&partial));
        if let Err(error) = written {
            let _ = std::fs::remove_file(&partial);
            return Err(error);
        }
        std::fs::rename(&partial, &self.output)?;
        let length = std::fs::metadata(&self.output)?.len();
        if context.json {
            let path = self.output.display().to_string();
            let summary = serde_json::json!({ "output": path, "rows": self.rows, "bytes": length });
            print_json(summary)?;
        } else if !context.quiet {
            let path = self.output.display();
            print(format!(
                "{} rows, {} in {path}",
                grouped(self.rows),
                bytes(length)
            ))?;
        }
        Ok(Exit::Done)
    }

    fn generator(&self) -> Generator {
        let task = match self.task {
            TaskArgument::Classification => Task::Classification,
            TaskArgument::Regression => Task::Regression,
        };
        let mut generator = Generator::new(self.rows).seed(self.seed);
        generator = generator.task(task).missing(self.missing);
        if let Some(entities) = self.entities {
            generator = generator.entities(entities).skew(match self.skew {
                SkewArgument::Even => Skew::Even,
                SkewArgument::Zipf => Skew::Zipf,
            });
        }
        if self.complete {
            generator = generator.complete();
        }
        generator
    }

    fn write(
        &self,
        context: &Context,
        generator: &Generator,
        parquet: bool,
        path: &PathBuf,
    ) -> Result<(), CliError> {
        let file = File::create(path)
            .map_err(|error| CliError::Usage(format!("{}: {error}", self.output.display())))?;
        let mut writer = BufWriter::new(file);
        let bar = progress(context, self.rows, "rows");
        let mut report = |rows: u64| {
            bar.set_position(rows);
            !context.cancel.is_cancelled()
        };
        if parquet {
            generator.write_parquet(&mut writer, &mut report)?;
        } else {
            generator.write_csv(&mut writer, &mut report)?;
        }
        writer.flush()?;
        bar.finish_and_clear();
        Ok(())
    }
}

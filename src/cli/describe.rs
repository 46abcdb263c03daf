//! `describe`: what files hold, before anything is trained on them.

use std::path::PathBuf;

use per_entity::describe::{ColumnDescription, Description, RowsPerEntity};
use per_entity::source::{DatasetSpec, Source};
use serde_json::json;

use super::columns;
use super::context::Context;
use super::dataset_arguments::ColumnArguments;
use super::error::{CliError, CliResult, Exit};
use super::output::{grouped, reading, report_ragged};
use super::output_file::write_whole;
use super::stdout::{print, print_json};
use super::table::table;

/// Say what files hold: their columns, what they are taken for, and how many rows entities have.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity describe sales.csv
  per-entity describe 'sales/*.parquet' --key country,store --target returned
  per-entity describe sales.csv --key store --target returned --write-spec sales.toml")]
pub struct Describe {
    /// Files, globs or directories: CSV, TSV, NDJSON (gzip or zstd too), Parquet, Arrow IPC
    #[arg(required = true, value_name = "FILE")]
    input: Vec<String>,

    /// Write a specification that says all this, for --spec; `-` writes to stdout
    #[arg(long, value_name = "FILE")]
    write_spec: Option<PathBuf>,

    #[command(flatten)]
    columns: ColumnArguments,
}

impl Describe {
    pub fn run(&self, context: &Context) -> CliResult {
        self.columns.limits.memory.hold()?;
        let spec = self.columns.partial_spec()?;
        let reading = reading(context);
        let source = Source::open(&self.input, self.columns.format(), &spec)?;
        report_ragged(&source, "--strict makes them an error");
        let description = Description::of(&source.into(), &spec)?;
        reading.finish_and_clear();
        for note in &description.notes {
            log::warn!("{}", columns::sentence(note));
        }
        if self.write_spec(&spec, &description)? {
            return Ok(Exit::Done);
        }
        match (context.json, context.quiet) {
            (true, _) => print_json(as_json(&description))?,
            (false, true) => {}
            (false, false) => print(as_text(&description, &spec))?,
        }
        Ok(Exit::Done)
    }

    /// Writes the specification where that is asked for. Returns whether stdout has it.
    fn write_spec(&self, spec: &DatasetSpec, description: &Description) -> Result<bool, CliError> {
        let Some(path) = &self.write_spec else {
            return Ok(false);
        };
        let text = description.specification(spec)?;
        if path.as_os_str() == "-" {
            print(text)?;
            return Ok(true);
        }
        write_whole(path, text.as_bytes())?;
        Ok(false)
    }
}

fn as_text(description: &Description, spec: &DatasetSpec) -> String {
    let header = [
        "column",
        "role",
        "type",
        "missing",
        "different",
        "smallest",
        "largest",
        "examples",
    ];
    let rows = description.columns.iter().map(row);
    let mut text = format!("{} rows", grouped(description.rows));
    if description.ragged > 0 {
        text += &format!(
            "; {} with the wrong number of fields",
            grouped(description.ragged)
        );
    }
    text += &format!("\n\n{}", table(&header, rows));
    if let Some((task, reason)) = &description.task {
        let target = columns::describe_target(&spec.target, *task, reason);
        text += &format!("\n\n{target}");
    }
    if let Some(entities) = &description.entities {
        text += &format!("\n\n{}", entities_text(entities));
    }
    text
}

fn row(column: &ColumnDescription) -> Vec<String> {
    let text = |text: &Option<String>| text.as_deref().map_or(String::new(), shortened);
    let examples: Vec<String> = column.examples.iter().map(|text| shortened(text)).collect();
    vec![
        shortened(&column.name),
        column.role.name().to_owned(),
        match &column.schema {
            Some(schema) => schema.column_type.to_string(),
            None => "not usable".into(),
        },
        grouped(column.missing),
        grouped(column.distinct),
        text(&column.smallest),
        text(&column.largest),
        examples.join(", "),
    ]
}

/// A text that does not make a table too wide, on one line.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 24;
    let line: String = text
        .chars()
        .map(|c| if c.is_control() { '·' } else { c })
        .collect();
    match line.chars().count() > LONGEST {
        true => line.chars().take(LONGEST - 1).collect::<String>() + "…",
        false => line,
    }
}

fn entities_text(entities: &RowsPerEntity) -> String {
    format!(
        "{} entities; rows of an entity: {} to {}, median {}; {} have one row",
        grouped(entities.entities),
        grouped(entities.smallest),
        grouped(entities.largest),
        entities.median,
        grouped(entities.single)
    )
}

fn as_json(description: &Description) -> serde_json::Value {
    let columns = description.columns.iter().map(|column| {
        let schema = column.schema.as_ref();
        json!({
            "column": column.name,
            "role": column.role.name(),
            "type": schema.map(|schema| &schema.column_type),
            "decided": schema.map(|schema| schema.decided),
            "missing": column.missing,
            "distinct": column.distinct,
            "smallest": column.smallest,
            "largest": column.largest,
            "examples": column.examples,
        })
    });
    let entities = description.entities.as_ref().map(|entities| {
        json!({
            "entities": entities.entities,
            "smallest": entities.smallest,
            "median": entities.median,
            "largest": entities.largest,
            "single": entities.single,
        })
    });
    let notes = description.notes.iter().map(columns::sentence);
    json!({
        "rows": description.rows,
        "ragged": description.ragged,
        "columns": columns.collect::<Vec<_>>(),
        "task": description.task.as_ref().map(|(task, _)| task),
        "rows_per_entity": entities,
        "notes": notes.collect::<Vec<_>>(),
    })
}

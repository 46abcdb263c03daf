//! A report as a file: JSON, or one table.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use per_entity::evaluate::{Fairness, ModelStatus, Report};
use per_entity::metrics::{Metric, MetricSummary, Metrics};
use polars::prelude::*;
use serde_json::json;

use crate::cli::error::CliError;
use crate::cli::stdout::versioned;

/// The whole report.
pub fn json(report: &Report) -> Result<String, CliError> {
    let failed = |error| CliError::Usage(format!("cannot write the figures as JSON: {error}"));
    let mut document = serde_json::to_value(report).map_err(failed)?;
    // Targets are values of the data, which are no names of fields.
    let unseen = report.unseen_targets.iter();
    document["unseen_targets"] = unseen
        .map(|(target, rows)| json!({ "target": target, "rows": rows }))
        .collect();
    serde_json::to_string_pretty(&versioned(document)).map_err(failed)
}

/// How an entity's model fared, in a word or two.
pub fn status_name(status: &ModelStatus) -> &'static str {
    match status {
        ModelStatus::Evaluated => "evaluated",
        ModelStatus::Unknown => "unknown",
        ModelStatus::Missing(_) => "no model",
        ModelStatus::Damaged(_) => "damaged",
    }
}

/// A file of figures: the whole report as JSON, or one table.
#[derive(Clone, Copy)]
pub enum Export {
    Json,
    Csv,
    Parquet,
}

impl Export {
    pub fn of_path(path: &Path) -> Result<Self, CliError> {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => Ok(Export::Json),
            Some("csv") => Ok(Export::Csv),
            Some("parquet") => Ok(Export::Parquet),
            _ => Err(CliError::Usage(format!(
                "--output {}: name a file that ends in .json, .csv or .parquet",
                path.display()
            ))),
        }
    }

    pub fn write(self, report: &Report, path: &Path) -> Result<(), CliError> {
        let failed = |problem: String| CliError::Usage(format!("{}: {problem}", path.display()));
        let polars = |cause: PolarsError| -> CliError {
            let context = format!("{}: cannot write the figures", path.display());
            per_entity::Error::Polars { context, cause }.into()
        };
        let mut file = BufWriter::new(File::create(path).map_err(|e| failed(e.to_string()))?);
        match self {
            Export::Json => {
                writeln!(file, "{}", json(report)?).map_err(|e| failed(e.to_string()))?;
            }
            Export::Csv => {
                let mut frame = frame(report).map_err(polars)?;
                CsvWriter::new(&mut file)
                    .finish(&mut frame)
                    .map_err(polars)?;
            }
            Export::Parquet => {
                let mut frame = frame(report).map_err(polars)?;
                ParquetWriter::new(&mut file)
                    .finish(&mut frame)
                    .map_err(polars)?;
            }
        }
        file.flush().map_err(|e| failed(e.to_string()))
    }
}

/// One row of the table of figures.
#[derive(Default)]
struct Line {
    /// `entity`, `group`, `micro`, `macro` or `weighted`.
    scope: &'static str,
    entity: Option<String>,
    group: Option<String>,
    model: Option<&'static str>,
    rows: u64,
    /// By position among the metrics of the report's task; none for what has no figures.
    scores: Vec<Option<f64>>,
    rates: [Option<f64>; 3],
    disparity: [Option<f64>; 3],
}

fn lines(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    for entity in &report.entities {
        lines.push(Line {
            scope: "entity",
            entity: Some(entity.key.clone()),
            model: Some(status_name(&entity.model)),
            rows: entity.rows,
            scores: entity.metrics.as_ref().map(scores).unwrap_or_default(),
            disparity: entity.fairness.as_ref().map_or([None; 3], disparity),
            ..Line::default()
        });
        lines.extend(group_lines(entity.fairness.as_ref(), Some(&entity.key)));
    }
    let overall = &report.overall;
    let all = [
        ("micro", scores(&overall.micro)),
        ("macro", means(&overall.macro_mean)),
        ("weighted", means(&overall.weighted_mean)),
    ];
    for (scope, scores) in all {
        lines.push(Line {
            scope,
            rows: report.rows,
            scores,
            ..Line::default()
        });
    }
    lines.extend(group_lines(report.fairness.as_ref(), None));
    lines
}

fn group_lines(fairness: Option<&Fairness>, entity: Option<&String>) -> Vec<Line> {
    let groups = fairness.map_or(&[][..], |fairness| &fairness.groups);
    groups
        .iter()
        .map(|group| Line {
            scope: "group",
            entity: entity.cloned(),
            group: Some(group.values.join(", ")),
            rows: group.rows,
            scores: vec![group.accuracy],
            rates: [
                group.selection_rate,
                group.true_positive_rate,
                group.false_positive_rate,
            ],
            ..Line::default()
        })
        .collect()
}

fn disparity(fairness: &Fairness) -> [Option<f64>; 3] {
    let disparity = &fairness.disparity;
    [
        disparity.demographic_parity_difference,
        disparity.demographic_parity_ratio,
        disparity.equalized_odds_difference,
    ]
}

fn frame(report: &Report) -> PolarsResult<DataFrame> {
    let lines = lines(report);
    let texts = |text: &dyn Fn(&Line) -> Option<String>| lines.iter().map(text).collect::<Vec<_>>();
    let numbers =
        |value: &dyn Fn(&Line) -> Option<f64>| lines.iter().map(value).collect::<Vec<_>>();
    let rows: Vec<u64> = lines.iter().map(|line| line.rows).collect();
    let mut columns = vec![
        Column::new("scope".into(), texts(&|line| Some(line.scope.into()))),
        Column::new("entity".into(), texts(&|line| line.entity.clone())),
        Column::new("group".into(), texts(&|line| line.group.clone())),
        Column::new("model".into(), texts(&|line| line.model.map(Into::into))),
        Column::new("rows".into(), rows),
    ];
    for (position, metric) in Metric::all_of(report.overall.task()).enumerate() {
        let values = numbers(&|line| line.scores.get(position).copied().flatten());
        columns.push(Column::new(metric.key().into(), values));
    }
    let rates = [
        "selection_rate",
        "true_positive_rate",
        "false_positive_rate",
    ];
    for (position, name) in rates.into_iter().enumerate() {
        let values = numbers(&|line| line.rates[position]);
        columns.push(Column::new(name.into(), values));
    }
    let disparities = [
        "demographic_parity_difference",
        "demographic_parity_ratio",
        "equalized_odds_difference",
    ];
    for (position, name) in disparities.into_iter().enumerate() {
        let values = numbers(&|line| line.disparity[position]);
        columns.push(Column::new(name.into(), values));
    }
    DataFrame::new(lines.len(), columns)
}

/// The figures in the order of [`Metric::all_of`] their task.
pub fn scores(metrics: &Metrics) -> Vec<Option<f64>> {
    let all = Metric::all_of(metrics.task());
    all.map(|metric| metric.of(metrics)).collect()
}

/// The means in the order of [`Metric::all_of`] their task.
pub fn means(summary: &MetricSummary) -> Vec<Option<f64>> {
    let all = Metric::all_of(summary.task());
    all.map(|metric| summary.get(metric)?.value).collect()
}

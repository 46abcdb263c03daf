//! A report as a file: JSON, or one table.

use std::path::Path;

use per_entity::evaluate::{Fairness, GroupDisparity, GroupFigures, ModelStatus, Report};
use per_entity::metrics::{Metric, MetricSummary, Metrics};
use per_entity::schema::Task;
use polars::prelude::*;
use serde_json::{Value, json};

use crate::cli::error::CliError;
use crate::cli::stdout::versioned;

/// The whole report.
pub fn json(report: &Report) -> Result<String, CliError> {
    let failed = |error| CliError::Usage(format!("cannot write the figures as JSON: {error}"));
    let mut document = serde_json::to_value(report).map_err(failed)?;
    match &report.unseen_targets {
        // Targets are values of the data, which are no names of fields.
        Some(unseen) => {
            document["unseen_targets"] = unseen
                .iter()
                .map(|(target, rows)| json!({ "target": target, "rows": rows }))
                .collect();
        }
        None => leave_out_classes(&mut document),
    }
    serde_json::to_string_pretty(&versioned(document)).map_err(failed)
}

/// Leaves out what only classes have.
fn leave_out_classes(document: &mut Value) {
    const OF_CLASSES: [&str; 5] = [
        "classes",
        "positive",
        "unseen_targets",
        "confusion",
        "calibration",
    ];
    let leave_out = |object: &mut Value| {
        if let Some(fields) = object.as_object_mut() {
            fields.retain(|name, _| !OF_CLASSES.contains(&name.as_str()));
        }
    };
    leave_out(document);
    let entities = document["entities"].as_array_mut();
    entities.into_iter().flatten().for_each(leave_out);
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

    /// The content of the file.
    pub fn content(self, report: &Report) -> Result<Vec<u8>, CliError> {
        let polars = |cause: PolarsError| -> CliError {
            let context = "cannot write the figures".into();
            per_entity::Error::Polars { context, cause }.into()
        };
        if let Export::Json = self {
            return Ok((json(report)? + "\n").into_bytes());
        }
        let mut frame = frame(report).map_err(polars)?;
        let mut content = Vec::new();
        match self {
            Export::Parquet => ParquetWriter::new(&mut content)
                .finish(&mut frame)
                .map(|_| ()),
            _ => CsvWriter::new(&mut content).finish(&mut frame),
        }
        .map_err(polars)?;
        Ok(content)
    }
}

/// Figures by their names, which are those of columns.
pub type Figures = Vec<(&'static str, Option<f64>)>;

/// The columns of figures that files have.
fn columns(task: Task) -> Vec<&'static str> {
    let mut columns: Vec<&str> = Metric::all_of(task).map(Metric::key).collect();
    columns.extend(match task {
        Task::Classification => &[
            "selection_rate",
            "true_positive_rate",
            "false_positive_rate",
            "demographic_parity_difference",
            "demographic_parity_ratio",
            "equalized_odds_difference",
            "expected_calibration_error",
        ][..],
        Task::Regression => &[
            "mean_error",
            "error_percentile_5",
            "error_percentile_25",
            "error_median",
            "error_percentile_75",
            "error_percentile_95",
            "mean_error_difference",
            "mean_absolute_error_difference",
        ],
    });
    columns
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
    figures: Figures,
}

fn lines(report: &Report) -> Vec<Line> {
    let mut lines = Vec::new();
    for entity in &report.entities {
        let mut all = entity.metrics.as_ref().map(figures).unwrap_or_default();
        all.extend(entity.fairness.as_ref().map_or(Vec::new(), disparity));
        let calibration = entity.calibration.as_ref();
        all.push((
            "expected_calibration_error",
            calibration.and_then(|calibration| calibration.expected_calibration_error),
        ));
        lines.push(Line {
            scope: "entity",
            entity: Some(entity.key.clone()),
            model: Some(status_name(&entity.model)),
            rows: entity.rows,
            figures: all,
            ..Line::default()
        });
        lines.extend(group_lines(entity.fairness.as_ref(), Some(&entity.key)));
    }
    let overall = &report.overall;
    let mut micro = figures(&overall.micro);
    let calibration = report.calibration.as_ref();
    micro.push((
        "expected_calibration_error",
        calibration.and_then(|calibration| calibration.expected_calibration_error),
    ));
    let all = [
        ("micro", micro),
        ("macro", mean_figures(&overall.macro_mean)),
        ("weighted", mean_figures(&overall.weighted_mean)),
    ];
    lines.extend(all.map(|(scope, figures)| Line {
        scope,
        rows: report.rows,
        figures,
        ..Line::default()
    }));
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
            figures: group_figures(&group.figures),
            ..Line::default()
        })
        .collect()
}

/// The figures of a group.
pub fn group_figures(figures: &GroupFigures) -> Figures {
    match *figures {
        GroupFigures::Classification {
            selection_rate,
            true_positive_rate,
            false_positive_rate,
            accuracy,
            ..
        } => vec![
            ("selection_rate", selection_rate),
            ("true_positive_rate", true_positive_rate),
            ("false_positive_rate", false_positive_rate),
            ("accuracy", accuracy),
        ],
        GroupFigures::Regression {
            mean_error,
            mean_absolute_error,
            root_mean_squared_error,
        } => vec![
            ("mean_absolute_error", mean_absolute_error),
            ("root_mean_squared_error", root_mean_squared_error),
            ("mean_error", mean_error),
        ],
    }
}

/// How far apart groups are.
pub fn disparity(fairness: &Fairness) -> Figures {
    match &fairness.disparity {
        GroupDisparity::Classification(disparity) => vec![
            (
                "demographic_parity_difference",
                disparity.demographic_parity_difference,
            ),
            (
                "demographic_parity_ratio",
                disparity.demographic_parity_ratio,
            ),
            (
                "equalized_odds_difference",
                disparity.equalized_odds_difference,
            ),
        ],
        GroupDisparity::Regression(disparity) => vec![
            ("mean_error_difference", disparity.mean_error_difference),
            (
                "mean_absolute_error_difference",
                disparity.mean_absolute_error_difference,
            ),
        ],
    }
}

fn frame(report: &Report) -> PolarsResult<DataFrame> {
    let lines = lines(report);
    let texts = |text: &dyn Fn(&Line) -> Option<String>| lines.iter().map(text).collect::<Vec<_>>();
    let rows: Vec<u64> = lines.iter().map(|line| line.rows).collect();
    let mut frame = vec![
        Column::new("scope".into(), texts(&|line| Some(line.scope.into()))),
        Column::new("entity".into(), texts(&|line| line.entity.clone())),
        Column::new("group".into(), texts(&|line| line.group.clone())),
        Column::new("model".into(), texts(&|line| line.model.map(Into::into))),
        Column::new("rows".into(), rows),
    ];
    for name in columns(report.task) {
        let values: Vec<Option<f64>> = lines.iter().map(|line| get(&line.figures, name)).collect();
        frame.push(Column::new(name.into(), values));
    }
    DataFrame::new(lines.len(), frame)
}

/// One of the figures; nothing where it is not there or not defined.
pub fn get(figures: &Figures, name: &str) -> Option<f64> {
    let (_, value) = figures.iter().find(|(other, _)| *other == name)?;
    *value
}

/// The figures of some rows.
pub fn figures(metrics: &Metrics) -> Figures {
    let all = Metric::all_of(metrics.task());
    let mut figures: Figures = all
        .map(|metric| (metric.key(), metric.of(metrics)))
        .collect();
    if let Some(metrics) = metrics.as_regression() {
        let quantiles = metrics.error_quantiles.as_ref();
        figures.extend([
            ("mean_error", metrics.mean_error),
            ("error_percentile_5", quantiles.map(|q| q.percentile_5)),
            ("error_percentile_25", quantiles.map(|q| q.percentile_25)),
            ("error_median", quantiles.map(|q| q.median)),
            ("error_percentile_75", quantiles.map(|q| q.percentile_75)),
            ("error_percentile_95", quantiles.map(|q| q.percentile_95)),
        ]);
    }
    figures
}

/// The means over entities.
pub fn mean_figures(summary: &MetricSummary) -> Figures {
    let all = Metric::all_of(summary.task());
    let mut figures: Figures = all
        .map(|metric| {
            let mean = summary.get(metric);
            (metric.key(), mean.and_then(|mean| mean.value))
        })
        .collect();
    if let Some(summary) = summary.as_regression() {
        figures.push(("mean_error", summary.mean_error.value));
    }
    figures
}

//! `evaluate`: how good every model is on rows that it may not have seen.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use per_entity::dataset::{Query, Source, Table};
use per_entity::evaluate::{
    ENOUGH_ROWS, EntityReport, EvaluateOptions, Fairness, Mean, MetricSummary, Metrics,
    ModelStatus, Report, evaluate_table,
};
use per_entity::store::Store;
use polars::prelude::*;

use super::dataset::FormatArgument;
use super::output::{grouped, percent, print, table};
use super::{CliError, CliResult, Context, Exit};

/// Evaluate every entity's model, each on its own rows.
///
/// Rows are read as at training, its --where included.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  per-entity evaluate --models models --input adult.test
  per-entity evaluate --models models --input adult.test --group-by sex,race
  per-entity evaluate --models models --input adult.test --output metrics.parquet

Figures are scikit-learn's and Fairlearn's; one that the rows do not define is empty.")]
pub struct Evaluate {
    /// The store
    #[arg(long, value_name = "DIRECTORY")]
    models: PathBuf,

    /// Files or globs: CSV, TSV (gzip or zstd too), Parquet, Arrow IPC, NDJSON
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    input: Vec<String>,

    /// The files' format [default: by extension]
    #[arg(long, value_enum)]
    format: Option<FormatArgument>,

    /// Keep the rows for which this Polars SQL predicate holds [default: as at training]
    #[arg(long = "where", value_name = "PREDICATE")]
    predicate: Option<String>,

    /// Write all figures to a file: .json, .csv or .parquet
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Compare the groups that the values of these columns make together
    #[arg(long, value_delimiter = ',', value_name = "COLUMN")]
    group_by: Vec<String>,

    /// The class that is worth having, for --group-by [default: the second of two]
    #[arg(long, value_name = "CLASS", requires = "group_by")]
    positive: Option<String>,

    /// List at most so many entities; 0 lists all
    #[arg(long, default_value_t = 20, value_name = "ENTITIES")]
    limit: usize,
}

impl Evaluate {
    pub fn run(&self, context: &Context) -> CliResult {
        let export = self.output.as_deref().map(Export::of_path).transpose()?;
        let store = Store::open(&self.models)?;
        let run = &store.generation().run;
        let mut spec = run.dataset.as_trained(&run.features);
        if self.predicate.is_some() {
            spec.predicate.clone_from(&self.predicate);
        }
        let source = Source::open(&self.input, self.format.map(Into::into), &spec)?;
        let query = Query::new_carrying(&source, &spec, &self.group_by)?;
        query.check_types(&run.features)?;
        let rows = Table::load_query(&source, &query, &spec, context.interrupt.flag())?;
        let options = EvaluateOptions {
            group_by: self.group_by.clone(),
            positive: self.positive.clone(),
        };
        let report = evaluate_table(&store, &rows, &options)?;
        if let (Some(export), Some(path)) = (export, &self.output) {
            export.write(&report, path)?;
        }
        for (key, reason) in report.damaged() {
            log::error!("entity '{key}': {reason}");
        }
        if context.json {
            print(json(&report)?)?;
        } else if !context.quiet {
            print(self.text(&report).trim_end())?;
        }
        Ok(match report.damaged().next() {
            Some(_) => Exit::SomeFailed,
            None => Exit::Done,
        })
    }

    fn limit(&self) -> usize {
        match self.limit {
            0 => usize::MAX,
            limit => limit,
        }
    }

    fn text(&self, report: &Report) -> String {
        let mut text = String::new();
        for (reason, rows) in report.left_out.reasons() {
            if rows > 0 {
                text += &format!("{} left out: {reason}\n", grouped(rows));
            }
        }
        for (target, rows) in &report.unseen_targets {
            text += &format!(
                "{} rows have the target '{target}', which training did not see; they count as wrong\n",
                grouped(*rows)
            );
        }
        if report.rows_without_model > 0 {
            text += &format!(
                "{} rows of {} entities without a model are not evaluated\n",
                grouped(report.rows_without_model),
                grouped(report.without_model() as u64)
            );
        }
        text += &format!("\n{}", self.entities_text(report));
        if let Some(fairness) = &report.fairness {
            text += &format!("\n{}", self.fairness_text(report, fairness));
        }
        text + &standing_out(report)
    }

    fn entities_text(&self, report: &Report) -> String {
        let header = [
            "entity",
            "rows",
            "accuracy",
            "balanced",
            "precision",
            "recall",
            "F1",
            "ROC AUC",
            "log loss",
            "Brier",
        ];
        let mut rows: Vec<Vec<String>> = report
            .entities
            .iter()
            .take(self.limit())
            .map(entity_row)
            .collect();
        let overall = &report.overall;
        rows.push(vec![String::new()]);
        rows.push(row("all rows", report.rows, scores(&overall.micro)));
        for (name, summary) in [
            ("mean of entities", &overall.macro_mean),
            ("mean by rows", &overall.weighted_mean),
        ] {
            rows.push(row(name, report.rows, means(summary)));
        }
        let mut text = table(&header, rows) + "\n";
        let more = report.entities.len().saturating_sub(self.limit());
        if more > 0 {
            text += &format!("and {} more; --limit 0 lists all\n", grouped(more as u64));
        }
        text
    }

    fn fairness_text(&self, report: &Report, overall: &Fairness) -> String {
        let positive = report.positive.as_deref().unwrap_or_default();
        let groups = report.group_by.join(", ");
        let header = [
            "entity",
            groups.as_str(),
            "rows",
            "selected",
            "true positive",
            "false positive",
            "accuracy",
        ];
        let entities = report.entities.iter().take(self.limit());
        let entities = entities.filter_map(|e| Some((e.key.as_str(), e.fairness.as_ref()?)));
        let all: Vec<(&str, &Fairness)> = entities.chain([("all rows", overall)]).collect();
        let rows = all.iter().flat_map(|(key, fairness)| {
            fairness.groups.iter().map(|group| {
                vec![
                    (*key).to_owned(),
                    group.values.join(", "),
                    grouped(group.rows),
                    share(group.selection_rate),
                    share(group.true_positive_rate),
                    share(group.false_positive_rate),
                    share(group.accuracy),
                ]
            })
        });
        let mut text = format!(
            "rates of '{positive}' by group\n{}\n\n",
            table(&header, rows)
        );
        let header = [
            "entity",
            "groups",
            "demographic parity difference",
            "ratio",
            "equalized odds difference",
        ];
        let rows = all.iter().map(|(key, fairness)| {
            let disparity = &fairness.disparity;
            vec![
                (*key).to_owned(),
                disparity.groups.to_string(),
                number(disparity.demographic_parity_difference),
                number(disparity.demographic_parity_ratio),
                number(disparity.equalized_odds_difference),
            ]
        });
        text += &table(&header, rows);
        text + "\n"
    }
}

fn standing_out(report: &Report) -> String {
    let mut text = String::new();
    if !report.worst.is_empty() {
        text += &format!("\nlowest accuracy (entities of at least {ENOUGH_ROWS} rows)\n");
    }
    for worst in &report.worst {
        text += &format!(
            "  {}: {} of {} rows, 95 % interval {} to {}\n",
            worst.key,
            percent(worst.accuracy),
            grouped(worst.rows),
            percent(worst.low),
            percent(worst.high)
        );
    }
    if !report.largest_gaps.is_empty() {
        text += &format!("\nlargest parity gap (groups of at least {ENOUGH_ROWS} rows)\n");
    }
    for gap in &report.largest_gaps {
        text += &format!(
            "  {}: {:.1} percentage points between {} and {}\n",
            gap.key,
            gap.difference * 100.0,
            gap.most.join(", "),
            gap.least.join(", ")
        );
    }
    text
}

fn entity_row(entity: &EntityReport) -> Vec<String> {
    match (&entity.metrics, &entity.model) {
        (Some(metrics), _) => row(&entity.key, entity.rows, scores(metrics)),
        (None, status) => vec![
            entity.key.clone(),
            grouped(entity.rows),
            status_name(status).to_owned(),
        ],
    }
}

fn status_name(status: &ModelStatus) -> &'static str {
    match status {
        ModelStatus::Evaluated => "evaluated",
        ModelStatus::Unknown => "unknown",
        ModelStatus::Missing(_) => "no model",
        ModelStatus::Damaged(_) => "damaged",
    }
}

/// The names of the scores in tables, in the order of [`scores`].
const SCORES: [&str; 8] = [
    "accuracy",
    "balanced_accuracy",
    "precision",
    "recall",
    "f1",
    "roc_auc",
    "log_loss",
    "brier_score",
];

fn scores(metrics: &Metrics) -> [Option<f64>; 8] {
    [
        metrics.accuracy,
        metrics.balanced_accuracy,
        metrics.precision,
        metrics.recall,
        metrics.f1,
        metrics.roc_auc,
        metrics.log_loss,
        metrics.brier_score,
    ]
}

fn means(summary: &MetricSummary) -> [Option<f64>; 8] {
    [
        summary.accuracy,
        summary.balanced_accuracy,
        summary.precision,
        summary.recall,
        summary.f1,
        summary.roc_auc,
        summary.log_loss,
        summary.brier_score,
    ]
    .map(|mean: Mean| mean.value)
}

fn row(name: &str, rows: u64, scores: [Option<f64>; 8]) -> Vec<String> {
    let mut row = vec![name.to_owned(), grouped(rows)];
    row.extend(scores.map(number));
    row
}

fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{value:.4}"))
}

fn share(value: Option<f64>) -> String {
    value.map_or(String::new(), percent)
}

fn json(report: &Report) -> Result<String, CliError> {
    serde_json::to_string_pretty(report)
        .map_err(|error| CliError::Usage(format!("cannot write the figures as JSON: {error}")))
}

/// A file of figures: the whole report as JSON, or one table.
#[derive(Clone, Copy)]
enum Export {
    Json,
    Csv,
    Parquet,
}

impl Export {
    fn of_path(path: &Path) -> Result<Self, CliError> {
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

    fn write(self, report: &Report, path: &Path) -> Result<(), CliError> {
        let failed = |problem: String| CliError::Usage(format!("{}: {problem}", path.display()));
        let polars = |error: PolarsError| failed(error.to_string());
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
    scores: [Option<f64>; 8],
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
            scores: entity.metrics.as_ref().map_or([None; 8], scores),
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
        .map(|group| {
            let mut scores = [None; 8];
            scores[0] = group.accuracy;
            Line {
                scope: "group",
                entity: entity.cloned(),
                group: Some(group.values.join(", ")),
                rows: group.rows,
                scores,
                rates: [
                    group.selection_rate,
                    group.true_positive_rate,
                    group.false_positive_rate,
                ],
                ..Line::default()
            }
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
    for (position, name) in SCORES.into_iter().enumerate() {
        let values = numbers(&|line| line.scores[position]);
        columns.push(Column::new(name.into(), values));
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

//! A report as tables.

use per_entity::evaluate::{
    ENOUGH_ROWS, EntityReport, Fairness, Gap, GroupDisparity, Report, Worst, WorstFigures,
};
use per_entity::metrics::{Calibration, Metric};
use per_entity::schema::Task;

use super::export::{Figures, disparity, figures, get, group_figures, mean_figures, status_name};
use crate::cli::figures::{heading, quantity};
use crate::cli::output::{grouped, percent};
use crate::cli::table::table;

/// A report as tables; of the entities, the first `limit`.
pub fn report_as_text(report: &Report, limit: usize) -> String {
    let mut text = String::new();
    for (reason, rows) in report.left_out.reasons() {
        if rows > 0 {
            text += &format!("{} left out: {reason}\n", grouped(rows));
        }
    }
    for (target, rows) in report.unseen_targets.iter().flatten() {
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
    text += &format!("\n{}", entities_text(report, limit));
    if let Some(calibration) = &report.calibration {
        text += &calibration_text(report, calibration);
    }
    if let Some(fairness) = &report.fairness {
        text += &format!("\n{}", fairness_text(report, fairness, limit));
    }
    text + &standing_out(report)
}

/// The names of a task's figures, and their headings.
fn columns(task: Task) -> Vec<(&'static str, &'static str)> {
    let metrics = Metric::all_of(task).map(|metric| (metric.key(), heading(metric)));
    let mut columns: Vec<_> = metrics.collect();
    if task == Task::Regression {
        columns.extend([
            ("mean_error", "mean error"),
            ("error_percentile_5", "error: 5 %"),
            ("error_percentile_25", "25 %"),
            ("error_median", "50 %"),
            ("error_percentile_75", "75 %"),
            ("error_percentile_95", "95 %"),
        ]);
    }
    columns
}

fn entities_text(report: &Report, limit: usize) -> String {
    let columns = columns(report.task);
    let row = |name: &str, rows: u64, figures: Figures| {
        let cells = columns.iter().map(|(figure, _)| get(&figures, figure));
        let mut row = vec![name.to_owned(), grouped(rows)];
        row.extend(columns.iter().zip(cells).map(|((figure, _), value)| {
            let is_quantity = report.task == Task::Regression && *figure != Metric::R2.key();
            match is_quantity {
                true => value.map_or(String::new(), quantity),
                false => number(value),
            }
        }));
        row
    };
    let entity_row = |entity: &EntityReport| match (&entity.metrics, &entity.model) {
        (Some(metrics), _) => row(&entity.key, entity.rows, figures(metrics)),
        (None, status) => vec![
            entity.key.clone(),
            grouped(entity.rows),
            status_name(status).to_owned(),
        ],
    };
    let headings = columns.iter().map(|(_, heading)| *heading);
    let header: Vec<&str> = ["entity", "rows"].into_iter().chain(headings).collect();
    let mut rows: Vec<Vec<String>> = report.entities.iter().take(limit).map(entity_row).collect();
    let overall = &report.overall;
    rows.push(vec![String::new()]);
    for (name, figures) in [
        ("all rows", figures(&overall.micro)),
        ("mean of entities", mean_figures(&overall.macro_mean)),
        ("mean by rows", mean_figures(&overall.weighted_mean)),
    ] {
        rows.push(row(name, report.rows, figures));
    }
    let mut text = table(&header, rows) + "\n";
    let more = report.entities.len().saturating_sub(limit);
    if more > 0 {
        text += &format!("and {} more; --limit 0 lists all\n", grouped(more as u64));
    }
    text
}

/// Nothing where there are no rows.
fn calibration_text(report: &Report, calibration: &Calibration) -> String {
    let Some(error) = calibration.expected_calibration_error else {
        return String::new();
    };
    let predicted = match report.classes.as_slice() {
        [_, positive] => format!("probability of '{positive}'"),
        _ => "probability of the predicted class".into(),
    };
    let bins = calibration.bins.iter().enumerate();
    let bins = bins.filter(|(_, bin)| bin.rows > 0).map(|(tenth, bin)| {
        vec![
            format!("up to {} %", (tenth + 1) * 10),
            grouped(bin.rows),
            share(bin.mean_predicted),
            share(bin.observed_share),
        ]
    });
    let header = [predicted.as_str(), "rows", "mean predicted", "came true"];
    format!(
        "\ncalibration of all rows, expected calibration error {error:.4}\n{}\n",
        table(&header, bins)
    )
}

fn fairness_text(report: &Report, overall: &Fairness, limit: usize) -> String {
    let entities = report.entities.iter().take(limit);
    let entities = entities.filter_map(|e| Some((e.key.as_str(), e.fairness.as_ref()?)));
    let all: Vec<(&str, &Fairness)> = entities.chain([("all rows", overall)]).collect();
    let title = match &report.positive {
        Some(positive) => format!("rates of '{positive}' by group"),
        None => "errors by group".into(),
    };
    format!(
        "{title}\n{}\n\n{}\n",
        groups_text(report, &all),
        disparities_text(report.task, &all)
    )
}

fn groups_text(report: &Report, all: &[(&str, &Fairness)]) -> String {
    let groups = report.group_by.join(", ");
    let mut header = vec!["entity", groups.as_str(), "rows"];
    header.extend(match report.task {
        Task::Classification => &["selected", "true positive", "false positive", "accuracy"][..],
        Task::Regression => &["MAE", "RMSE", "mean error"],
    });
    let rows = all.iter().flat_map(|(key, fairness)| {
        fairness.groups.iter().map(|group| {
            let mut row = vec![
                (*key).to_owned(),
                group.values.join(", "),
                grouped(group.rows),
            ];
            let figures = group_figures(&group.figures).into_iter();
            row.extend(figures.map(|(_, value)| match report.task {
                Task::Classification => share(value),
                Task::Regression => value.map_or(String::new(), quantity),
            }));
            row
        })
    });
    table(&header, rows)
}

fn disparities_text(task: Task, all: &[(&str, &Fairness)]) -> String {
    let mut header = vec!["entity", "groups"];
    header.extend(match task {
        Task::Classification => &[
            "demographic parity difference",
            "ratio",
            "equalized odds difference",
        ][..],
        Task::Regression => &["mean error difference", "MAE difference"],
    });
    let rows = all.iter().map(|(key, fairness)| {
        let groups = match &fairness.disparity {
            GroupDisparity::Classification(disparity) => disparity.groups,
            GroupDisparity::Regression(disparity) => disparity.groups,
        };
        let mut row = vec![(*key).to_owned(), groups.to_string()];
        let figures = disparity(fairness).into_iter();
        row.extend(figures.map(|(_, value)| match task {
            Task::Classification => number(value),
            Task::Regression => value.map_or(String::new(), quantity),
        }));
        row
    });
    table(&header, rows)
}

fn standing_out(report: &Report) -> String {
    let (worst, gap) = match report.task {
        Task::Classification => ("lowest accuracy", "parity gap"),
        Task::Regression => ("largest RMSE", "gap between mean errors"),
    };
    let mut text = String::new();
    if !report.worst.is_empty() {
        text += &format!("\n{worst} (entities of at least {ENOUGH_ROWS} rows)\n");
    }
    text.extend(report.worst.iter().map(worst_text));
    if !report.largest_gaps.is_empty() {
        text += &format!("\nlargest {gap} (groups of at least {ENOUGH_ROWS} rows)\n");
    }
    let gaps = report.largest_gaps.iter();
    text.extend(gaps.map(|gap| gap_text(report.task, gap)));
    text
}

fn worst_text(worst: &Worst) -> String {
    let rows = grouped(worst.rows);
    let figures = match worst.figures {
        WorstFigures::Classification {
            accuracy,
            low,
            high,
        } => format!(
            "{} of {rows} rows, 95 % interval {} to {}",
            percent(accuracy),
            percent(low),
            percent(high)
        ),
        WorstFigures::Regression {
            root_mean_squared_error,
            ratio_to_overall,
        } => format!(
            "{} on {rows} rows, {ratio_to_overall:.2} times that of all rows",
            quantity(root_mean_squared_error)
        ),
    };
    format!("  {}: {figures}\n", worst.key)
}

fn gap_text(task: Task, gap: &Gap) -> String {
    let difference = match task {
        Task::Classification => format!("{:.1} percentage points", gap.difference * 100.0),
        Task::Regression => quantity(gap.difference),
    };
    format!(
        "  {}: {difference} between {} and {}\n",
        gap.key,
        gap.most.join(", "),
        gap.least.join(", ")
    )
}

fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{value:.4}"))
}

fn share(value: Option<f64>) -> String {
    value.map_or(String::new(), percent)
}

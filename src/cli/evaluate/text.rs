//! A report as tables.

use per_entity::evaluate::{ENOUGH_ROWS, EntityReport, Fairness, Report};
use per_entity::metrics::Metric;

use super::export::{means, scores, status_name};
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
    text += &format!("\n{}", entities_text(report, limit));
    if let Some(fairness) = &report.fairness {
        text += &format!("\n{}", fairness_text(report, fairness, limit));
    }
    text + &standing_out(report)
}

fn entities_text(report: &Report, limit: usize) -> String {
    let metrics = Metric::all_of(report.overall.task());
    let header: Vec<&str> = ["entity", "rows"]
        .into_iter()
        .chain(metrics.map(heading))
        .collect();
    let mut rows: Vec<Vec<String>> = report.entities.iter().take(limit).map(entity_row).collect();
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
    let more = report.entities.len().saturating_sub(limit);
    if more > 0 {
        text += &format!("and {} more; --limit 0 lists all\n", grouped(more as u64));
    }
    text
}

fn fairness_text(report: &Report, overall: &Fairness, limit: usize) -> String {
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
    let entities = report.entities.iter().take(limit);
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

fn row(name: &str, rows: u64, scores: Vec<Option<f64>>) -> Vec<String> {
    let mut row = vec![name.to_owned(), grouped(rows)];
    row.extend(scores.into_iter().map(number));
    row
}

/// The metric's name where there is little room.
fn heading(metric: Metric) -> &'static str {
    match metric {
        Metric::BalancedAccuracy => "balanced",
        Metric::BrierScore => "Brier",
        _ => metric.name(),
    }
}

fn number(value: Option<f64>) -> String {
    value.map_or(String::new(), |value| format!("{value:.4}"))
}

fn share(value: Option<f64>) -> String {
    value.map_or(String::new(), percent)
}

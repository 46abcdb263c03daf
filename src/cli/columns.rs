//! What the columns of an input are taken for, in words.

use std::cmp::Reverse;

use per_entity::schema::{
    ColumnType, Feature, FeatureKind, LeftOut, LeftOutByColumn, Task, TaskReason,
};
use per_entity::table::{ColumnNote, Query};

use super::hint::quoted;
use super::output::grouped;

/// A line about features: `19 features: 4 numbers, 1 date, 14 categories`.
pub fn describe(query: &Query) -> String {
    let features = query.features();
    let count = |is: fn(&Feature) -> bool| features.iter().filter(|f| is(f)).count();
    let is_time = |feature: &Feature| {
        feature.kind == FeatureKind::Numeric && feature.column_type.is_temporal()
    };
    let kinds = [
        (
            count(|f| f.kind == FeatureKind::Numeric && !f.column_type.is_temporal()),
            "number",
            "numbers",
        ),
        (
            count(|f| f.kind == FeatureKind::Numeric && f.column_type == ColumnType::Date),
            "date",
            "dates",
        ),
        (
            features
                .iter()
                .filter(|f| is_time(f) && f.column_type != ColumnType::Date)
                .count(),
            "time",
            "times",
        ),
        (
            count(|f| f.kind == FeatureKind::Categorical),
            "category",
            "categories",
        ),
    ];
    let kinds: Vec<String> = kinds
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }))
        .collect();
    let noun = if features.len() == 1 {
        "feature"
    } else {
        "features"
    };
    format!("{} {noun}: {}", features.len(), kinds.join(", "),)
}

/// What the target is taken for and why, with the flag that says otherwise.
pub fn describe_target(target: &str, task: Task, reason: &TaskReason) -> String {
    let taken = format!("the target '{target}' is taken for {}", task.noun());
    match (reason, task) {
        (TaskReason::NotNumbers | TaskReason::Declared, _) => taken,
        (TaskReason::Fractions { .. }, _) => format!("{taken}, for {reason}"),
        (_, Task::Classification) => {
            format!("{taken}, for {reason}; --task regression takes it for a quantity")
        }
        (_, Task::Regression) => {
            format!("{taken}, for {reason}; --task classification takes them for classes")
        }
    }
}

/// Says on stderr what is worth saying about the columns, with the flags that help.
pub fn warn(query: &Query) {
    for note in query.notes() {
        log::warn!("{}", sentence(note));
    }
}

/// Says on stderr that a feature looks like an identifier.
pub fn warn_of_unique(column: &str, distinct: u64, rows: u64) {
    log::warn!(
        "{column}: {} different values in {} rows, as an identifier has; --ignore {} leaves it out",
        grouped(distinct),
        grouped(rows),
        quoted(column)
    );
}

/// The columns to blame for rows left out, the worst first, in a line.
pub fn left_out(left_out: &LeftOut) -> String {
    const SHOWN: usize = 10;
    let mut columns: Vec<&LeftOutByColumn> = left_out.columns.iter().collect();
    columns.sort_by_key(|column| Reverse(column.rows()));
    let named: Vec<String> = columns
        .iter()
        .take(SHOWN)
        .map(|column| format!("{} {}", column.column, grouped(column.rows())))
        .collect();
    match (named.is_empty(), columns.len() > SHOWN) {
        (true, _) => String::new(),
        (_, false) => format!("  by column: {}\n", named.join(", ")),
        (_, true) => format!("  by column: {}, …\n", named.join(", ")),
    }
}

/// A note in words and flags.
pub fn sentence(note: &ColumnNote) -> String {
    match note {
        ColumnNote::RowNumber { column } if column.is_empty() => {
            "a column without a name is left out, for it is taken for row numbers (an index); give it a name to have it as a feature".into()
        }
        ColumnNote::RowNumber { column } => format!(
            "{column}: is left out, for it is taken for row numbers (an index); --numeric {} makes it a feature",
            quoted(column)
        ),
        ColumnNote::Lacking { column, without } => format!(
            "{column}: is no column of {}, so its values are missing there; --ignore {} leaves it out",
            without.display(),
            quoted(column)
        ),
        ColumnNote::CountsRows { column } => format!(
            "{column}: counts the rows one by one; --ignore {} leaves it out",
            quoted(column)
        ),
        ColumnNote::AlmostNumeric {
            column,
            numbers,
            others,
            examples,
        } => {
            let shown: Vec<String> = examples.iter().map(|text| format!("'{text}'")).collect();
            let missing: Vec<String> = examples.iter().map(|text| quoted(text)).collect();
            let is_all = *others <= examples.len() as u64 || examples.len() == 1;
            format!(
                "{column}: {} numbers and {} other texts ({}{}), so it is taken for text; --missing {} makes these missing values{}, --numeric {} makes others an error",
                grouped(*numbers),
                grouped(*others),
                shown.join(", "),
                if is_all { "" } else { ", …" },
                missing.join(","),
                if is_all { " and the rest numbers" } else { "" },
                quoted(column),
            )
        }
        ColumnNote::DecimalComma {
            column,
            numbers,
            example,
        } => format!(
            "{column}: {} texts like '{example}', which are numbers with --decimal-comma; without it they are text",
            grouped(*numbers)
        ),
        _ => format!("{note:?}"),
    }
}

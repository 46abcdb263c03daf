//! The lines as Markdown and as JSON.

use crate::lines::Line;

pub fn markdown(lines: &[Line]) -> String {
    let mut text = "| work | against | per-entity | the other | ratio | goal |\n\
        | --- | --- | --- | --- | --- | --- |\n"
        .to_owned();
    for line in lines {
        let goal = line
            .goal
            .map_or(String::new(), |goal| format!("{goal:.0} ×"));
        text += &format!(
            "| {} | {} | {} | {} | {:.0} × | {goal} |\n",
            line.work,
            line.against,
            value(line.ours, line.unit),
            value(line.theirs, line.unit),
            line.ratio,
        );
    }
    text
}

/// A value with three digits that tell something.
pub fn value(value: f64, unit: &str) -> String {
    let decimals = match value {
        0.0..0.1 => 4,
        0.1..10.0 => 2,
        10.0..100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$} {unit}")
}

pub fn json(lines: &[Line]) -> String {
    let text = serde_json::to_string_pretty(lines).expect("lines are plain data");
    text + "\n"
}

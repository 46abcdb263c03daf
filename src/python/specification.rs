//! Settings of Python as a specification.

use per_entity::error::SpecError;
use per_entity::train::TrainingSpec;
use pyo3::prelude::*;
use toml::{Table, Value};

use crate::error;

/// The specification of settings: a document of JSON with the fields that one in TOML has, over
/// those of a file where there is one.
pub fn of(settings: &str, file: Option<&str>) -> PyResult<TrainingSpec> {
    let mut all = match file {
        None => Table::new(),
        Some(path) => {
            let text = std::fs::read_to_string(path);
            let text = text.map_err(|cause| error::specification(format!("{path}: {cause}")))?;
            // What is wrong in the file is told with its lines.
            TrainingSpec::from_toml(&text).map_err(|error| error::exception(&error))?;
            let table = text.parse::<Table>();
            table.map_err(|cause| error::specification(format!("{path}: {cause}")))?
        }
    };
    let given: Table = serde_json::from_str(settings)
        .map_err(|cause| error::specification(format!("settings cannot be read: {cause}")))?;
    lay_over(&mut all, given);
    let text = toml::to_string(&all).map_err(|cause| error::specification(cause.to_string()))?;
    TrainingSpec::from_toml(&text).map_err(|error| match error {
        per_entity::Error::Spec(SpecError::Unreadable { problem, .. }) => {
            error::specification(in_a_line(&problem))
        }
        per_entity::Error::Spec(SpecError::UnknownSetting { name, known, .. }) => {
            let known = known.join(", ");
            error::specification(format!("'{name}' is no setting; there are {known}"))
        }
        error => error::exception(&error),
    })
}

fn lay_over(below: &mut Table, above: Table) {
    for (name, value) in above {
        match (below.get_mut(&name), value) {
            (Some(Value::Table(below)), Value::Table(above)) if is_of_settings(&name) => {
                lay_over(below, above);
            }
            (_, value) => {
                below.insert(name, value);
            }
        }
    }
}

/// Whether a table has settings of its own, and is not one setting.
fn is_of_settings(name: &str) -> bool {
    ["train", "tree", "csv", "types", "update"].contains(&name)
}

/// The setting and what is wrong with it, without the place in a text that nobody wrote.
fn in_a_line(problem: &str) -> String {
    let mut lines = problem.lines();
    let setting = lines.find_map(|line| {
        let (number, setting) = line.split_once(" | ")?;
        number.trim().parse::<usize>().ok().map(|_| setting)
    });
    match (setting, lines.last()) {
        (Some(setting), Some(what)) => format!("{setting}: {what}"),
        _ => problem.to_owned(),
    }
}

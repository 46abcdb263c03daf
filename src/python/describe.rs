//! `describe`: what rows hold, before anything is trained on them.

use per_entity::describe::Description;
use pyo3::prelude::*;
use serde_json::{Value, json};

use crate::input::Rows;
use crate::note;
use crate::specification;
use crate::work::{OnSignal, run};

/// Says what rows hold, as JSON. The settings may lack key and target.
#[pyfunction]
#[pyo3(signature = (rows, settings, spec=None, format=None))]
pub fn describe(
    py: Python,
    rows: &Bound<PyAny>,
    settings: &str,
    spec: Option<&str>,
    format: Option<&str>,
) -> PyResult<String> {
    let dataset = specification::of(settings, spec)?.dataset;
    let rows = Rows::of(rows, format)?;
    let work = move || {
        let input = rows.open(&dataset)?;
        let description = Description::of(&input, &dataset)?;
        let specification = match dataset.key.is_empty() || dataset.target.is_empty() {
            true => None,
            false => Some(description.specification(&dataset)?),
        };
        Ok((description, specification))
    };
    let (description, specification) = run(py, OnSignal::Leave, work, |_| Ok(()))?;
    let mut document = as_json(&description);
    document["specification"] = json!(specification);
    Ok(document.to_string())
}

fn as_json(description: &Description) -> Value {
    let columns = description.columns.iter().map(|column| {
        let schema = column.schema.as_ref();
        json!({
            "column": column.name,
            "role": column.role.name(),
            "type": schema.map(|schema| schema.column_type.to_string()),
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
    let notes = description.notes.iter().map(note::sentence);
    json!({
        "rows": description.rows,
        "ragged": description.ragged,
        "columns": columns.collect::<Vec<_>>(),
        "task": description.task.as_ref().map(|(task, _)| task),
        "rows_per_entity": entities,
        "notes": notes.collect::<Vec<_>>(),
    })
}

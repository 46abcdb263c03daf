//! Figures in a report.

use serde_json::Value;

/// What a report says of an entity.
pub fn entity<'a>(report: &'a Value, key: &str) -> &'a Value {
    let entities = report["entities"].as_array().expect("a list of entities");
    let found = entities.iter().find(|entity| entity["key"] == key);
    found.unwrap_or_else(|| panic!("no entity {key}"))
}

pub fn close(value: &Value, wanted: f64) {
    let value = value.as_f64().expect("a number");
    assert!((value - wanted).abs() < 1e-12, "{value} is not {wanted}");
}

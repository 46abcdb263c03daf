//! Figures compared to within a tolerance.

use per_entity::metrics::PairedOutcomes;
use serde::Serialize;
use serde_json::Value;

pub const TOLERANCE: f64 = 1e-12;

/// What `benches/python/record_metrics.py` recorded.
pub const GOLDEN: &str = include_str!("../../golden/metrics.json");

pub fn json(value: &impl Serialize) -> Value {
    serde_json::to_value(value).expect("metrics are representable in JSON")
}

/// Compares two JSON values, numbers to within the tolerance, of which those above 1 have as many
/// times more; `place` names case and field.
#[track_caller]
pub fn assert_close(actual: &Value, expected: &Value, place: &str) {
    match (actual, expected) {
        (Value::Object(fields), Value::Object(others)) => {
            let names = |object: &serde_json::Map<String, Value>| -> Vec<String> {
                let mut names: Vec<String> = object.keys().cloned().collect();
                names.sort();
                names
            };
            assert_eq!(names(fields), names(others), "{place}: the fields");
            for (name, value) in fields {
                assert_close(value, &others[name], &format!("{place}: {name}"));
            }
        }
        (Value::Array(items), Value::Array(others)) => {
            assert_eq!(items.len(), others.len(), "{place}: the length");
            for (index, (item, other)) in items.iter().zip(others).enumerate() {
                assert_close(item, other, &format!("{place}[{index}]"));
            }
        }
        (Value::Number(number), Value::Number(other)) => {
            let (number, other) = (number.as_f64().unwrap(), other.as_f64().unwrap());
            let tolerance = TOLERANCE * other.abs().max(1.0);
            let is_close = (number - other).abs() <= tolerance;
            assert!(is_close, "{place}: {number}, {other}");
        }
        _ => assert_eq!(actual, expected, "{place}"),
    }
}

#[track_caller]
pub fn assert_same(actual: Option<f64>, expected: Option<f64>, place: &str) {
    assert_close(&json(&actual), &json(&expected), place);
}

pub fn paired(first: &[bool], second: &[bool]) -> PairedOutcomes {
    first.iter().copied().zip(second.iter().copied()).collect()
}

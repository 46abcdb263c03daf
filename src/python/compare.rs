//! `compare`: does one model per entity pay here?

use per_entity::Cancel;
use per_entity::evaluate::Comparer;
use per_entity::schema::Holdout;
use per_entity::train::{TrainerKind, TrainerSpec, TrainingSpec};
use pyo3::prelude::*;
use serde_json::json;

use crate::error;
use crate::input::Rows;
use crate::specification;
use crate::work::{OnSignal, run};

/// The rows to compare on.
enum Against {
    Rows(Rows),
    HeldOut(Holdout),
}

/// Compares one tree per entity, one for all, and a shared model on the rows of `test`, or on those
/// that the settings hold out. Returns the comparison as JSON.
#[pyfunction]
#[pyo3(signature = (rows, settings, test=None, spec=None, format=None))]
pub fn compare(
    py: Python,
    rows: &Bound<PyAny>,
    settings: &str,
    test: Option<&Bound<PyAny>>,
    spec: Option<&str>,
    format: Option<&str>,
) -> PyResult<String> {
    let spec = specification::of(settings, spec)?;
    let cancel = Cancel::new();
    let comparer = comparer(&spec).map_err(|error| error::exception(&error))?;
    let comparer = comparer.cancel(cancel.clone());
    let dataset = spec.dataset;
    dataset.check().map_err(|error| error::exception(&error))?;
    let against = match (test, spec.train.holdout) {
        (Some(test), None) => Against::Rows(Rows::of(test, None)?),
        (None, Some(holdout)) => Against::HeldOut(holdout),
        _ => {
            return Err(error::specification(
                "test: say either which rows to compare on, or which are held out",
            ));
        }
    };
    let rows = Rows::of(rows, format)?;
    let work = move || {
        let train = rows.open(&dataset)?;
        match against {
            Against::Rows(test) => comparer.run(train, test.open(&dataset)?),
            Against::HeldOut(holdout) => comparer.run_held_out(train, &holdout),
        }
    };
    let comparison = run(py, OnSignal::Stop(cancel), work, |_| Ok(()))?;
    Ok(json!(comparison).to_string())
}

/// What is compared: trees, and a shared model.
fn comparer(spec: &TrainingSpec) -> per_entity::Result<Comparer> {
    let mut trees = spec.tree.clone();
    if trees.trainer == TrainerKind::Shared {
        trees.trainer = TrainerKind::Cart;
    }
    let shared = TrainerSpec {
        trainer: TrainerKind::Shared,
        class_weight: spec.tree.class_weight.clone(),
        shared: spec.tree.shared.clone(),
        ..TrainerSpec::default()
    };
    let comparer = Comparer::new(spec.dataset.clone(), trees.trainer()?);
    Ok(comparer.shared(shared.trainer()?))
}

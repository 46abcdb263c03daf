//! `train`: from rows to a store.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use log::Level;
use per_entity::Cancel;
use per_entity::schema::{Task, TaskReason};
use per_entity::store::{EntityRecord, EntityStatus};
use per_entity::table::Query;
use per_entity::train::{Conclusion, Observer};
use pyo3::prelude::*;
use serde_json::json;

use crate::error;
use crate::files::Place;
use crate::input::Rows;
use crate::log::note;
use crate::note;
use crate::specification;
use crate::work::{OnSignal, run};

/// How far a run is: entities that are done, and all of them once they are known.
#[derive(Default)]
struct Progress {
    done: AtomicU64,
    all: AtomicU64,
}

/// Counts the entities, and says what is worth saying.
struct Witness(Arc<Progress>);

impl Observer for Witness {
    fn columns_taken(&mut self, query: &Query) {
        for about in query.notes() {
            note(Level::Warn, note::sentence(about));
        }
    }

    fn task_taken(&mut self, target: &str, task: Task, reason: &TaskReason) {
        let taken = format!("the target '{target}' is taken for {}", task.noun());
        note(
            Level::Info,
            match reason {
                TaskReason::NotNumbers | TaskReason::Declared => taken,
                reason => format!("{taken}, for {reason}"),
            },
        );
    }

    fn nearly_unique(&mut self, column: &str, distinct: u64, rows: u64) {
        note(Level::Warn, note::identifier(column, distinct, rows));
    }

    fn rows_loaded(&mut self, _: u64, entities: u64) {
        self.0.all.store(entities, Ordering::Relaxed);
    }

    fn entity_finished(&mut self, entity: &EntityRecord) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
        if let (EntityStatus::Failed, Some(error)) = (entity.status, &entity.error) {
            note(
                Level::Warn,
                format!("entity '{}' failed: {error}", entity.key),
            );
        }
    }
}

/// Trains on rows and commits the models to a store, with the settings of a document of JSON over
/// those of a file. Returns how it ended, as JSON. `progress` is called with the entities that are
/// done, and all of them.
#[pyfunction]
#[pyo3(signature = (rows, output, settings, spec=None, format=None, command=Vec::new(), progress=None))]
#[allow(clippy::too_many_arguments)]
pub fn train(
    py: Python,
    rows: &Bound<PyAny>,
    output: &Bound<PyAny>,
    settings: &str,
    spec: Option<&str>,
    format: Option<&str>,
    command: Vec<String>,
    progress: Option<Py<PyAny>>,
) -> PyResult<String> {
    let spec = specification::of(settings, spec)?;
    let cancel = Cancel::new();
    let training = spec.training().map_err(|error| error::exception(&error))?;
    let training = training.cancel(cancel.clone()).command(command);
    spec.dataset
        .check()
        .map_err(|error| error::exception(&error))?;
    let output = Place::of(output)?;
    let rows = Rows::of(rows, format)?;
    let state = Arc::new(Progress::default());
    let mut witness = Witness(state.clone());
    let work = move || {
        let input = rows.open(&spec.dataset)?;
        training.run_observed(input, output.location(), &mut witness)
    };
    let mut told = 0;
    let conclusion = run(py, OnSignal::Stop(cancel), work, |py| {
        let done = state.done.load(Ordering::Relaxed);
        if let Some(progress) = progress.as_ref().filter(|_| done > told) {
            told = done;
            progress.call1(py, (done, state.all.load(Ordering::Relaxed)))?;
        }
        Ok(())
    })?;
    Ok(match conclusion {
        Conclusion::Committed(report) => json!({
            "conclusion": "committed",
            "generation": report.generation,
            "carried": report.carried,
            "is_durable": report.is_durable,
        }),
        Conclusion::Refused(refusal) => json!({
            "conclusion": "refused",
            "message": refusal.to_string(),
            "contest": refusal.contest,
        }),
        Conclusion::Unchanged(same) => json!({
            "conclusion": "unchanged",
            "generation": same.generation,
            "carried": same.carried,
        }),
    }
    .to_string())
}

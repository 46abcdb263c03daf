//! A run in parts: the plan, the outcomes of a part, and the generation of all of them.

use std::sync::Mutex;

use per_entity::Cancel;
use per_entity::source::{DatasetSpec, Source};
use per_entity::train::cluster::{Commit, Plan, Planner, Worker};
use polars::prelude::*;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::error;
use crate::files::Place;
use crate::frame::Frame;
use crate::input::Rows;
use crate::specification;
use crate::work::{OnSignal, run};

/// Settles what is global of a run on these rows, or on all of which they are a sample.
#[pyfunction]
#[pyo3(signature = (rows, settings, classes=None, spec=None, format=None))]
pub fn plan<'py>(
    py: Python<'py>,
    rows: &Bound<PyAny>,
    settings: &str,
    classes: Option<Vec<String>>,
    spec: Option<&str>,
    format: Option<&str>,
) -> PyResult<Bound<'py, PyBytes>> {
    let spec = specification::of(settings, spec)?;
    let checked = spec.dataset.check();
    checked.map_err(|error| error::exception(&error))?;
    let rows = Rows::of(rows, format)?;
    let cancel = Cancel::new();
    let planner = Planner::new(spec.clone()).classes(classes);
    let planner = planner.cancel(cancel.clone());
    let work = move || planner.plan(rows.open(&spec.dataset)?);
    let plan = run(py, OnSignal::Stop(cancel), work, |_| Ok(()))?;
    Ok(PyBytes::new(py, &plan.to_bytes()))
}

/// Trains the entities of a part, and returns what became of them.
#[pyfunction]
#[pyo3(signature = (plan, part, rows, threads=0, memory_limit=None))]
pub fn work(
    py: Python,
    plan: &[u8],
    part: String,
    rows: &Bound<PyAny>,
    threads: usize,
    memory_limit: Option<u64>,
) -> PyResult<Frame> {
    let cancel = Cancel::new();
    let worker = Plan::from_bytes(plan).and_then(|plan| Worker::new(plan, part));
    let worker = worker.map_err(|error| error::exception(&error))?;
    let worker = worker.threads(threads).memory_limit(memory_limit);
    let worker = worker.cancel(cancel.clone());
    let rows = Rows::of(rows, None)?;
    let work = move || {
        let frames = Mutex::new(Vec::new());
        worker.run(rows.open(worker.dataset())?, |frame| {
            let frames = frames.lock();
            frames.map(|mut frames| frames.push(frame.lazy())).ok();
            Ok(())
        })?;
        let frames = frames.into_inner().unwrap_or_default();
        let all = concat(frames, UnionArgs::default()).and_then(LazyFrame::collect);
        all.map_err(|cause| per_entity::Error::Polars {
            context: "cannot put outcomes together".into(),
            cause,
        })
    };
    Ok(run(py, OnSignal::Stop(cancel), work, |_| Ok(()))?.into())
}

/// Makes a generation of the outcomes of all parts; returns it as JSON.
#[pyfunction]
#[pyo3(signature = (plan, outcomes, output, format=None, rows=None, entities=None, parts=None, command=Vec::new()))]
#[allow(clippy::too_many_arguments)]
pub fn commit(
    py: Python,
    plan: &[u8],
    outcomes: &Bound<PyAny>,
    output: &Bound<PyAny>,
    format: Option<&str>,
    rows: Option<u64>,
    entities: Option<u64>,
    parts: Option<u64>,
    command: Vec<String>,
) -> PyResult<String> {
    let cancel = Cancel::new();
    let plan = Plan::from_bytes(plan).map_err(|error| error::exception(&error))?;
    let commit = Commit::new(plan).rows(rows).entities(entities).parts(parts);
    let commit = commit.command(command).cancel(cancel.clone());
    let outcomes = Rows::of(outcomes, format)?;
    let output = Place::of(output)?;
    let work = move || match outcomes {
        Rows::Frame(frame) => commit.run([frame], output.location()),
        Rows::Files(files, format) => {
            let source = Source::open(&files, format, &DatasetSpec::default())?;
            commit.run_files(&source, output.location())
        }
    };
    let report = run(py, OnSignal::Stop(cancel), work, |_| Ok(()))?;
    Ok(json!({
        "generation": report.generation,
        "is_durable": report.is_durable,
    })
    .to_string())
}

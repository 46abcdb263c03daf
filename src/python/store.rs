//! A store: its entities and models, its predictions and figures.

use per_entity::evaluate::Evaluator;
use per_entity::onnx::OnnxExporter;
use per_entity::predict::{AddedColumns, Predictor, Unknown};
use per_entity::store::{rollback, verify};
use per_entity::{Cancel, Model};
use polars::prelude::*;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use serde_json::json;

use crate::boosted_format::BoostedView;
use crate::error;
use crate::files::Place;
use crate::frame::{self, Frame};
use crate::input::Rows;
use crate::tree_format::TreeView;
use crate::work::{OnSignal, run};

/// A generation of a store, as it was when it was opened.
#[pyclass(frozen, module = "per_entity._native")]
pub struct Store {
    place: Place,
    store: per_entity::Store,
}

fn open(place: &Place, generation: Option<u64>) -> per_entity::Result<per_entity::Store> {
    match generation {
        None => per_entity::Store::open(place.location()),
        Some(number) => per_entity::Store::open_generation(place.location(), number),
    }
}

/// How a row without a model is answered.
fn unknown_of(name: &str) -> PyResult<Unknown> {
    Ok(match name {
        "null" => Unknown::Null,
        "error" => Unknown::Error,
        "fallback" => Unknown::Fallback,
        "parent" => Unknown::Parent,
        "shared" => Unknown::Shared,
        _ => {
            let problem = "is none of null, error, fallback, parent and shared";
            return Err(error::specification(format!("unknown: '{name}' {problem}")));
        }
    })
}

#[pymethods]
impl Store {
    #[new]
    #[pyo3(signature = (place, generation=None))]
    fn new(py: Python, place: &Bound<PyAny>, generation: Option<u64>) -> PyResult<Self> {
        let place = Place::of(place)?;
        let store = py.detach(|| open(&place, generation));
        let store = store.map_err(|error| error::exception(&error))?;
        Ok(Self { place, store })
    }

    /// The generation, as JSON.
    fn generation(&self) -> String {
        json!(self.store.generation()).to_string()
    }

    /// All generations and which is current, as JSON.
    fn history(&self) -> String {
        json!(self.store.manifest()).to_string()
    }

    /// The table of entities.
    fn entities(&self, py: Python) -> PyResult<Frame> {
        let store = self.store.clone();
        let read = move || {
            store.entities()?.collect().map_err(|cause| {
                let context = "cannot read the entities".to_owned();
                per_entity::Error::Polars { context, cause }
            })
        };
        Ok(run(py, OnSignal::Leave, read, |_| Ok(()))?.into())
    }

    /// The model of an entity in words, as a document of JSON, and as a graph where it is a tree.
    fn model(&self, py: Python, key: &str) -> PyResult<(String, String, Option<String>)> {
        let model = py.detach(|| self.store.model(key));
        let model = model.map_err(|error| error::exception(&error))?;
        Ok(self.told(&model))
    }

    /// The importances of features, by feature and as the store notes them: of one entity, or on
    /// average.
    #[pyo3(signature = (key=None))]
    fn importances(&self, py: Python, key: Option<String>) -> PyResult<String> {
        let store = self.store.clone();
        let read = move || match key {
            Some(key) => store.importances_of(&key),
            None => Ok(store.importances()?.mean),
        };
        let importances = run(py, OnSignal::Leave, read, |_| Ok(()))?;
        let features = self.store.generation().run.features.iter();
        let features: Vec<&str> = features.map(|feature| feature.name.as_str()).collect();
        let document = json!({
            "kind": self.store.importance_kind(), "features": features, "importances": importances,
        });
        Ok(document.to_string())
    }

    /// The columns that a prediction adds to a frame.
    #[pyo3(signature = (rows, unknown=None, prefix=None, cache=None))]
    fn predict(
        &self,
        py: Python,
        rows: &Bound<PyAny>,
        unknown: Option<&str>,
        prefix: Option<String>,
        cache: Option<u64>,
    ) -> PyResult<Frame> {
        let unknown = unknown.map(unknown_of).transpose()?;
        let frame = frame::import(rows)?;
        let store = self.store.clone();
        let predict = move || {
            let mut predictor = Predictor::new(store)?;
            if let Some(unknown) = unknown {
                predictor = predictor.unknown(unknown)?;
            }
            if let Some(bytes) = cache {
                predictor = predictor.cache(bytes);
            }
            predictor = predictor.added(AddedColumns::new().prefix(prefix.unwrap_or_default()));
            let predicted = predictor.predict(&frame)?;
            tell_of_unknown(&predictor)?;
            let added = predicted.columns()[frame.width()..].to_vec();
            DataFrame::new(frame.height(), added).map_err(|cause| {
                let context = "cannot give the predictions back".to_owned();
                per_entity::Error::Polars { context, cause }
            })
        };
        Ok(run(py, OnSignal::Leave, predict, |_| Ok(()))?.into())
    }

    /// How good the models are on rows, as JSON.
    #[pyo3(signature = (rows, group_by=Vec::new(), positive=None, predicate=None, format=None))]
    fn evaluate(
        &self,
        py: Python,
        rows: &Bound<PyAny>,
        group_by: Vec<String>,
        positive: Option<String>,
        predicate: Option<String>,
        format: Option<&str>,
    ) -> PyResult<String> {
        let cancel = Cancel::new();
        let mut evaluator = Evaluator::new(self.store.clone())
            .group_by(group_by)
            .positive(positive)
            .cancel(cancel.clone());
        if let Some(predicate) = predicate {
            evaluator = evaluator.filter(predicate);
        }
        let rows = Rows::of(rows, format)?;
        let evaluate = move || {
            let input = rows.open(&evaluator.spec())?;
            evaluator.run(input)
        };
        let report = run(py, OnSignal::Stop(cancel), evaluate, |_| Ok(()))?;
        Ok(json!(report).to_string())
    }

    /// The model of an entity as a file of ONNX.
    fn onnx<'py>(
        &self,
        py: Python<'py>,
        key: &str,
        missing_category: String,
    ) -> PyResult<Bound<'py, PyBytes>> {
        let (store, key) = (self.store.clone(), key.to_owned());
        let export = move || {
            let features = store.generation().run.features.clone();
            let exporter = OnnxExporter::new(features).missing_category(missing_category);
            exporter.export(&store.model(&key)?)
        };
        let bytes = run(py, OnSignal::Leave, export, |_| Ok(()))?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Makes another generation the current one.
    fn rollback(&self, py: Python, generation: u64) -> PyResult<()> {
        let place = self.place.clone();
        let roll = move || rollback(place.location(), generation);
        // It is a single step, which is done or not.
        run(py, OnSignal::Stop(Cancel::new()), roll, |_| Ok(()))?;
        Ok(())
    }

    /// Whether the store is what it says it is, as JSON.
    fn verify(&self, py: Python) -> PyResult<String> {
        let place = self.place.clone();
        let check = move || verify(place.location());
        let verification = run(py, OnSignal::Leave, check, |_| Ok(()))?;
        let document = json!({
            "generations": verification.generations,
            "models": verification.models,
            "problems": verification.problems,
            "orphans": verification.orphans,
        });
        Ok(document.to_string())
    }
}

impl Store {
    fn told(&self, model: &Model) -> (String, String, Option<String>) {
        let features = &self.store.generation().run.features;
        match model.tree() {
            Some(tree) => {
                let view = TreeView {
                    model,
                    tree,
                    features,
                };
                (view.text(), view.json().to_string(), Some(view.dot()))
            }
            None => {
                let view = BoostedView { model, features };
                (view.text(), view.json().to_string(), None)
            }
        }
    }
}

/// Says what no model answered for.
fn tell_of_unknown(predictor: &Predictor) -> per_entity::Result<()> {
    for damaged in predictor.damaged() {
        log::error!("{damaged}");
    }
    let answered = predictor.answered();
    if answered.none > 0 {
        let (unknown, known) = predictor.unknown_keys()?;
        let keys = match unknown.is_empty() {
            true => String::new(),
            false => {
                let (unknown, known) = (unknown.join("', '"), known.join("', '"));
                format!("; unknown are '{unknown}', known '{known}', …")
            }
        };
        let (none, rows) = (answered.none, answered.rows());
        log::warn!("no model answered for {none} of {rows} rows{keys}");
    }
    Ok(())
}

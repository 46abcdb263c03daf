//! One entity's model as a file of ONNX.

use prost::Message;

use super::boosted::{predict_ensemble, predict_share};
use super::columns::Columns;
use super::graph::{GraphBuilder, MACHINE_LEARNING};
use super::proto::{Model as ModelMessage, OperatorSet, Property};
use super::tree;
use crate::error::{Error, Result};
use crate::model::{FeatureBins, Model};
use crate::schema::Feature;

/// Exports models as ONNX.
///
/// The graph takes one column for each feature, in their order and by their names, each of the shape
/// `[rows, 1]`:
///
/// | feature | element | value | missing |
/// | --- | --- | --- | --- |
/// | a number | `double` | as it is | NaN |
/// | a date | `double` | days since 1970-01-01 | NaN |
/// | a time of a day | `double` | nanoseconds | NaN |
/// | a timestamp | `double` | microseconds since 1970-01-01T00:00:00 | NaN |
/// | a duration | `double` | microseconds | NaN |
/// | a category, true or false too | `string` | its text: `true`, `false` | [`missing_category`](Self::missing_category) |
///
/// It gives `prediction`, `[rows]`: of a quantity the number, a `double`; else the class, a `string`,
/// and with it `probabilities`, a `double` for each class of the model, `[rows, classes]`. The
/// metadata has the key of the entity (`entity`), the classes in their order (`classes`, as JSON),
/// and the text for a missing category (`missing_category`). Where a feature has the name of an
/// output, this is called `prediction_2`.
///
/// All numbers are of double precision, thresholds too, and leaves of a tree are looked up, so a row
/// ends in the leaf that it ends in here and is given the same numbers. Of boosted trees the sums may
/// differ in the last bits, for they are added up in another order.
///
/// Version 21 of ONNX's operators and version 5 of those of machine learning are used, which
/// onnxruntime has from 1.20 on. One graph has one entity's model.
///
/// # Examples
///
/// ```
/// use per_entity::onnx::OnnxExporter;
/// use per_entity::store::MemoryDirectory;
/// use per_entity::{CartTrainer, DatasetSpec, Store, Training};
/// use polars::prelude::*;
///
/// let rows = df!("store" => ["A", "A"], "hour" => [9, 17], "busy" => ["no", "yes"])?;
/// let models = MemoryDirectory::new();
/// let spec = DatasetSpec::new(["store"], "busy");
/// Training::new(spec, CartTrainer::default()).run(rows, &models)?;
///
/// let store = Store::open(&models)?;
/// let exporter = OnnxExporter::new(store.generation().run.features.clone());
/// let bytes = exporter.export(&store.model("A")?)?;
/// assert!(bytes.len() > 100);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct OnnxExporter {
    features: Vec<Feature>,
    missing_category: String,
}

/// The version of the format, and those of the operators.
const FORMAT: i64 = 10;
const OPERATORS: i64 = 21;
const MACHINE_LEARNING_OPERATORS: i64 = 5;

impl OnnxExporter {
    /// Exports models that ask about these features, all of which their graphs take: those of the
    /// [run](crate::store::Run::features).
    pub fn new(features: impl Into<Vec<Feature>>) -> Self {
        Self {
            features: features.into(),
            missing_category: String::new(),
        }
    }

    /// The text that stands for a missing category, for texts of ONNX cannot be missing; the empty
    /// one unless it is said.
    #[must_use]
    pub fn missing_category(mut self, text: impl Into<String>) -> Self {
        self.missing_category = text.into();
        self
    }

    /// The bytes of a file of ONNX that predicts as the model does.
    ///
    /// # Errors
    ///
    /// [`ExportError`](crate::error::ExportError) for what cannot be expressed:
    /// a model that knows a category of the text that stands for a missing one, one without
    /// features, and one with too many sets of too many categories. [`Error::BadModel`] for a model
    /// that asks for other features.
    pub fn export(&self, model: &Model) -> Result<Vec<u8>> {
        let mut graph = GraphBuilder::new(model.key());
        let known = known_categories(model);
        let mut columns = Columns::new(&self.features, &self.missing_category, known)?;
        columns.declare(&mut graph);
        let prediction = if let Some(tree) = model.tree() {
            tree::predict(&mut graph, &mut columns, model, tree)
        } else if let Some(ensemble) = model.ensemble() {
            predict_ensemble(&mut graph, &mut columns, model, ensemble)
        } else if let Some((shared, share)) = model.share() {
            predict_share(&mut graph, &mut columns, model, shared, share)
        } else {
            Err(Error::Defect("a model of no kind".into()))
        }?;
        prediction.output(&mut graph, model.classes().len());
        let graph = graph.finish();
        let message = ModelMessage {
            ir_version: FORMAT,
            producer_name: env!("CARGO_PKG_NAME").into(),
            producer_version: env!("CARGO_PKG_VERSION").into(),
            doc_string: format!("The model of '{}'", model.key()),
            graph: Some(graph),
            opset_import: vec![
                operators("", OPERATORS),
                operators(MACHINE_LEARNING, MACHINE_LEARNING_OPERATORS),
            ],
            metadata_props: self.metadata(model),
        };
        Ok(message.encode_to_vec())
    }

    fn metadata(&self, model: &Model) -> Vec<Property> {
        let classes = serde_json::Value::from(model.classes());
        let properties = [
            ("entity", model.key().to_owned()),
            ("classes", classes.to_string()),
            ("missing_category", self.missing_category.clone()),
        ];
        let properties = properties.into_iter().map(|(key, value)| Property {
            key: key.to_owned(),
            value,
        });
        properties.collect()
    }
}

fn operators(domain: &str, version: i64) -> OperatorSet {
    OperatorSet {
        domain: domain.to_owned(),
        version,
    }
}

/// The categories that a model knows, ascending, by the names of features.
fn known_categories(model: &Model) -> Vec<(&str, Vec<String>)> {
    if let Some(tree) = model.tree() {
        let features = tree.features().iter().filter_map(|feature| {
            let categories = feature.categories()?.iter().flatten().cloned();
            Some((feature.name(), categories.collect()))
        });
        return features.collect();
    }
    let shared = model.share().map(|(shared, _)| shared.features());
    let own = model
        .ensemble()
        .map(|ensemble| ensemble.features.as_slice());
    let features = shared.or(own).unwrap_or_default().iter();
    let features = features.filter_map(|feature| match &feature.bins {
        FeatureBins::Categories(categories) => Some((feature.name(), categories.clone())),
        FeatureBins::Numbers(_) => None,
    });
    features.collect()
}

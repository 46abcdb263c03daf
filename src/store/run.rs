//! How a generation came about.

use std::collections::HashSet;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

use crate::metrics::{Metric, Overall};
use crate::schema::{
    ColumnSchema, ColumnType, Feature, FeatureKind, Holdout, ImportanceKind, LeftOut, Task,
};
use crate::source::DatasetSpec;

/// How a generation came about. Only a training run makes one: from its query, its rows and its
/// trainer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run {
    /// The input files.
    pub inputs: Vec<String>,
    /// The command line.
    pub command: Vec<String>,
    /// How the input was read.
    #[serde(deserialize_with = "recorded_dataset")]
    pub dataset: DatasetSpec,
    /// The features, in schema order.
    pub features: Vec<Feature>,
    /// What every column that has a role was taken for; empty in generations of earlier versions.
    #[serde(default)]
    pub columns: Vec<ColumnSchema>,
    /// Whether the target is classes or a quantity.
    #[serde(default)]
    pub task: Task,
    /// Whether the target's classes are whole numbers.
    #[serde(default)]
    pub target_is_integer: bool,
    /// All classes of the target, in order; none of a quantity.
    pub classes: Vec<String>,
    /// The trainer and its hyperparameters.
    pub trainer: serde_json::Value,
    /// The fewest rows of an entity that is trained.
    pub min_rows: usize,
    /// All settings of the run but the dataset and the trainer, as the table `[train]` of a
    /// specification has them; null in generations of earlier versions.
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub settings: serde_json::Value,
    /// Rows of the input.
    pub rows_read: u64,
    /// Rows left out, by reason.
    pub left_out: LeftOut,
    /// The rows that were not trained on, and how good the models are on them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holdout: Option<HoldoutRun>,
    /// How models decide on a class, where that is not the most probable one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<DecisionRun>,
    /// How the importances of features were found that the table of entities has, where it has
    /// some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub importance: Option<ImportanceKind>,
    /// How the models of the generation before compare, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contest: Option<ContestRun>,
}

/// The dataset of a manifest. Before missing values were learnt, rows with them, and those with
/// infinite numbers, were left out, and manifests did not say so.
fn recorded_dataset<'de, D: Deserializer<'de>>(source: D) -> Result<DatasetSpec, D::Error> {
    let mut recorded = serde_json::Map::deserialize(source)?;
    for (name, before) in [("on-missing", "drop"), ("on-infinite", "missing")] {
        recorded.entry(name).or_insert_with(|| before.into());
    }
    DatasetSpec::deserialize(serde_json::Value::Object(recorded)).map_err(D::Error::custom)
}

/// The models of the generation before against the new ones, on the rows held out. A model that
/// stayed has the fingerprint of the data that it was trained on, so that it meets a new
/// challenger at the next update.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ContestRun {
    /// What was compared.
    pub metric: Metric,
    /// A challenger that was worse by more than this did not replace its champion; nothing where
    /// every challenger did.
    pub tolerance: Option<f64>,
    /// Earlier models that stayed.
    pub champions: u64,
    /// New models that replaced an earlier one.
    pub challengers: u64,
    /// Entities whose new model is the earlier one to the byte.
    pub unchanged: u64,
    /// The metric of the earlier models on the rows held out of all these entities together.
    pub before: Option<f64>,
    /// The metric of the models that were committed, on the same rows.
    pub after: Option<f64>,
}

impl Run {
    /// What a column of the key was taken for.
    pub(crate) fn key_column(&self, name: &str) -> ColumnSchema {
        let column = self.columns.iter().find(|column| column.name == name);
        column
            .cloned()
            .unwrap_or_else(|| ColumnSchema::declared(name, ColumnType::Text))
    }

    /// What the features are read as.
    pub(crate) fn feature_columns(&self) -> Vec<ColumnSchema> {
        let columns = ColumnSchema::by_name(&self.columns);
        let infinite = self.dataset.infinite_features();
        let column = |feature: &Feature| ColumnSchema {
            format: columns
                .get(feature.name.as_str())
                .and_then(|column| column.format.clone()),
            infinite: infinite.filter(|_| feature.kind == FeatureKind::Numeric),
            ..ColumnSchema::declared(&feature.name, feature.read_as())
        };
        self.features.iter().map(column).collect()
    }

    /// Keeps what columns were taken for in the run that this one updates, where they are read as
    /// the same: a quantity that is whole so far is read as a number.
    pub(crate) fn keep_types_of(&mut self, base: &Self) {
        for feature in &mut self.features {
            let mut features = base.features.iter();
            if let Some(same) = features.find(|other| other.is_like(feature)) {
                feature.column_type = same.column_type.clone();
            }
        }
        for column in &mut self.columns {
            let feature = self.features.iter().find(|other| other.name == column.name);
            let reads = |other: &ColumnSchema| match feature {
                Some(feature) => feature.read_as(),
                None => other.column_type.clone(),
            };
            let mut columns = base.columns.iter();
            let same =
                columns.find(|other| other.name == column.name && reads(other) == reads(column));
            if let Some(same) = same {
                *column = same.clone();
            }
        }
    }

    /// Whether the same rows would give the same models by both runs: how they were read and
    /// trained is the same, whatever files they were in.
    pub(crate) fn is_set_as(&self, other: &Self) -> bool {
        let drawn = |run: &Self| run.holdout.as_ref().map(|holdout| holdout.drawn.clone());
        self.dataset == other.dataset
            && self.features == other.features
            && self.task == other.task
            && self.target_is_integer == other.target_is_integer
            && self.classes == other.classes
            && self.trainer == other.trainer
            && self.min_rows == other.min_rows
            && drawn(self) == drawn(other)
            && (self.importance == other.importance || self.importance.is_none())
    }

    /// Adds classes that models of an earlier run predict, and keeps all in order.
    pub(crate) fn add_classes(&mut self, classes: &[String]) {
        let known: HashSet<String> = self.classes.iter().cloned().collect();
        let new = classes.iter().filter(|class| !known.contains(*class));
        self.classes.extend(new.cloned());
        if self.target_is_integer {
            self.classes
                .sort_by_key(|class| (class.parse::<i64>().map_err(|_| ()), class.clone()));
        } else {
            self.classes.sort();
        }
    }
}

/// How models decide on a class. The settings of the run have the threshold that was asked for, and
/// every model its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DecisionRun {
    /// The class that is predicted from a threshold on.
    pub positive: String,
    /// Models with the threshold that was asked for.
    pub as_asked: u64,
    /// Models with a threshold of 0.5, for the entity's rows held out are all of the positive class
    /// or none is, so that no threshold is the best on them.
    pub by_default: u64,
    /// Models that do not know the positive class, so that they predict the most probable one.
    pub without_positive: u64,
}

/// Rows that were held out, and how good the models are on them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HoldoutRun {
    /// How the rows were drawn.
    pub drawn: Holdout,
    /// The rows of entities with a model.
    pub rows: u64,
    /// The figures of all these entities together.
    pub overall: Overall,
}

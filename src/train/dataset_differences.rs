//! Whether a run has the dataset that a store was trained on.

use crate::error::{DatasetDifference, DatasetPart};
use crate::schema::{Feature, FeatureKind, OnMissing, Task};
use crate::source::DatasetSpec;
use crate::store::Run;
use crate::table::Query;

/// What sets the dataset of a run apart from that of an earlier one; nothing where they are the
/// same. `task` is that of the run, where it is known. How files are written does not matter, and neither does the order of the columns.
pub(super) fn dataset_differences(
    earlier: &Run,
    spec: &DatasetSpec,
    query: &Query,
    task: Option<Task>,
) -> Vec<DatasetDifference> {
    let before = &earlier.dataset;
    let target = |spec: &DatasetSpec, task: Task, is_numeric: bool| {
        let values = match (task, is_numeric) {
            (Task::Regression, _) => "a quantity",
            (Task::Classification, true) => "whole numbers",
            (Task::Classification, false) => "text",
        };
        format!("'{}' ({values})", spec.target)
    };
    // Until its values are read, nothing tells the target from the earlier one.
    let task = task.unwrap_or(earlier.task);
    let (features, earlier_features) = (query.features(), &earlier.features);
    let parts = [
        (DatasetPart::Key, quoted(&spec.key), quoted(&before.key)),
        (
            DatasetPart::Target,
            target(spec, task, query.has_numeric_target()),
            target(before, earlier.task, earlier.target_is_integer),
        ),
        (
            DatasetPart::Features,
            features_beyond(features, earlier_features),
            features_beyond(earlier_features, features),
        ),
        (
            DatasetPart::Weight,
            quoted(spec.weight.as_slice()),
            quoted(before.weight.as_slice()),
        ),
        (
            DatasetPart::Filter,
            quoted(spec.predicate.as_slice()),
            quoted(before.predicate.as_slice()),
        ),
        (
            DatasetPart::Missing,
            quoted(&sorted(&spec.missing)),
            quoted(&sorted(&before.missing)),
        ),
        (
            DatasetPart::OnMissing,
            on_missing(spec).to_owned(),
            on_missing(before).to_owned(),
        ),
        (DatasetPart::Stripping, stripping(spec), stripping(before)),
    ];
    let differences = parts.into_iter().filter(|(_, run, store)| run != store);
    differences
        .map(|(part, run, store)| DatasetDifference { part, run, store })
        .collect()
}

/// The features that are not among others of their like.
fn features_beyond(features: &[Feature], others: &[Feature]) -> String {
    let is_beyond = |feature: &&Feature| {
        let other = others.iter().find(|other| other.name == feature.name);
        !other.is_some_and(|other| feature.is_like(other))
    };
    let beyond = features.iter().filter(is_beyond).map(|feature| {
        let kind = match feature.kind {
            FeatureKind::Numeric => "numeric",
            FeatureKind::Categorical => "categorical",
        };
        format!("'{}' ({kind}, {})", feature.name, feature.column_type)
    });
    listed(beyond.collect())
}

fn on_missing(spec: &DatasetSpec) -> &'static str {
    match spec.on_missing {
        OnMissing::Learn => "kept",
        OnMissing::Drop => "left out",
    }
}

fn stripping(spec: &DatasetSpec) -> String {
    let mut stripped = Vec::new();
    if spec.trim {
        stripped.push("white space".to_owned());
    }
    if spec.strip_label_stop {
        stripped.push("the full stop behind labels".to_owned());
    }
    listed(stripped)
}

fn sorted(texts: &[String]) -> Vec<String> {
    let mut texts = texts.to_vec();
    texts.sort();
    texts
}

fn quoted(texts: &[String]) -> String {
    listed(texts.iter().map(|text| format!("'{text}'")).collect())
}

fn listed(texts: Vec<String>) -> String {
    match texts.is_empty() {
        true => "none".into(),
        false => texts.join(", "),
    }
}

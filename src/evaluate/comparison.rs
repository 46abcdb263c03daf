//! Three ways to predict the same rows, side by side.

use serde::Serialize;

use crate::metrics::DifferenceInterval;
use crate::schema::{Holdout, LeftOut};

/// Three ways to predict the same rows, side by side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Rows trained on.
    pub train_rows: u64,
    /// Rows compared.
    pub test_rows: u64,
    /// Which rows of the input were compared and not trained on; nothing where these came from
    /// another input.
    pub held_out: Option<Holdout>,
    /// Rows left out of the input, or of both, by reason.
    pub left_out: LeftOut,
    /// Rows of another input, or held out, that are the same as rows trained on: the same key,
    /// target and features.
    pub shared_rows: u64,
    /// Rows not compared, because their entity has no model.
    pub rows_without_model: u64,
    /// Entities, sorted by key.
    pub entities: Vec<EntityComparison>,
    /// All rows together.
    pub overall: Strategies,
    /// What it comes to, in a sentence.
    pub verdict: String,
}

/// The comparison on the rows of one entity.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct EntityComparison {
    /// The key.
    pub key: String,
    /// Its rows.
    pub rows: u64,
    /// What each way gives.
    #[serde(flatten)]
    pub strategies: Strategies,
}

/// Three ways to predict the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Strategies {
    /// The entity's most frequent class.
    pub majority: Scores,
    /// One tree for all entities, with the key as a feature.
    pub pooled: Scores,
    /// One tree for each entity.
    pub per_entity: Scores,
    /// The accuracy of one tree for each entity minus that of one tree for all, with its 95 %
    /// interval from paired resamples of the rows.
    pub gain: DifferenceInterval,
}

/// How good one way is. See the fields of the same names of
/// [`ClassificationMetrics`](crate::metrics::ClassificationMetrics).
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Scores {
    /// The share of rows whose class is predicted.
    pub accuracy: Option<f64>,
    /// The F1 of the second of two classes, otherwise the mean over classes.
    pub f1: Option<f64>,
}

/// What a difference comes to, in a sentence.
pub(super) fn verdict(gain: &DifferenceInterval) -> String {
    let points = |share: f64| format!("{:+.2}", share * 100.0);
    let interval = format!(
        "{} percentage points of accuracy, 95 % interval {} to {}",
        points(gain.difference),
        points(gain.low),
        points(gain.high)
    );
    if gain.low > 0.0 {
        format!("Training per entity pays here: {interval} against one pooled tree.")
    } else if gain.high < 0.0 {
        format!(
            "No gain: training per entity does not pay here; one pooled tree is better ({interval})."
        )
    } else {
        format!(
            "A draw: no gain from training per entity is shown here; the difference to one pooled tree may be chance ({interval})."
        )
    }
}

//! Three ways to predict the same rows, side by side.

use serde::Serialize;

use super::strategies::{Scores, Strategies};
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

/// What a comparison comes to, in a sentence.
pub(super) fn verdict(overall: &Strategies) -> String {
    let Some(gain) = &overall.gain else {
        return "No verdict: the errors on these rows are too few or too large to tell one tree for each entity from one pooled tree.".into();
    };
    let difference = match overall.pooled {
        Scores::Classification { .. } => points_of_accuracy(gain),
        Scores::Regression {
            root_mean_squared_error,
            ..
        } => share_of_error(gain, root_mean_squared_error),
    };
    if gain.low > 0.0 {
        format!("Training per entity pays here: {difference} against one pooled tree.")
    } else if gain.high < 0.0 {
        format!(
            "No gain: training per entity does not pay here; one pooled tree is better ({difference})."
        )
    } else {
        format!(
            "A draw: no gain from training per entity is shown here; the difference to one pooled tree may be chance ({difference})."
        )
    }
}

fn points_of_accuracy(gain: &DifferenceInterval) -> String {
    let points = |share: f64| format!("{:+.2}", share * 100.0);
    format!(
        "{} percentage points of accuracy, 95 % interval {} to {}",
        points(gain.difference),
        points(gain.low),
        points(gain.high)
    )
}

/// `pooled` is the root mean squared error of one tree for all. What is less error is a gain, and
/// it is said as what becomes of the error.
fn share_of_error(gain: &DifferenceInterval, pooled: Option<f64>) -> String {
    let whole = pooled.map_or(0.0, |error| error * error);
    let change = |gain: f64| match whole > 0.0 {
        true => format!("{:+.2} %", 0.0 - gain / whole * 100.0),
        false => format!("{:+e}", 0.0 - gain),
    };
    format!(
        "{} mean squared error, 95 % interval {} to {}",
        change(gain.difference),
        change(gain.high),
        change(gain.low)
    )
}

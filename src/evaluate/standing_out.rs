//! Entities that stand out.

use serde::Serialize;

use super::confidence::{DEVIATES, ENOUGH_ROWS};
use super::entity_report::EntityReport;
use crate::metrics::{Metric, Metrics, wilson_interval};

/// Entities that stand out, by each measure.
const STANDING_OUT: usize = 3;

/// An entity whose model is worse than the models are on all rows.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Worst {
    /// The key.
    pub key: String,
    /// Rows of the input.
    pub rows: u64,
    /// How bad its model is.
    #[serde(flatten)]
    pub figures: WorstFigures,
}

/// By what an entity's model is worse. In JSON, just the figures of the one or the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum WorstFigures {
    /// Of classes.
    Classification {
        /// The share of the rows that was predicted.
        accuracy: f64,
        /// The lower end of the accuracy's 95 % interval, after Wilson.
        low: f64,
        /// The upper end.
        high: f64,
    },
    /// Of a quantity.
    Regression {
        /// In the target's units.
        root_mean_squared_error: f64,
        /// That over the root mean squared error of all rows; above 1.
        ratio_to_overall: f64,
    },
}

/// An entity whose groups are far apart.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Gap {
    /// The key.
    pub key: String,
    /// Between its groups with enough rows: the demographic parity difference, or of a quantity the
    /// difference of the mean errors.
    pub difference: f64,
    /// The group that is predicted as positive most often, or of a quantity the one of the highest
    /// mean error.
    pub most: Vec<String>,
    /// The group that is least often, or has the lowest.
    pub least: Vec<String>,
}

/// The entities whose models are worse than all are on all rows, the worst first.
pub(super) fn worst(entities: &[EntityReport], overall: &Metrics) -> Vec<Worst> {
    let metric = Metric::default_of(overall.task());
    let Some(overall) = metric.of(overall) else {
        return Vec::new();
    };
    let enough = entities.iter().filter(|entity| entity.rows >= ENOUGH_ROWS);
    let mut losses: Vec<(f64, &EntityReport)> = enough
        .filter_map(|entity| {
            let value = metric.of(entity.metrics.as_ref()?)?;
            Some((metric.loss(overall, value), entity))
        })
        .filter(|(loss, _)| *loss > 0.0)
        .collect();
    losses.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let worst = losses.into_iter().take(STANDING_OUT);
    worst
        .filter_map(|(_, entity)| {
            Some(Worst {
                key: entity.key.clone(),
                rows: entity.rows,
                figures: figures(entity, overall)?,
            })
        })
        .collect()
}

/// `overall` is the accuracy or the root mean squared error of all rows.
fn figures(entity: &EntityReport, overall: f64) -> Option<WorstFigures> {
    match entity.metrics.as_ref()? {
        Metrics::Classification(metrics) => {
            let confusion = entity.confusion.as_ref()?;
            let (low, high) = wilson_interval(confusion.correct(), confusion.total(), DEVIATES);
            Some(WorstFigures::Classification {
                accuracy: metrics.accuracy?,
                low,
                high,
            })
        }
        Metrics::Regression(metrics) => {
            let error = metrics.root_mean_squared_error?;
            Some(WorstFigures::Regression {
                root_mean_squared_error: error,
                ratio_to_overall: error / overall,
            })
        }
    }
}

/// The entities whose groups are farthest apart.
pub(super) fn largest_gaps(entities: &[EntityReport]) -> Vec<Gap> {
    let mut gaps: Vec<Gap> = entities
        .iter()
        .filter_map(|entity| {
            let (most, least) = entity.fairness.as_ref()?.extremes()?;
            Some(Gap {
                key: entity.key.clone(),
                difference: most.level()? - least.level()?,
                most: most.values.clone(),
                least: least.values.clone(),
            })
        })
        .filter(|gap| gap.difference > 0.0)
        .collect();
    gaps.sort_by(|a, b| b.difference.total_cmp(&a.difference));
    gaps.truncate(STANDING_OUT);
    gaps
}

//! How much features matter, as `inspect --importance` prints it.

use per_entity::schema::{Feature, ImportanceKind};
use per_entity::store::Store;
use serde_json::{Value, json};

use super::error::CliError;
use super::output::grouped;
use super::table::table;

/// The importances of the features of a run, most important first.
pub struct ImportanceView {
    kind: ImportanceKind,
    /// Nothing where they are averages.
    key: Option<String>,
    /// The entities whose importances are known.
    entities: u64,
    /// Each feature with its importance; or with the mean over entities, and that weighted by rows.
    features: Vec<(String, Vec<f64>)>,
}

impl ImportanceView {
    /// Averages over all entities of a store.
    pub fn of_all(store: &Store) -> Result<Self, CliError> {
        let importances = store.importances()?;
        let means = [importances.mean, importances.weighted_mean];
        let means: Vec<Vec<f64>> = means.into_iter().flatten().collect();
        Ok(Self {
            kind: importances.kind,
            key: None,
            entities: importances.entities,
            features: ranked(&store.generation().run.features, &means),
        })
    }

    /// Those of one entity.
    pub fn of_entity(store: &Store, key: &str) -> Result<Self, CliError> {
        let importances: Vec<Vec<f64>> = store.importances_of(key)?.into_iter().collect();
        Ok(Self {
            kind: store.importance_kind(),
            key: Some(key.to_owned()),
            entities: importances.len() as u64,
            features: ranked(&store.generation().run.features, &importances),
        })
    }

    pub fn json(&self) -> Value {
        let features = self.features.iter().map(|(feature, numbers)| {
            let number = |position: usize| numbers.get(position);
            match self.key {
                Some(_) => json!({ "feature": feature, "value": number(0) }),
                None => {
                    json!({ "feature": feature, "mean": number(0), "weighted_mean": number(1) })
                }
            }
        });
        let features: Vec<Value> = features.collect();
        match &self.key {
            Some(key) => json!({ "key": key, "importance": self.kind, "features": features }),
            None => json!({
                "importance": self.kind,
                "entities": self.entities,
                "features": features,
            }),
        }
    }

    pub fn text(&self) -> String {
        let header: &[&str] = match self.key {
            Some(_) => &["feature", "importance"],
            None => &["feature", "mean importance", "weighted by rows"],
        };
        let rows = self.features.iter().map(|(feature, numbers)| {
            let numbers = numbers.iter().map(|number| rounded(*number));
            let mut row: Vec<String> = [feature.clone()].into_iter().chain(numbers).collect();
            row.resize(header.len(), String::new());
            row
        });
        let text = table(header, rows);
        let of = match &self.key {
            Some(key) => format!("of entity '{key}'"),
            None => format!("of {} entities", grouped(self.entities)),
        };
        let by = match self.kind {
            ImportanceKind::Impurity => "shares in the decrease of impurity by the splits",
            ImportanceKind::Permutation => {
                "increases of the loss on the rows held out where a feature's values are shuffled"
            }
        };
        format!("{text}\n\n{of}: {by}")
    }
}

/// An importance by permutation may be of any size; that of a feature that tells nothing is 0 or a
/// little below.
fn rounded(number: f64) -> String {
    match number != 0.0 && number.abs() < 0.00005 || number.abs() >= 1e6 {
        true => format!("{number:.3e}"),
        false => format!("{number:.4}"),
    }
}

/// The features with their numbers, by the first of these, the largest first.
fn ranked(features: &[Feature], columns: &[Vec<f64>]) -> Vec<(String, Vec<f64>)> {
    let numbers = |feature: usize| columns.iter().map(|column| column[feature]).collect();
    let features = features.iter().enumerate();
    let mut ranked: Vec<(String, Vec<f64>)> = features
        .map(|(position, feature)| (feature.name.clone(), numbers(position)))
        .collect();
    if !columns.is_empty() {
        ranked.sort_by(|(_, one), (_, other)| other[0].total_cmp(&one[0]));
    }
    ranked
}

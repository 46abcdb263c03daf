//! How much the features of a store's models matter.

use super::record::EntityRecord;
use super::store::Store;
use crate::error::Result;
use crate::schema::ImportanceKind;

/// How much each feature of a run matters, averaged over its entities.
#[derive(Clone, Debug, PartialEq)]
pub struct Importances {
    /// How they were found.
    pub kind: ImportanceKind,
    /// The entities whose importances are known.
    pub entities: u64,
    /// By feature of the run: the mean over these entities. Nothing without any.
    pub mean: Option<Vec<f64>>,
    /// By feature of the run: the mean over them, weighted by their rows.
    pub weighted_mean: Option<Vec<f64>>,
}

/// Models that are decoded at a time.
const DECODED_TOGETHER: usize = 1 << 14;

impl Store {
    /// How much each feature matters, averaged over all entities with a model: as the run noted it,
    /// and where it did not, by impurity, for which all models are read.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`](crate::error::StoreError::Damaged) for a table or a model that is
    /// damaged.
    pub fn importances(&self) -> Result<Importances> {
        let features = self.generation().run.features.len();
        let mut sums = Sums::new(features);
        let mut records = self.records()?;
        records.retain(|record| record.summary.is_some());
        match self.generation().run.importance {
            Some(_) => {
                for record in &records {
                    if let Some(importance) = self.noted(record)? {
                        sums.add(&importance, record.rows);
                    }
                }
            }
            None => {
                records.sort_by(|one, other| one.place().cmp(&other.place()));
                for records in records.chunks(DECODED_TOGETHER) {
                    let records: Vec<&EntityRecord> = records.iter().collect();
                    for (record, importance) in records.iter().zip(self.by_impurity(&records)) {
                        sums.add(&importance?, record.rows);
                    }
                }
            }
        }
        Ok(sums.averaged(self.importance_kind()))
    }

    /// How much each feature of the run matters to the model of one entity: as the run noted it,
    /// and where it did not, by impurity. Nothing where it noted that of others, but none of this.
    ///
    /// # Errors
    ///
    /// As [`model`](Self::model).
    pub fn importances_of(&self, key: &str) -> Result<Option<Vec<f64>>> {
        let record = self.record(key)?;
        match self.generation().run.importance {
            Some(_) if record.summary.is_some() => self.noted(&record),
            _ => {
                let model = self.model_of(&record)?;
                let features = self.generation().run.features.iter();
                let names = features.map(|feature| feature.name.as_str());
                Ok(Some(model.importances_among(&model.importances(), names)))
            }
        }
    }

    /// How the importances of this store are found.
    pub fn importance_kind(&self) -> ImportanceKind {
        let noted = self.generation().run.importance;
        noted.unwrap_or(ImportanceKind::Impurity)
    }

    fn noted(&self, record: &EntityRecord) -> Result<Option<Vec<f64>>> {
        let Some(importance) = &record.importance else {
            return Ok(None);
        };
        let features = self.generation().run.features.len();
        if importance.len() != features {
            let problem = format!(
                "has {} importances of entity '{}' for {features} features; train again",
                importance.len(),
                record.key
            );
            return Err(self.damaged_file(&self.generation().entities_file.name, problem));
        }
        Ok(Some(
            importance.iter().map(|&number| number.into()).collect(),
        ))
    }
}

/// Sums over entities, by feature.
struct Sums {
    entities: u64,
    rows: f64,
    sum: Vec<f64>,
    weighted: Vec<f64>,
}

impl Sums {
    fn new(features: usize) -> Self {
        Self {
            entities: 0,
            rows: 0.0,
            sum: vec![0.0; features],
            weighted: vec![0.0; features],
        }
    }

    fn add(&mut self, importance: &[f64], rows: u64) {
        self.entities += 1;
        self.rows += rows as f64;
        let sums = self.sum.iter_mut().zip(&mut self.weighted);
        for ((sum, weighted), number) in sums.zip(importance) {
            *sum += number;
            *weighted += number * rows as f64;
        }
    }

    fn averaged(self, kind: ImportanceKind) -> Importances {
        let mean = |sums: Vec<f64>, count: f64| {
            let mean = || sums.iter().map(|sum| sum / count).collect();
            (count > 0.0).then(mean)
        };
        Importances {
            kind,
            entities: self.entities,
            mean: mean(self.sum, self.entities as f64),
            weighted_mean: mean(self.weighted, self.rows),
        }
    }
}

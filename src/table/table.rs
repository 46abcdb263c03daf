//! The collected table, sorted by entity, so that an entity is a slice of every column.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use rayon::prelude::*;

use super::collector::{Collected, Collector};
use super::column::Column;
use super::dictionary::Dictionary;
use super::entities::Entities;
use super::query::Query;
use super::target::Target;
use super::task_choice::TaskChoice;
use crate::codes::{Codes, Order, marked};
use crate::error::Result;
use crate::schema::{ColumnType, Feature, FeatureKind, LeftOut, Task, TaskReason, key_prefix};

/// All rows that are to be trained on or evaluated, sorted by entity.
#[derive(Clone, Debug)]
pub struct Table {
    pub(super) features: Vec<Feature>,
    pub(super) columns: Vec<Column>,
    carried: Vec<Column>,
    pub(super) target: Target,
    task_reason: TaskReason,
    pub(super) weights: Option<Vec<f64>>,
    pub(super) keys: Vec<String>,
    /// Where the rows of each entity begin, and where those of the last end.
    pub(super) offsets: Vec<usize>,
    pub(super) left_out: LeftOut,
    /// Rows left out by their key.
    dropped: Arc<HashMap<String, u64>>,
    pub(super) rows_read: u64,
}

impl Table {
    /// Sorts what a query yielded; `rows_read` are those of the input.
    ///
    /// # Errors
    ///
    /// [`SpecError::FractionalClass`](crate::error::SpecError::FractionalClass).
    pub(super) fn sort(query: &Query, collector: Collector, rows_read: u64) -> Result<Self> {
        let Collector {
            columns,
            rows,
            mut filter,
            ..
        } = collector;
        let mut columns = columns.into_iter();
        let keys: Vec<Dictionary> = columns
            .by_ref()
            .take(query.key.len())
            .map(Dictionary::of)
            .collect();
        let entities = Entities::of(keys, rows);
        let target = columns.next();
        let (task, task_reason) = TaskChoice::of(query, target.as_ref()).decide(query)?;
        let target = Target::sort(target, task, &entities.order);
        let weights = query
            .weight
            .as_ref()
            .and_then(|_| columns.next())
            .and_then(|column| match column {
                Collected::Quantities(weights) => {
                    Some(entities.order.scatter(&weights, |weight| weight))
                }
                _ => None,
            });
        let columns: Vec<Collected> = columns.collect();
        let mut columns: Vec<Column> = columns
            .into_par_iter()
            .with_max_len(1)
            .map(|column| match column {
                Collected::Numbers(numbers) => Column::Numbers(numbers.scatter(&entities.order)),
                other => {
                    let (codes, dictionary) = Dictionary::of(other).scatter(&entities.order);
                    Column::Categories { codes, dictionary }
                }
            })
            .collect();
        let carried = columns.split_off(query.features.len());
        Ok(Self {
            features: query.features.clone(),
            columns,
            carried,
            target,
            task_reason,
            weights,
            offsets: entities.offsets,
            dropped: filter.dropped().into(),
            left_out: LeftOut {
                columns: filter.columns(),
                ..filter.left_out
            },
            keys: entities.keys,
            rows_read,
        })
    }

    /// The features, in the order of the columns.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The target of every row.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Whether the target is classes or a quantity.
    pub fn task(&self) -> Task {
        self.target.task()
    }

    /// Why the target is taken for that.
    pub fn task_reason(&self) -> &TaskReason {
        &self.task_reason
    }

    /// The classes of the target over all entities, see [`Target::classes`].
    pub fn classes(&self) -> &[String] {
        self.target.classes()
    }

    /// Features that look like identifiers, how many values they have, and in how many rows: nearly
    /// as many categories as there are rows, or a different whole number in each row that is looked
    /// at.
    pub(crate) fn nearly_unique(&self) -> Vec<(&str, u64, u64)> {
        const FEW_ROWS: usize = 100;
        const MANY_ROWS: usize = 10_000;
        let rows = self.rows();
        if rows < FEW_ROWS {
            return Vec::new();
        }
        let columns = self.features.iter().zip(&self.columns);
        let unique = columns.filter_map(|(feature, column)| {
            let (distinct, rows) = match column {
                Column::Categories { dictionary, .. } => (dictionary.len(), rows),
                Column::Numbers(numbers) if feature.column_type == ColumnType::Whole => {
                    let looked_at = rows.min(MANY_ROWS);
                    (numbers.different(looked_at), looked_at)
                }
                Column::Numbers(_) => return None,
            };
            let is_unique = match column {
                Column::Categories { .. } => distinct > rows - rows / 10,
                Column::Numbers(_) => distinct == rows,
            };
            is_unique.then_some((feature.name.as_str(), distinct as u64, rows as u64))
        });
        unique.collect()
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.target.len()
    }

    /// Number of rows that the input has, those left out included.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Rows left out, by reason.
    pub fn left_out(&self) -> &LeftOut {
        &self.left_out
    }

    /// Rows left out by the key that they have; rows without one aside.
    pub fn left_out_by_key(&self) -> &HashMap<String, u64> {
        &self.dropped
    }

    /// Number of entities.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no entities.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The columns of the features.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The columns carried along, as the query named them.
    pub fn carried(&self) -> &[Column] {
        &self.carried
    }

    /// The rows of each entity.
    pub(super) fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.offsets.windows(2).map(|bounds| bounds[0]..bounds[1])
    }

    /// The rows that are marked. All entities and dictionaries stay, so that an entity has the
    /// same position in every part of a table; it may have no rows.
    ///
    /// # Panics
    ///
    /// If there is not one mark for each row.
    #[must_use]
    pub fn filter(&self, keep: &[bool]) -> Self {
        assert_eq!(keep.len(), self.rows(), "one mark for each row");
        let filter = |columns: &[Column]| columns.iter().map(|c| c.filter(keep)).collect();
        let mut offsets = vec![0];
        let mut rows = 0;
        for range in self.ranges() {
            rows += keep[range].iter().filter(|keep| **keep).count();
            offsets.push(rows);
        }
        Self {
            features: self.features.clone(),
            columns: filter(&self.columns),
            carried: filter(&self.carried),
            target: self.target.filter(keep),
            task_reason: self.task_reason.clone(),
            weights: self.weights.as_ref().map(|weights| marked(weights, keep)),
            keys: self.keys.clone(),
            offsets,
            left_out: self.left_out.clone(),
            dropped: self.dropped.clone(),
            rows_read: self.rows_read,
        }
    }

    /// Moves the rows, each within its entity.
    pub(super) fn reorder(&mut self, order: &Order) {
        let columns = self.columns.iter_mut().chain(&mut self.carried);
        columns.for_each(|column| *column = column.reordered(order));
        self.target = self.target.reordered(order);
        if let Some(weights) = &mut self.weights {
            *weights = order.scatter(weights, |weight| weight);
        }
    }

    /// The same rows with their targets among these classes, which have the table's own in the
    /// same order.
    pub(crate) fn among(mut self, classes: &Arc<[String]>) -> Self {
        self.target = self.target.among(classes);
        self
    }

    /// The same rows in the same order as one entity without a name, whose last feature is the
    /// key, under the name `key`.
    #[must_use]
    pub fn pooled(&self, key: &str) -> Self {
        let rows = self.rows();
        let mut pooled = self.clone().with_key(key);
        pooled.keys = vec![String::new()];
        pooled.offsets = vec![0, rows];
        pooled
    }

    /// The same rows of the same entities, whose last feature is the key, under the name `key`.
    #[must_use]
    pub(crate) fn with_key(mut self, key: &str) -> Self {
        let mut sorted: Vec<usize> = (0..self.len()).collect();
        sorted.sort_unstable_by_key(|&entity| &self.keys[entity]);
        let mut positions = vec![0; self.len()];
        for (position, &entity) in sorted.iter().enumerate() {
            positions[entity] = position as u32;
        }
        let mut codes = Codes::default();
        let largest = self.len().saturating_sub(1) as u32;
        for (range, &position) in self.ranges().zip(&positions) {
            codes.extend(std::iter::repeat_n(position, range.len()), largest);
        }
        let dictionary = sorted.iter().map(|&entity| self.keys[entity].clone());
        self.columns.push(Column::Categories {
            codes,
            dictionary: dictionary.collect(),
        });
        self.features.push(Feature {
            name: key.to_owned(),
            kind: FeatureKind::Categorical,
            column_type: ColumnType::Text,
        });
        self
    }

    /// The same rows in the same order, with one entity for all those whose keys have the same
    /// first values.
    #[must_use]
    pub(crate) fn by_first_values(mut self, values: usize) -> Self {
        let mut keys: Vec<String> = Vec::new();
        let mut offsets = vec![0];
        for (key, range) in self.keys.iter().zip(self.ranges()) {
            let prefix = key_prefix(key, values);
            if keys.last().is_none_or(|last| last != prefix) {
                keys.push(prefix.to_owned());
                offsets.push(range.end);
            }
            if let Some(end) = offsets.last_mut() {
                *end = range.end;
            }
        }
        self.keys = keys;
        self.offsets = offsets;
        self
    }
}

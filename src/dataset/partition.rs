//! The collected table, sorted by entity, so that an entity is a slice of every column.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use polars::prelude::*;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::collector::{Collected, Collector};
use super::key::key_text;
use super::query::Feature;
use super::{DatasetSpec, Numbers, Query, Source};
use crate::codes::{Codes, Order, marked};
use crate::schema::FeatureKind;
use crate::{Error, Result, guarded};

/// Why a row was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WhyLeftOut {
    /// The wrong number of fields.
    Ragged,
    /// The predicate does not hold.
    Filter,
    /// A key column is null.
    NullKey,
    /// The target is null.
    NullTarget,
    /// The weight is null or outside of [`SAMPLE_WEIGHTS`](crate::schema::SAMPLE_WEIGHTS).
    BadWeight,
    /// A feature is missing.
    MissingValue,
    /// A numeric feature is infinite or not a number.
    NotFinite,
}

/// Rows left out, by reason; each row counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    /// Rows with the wrong number of fields.
    pub ragged: u64,
    /// Rows for which the predicate does not hold.
    pub filter: u64,
    /// Rows without a key.
    pub null_key: u64,
    /// Rows without a target.
    pub null_target: u64,
    /// Rows whose weight is null or outside of [`SAMPLE_WEIGHTS`](crate::schema::SAMPLE_WEIGHTS).
    pub bad_weight: u64,
    /// Rows with a missing feature.
    pub missing_value: u64,
    /// Rows with an infinite feature or one that is not a number.
    pub not_finite: u64,
}

impl LeftOut {
    pub(super) fn add(&mut self, reason: WhyLeftOut, rows: u64) {
        *match reason {
            WhyLeftOut::Ragged => &mut self.ragged,
            WhyLeftOut::Filter => &mut self.filter,
            WhyLeftOut::NullKey => &mut self.null_key,
            WhyLeftOut::NullTarget => &mut self.null_target,
            WhyLeftOut::BadWeight => &mut self.bad_weight,
            WhyLeftOut::MissingValue => &mut self.missing_value,
            WhyLeftOut::NotFinite => &mut self.not_finite,
        } += rows;
    }

    /// Each reason in words, and its rows.
    pub fn reasons(&self) -> [(&'static str, u64); 7] {
        [
            ("wrong number of fields", self.ragged),
            ("filter", self.filter),
            ("null key", self.null_key),
            ("null target", self.null_target),
            ("weight not from 1e-100 to 1e100", self.bad_weight),
            ("missing value", self.missing_value),
            ("number not finite", self.not_finite),
        ]
    }

    /// All rows left out.
    pub fn total(&self) -> u64 {
        self.reasons().iter().map(|(_, rows)| rows).sum()
    }

    /// Why rows are left out, and how many for each reason, in words.
    pub fn describe(&self) -> String {
        let parts: Vec<String> = self
            .reasons()
            .iter()
            .filter(|(_, rows)| *rows > 0)
            .map(|(reason, rows)| format!("{rows} left out: {reason}"))
            .collect();
        if parts.is_empty() {
            "the input has none".to_owned()
        } else {
            parts.join(", ")
        }
    }
}

/// One column of the table.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// Codes into a dictionary whose texts are sorted.
    Categories {
        /// One code per row.
        codes: Codes,
        /// What the codes stand for.
        dictionary: Arc<[String]>,
    },
    /// Finite numbers.
    Numbers(Numbers),
}

impl Column {
    fn filter(&self, keep: &[bool]) -> Self {
        match self {
            Column::Numbers(numbers) => Column::Numbers(numbers.filter(keep)),
            Column::Categories { codes, dictionary } => Column::Categories {
                codes: codes.filter(keep),
                dictionary: dictionary.clone(),
            },
        }
    }
}

/// All rows that are to be trained on or evaluated, sorted by entity.
#[derive(Clone, Debug)]
pub struct Table {
    features: Vec<Feature>,
    columns: Vec<Column>,
    carried: Vec<Column>,
    labels: Codes,
    classes: Arc<[String]>,
    weights: Option<Vec<f64>>,
    keys: Vec<String>,
    offsets: Vec<usize>,
    left_out: LeftOut,
    rows_read: u64,
}

/// The rows of one entity, as slices of the table's columns.
#[derive(Clone, Copy, Debug)]
pub struct Partition<'a> {
    table: &'a Table,
    entity: usize,
}

impl Table {
    /// Runs the query of a specification on a source, and sorts what it yields.
    ///
    /// # Errors
    ///
    /// Those of [`Query::new`]; [`Error::NotANumber`] for text in a numeric column;
    /// [`Error::NoRows`] where nothing is left; [`Error::Interrupted`] when `interrupt` was set.
    pub fn load(source: &Source, spec: &DatasetSpec, interrupt: &Arc<AtomicBool>) -> Result<Self> {
        Self::load_query(source, &Query::new(source, spec)?, spec, interrupt)
    }

    /// Runs a query of a source that was made for this specification, and sorts what it yields.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn load_query(
        source: &Source,
        query: &Query,
        spec: &DatasetSpec,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Self> {
        Self::collect_source(source, query, interrupt)
            .map_err(|error| source.locate(error, &query.numeric_columns(), spec))
    }

    fn collect_source(source: &Source, query: &Query, interrupt: &Arc<AtomicBool>) -> Result<Self> {
        let ragged = source.ragged();
        let rows = source.known_rows().map(|rows| rows - ragged);
        let mut table = Self::run(query, rows, interrupt)?;
        table.left_out.ragged = ragged;
        table.rows_read += ragged;
        table.checked()
    }

    /// Runs a query, and sorts what it yields.
    ///
    /// # Errors
    ///
    /// As [`load`](Self::load).
    pub fn collect(query: &Query, interrupt: &Arc<AtomicBool>) -> Result<Self> {
        Self::run(query, None, interrupt)?.checked()
    }

    fn checked(self) -> Result<Self> {
        if self.rows() == 0 {
            return Err(Error::NoRows(self.left_out.describe()));
        }
        Ok(self)
    }

    /// `rows` are those before the filter, where they are known.
    pub(super) fn run(
        query: &Query,
        rows: Option<u64>,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Self> {
        let collector = Arc::new(Mutex::new(Collector::new(query, interrupt.clone())));
        let sink = collector.clone();
        let take = move |batch: DataFrame| {
            let mut collector = sink
                .lock()
                .map_err(|_| polars_err!(ComputeError: "a batch could not be taken in"))?;
            collector.take(batch)
        };
        let frame = query.frame.clone();
        guarded(|| {
            frame
                .sink_batches(PlanCallback::new(take), true, BATCH_ROWS.try_into().ok())?
                .collect_with_engine(Engine::Streaming)
        })
        .map_err(Error::polars("cannot read the input"))?;
        if interrupt.load(std::sync::atomic::Ordering::Relaxed) {
            return Err(Error::Interrupted);
        }
        let mut collector = collector
            .lock()
            .map_err(|_| Error::Spec("a batch could not be taken in".into()))?;
        let passed = collector.rows as u64 + collector.sieve.left_out.total();
        let rows = rows_before_filter(query, rows, passed)?;
        collector.sieve.left_out.filter = rows - passed;
        let mut table = Self::sort(query, &mut collector);
        table.rows_read = rows;
        Ok(table)
    }

    fn sort(query: &Query, collector: &mut Collector) -> Self {
        let rows = collector.rows;
        let mut columns = std::mem::take(&mut collector.columns).into_iter();
        let keys: Vec<Dictionary> = columns
            .by_ref()
            .take(query.key.len())
            .map(Dictionary::of)
            .collect();
        let entities = Entities::of(keys, rows);
        let labels = columns.next().map(Dictionary::of).unwrap_or_default();
        let (labels, classes) = labels.scatter(&entities.order);
        let weights = query
            .weight
            .as_ref()
            .and_then(|_| columns.next())
            .and_then(|column| match column {
                Collected::Weights(weights) => {
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
        Self {
            features: query.features.clone(),
            columns,
            carried,
            labels,
            classes,
            weights,
            keys: entities.keys,
            offsets: entities.offsets,
            left_out: collector.sieve.left_out,
            rows_read: 0,
        }
    }

    /// The features, in the order of the columns.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// The classes of the target over all entities, in their order: whole numbers by value, text
    /// by its bytes.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.labels.len()
    }

    /// Number of rows that the input has, those left out included.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    /// Rows left out, by reason.
    pub fn left_out(&self) -> LeftOut {
        self.left_out
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

    /// The target of every row, as positions in [`classes`](Self::classes).
    pub fn labels(&self) -> &Codes {
        &self.labels
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
        for partition in self.partitions() {
            rows += keep[partition.range()].iter().filter(|keep| **keep).count();
            offsets.push(rows);
        }
        Self {
            features: self.features.clone(),
            columns: filter(&self.columns),
            carried: filter(&self.carried),
            labels: self.labels.filter(keep),
            classes: self.classes.clone(),
            weights: self.weights.as_ref().map(|weights| marked(weights, keep)),
            keys: self.keys.clone(),
            offsets,
            left_out: self.left_out,
            rows_read: self.rows_read,
        }
    }

    /// The same rows with their targets among these classes, which have the table's own in the
    /// same order.
    pub(super) fn among(mut self, classes: &Arc<[String]>) -> Self {
        let mut places = self.classes.iter().map(|own| {
            let place = classes.iter().position(|class| class == own);
            place.unwrap_or_default() as u32
        });
        let places: Vec<u32> = places.by_ref().collect();
        self.labels = self.labels.scatter(&places, classes.len(), &Order::Sorted);
        self.classes = classes.clone();
        self
    }

    /// The same rows in the same order as one entity without a name, whose last feature is the
    /// key, under the name `key`.
    #[must_use]
    pub fn pooled(&self, key: &str) -> Self {
        let mut sorted: Vec<usize> = (0..self.len()).collect();
        sorted.sort_unstable_by_key(|&entity| &self.keys[entity]);
        let mut positions = vec![0; self.len()];
        for (position, &entity) in sorted.iter().enumerate() {
            positions[entity] = position as u32;
        }
        let mut codes = Codes::default();
        let largest = self.len().saturating_sub(1) as u32;
        for (partition, &position) in self.partitions().zip(&positions) {
            codes.extend(std::iter::repeat_n(position, partition.rows()), largest);
        }
        let dictionary = sorted.iter().map(|&entity| self.keys[entity].clone());
        let mut pooled = self.clone();
        pooled.columns.push(Column::Categories {
            codes,
            dictionary: dictionary.collect(),
        });
        pooled.features.push(Feature {
            name: key.to_owned(),
            kind: FeatureKind::Categorical,
            dtype: "str".into(),
        });
        pooled.keys = vec![String::new()];
        pooled.offsets = vec![0, self.rows()];
        pooled
    }

    /// The rows of one entity. Entities are sorted by key.
    ///
    /// # Panics
    ///
    /// If `entity` is not below [`len`](Self::len).
    pub fn partition(&self, entity: usize) -> Partition<'_> {
        assert!(entity < self.len(), "no entity {entity}");
        Partition {
            table: self,
            entity,
        }
    }

    /// All entities, sorted by key.
    pub fn partitions(&self) -> impl ExactSizeIterator<Item = Partition<'_>> {
        (0..self.len()).map(|entity| self.partition(entity))
    }
}

impl<'a> Partition<'a> {
    /// The entity's key as text; the values of a composite key as one CSV record (RFC 4180).
    pub fn key(&self) -> &'a str {
        &self.table.keys[self.entity]
    }

    /// The entity's position in the table.
    pub fn entity(&self) -> usize {
        self.entity
    }

    /// The entity's rows in the table.
    pub fn range(&self) -> Range<usize> {
        self.table.offsets[self.entity]..self.table.offsets[self.entity + 1]
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.range().len()
    }

    /// The features and their columns; the entity's rows are those of [`range`](Self::range).
    pub fn features(&self) -> impl ExactSizeIterator<Item = (&'a Feature, &'a Column)> {
        self.table.features.iter().zip(&self.table.columns)
    }

    /// The target of every row of the table, as positions in [`classes`](Self::classes).
    pub fn labels(&self) -> &'a Codes {
        &self.table.labels
    }

    /// The classes of the target over all entities.
    pub fn classes(&self) -> &'a [String] {
        &self.table.classes
    }

    /// The sample weights of the entity's rows.
    pub fn weights(&self) -> Option<&'a [f64]> {
        let weights = self.table.weights.as_deref()?;
        Some(&weights[self.range()])
    }
}

/// Rows of one batch: enough to share its columns among threads, few enough to stay small.
pub(super) const BATCH_ROWS: usize = 1 << 18;

/// All rows of the input, `passed` of which passed the filter; `rows` where they are known.
pub(super) fn rows_before_filter(query: &Query, rows: Option<u64>, passed: u64) -> Result<u64> {
    let rows = match (rows, &query.unfiltered) {
        (Some(rows), _) => rows,
        (None, Some(unfiltered)) => count(unfiltered)?,
        (None, None) => passed,
    };
    let filtered = query.predicate && rows >= passed;
    if rows != passed && !filtered {
        return Err(Error::Spec(format!(
            "the input has {rows} rows, but {passed} were read; this is a defect of the reader, so nothing is trained"
        )));
    }
    Ok(rows)
}

pub(super) fn count(frame: &LazyFrame) -> Result<u64> {
    let context = "cannot count the rows of the input";
    guarded(|| frame.clone().collect_with_engine(Engine::Streaming))
        .and_then(|result| result.unwrap_single().columns()[0].cast(&DataType::UInt64))
        .and_then(|column| Ok(column.u64()?.get(0).unwrap_or(0)))
        .map_err(Error::polars(context))
}

/// A discrete column: raw codes, and for each of them its place among the sorted texts.
#[derive(Default)]
struct Dictionary {
    codes: Codes,
    /// The sorted position of each raw code.
    positions: Vec<u32>,
    texts: Vec<String>,
}

impl Dictionary {
    fn of(column: Collected) -> Self {
        match column {
            Collected::Text { codes, mapping } => Self::of_text(codes, mapping.as_deref()),
            Collected::Integers(values) => Self::of_integers(&values),
            Collected::Numbers(_) | Collected::Weights(_) => Self::default(),
        }
    }

    fn of_text(codes: Codes, mapping: Option<&CategoricalMapping>) -> Self {
        let bound = mapping.map_or(0, CategoricalMapping::num_cats_upper_bound);
        let mut present = vec![false; bound];
        for row in 0..codes.len() {
            present[codes.get(row) as usize] = true;
        }
        let text = |code: u32| mapping.and_then(|m| m.cat_to_str(code)).unwrap_or_default();
        let mut sorted: Vec<u32> = (0..bound as u32)
            .filter(|&code| present[code as usize])
            .collect();
        sorted.sort_unstable_by_key(|&code| text(code));
        let mut positions = vec![0; bound];
        for (position, &code) in sorted.iter().enumerate() {
            positions[code as usize] = position as u32;
        }
        Self {
            codes,
            positions,
            texts: sorted
                .into_iter()
                .map(|code| text(code).to_owned())
                .collect(),
        }
    }

    fn of_integers(values: &[i64]) -> Self {
        let mut distinct = distinct_integers(values);
        let mut codes = Codes::default();
        let largest = distinct.len().saturating_sub(1) as u32;
        match dense_positions(&distinct) {
            Some((low, positions)) => {
                codes.extend(
                    values.iter().map(|value| positions[(value - low) as usize]),
                    largest,
                );
            }
            None => {
                let position = |value: &i64| distinct.partition_point(|other| other < value) as u32;
                codes.extend(values.iter().map(position), largest);
            }
        }
        Self {
            codes,
            positions: (0..distinct.len() as u32).collect(),
            texts: distinct.drain(..).map(|value| value.to_string()).collect(),
        }
    }

    fn scatter(self, order: &Order) -> (Codes, Arc<[String]>) {
        let codes = self.codes.scatter(&self.positions, self.texts.len(), order);
        (codes, self.texts.into())
    }
}

/// A range of integers may have this many gaps per value and still be looked up in a table.
const TABLE_GAPS: i128 = 8;

fn distinct_integers(values: &[i64]) -> Vec<i64> {
    let (Some(&low), Some(&high)) = (values.iter().min(), values.iter().max()) else {
        return Vec::new();
    };
    let range = i128::from(high) - i128::from(low) + 1;
    if range <= TABLE_GAPS * values.len() as i128 {
        let mut present = vec![false; range as usize];
        for value in values {
            present[(value - low) as usize] = true;
        }
        let values = present.iter().zip(low..).filter(|(present, _)| **present);
        return values.map(|(_, value)| value).collect();
    }
    let mut distinct = values.to_vec();
    distinct.par_sort_unstable();
    distinct.dedup();
    distinct
}

/// The lowest of the sorted `distinct` values, and the position of each value above it.
fn dense_positions(distinct: &[i64]) -> Option<(i64, Vec<u32>)> {
    let (&low, &high) = (distinct.first()?, distinct.last()?);
    let range = i128::from(high) - i128::from(low) + 1;
    if range > TABLE_GAPS * distinct.len() as i128 + 1024 {
        return None;
    }
    let mut positions = vec![0; range as usize];
    for (position, value) in distinct.iter().enumerate() {
        positions[(value - low) as usize] = position as u32;
    }
    Some((low, positions))
}

/// The entities of the table: their keys in order, their rows, and how rows get there.
struct Entities {
    keys: Vec<String>,
    offsets: Vec<usize>,
    order: Order,
}

impl Entities {
    fn of(keys: Vec<Dictionary>, rows: usize) -> Self {
        let (entity_of_row, keys) = Self::number(keys, rows);
        let mut offsets = vec![0usize; keys.len() + 1];
        let mut sorted = true;
        let mut last = 0;
        for &entity in &entity_of_row {
            offsets[entity as usize + 1] += 1;
            sorted &= entity >= last;
            last = entity;
        }
        for entity in 0..keys.len() {
            offsets[entity + 1] += offsets[entity];
        }
        let order = if sorted {
            Order::Sorted
        } else {
            let mut next: Vec<u32> = offsets.iter().map(|&offset| offset as u32).collect();
            let mut destinations = entity_of_row;
            for row in &mut destinations {
                let destination = &mut next[*row as usize];
                *row = *destination;
                *destination += 1;
            }
            Order::Moved(destinations)
        };
        Self {
            keys,
            offsets,
            order,
        }
    }

    /// The entity of every row, and the keys in the order of the entities.
    fn number(keys: Vec<Dictionary>, rows: usize) -> (Vec<u32>, Vec<String>) {
        let mut combined: Vec<u64> = vec![0; rows];
        if let [key] = keys.as_slice() {
            let entities = (0..rows).map(|row| key.positions[key.codes.get(row) as usize]);
            let entities = entities.collect();
            let [key] = <[Dictionary; 1]>::try_from(keys).unwrap_or_default();
            return (entities, key.texts);
        }
        // Digits of a mixed-radix number, most significant first; made dense after each digit, so
        // that it never outgrows 64 bits.
        let mut tuples: Vec<Vec<u32>> = vec![Vec::new()];
        for key in &keys {
            let radix = key.texts.len() as u64;
            for (row, combined) in combined.iter_mut().enumerate() {
                let digit = key.positions[key.codes.get(row) as usize];
                *combined = *combined * radix + u64::from(digit);
            }
            let mut distinct = combined.clone();
            distinct.par_sort_unstable();
            distinct.dedup();
            combined.par_iter_mut().for_each(|value| {
                *value = distinct.partition_point(|other| *other < *value) as u64;
            });
            tuples = distinct
                .iter()
                .map(|value| {
                    let mut tuple = tuples[(value / radix) as usize].clone();
                    tuple.push((value % radix) as u32);
                    tuple
                })
                .collect();
        }
        let texts = tuples
            .iter()
            .map(|tuple| {
                let values = tuple.iter().zip(&keys);
                key_text(values.map(|(&digit, key)| key.texts[digit as usize].as_str()))
            })
            .collect();
        (
            combined.into_iter().map(|entity| entity as u32).collect(),
            texts,
        )
    }
}

//! The rows of one entity.

use std::ops::Range;

use super::column::Column;
use super::table::Table;
use super::target::Target;
use crate::schema::Feature;

/// The rows of one entity, as slices of the table's columns.
#[derive(Clone, Copy, Debug)]
pub struct Partition<'a> {
    table: &'a Table,
    entity: usize,
}

impl Table {
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

    /// The target of every row of the table; the entity's rows are those of
    /// [`range`](Self::range).
    pub fn target(&self) -> &'a Target {
        &self.table.target
    }

    /// The sample weights of the entity's rows.
    pub fn weights(&self) -> Option<&'a [f64]> {
        let weights = self.table.weights.as_deref()?;
        Some(&weights[self.range()])
    }
}

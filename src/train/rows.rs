//! The rows to train on: one table, or several one after another where memory is limited.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use super::merge_by_key::Carried;
use crate::cancel::Cancel;
use crate::error::{Error, Result};
use crate::schema::{KeyOrder, LeftOut, Task, TaskReason};
use crate::store::{EntityRecord, EntityStatus};
use crate::table::{Input, MemoryLimit, Query, Spilled, SpilledKey, Table};

pub(super) enum Rows {
    Whole(Box<Table>),
    Spilled(Box<Spilled>),
}

impl Rows {
    /// All rows of a query; where they exceed the limit, in files.
    pub fn load(
        input: &Input,
        query: &Query,
        limit: Option<&MemoryLimit>,
        cancel: &Cancel,
    ) -> Result<Self> {
        let rows = Self::load_any(input, query, limit, cancel)?;
        match rows.count() {
            0 => Err(Error::NoRows(rows.left_out().describe())),
            _ => Ok(rows),
        }
    }

    /// As [`load`](Self::load), where nothing may be left.
    pub fn load_any(
        input: &Input,
        query: &Query,
        limit: Option<&MemoryLimit>,
        cancel: &Cancel,
    ) -> Result<Self> {
        if let Some(limit) = limit
            && limit.is_exceeded(input, query)?
        {
            let spilled = Spilled::write_any(input, query, limit, cancel)?;
            log::info!(
                "more rows than fit into memory: trained in {} parts",
                spilled.buckets()
            );
            return Ok(Self::Spilled(Box::new(spilled)));
        }
        let table = Table::load_any(input, query, cancel)?;
        Ok(Self::Whole(Box::new(table)))
    }

    /// The same rows with their targets among these classes, which have their own in the same order;
    /// nothing is changed of a quantity.
    #[must_use]
    pub fn among(self, classes: &[String]) -> Self {
        if classes.is_empty() {
            return self;
        }
        let classes = classes.into();
        match self {
            Self::Whole(table) => Self::Whole(Box::new(table.among(&classes))),
            Self::Spilled(spilled) => Self::Spilled(Box::new(spilled.among(&classes))),
        }
    }

    pub fn is_spilled(&self) -> bool {
        matches!(self, Self::Spilled(_))
    }

    /// All keys, in their order.
    pub fn keys(&self) -> Vec<&str> {
        match self {
            Self::Whole(table) => table.partitions().map(|p| p.key()).collect(),
            Self::Spilled(spilled) => spilled.keys().iter().map(|k| k.key.as_str()).collect(),
        }
    }

    pub fn count(&self) -> u64 {
        match self {
            Self::Whole(table) => table.rows() as u64,
            Self::Spilled(spilled) => spilled.rows(),
        }
    }

    /// Features that look like identifiers, see [`Table::nearly_unique`]; none is told of rows in
    /// files.
    pub fn nearly_unique(&self) -> Vec<(&str, u64, u64)> {
        match self {
            Self::Whole(table) => table.nearly_unique(),
            Self::Spilled(_) => Vec::new(),
        }
    }

    pub fn rows_read(&self) -> u64 {
        match self {
            Self::Whole(table) => table.rows_read(),
            Self::Spilled(spilled) => spilled.rows_read(),
        }
    }

    pub fn left_out(&self) -> &LeftOut {
        match self {
            Self::Whole(table) => table.left_out(),
            Self::Spilled(spilled) => spilled.left_out(),
        }
    }

    /// Whether the target is classes or a quantity, and why.
    pub fn task(&self) -> (Task, &TaskReason) {
        match self {
            Self::Whole(table) => (table.task(), table.task_reason()),
            Self::Spilled(spilled) => (spilled.task(), spilled.task_reason()),
        }
    }

    pub fn classes(&self) -> &[String] {
        match self {
            Self::Whole(table) => table.classes(),
            Self::Spilled(spilled) => spilled.classes(),
        }
    }

    /// The tables, entities in the order of their keys from one to the next.
    pub fn tables<'a>(
        &'a self,
        cancel: &'a Cancel,
    ) -> Box<dyn Iterator<Item = Result<Cow<'a, Table>>> + 'a> {
        match self {
            Self::Whole(table) => Box::new(std::iter::once(Ok(Cow::Borrowed(&**table)))),
            Self::Spilled(spilled) => {
                let tables = spilled.tables(cancel);
                Box::new(tables.map(|table| table.map(Cow::Owned)))
            }
        }
    }

    /// The entities all rows of which were left out, in the order of their keys.
    pub fn lost(&self, order: &KeyOrder) -> Vec<EntityRecord> {
        let dropped = self.left_out_by_key();
        if dropped.is_empty() {
            return Vec::new();
        }
        let kept: HashSet<&str> = self.keys().into_iter().collect();
        let keys = dropped.keys().filter(|key| !kept.contains(key.as_str()));
        let mut lost: Vec<&String> = keys.collect();
        lost.sort_by(|one, other| order.compare(one, other));
        lost.into_iter().map(|key| empty(key)).collect()
    }

    /// Rows left out by the key that they have.
    pub fn left_out_by_key(&self) -> &HashMap<String, u64> {
        match self {
            Self::Whole(table) => table.left_out_by_key(),
            Self::Spilled(spilled) => spilled.left_out_by_key(),
        }
    }

    /// The entities that are in no table, for they alone are too large.
    pub fn too_large(&self) -> impl Iterator<Item = Result<Carried>> + Send + '_ {
        let keys = match self {
            Self::Whole(_) => &[][..],
            Self::Spilled(spilled) => spilled.keys(),
        };
        keys.iter().filter_map(|key| Some(Ok(too_large(key)?)))
    }
}

fn empty(key: &str) -> EntityRecord {
    let mut record = EntityRecord::bare(key.to_owned(), 0, EntityStatus::Empty);
    record.error = Some("all of its rows were left out".into());
    record
}

fn too_large(key: &SpilledKey) -> Option<Carried> {
    let mebibytes = key.too_large? >> 20;
    let mut record = EntityRecord::bare(key.key.clone(), key.rows, EntityStatus::Failed);
    record.error = Some(format!(
        "its rows alone take some {mebibytes} MiB of memory, which is more than the limit; raise it"
    ));
    Some((record, None))
}

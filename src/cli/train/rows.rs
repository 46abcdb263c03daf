//! The rows to train on: one table, or several one after another where memory is limited.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use per_entity::dataset::{DatasetSpec, LeftOut, MemoryLimit, Query, Source, Spilled, Table};
use per_entity::train::{Outcome, Status};

use crate::cli::CliError;
use crate::cli::output::bytes;

pub enum Rows {
    Whole(Box<Table>),
    Spilled(Box<Spilled>),
}

impl Rows {
    /// All rows of a query; where they exceed the limit, in files.
    pub fn load(
        source: &Source,
        query: &Query,
        spec: &DatasetSpec,
        limit: Option<&MemoryLimit>,
        interrupt: &Arc<AtomicBool>,
    ) -> Result<Self, CliError> {
        if let Some(limit) = limit
            && limit.is_exceeded(source, query)?
        {
            let spilled = Spilled::write(source, query, spec, limit, interrupt)?;
            log::info!(
                "more rows than fit into memory: trained in {} parts",
                spilled.buckets()
            );
            return Ok(Self::Spilled(Box::new(spilled)));
        }
        let table = Table::load_query(source, query, spec, interrupt)?;
        Ok(Self::Whole(Box::new(table)))
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

    pub fn rows_read(&self) -> u64 {
        match self {
            Self::Whole(table) => table.rows_read(),
            Self::Spilled(spilled) => spilled.rows_read(),
        }
    }

    pub fn left_out(&self) -> LeftOut {
        match self {
            Self::Whole(table) => table.left_out(),
            Self::Spilled(spilled) => spilled.left_out(),
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
        interrupt: &'a Arc<AtomicBool>,
    ) -> Box<dyn Iterator<Item = per_entity::Result<Cow<'a, Table>>> + 'a> {
        match self {
            Self::Whole(table) => Box::new(std::iter::once(Ok(Cow::Borrowed(&**table)))),
            Self::Spilled(spilled) => {
                let tables = spilled.tables(interrupt);
                Box::new(tables.map(|table| table.map(Cow::Owned)))
            }
        }
    }

    /// The entities that are in no table, for they alone are too large.
    pub fn too_large(&self) -> impl Iterator<Item = Outcome> + Send + '_ {
        let keys = match self {
            Self::Whole(_) => &[][..],
            Self::Spilled(spilled) => spilled.keys(),
        };
        keys.iter().filter_map(|key| {
            let needed = bytes(key.too_large?);
            Some(Outcome {
                key: key.key.clone(),
                rows: key.rows as usize,
                status: Status::Failed(format!(
                    "its rows alone take some {needed} of memory; give a higher --memory-limit"
                )),
            })
        })
    }
}

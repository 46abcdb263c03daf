//! What sets one generation of a store apart from another.

use std::collections::HashMap;

use super::record::EntityRecord;
use super::store::Store;
use crate::error::Result;

/// An entity in two generations.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// What the first generation notes.
    pub before: EntityRecord,
    /// What the second generation notes.
    pub after: EntityRecord,
}

/// What sets one generation apart from another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Difference {
    /// Entities of the second generation only.
    pub added: Vec<EntityRecord>,
    /// Entities of the first generation only.
    pub dropped: Vec<EntityRecord>,
    /// Entities whose model or status differs.
    pub changed: Vec<Change>,
    /// How many entities are the same.
    pub unchanged: u64,
    /// Whether what the models share differs, so that all of them predict otherwise.
    pub shared_changed: bool,
}

/// Compares two generations, entity by entity.
///
/// # Errors
///
/// As [`Store::records`].
pub fn difference(before: &Store, after: &Store) -> Result<Difference> {
    let mut old: HashMap<String, EntityRecord> = before
        .records()?
        .into_iter()
        .map(|record| (record.key.clone(), record))
        .collect();
    let shared = |store: &Store| {
        let shared = store.generation().shared.as_ref();
        shared.map(|shared| shared.file.digest.clone())
    };
    let mut difference = Difference {
        shared_changed: shared(before) != shared(after),
        ..Difference::default()
    };
    for after in after.records()? {
        let digest = |record: &EntityRecord| record.extent().map(|extent| extent.digest);
        match old.remove(&after.key) {
            None => difference.added.push(after),
            Some(before) if before.status != after.status || digest(&before) != digest(&after) => {
                difference.changed.push(Change { before, after });
            }
            Some(_) => difference.unchanged += 1,
        }
    }
    difference.dropped = old.into_values().collect();
    difference.dropped.sort_by(|a, b| a.key.cmp(&b.key));
    Ok(difference)
}

//! Who wants to see how a run goes.

use crate::schema::{Task, TaskReason};
use crate::store::EntityRecord;
use crate::table::Query;

/// Sees how a training run goes. What is not of interest need not be written: all methods do
/// nothing by default, and `()` is an observer of nothing.
///
/// ```
/// use per_entity::store::EntityRecord;
/// use per_entity::train::Observer;
///
/// /// Counts the models.
/// struct Models(u64);
///
/// impl Observer for Models {
///     fn entity_finished(&mut self, entity: &EntityRecord) {
///         self.0 += u64::from(entity.summary.is_some());
///     }
/// }
/// ```
pub trait Observer: Send {
    /// It is settled what the columns of the input are taken for, before any row is read.
    fn columns_taken(&mut self, query: &Query) {
        let _ = query;
    }

    /// The target of this name is taken for classes or a quantity, now that all rows are read.
    fn task_taken(&mut self, target: &str, task: Task, reason: &TaskReason) {
        let _ = (target, task, reason);
    }

    /// A feature looks like an identifier: it has `distinct` values in `rows` rows.
    fn nearly_unique(&mut self, column: &str, distinct: u64, rows: u64) {
        let _ = (column, distinct, rows);
    }

    /// All rows are read: so many are trained on, of so many entities.
    fn rows_loaded(&mut self, rows: u64, entities: u64) {
        let _ = (rows, entities);
    }

    /// An entity is done, or is kept as it was. Entities come in the order of their keys.
    fn entity_finished(&mut self, entity: &EntityRecord) {
        let _ = entity;
    }

    /// A parent of entities is done; see [`Training::parents`](super::Training::parents). They come
    /// after all entities.
    fn parent_finished(&mut self, parent: &EntityRecord) {
        let _ = parent;
    }

    /// All entities are done; the generation is about to be committed.
    fn entities_finished(&mut self) {}
}

impl Observer for () {}

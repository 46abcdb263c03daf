//! Entities that are not trained, but have their place among those that are.

use std::iter::Peekable;

use crate::error::Result;
use crate::schema::KeyOrder;
use crate::store::EntityRecord;

/// An entity, and its model where it has one.
pub(super) type Carried = (EntityRecord, Option<Vec<u8>>);

type Entities<'a> = Peekable<Box<dyn Iterator<Item = Result<Carried>> + Send + 'a>>;

/// Entities from two sources that are each in the order of their keys.
pub(super) struct MergeByKey<'a> {
    order: KeyOrder,
    sources: [Entities<'a>; 2],
}

impl<'a> MergeByKey<'a> {
    pub fn new(
        order: KeyOrder,
        one: impl Iterator<Item = Result<Carried>> + Send + 'a,
        other: impl Iterator<Item = Result<Carried>> + Send + 'a,
    ) -> Self {
        let one: Box<dyn Iterator<Item = _> + Send> = Box::new(one);
        let other: Box<dyn Iterator<Item = _> + Send> = Box::new(other);
        Self {
            order,
            sources: [one.peekable(), other.peekable()],
        }
    }

    /// The next entity, if it stands before `key`; without a key, any.
    pub fn next_before(&mut self, key: Option<&str>) -> Option<Result<Carried>> {
        let [one, other] = &mut self.sources;
        let is_first = match (one.peek(), other.peek()) {
            (Some(Ok((one, _))), Some(Ok((other, _)))) => {
                self.order.compare(&one.key, &other.key).is_lt()
            }
            (one, Some(Ok(_))) => one.is_some(),
            (_, other) => other.is_none(),
        };
        let source = if is_first { one } else { other };
        source.next_if(|carried| match (carried, key) {
            (Ok((record, _)), Some(key)) => self.order.compare(&record.key, key).is_lt(),
            _ => true,
        })
    }
}

impl Iterator for MergeByKey<'_> {
    type Item = Result<Carried>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_before(None)
    }
}

//! Entities that are not trained, but have their place among those that are.

use std::iter::Peekable;

use per_entity::Result;
use per_entity::dataset::KeyOrder;
use per_entity::train::Outcome;

type Outcomes<'a> = Peekable<Box<dyn Iterator<Item = Result<Outcome>> + Send + 'a>>;

/// What became of some entities, from two sources that are each in the order of their keys.
pub struct Beside<'a> {
    order: KeyOrder,
    sources: [Outcomes<'a>; 2],
}

impl<'a> Beside<'a> {
    pub fn new(
        order: KeyOrder,
        one: impl Iterator<Item = Result<Outcome>> + Send + 'a,
        other: impl Iterator<Item = Result<Outcome>> + Send + 'a,
    ) -> Self {
        let one: Box<dyn Iterator<Item = _> + Send> = Box::new(one);
        let other: Box<dyn Iterator<Item = _> + Send> = Box::new(other);
        Self {
            order,
            sources: [one.peekable(), other.peekable()],
        }
    }

    /// The next entity, if it stands before `key`; without a key, any.
    pub fn next_before(&mut self, key: Option<&str>) -> Option<Result<Outcome>> {
        let [one, other] = &mut self.sources;
        let is_first = match (one.peek(), other.peek()) {
            (Some(Ok(one)), Some(Ok(other))) => self.order.compare(&one.key, &other.key).is_lt(),
            (one, Some(Ok(_))) => one.is_some(),
            (_, other) => other.is_none(),
        };
        let source = if is_first { one } else { other };
        source.next_if(|outcome| match (outcome, key) {
            (Ok(outcome), Some(key)) => self.order.compare(&outcome.key, key).is_lt(),
            _ => true,
        })
    }
}

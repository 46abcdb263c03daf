//! What is known of entities from the frames before, the least recently used forgotten first.

use std::sync::Arc;

use lru::LruCache;

use crate::model::Model;

/// What a store has for an entity.
#[derive(Clone)]
pub(super) enum Held {
    Model(Arc<Model>),
    /// The store does not know the entity.
    Unknown,
    /// It was skipped or failed, for this reason.
    Untrained(String),
    /// Its model cannot be used.
    Damaged,
}

/// Holds what is worth at most `budget` bytes.
pub(super) struct Cache {
    budget: u64,
    used: u64,
    held: LruCache<String, Held>,
}

/// Bytes that an entry takes beside its key and its model, roughly.
const ENTRY: u64 = 128;

impl Cache {
    pub fn new(budget: u64) -> Self {
        Self {
            budget,
            used: 0,
            held: LruCache::unbounded(),
        }
    }

    pub fn budget(&self) -> u64 {
        self.budget
    }

    pub fn get(&mut self, key: &str) -> Option<Held> {
        self.held.get(key).cloned()
    }

    pub fn put(&mut self, key: &str, held: Held) {
        self.used += bytes(key, &held);
        if let Some((key, replaced)) = self.held.push(key.to_owned(), held) {
            self.used -= bytes(&key, &replaced);
        }
        while self.used > self.budget
            && let Some((key, oldest)) = self.held.pop_lru()
        {
            self.used -= bytes(&key, &oldest);
        }
    }
}

fn bytes(key: &str, held: &Held) -> u64 {
    let own = match held {
        Held::Model(model) => model.memory(),
        Held::Untrained(reason) => reason.len() as u64,
        Held::Unknown | Held::Damaged => 0,
    };
    ENTRY + key.len() as u64 + own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_holds_more_than_its_budget_and_forgets_the_least_recently_used() {
        let mut cache = Cache::new(3 * (ENTRY + 1));
        for key in ["a", "b", "c"] {
            cache.put(key, Held::Unknown);
        }
        assert!(cache.get("a").is_some());
        cache.put("d", Held::Unknown);
        let held = ["a", "b", "c", "d"].map(|key| cache.get(key).is_some());
        assert_eq!(held, [true, false, true, true]);
        cache.put("e", Held::Untrained("x".repeat(1_000)));
        assert!(cache.used <= cache.budget && cache.get("e").is_none());
        cache.put("a", Held::Unknown);
        cache.put("a", Held::Damaged);
        assert_eq!(cache.used, ENTRY + 1);
    }
}

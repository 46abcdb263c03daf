//! What answers for a row.

/// What to do with a row whose entity has no model: it is unknown, was skipped or failed, or its
/// key is null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// Predict null: the default where the models of a generation share nothing.
    #[default]
    Null,
    /// Make it an error.
    Error,
    /// Let the pooled model answer.
    Fallback,
    /// Let the model of the nearest parent answer: of the most of the key's first values that have
    /// one. Where no parent has, the pooled model answers if the store has one, else none. A null
    /// in the key ends its first values.
    Parent,
    /// Let what the models of all entities share answer: the default where they share something. An
    /// entity of a composite key has the level of its nearest parent that is known: an unknown store
    /// that of its country. A null in the key ends its first values.
    Shared,
}

/// Rows by what predicted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// By the model of their own entity.
    pub own: u64,
    /// By the model of a parent.
    pub parent: u64,
    /// By the pooled model.
    pub fallback: u64,
    /// By what all entities share, of which theirs had no share.
    pub shared: u64,
    /// By none.
    pub none: u64,
}

impl Answered {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.own + self.parent + self.fallback + self.shared + self.none
    }

    /// Whether there are rows, but no model answered for any of them.
    pub fn is_nothing(&self) -> bool {
        self.none > 0 && self.none == self.rows()
    }

    /// Whether no model answered for most rows.
    pub fn is_little(&self) -> bool {
        2 * self.none > self.rows()
    }

    pub(super) fn add(&mut self, other: Self) {
        self.own += other.own;
        self.parent += other.parent;
        self.fallback += other.fallback;
        self.shared += other.shared;
        self.none += other.none;
    }
}

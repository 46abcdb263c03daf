//! What answers for a row.

/// What to do with a row whose entity has no model: it is unknown, was skipped or failed, or its
/// key is null.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unknown {
    /// Predict null.
    #[default]
    Null,
    /// Make it an error.
    Error,
    /// Let the pooled model answer, where the store has one.
    Fallback,
}

/// Rows by what predicted them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// By the model of their own entity.
    pub own: u64,
    /// By the pooled model.
    pub fallback: u64,
    /// By none.
    pub none: u64,
}

impl Answered {
    /// All rows.
    pub fn rows(&self) -> u64 {
        self.own + self.fallback + self.none
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
        self.fallback += other.fallback;
        self.none += other.none;
    }
}

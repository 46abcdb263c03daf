//! The ways to predict that are compared.

use serde::Serialize;

/// The ways to predict that are compared, the simplest first: what is more elaborate has to be
/// better. In JSON `pooled`, `unknown`, `per_entity` and `shared`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// One tree for all entities, with the key as a feature.
    Pooled,
    /// What a shared model says of rows whose entity it does not know: one boosted model for all.
    Unknown,
    /// One tree for each entity.
    PerEntity,
    /// A shared model, with what each entity has of its own.
    Shared,
}

impl Way {
    /// All of them, in their order.
    pub const ALL: [Self; 4] = [Self::Pooled, Self::Unknown, Self::PerEntity, Self::Shared];

    /// What it is, in words.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Pooled => "one pooled tree",
            Self::Unknown => "one boosted model for all that does not know the entity",
            Self::PerEntity => "one tree for each entity",
            Self::Shared => "a shared model",
        }
    }

    /// Whether it is one model for all entities.
    pub fn is_for_all(self) -> bool {
        matches!(self, Self::Pooled | Self::Unknown)
    }
}

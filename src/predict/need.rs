//! What is to be done for an entity before its rows can be answered.

use std::sync::Arc;

use super::cache::Held;
use crate::store::EntityRecord;

/// What is to be done for an entity.
#[derive(Clone)]
pub(super) struct Need {
    /// Whose model it is.
    pub rank: Rank,
    pub source: ModelSource,
}

/// Whose model answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Rank {
    Own,
    Parent,
}

/// Where a model comes from.
#[derive(Clone)]
pub(super) enum ModelSource {
    /// This is known of it.
    Held(Held),
    /// It is to be read.
    Read(Arc<EntityRecord>),
}

impl ModelSource {
    /// What a record tells of a model.
    pub fn of(record: EntityRecord) -> Self {
        match record.file() {
            Some(_) => Self::Read(record.into()),
            None => Self::Held(Held::Untrained(record.why_untrained().to_owned())),
        }
    }

    /// Whether there is a model, as far as can be told without reading it.
    pub fn is_model(&self) -> bool {
        matches!(self, Self::Read(_) | Self::Held(Held::Model(_)))
    }
}

impl Need {
    /// The entity's own model, or why there is none.
    pub fn own(source: ModelSource) -> Self {
        let rank = Rank::Own;
        Self { rank, source }
    }

    pub fn record(&self) -> Option<&EntityRecord> {
        match &self.source {
            ModelSource::Held(_) => None,
            ModelSource::Read(record) => Some(record),
        }
    }

    /// Bytes to be read.
    pub fn bytes(&self) -> u64 {
        self.record().map_or(0, EntityRecord::model_bytes)
    }

    /// Where the model is to be read, nothing before everything else: the order in which entities
    /// are best answered. Entities with the same parent have the same place.
    pub fn place(&self) -> Option<(&str, u64)> {
        self.record().and_then(EntityRecord::place)
    }
}

//! Where entities go when they are done: to the writer, the observer and the tally.

use std::collections::HashMap;
use std::sync::Arc;

use super::merge_by_key::{Carried, MergeByKey};
use super::observer::Observer;
use super::outcome::{Outcome, Status};
use super::tally::Tally;
use crate::error::{Error, Result, StoreError};
use crate::store::{CurrentModels, EntityRecord, Winner, Writer};

/// Where entities go when they are done.
pub(super) struct Sink<'a> {
    pub writer: Writer,
    pub observer: &'a mut dyn Observer,
    /// Entities that are not trained.
    pub others: MergeByKey<'a>,
    /// Rows left out by their key.
    pub left_out: &'a HashMap<String, u64>,
    pub champions: Option<&'a CurrentModels<'a>>,
    /// What is held out, as records note it.
    pub held_out: Option<Arc<str>>,
    pub tally: Tally,
    /// Models of entities that were taken over.
    pub carried: u64,
}

impl Sink<'_> {
    /// Takes what became of one entity; they come in the order of their keys.
    pub fn take(&mut self, mut outcome: Outcome) -> Result<()> {
        self.tally.note(&mut outcome)?;
        self.put_others(Some(&outcome.key))?;
        let (mut record, model) = outcome.into_record();
        if model.is_some() {
            record.held_out = self.held_out_of(&record);
        }
        self.put((record, model))
    }

    /// What was held out of the training of an entity's model. An earlier one that stays has its
    /// own.
    fn held_out_of(&self, record: &EntityRecord) -> Option<Arc<str>> {
        let winner = record.contest.as_ref().and_then(|contest| contest.winner);
        match (self.champions, winner) {
            (Some(champions), Some(Winner::Champion)) => champions.held_out_of(&record.key),
            _ => self.held_out.clone(),
        }
    }

    /// Puts the entities that are not trained and stand before a key; without a key, all.
    pub fn put_others(&mut self, key: Option<&str>) -> Result<()> {
        while let Some(other) = self.others.next_before(key) {
            self.put(other?)?;
        }
        Ok(())
    }

    fn put(&mut self, (mut record, model): Carried) -> Result<()> {
        if let Some(rows) = self.left_out.get(&record.key) {
            record.left_out = *rows;
        }
        let record = self.writer.put(record, model)?;
        self.observer.entity_finished(record);
        Ok(())
    }

    /// Takes what became of one parent, once the writer has begun them.
    pub fn take_parent(&mut self, outcome: Outcome) -> Result<()> {
        let (mut record, model) = outcome.into_record();
        if model.is_some() {
            record.held_out = self.held_out.clone();
        }
        let record = self.writer.put_parent(record, model)?;
        self.observer.parent_finished(record);
        Ok(())
    }

    /// Takes the model of all entities together, which there must be.
    pub fn take_pooled(&mut self, outcome: Outcome) -> Result<()> {
        let no_model = |reason: String| {
            let key = "all entities together".into();
            Error::from(StoreError::NoModel { key, reason })
        };
        match outcome.status {
            Status::Trained(trained) => self.writer.put_pooled(&trained.bytes),
            Status::Failed(error) => Err(no_model(error)),
            Status::Skipped => Err(no_model("too few rows".into())),
        }
    }
}

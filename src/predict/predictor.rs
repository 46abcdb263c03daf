//! Brings rows, models and predictions together, with no more models in memory than are allowed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::num::NonZeroUsize;
use std::sync::Arc;

use polars::prelude::*;
use rayon::prelude::*;

use super::added::AddedColumns;
use super::answers::{Answered, Unknown};
use super::as_trained::as_trained;
use super::cache::{Cache, Held};
use super::need::{ModelSource, Need, Rank};
use super::predictions::{Answer, Predictions};
use super::row_entities::{RowEntities, RowKey, Slot};
use crate::error::{Error, Result, SpecError, StoreError};
use crate::model::{Binder, BoundModel, FrameColumn, Model, SharedModel};
use crate::schema::FeatureKind;
use crate::source::{DatasetSpec, Format, ReadLimits};
use crate::store::{EntityRecord, Index, Run, Store};

/// Predicts frames with the models of a store, reading only those that the frames need.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`unknown`](Self::unknown) | [`Unknown::Shared`] where the models share something, else [`Unknown::Null`] | what a row without a model gets | |
/// | [`cache`](Self::cache) | 256 MiB | bytes of models that are held | any |
/// | [`batch_values`](Self::batch_values) | 4,194,304 of the input, but 1,024 rows or more | values, those that are added with them, of the rows of files that are predicted together | 1 or more |
/// | [`added`](Self::added) | as [`predict`](Self::predict) says | what the added columns are called | |
/// | [`limits`](Self::limits) | see [`ReadLimits`] | how much files and rows of text may ask for | |
///
/// ```no_run
/// use per_entity::predict::Predictor;
/// use per_entity::store::Store;
///
/// # let frame = polars::prelude::DataFrame::empty();
/// let mut predictor = Predictor::new(Store::open("models")?)?;
/// let predicted = predictor.predict(&frame)?;
/// println!("{predicted}");
/// # Ok::<(), per_entity::Error>(())
/// ```
pub struct Predictor {
    store: Store,
    unknown: Unknown,
    added: AddedColumns,
    limits: ReadLimits,
    batch_values: Option<usize>,
    cache: Cache,
    pooled: Option<Model>,
    /// What the models of all entities share.
    shared: Option<Arc<SharedModel>>,
    /// From the second time on that records are looked up: rows that come a few at a time would
    /// have the whole table of entities read for each few.
    index: Option<Index>,
    has_looked_up: bool,
    /// The parents, where they are to answer.
    parents: Option<Index>,
    damaged: BTreeMap<String, String>,
    answered: Answered,
    /// The first keys of entities that the store does not know.
    unknown_keys: Vec<String>,
}

/// How many keys of unknown entities are kept.
const UNKNOWN_KEYS: usize = 3;

const DEFAULT_CACHE: u64 = 256 << 20;

/// Values of the input that are predicted together, where nothing else is said.
const BATCH_VALUES: usize = 1 << 22;

/// But so many rows, however many columns they have.
const FEWEST_ROWS: usize = 1_024;

/// Models are read in portions of this share of the cache, as stored; in memory they take up to
/// about eight times as much.
const PORTION: u64 = 8;

impl Predictor {
    /// Predicts with the current generation of a store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] for a pooled or shared model that is damaged.
    pub fn new(store: Store) -> Result<Self> {
        let shared = store.shared()?;
        let unknown = shared.as_ref().map(|_| Unknown::Shared);
        Ok(Self {
            pooled: store.pooled()?,
            shared,
            store,
            unknown: unknown.unwrap_or_default(),
            added: AddedColumns::default(),
            limits: ReadLimits::default(),
            batch_values: None,
            cache: Cache::new(DEFAULT_CACHE),
            index: None,
            has_looked_up: false,
            parents: None,
            damaged: BTreeMap::new(),
            answered: Answered::default(),
            unknown_keys: Vec::new(),
        })
    }

    /// Sets what a row without a model gets.
    ///
    /// # Errors
    ///
    /// [`SpecError::NoPooledModel`] for [`Unknown::Fallback`] where the store has no pooled model,
    /// [`SpecError::NothingShared`] for [`Unknown::Shared`] where its models share nothing,
    /// [`SpecError::NoParents`] for [`Unknown::Parent`] where it has no parents, and
    /// [`StoreError::Damaged`] where their table cannot be read.
    pub fn unknown(mut self, unknown: Unknown) -> Result<Self> {
        if unknown == Unknown::Fallback && self.pooled.is_none() {
            return Err(SpecError::NoPooledModel.into());
        }
        if unknown == Unknown::Shared && self.shared.is_none() {
            return Err(SpecError::NothingShared.into());
        }
        if unknown == Unknown::Parent {
            let parents = self.store.parent_index()?;
            self.parents = Some(parents.ok_or(SpecError::NoParents)?);
        }
        self.unknown = unknown;
        Ok(self)
    }

    /// Sets how many bytes of models are held, the pooled one aside. Models beyond that are read
    /// again when they are needed again.
    #[must_use]
    pub fn cache(mut self, bytes: u64) -> Self {
        self.cache = Cache::new(bytes);
        self
    }

    /// Sets how many values, all columns of the output together, the rows of files have that are
    /// read, predicted and written together.
    #[must_use]
    pub fn batch_values(mut self, values: usize) -> Self {
        self.batch_values = Some(values);
        self
    }

    /// Sets what the columns that are added are called.
    #[must_use]
    pub fn added(mut self, columns: AddedColumns) -> Self {
        self.added = columns;
        self
    }

    /// Sets how much files and rows of text may ask for.
    #[must_use]
    pub fn limits(mut self, limits: ReadLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How files and rows of text are to be read: as those of training were, but none left out.
    pub fn spec(&self) -> DatasetSpec {
        let run = &self.store.generation().run;
        DatasetSpec {
            predicate: None,
            limits: self.limits,
            ..run
                .dataset
                .as_trained(&run.features, &run.columns, run.task)
        }
    }

    /// What the columns that are added are called.
    pub(super) fn added_columns(&self) -> &AddedColumns {
        &self.added
    }

    /// Rows of so many columns that are predicted together.
    pub(super) fn batch_rows(&self, columns: usize) -> NonZeroUsize {
        let rows = match self.batch_values {
            Some(values) => values / (columns + self.run().classes.len() + 2),
            None => (BATCH_VALUES / columns.max(1)).max(FEWEST_ROWS),
        };
        let rows = rows.min(BATCH_VALUES / 16);
        NonZeroUsize::new(rows).unwrap_or(NonZeroUsize::MIN)
    }

    /// How the models came about.
    pub(super) fn run(&self) -> &Run {
        &self.store.generation().run
    }

    /// Why models could not be used so far, one line for each damaged model, in the order of their
    /// keys.
    pub fn damaged(&self) -> impl Iterator<Item = &str> {
        self.damaged.values().map(String::as_str)
    }

    /// The rows so far, by what predicted them.
    pub fn answered(&self) -> Answered {
        self.answered
    }

    /// The first keys so far of entities that the store does not know, and the first that it does
    /// know: where they look different, the keys are written otherwise than at training.
    ///
    /// # Errors
    ///
    /// [`StoreError`] where the table of entities cannot be read.
    pub fn unknown_keys(&self) -> Result<(&[String], Vec<String>)> {
        let known = match self.unknown_keys.is_empty() {
            true => Vec::new(),
            false => self.store.records()?,
        };
        let known = known.into_iter().map(|record| record.key);
        Ok((&self.unknown_keys, known.take(UNKNOWN_KEYS).collect()))
    }

    /// The frame with its rows in order and these columns added: `prediction`, of the target's
    /// type; `probability_C` for each class `C` of the run; `model`, which says what answered:
    /// `own`, `parent`, `fallback`, `shared` or `none`.
    ///
    /// Keys and features are converted into what they were at training, whatever type the frame
    /// has them in. A missing value or a category that training did not see fails no row. A damaged
    /// model counts as none and is reported by [`damaged`](Self::damaged).
    ///
    /// # Errors
    ///
    /// [`SpecError::UnknownColumn`] for a key or feature that the frame lacks,
    /// [`SpecError::OtherTypeThanTrained`] for one of a type that cannot be converted,
    /// [`InputError::BadValue`](crate::error::InputError::BadValue) for a feature's value that cannot be,
    /// [`SpecError::AddedColumn`] for a frame that has one of the columns to be added; and with
    /// [`Unknown::Error`], for the first row without a model, [`StoreError::UnknownEntity`],
    /// [`StoreError::NoModel`] or [`Error::NullKey`].
    pub fn predict(&mut self, frame: &DataFrame) -> Result<DataFrame> {
        self.predict_read(frame, None)
    }

    /// The same of rows that were read from a format, whose texts are those of it.
    pub(super) fn predict_read(
        &mut self,
        frame: &DataFrame,
        format: Option<Format>,
    ) -> Result<DataFrame> {
        let store = self.store.clone();
        let run = &store.generation().run;
        self.added.check(frame, &run.classes)?;
        let frame_as_trained = as_trained(frame, run, format)?;
        let (entities, columns) = rayon::join(
            || RowEntities::of(&frame_as_trained, run.dataset.key.len()),
            || columns(&frame_as_trained, run),
        );
        let (entities, mut columns) = (entities?, columns?);
        let mut pooled = None;
        if matches!(self.unknown, Unknown::Fallback | Unknown::Parent) {
            columns.insert(run.dataset.key.join(","), entities.as_feature());
            pooled = self.pooled.take();
        }
        let named = columns
            .iter()
            .map(|(name, column)| (name.as_str(), column.into()));
        let binder = Binder::new(named, &run.classes);
        let shared = self
            .shared
            .clone()
            .filter(|_| self.unknown == Unknown::Shared);
        let common = match (&pooled, &shared) {
            (Some(pooled), _) => Some(binder.bind(pooled).map(Common::Pooled)),
            (None, Some(shared)) => Some(Ok(Common::Shared(shared))),
            (None, None) => None,
        };
        let predicted = common
            .transpose()
            .and_then(|common| self.predict_entities(&entities, &binder, common.as_ref()));
        if pooled.is_some() {
            self.pooled = pooled;
        }
        let predicted = predicted?;
        self.answered.add(predicted.answered());
        frame
            .hstack(&predicted.into_columns(&run.classes, run.target_is_integer, &self.added))
            .map_err(Error::polars("cannot add the predictions to the input"))
    }

    fn predict_entities<'a>(
        &mut self,
        entities: &RowEntities,
        binder: &Binder<'a>,
        common: Option<&Common<'a>>,
    ) -> Result<Predictions> {
        let mut needs = self.needs(entities)?;
        self.note_unknown(entities, &needs);
        if self.unknown == Unknown::Parent {
            self.turn_to_parents(entities, &mut needs)?;
        }
        if self.unknown == Unknown::Error {
            refuse_unknown(entities, &needs, self.answered.rows())?;
        }
        let (rows, schedule) = entities.scheduled(|entity| needs[entity].place());
        let mut predictions = Predictions::new(rows, binder.class_count());
        let mut rest = schedule.as_slice();
        while !rest.is_empty() {
            let portion = rest
                .split_off(..self.portion(rest, &needs))
                .unwrap_or_default();
            let read = self.read(portion, &needs);
            let found = self.or_nearest_parents(entities, portion, &needs, &read)?;
            let answers: Vec<_> = portion
                .par_iter()
                .zip(&found)
                .map(|(slot, (rank, held))| {
                    let key = &entities.keys[slot.entity];
                    let answer = answer(key, *rank, held, common, binder)?;
                    Ok((answer, slot.places.clone()))
                })
                .collect::<Result<_>>()?;
            predictions.fill(&answers);
            drop(answers);
            for (slot, held) in portion.iter().zip(read) {
                let need = &needs[slot.entity];
                let key = match (need.rank, need.record()) {
                    (Rank::Own, _) => entities.keys[slot.entity].whole(),
                    (Rank::Parent, record) => record.map(|record| record.key.as_str()),
                };
                if let Some(key) = key {
                    self.cache.put(key, held);
                }
            }
        }
        Ok(predictions)
    }

    fn note_unknown(&mut self, entities: &RowEntities, needs: &[Need]) {
        for (key, need) in entities.keys.iter().zip(needs) {
            if self.unknown_keys.len() == UNKNOWN_KEYS {
                return;
            }
            if let (Some(key), ModelSource::Held(Held::Unknown)) = (key.whole(), &need.source)
                && !self.unknown_keys.iter().any(|known| known == key)
            {
                self.unknown_keys.push(key.to_owned());
            }
        }
    }

    /// What is to be done for each of the entities.
    fn needs(&mut self, entities: &RowEntities) -> Result<Vec<Need>> {
        let held = |held| Need::own(ModelSource::Held(held));
        let mut needs: Vec<Option<Need>> = entities
            .keys
            .iter()
            .map(|key| match key.whole() {
                Some(key) => self.cache.get(key).map(held),
                None => Some(held(Held::Unknown)),
            })
            .collect();
        let missing = needs.iter().zip(&entities.keys);
        let missing: Vec<&str> = missing
            .filter(|(need, _)| need.is_none())
            .filter_map(|(_, key)| key.whole())
            .collect();
        let mut records: PlHashMap<String, EntityRecord> = self
            .look_up(&missing)?
            .into_iter()
            .map(|record| (record.key.clone(), record))
            .collect();
        for (need, key) in needs.iter_mut().zip(&entities.keys) {
            let (None, Some(key)) = (&need, key.whole()) else {
                continue;
            };
            let unknown = ModelSource::Held(Held::Unknown);
            let source = records.remove(key).map_or(unknown, ModelSource::of);
            *need = Some(Need::own(source));
        }
        Ok(needs.into_iter().flatten().collect())
    }

    fn look_up(&mut self, keys: &[&str]) -> Result<Vec<EntityRecord>> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        if !std::mem::replace(&mut self.has_looked_up, true) {
            return self.store.records_of(keys);
        }
        if self.index.is_none() {
            self.index = Some(self.store.index()?);
        }
        let records = self.index.as_ref().map(|index| index.records_of(keys));
        records
            .unwrap_or_else(|| Ok(Vec::new()))
            .map_err(Error::polars("cannot look up the entities"))
    }

    /// How many of the entities are answered together: those at hand, and as many models as make a
    /// portion.
    fn portion(&self, schedule: &[Slot], needs: &[Need]) -> usize {
        let place = |slot: &Slot| needs[slot.entity].place();
        let first = schedule.first().and_then(place);
        let (mut bytes, mut last) = (0, None);
        let fits = schedule.iter().take_while(|slot| {
            let place = place(slot);
            if place.is_none() || place != last {
                bytes += needs[slot.entity].bytes();
                last = place;
            }
            bytes <= self.cache.budget() / PORTION || place == first
        });
        fits.count().max(1)
    }

    /// What the store has for each of the entities. Damaged models are noted. A parent is read once
    /// for all its entities.
    fn read(&mut self, schedule: &[Slot], needs: &[Need]) -> Vec<Held> {
        let mut records: Vec<&EntityRecord> = schedule
            .iter()
            .filter_map(|slot| needs[slot.entity].record())
            .collect();
        records.dedup_by(|one, other| one.place() == other.place());
        let mut models = self.store.models_of(&records).into_iter();
        let mut last: Option<(&Arc<EntityRecord>, Held)> = None;
        let mut all = Vec::with_capacity(schedule.len());
        for slot in schedule {
            let held = match (&needs[slot.entity].source, &last) {
                (ModelSource::Held(held), _) => held.clone(),
                (ModelSource::Read(record), Some((other, held)))
                    if record.place() == other.place() =>
                {
                    held.clone()
                }
                (ModelSource::Read(record), _) => {
                    let held = self.held(record, models.next());
                    last = Some((record, held.clone()));
                    held
                }
            };
            all.push(held);
        }
        all
    }

    fn held(&mut self, record: &EntityRecord, model: Option<Result<Model>>) -> Held {
        match model {
            Some(Ok(model)) => Held::Model(Arc::new(model)),
            Some(Err(error)) => {
                self.damaged.insert(record.key.clone(), error.to_string());
                Held::Damaged
            }
            None => Held::Unknown,
        }
    }

    /// Entities without a model of their own need that of their nearest parent that has one.
    fn turn_to_parents(&mut self, entities: &RowEntities, needs: &mut [Need]) -> Result<()> {
        let keys = entities.keys.iter().zip(needs.iter());
        let without = keys.filter(|(_, need)| !need.source.is_model());
        let wanted: BTreeSet<&str> = without.flat_map(|(key, _)| key.parents()).collect();
        let parents = self.parents_of(wanted)?;
        for (key, need) in entities.keys.iter().zip(needs) {
            if need.source.is_model() {
                continue;
            }
            let mut sources = key.parents().filter_map(|parent| parents.get(parent));
            let Some(source) = sources.find(|source| source.is_model()) else {
                continue;
            };
            let own = std::mem::replace(
                need,
                Need {
                    rank: Rank::Parent,
                    source: source.clone(),
                },
            );
            if let (Some(key), ModelSource::Held(held)) = (key.whole(), own.source) {
                self.cache.put(key, held);
            }
        }
        Ok(())
    }

    /// What is known of some parents.
    fn parents_of<'a>(
        &mut self,
        wanted: impl IntoIterator<Item = &'a str>,
    ) -> Result<HashMap<String, ModelSource>> {
        let (mut found, mut missing) = (HashMap::new(), Vec::new());
        for key in wanted {
            match self.cache.get(key) {
                Some(held) => drop(found.insert(key.to_owned(), ModelSource::Held(held))),
                None => missing.push(key),
            }
        }
        let records = self
            .parents
            .as_ref()
            .map(|parents| parents.records_of(&missing));
        let records = records
            .unwrap_or_else(|| Ok(Vec::new()))
            .map_err(Error::polars("cannot look up the parents"))?;
        let records = records.into_iter();
        found.extend(records.map(|record| (record.key.clone(), ModelSource::of(record))));
        Ok(found)
    }

    /// What was read; in the place of what is damaged, the nearest parent that is not.
    fn or_nearest_parents(
        &mut self,
        entities: &RowEntities,
        portion: &[Slot],
        needs: &[Need],
        read: &[Held],
    ) -> Result<Vec<(Rank, Held)>> {
        let mut found = Vec::with_capacity(portion.len());
        for (slot, held) in portion.iter().zip(read) {
            let need = &needs[slot.entity];
            let is_damaged = matches!(held, Held::Damaged) && need.record().is_some();
            found.push(match is_damaged && self.unknown == Unknown::Parent {
                true => (
                    Rank::Parent,
                    self.nearest_parent(&entities.keys[slot.entity])?,
                ),
                false => (need.rank, held.clone()),
            });
        }
        Ok(found)
    }

    /// The nearest parent that is whole; each is read by itself, for damage is rare.
    fn nearest_parent(&mut self, key: &RowKey) -> Result<Held> {
        for parent in key.parents() {
            let source = self.parents_of([parent])?.remove(parent);
            let held = match source {
                Some(ModelSource::Read(record)) => {
                    let model = self.store.model_of(&record);
                    let held = self.held(&record, Some(model));
                    self.cache.put(parent, held.clone());
                    held
                }
                Some(ModelSource::Held(held)) => held,
                None => continue,
            };
            if matches!(held, Held::Model(_)) {
                return Ok(held);
            }
        }
        Ok(Held::Damaged)
    }
}

/// What answers for rows without a model.
enum Common<'a> {
    Pooled(BoundModel<'a>),
    Shared(&'a Arc<SharedModel>),
}

fn answer<'a, 'b: 'a>(
    key: &RowKey,
    rank: Rank,
    held: &'a Held,
    common: Option<&'a Common<'a>>,
    binder: &Binder<'b>,
) -> Result<Answer<'a>> {
    Ok(match (held, rank) {
        (Held::Model(model), Rank::Own) => Answer::Own(binder.bind(model)?),
        (Held::Model(model), Rank::Parent) => Answer::Parent(binder.bind(model)?),
        _ => match common {
            Some(Common::Pooled(model)) => Answer::Fallback(model),
            Some(Common::Shared(shared)) => {
                let mut levels = key.parents().filter_map(|key| shared.parent_level(key));
                Answer::Shared(binder.bind_unknown(shared, levels.next())?)
            }
            None => Answer::None,
        },
    })
}

/// The first row without a model is an error. `before` rows came in earlier frames.
fn refuse_unknown(entities: &RowEntities, needs: &[Need], before: u64) -> Result<()> {
    for (entity, (key, need)) in entities.keys.iter().zip(needs).enumerate() {
        let Some(key) = key.whole() else {
            let first = entities.of_row.iter().position(|&e| e as usize == entity);
            return Err(Error::NullKey {
                row: before + first.unwrap_or_default() as u64 + 1,
            });
        };
        match &need.source {
            ModelSource::Held(Held::Unknown) => {
                let key = key.to_owned();
                return Err(StoreError::UnknownEntity { key }.into());
            }
            ModelSource::Held(Held::Untrained(reason)) => {
                let (key, reason) = (key.to_owned(), reason.clone());
                return Err(StoreError::NoModel { key, reason }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The frame's columns by the names of the features.
type Columns = HashMap<String, FrameColumn>;

fn columns(frame: &DataFrame, run: &Run) -> Result<Columns> {
    run.features
        .par_iter()
        .map(|feature| {
            let column = match feature.kind {
                FeatureKind::Numeric => FrameColumn::numbers(frame, &feature.name)?,
                FeatureKind::Categorical => FrameColumn::categories(frame, &feature.name)?,
            };
            Ok((feature.name.clone(), column))
        })
        .collect()
}

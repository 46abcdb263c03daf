//! Brings rows, models and predictions together, with no more models in memory than are allowed.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use polars::prelude::*;
use rayon::prelude::*;

use super::added::AddedColumns;
use super::answers::{Answered, Unknown};
use super::cache::{Cache, Held};
use super::predictions::{Answer, Classifier, Predictions};
use super::row_entities::{RowEntities, Slot};
use crate::error::{Error, Result, SpecError, StoreError, as_at_training};
use crate::guard::guarded;
use crate::model::{BoundModel, FrameColumn, Model, column};
use crate::schema::{ColumnSchema, FeatureKind, Role};
use crate::source::{BadValue, Converter, DatasetSpec, bad_value, can_convert};
use crate::store::{EntityRecord, Index, Run, Store};

/// Predicts frames with the models of a store, reading only those that the frames need.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`unknown`](Self::unknown) | [`Unknown::Null`] | what a row without a model gets | |
/// | [`cache`](Self::cache) | 256 MiB | bytes of models that are held | any |
/// | [`added`](Self::added) | as [`predict`](Self::predict) says | what the added columns are called | |
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
    classes: HashMap<String, u32>,
    unknown: Unknown,
    added: AddedColumns,
    cache: Cache,
    pooled: Option<Model>,
    /// From the second time on that records are looked up: rows that come a few at a time would
    /// have the whole table of entities read for each few.
    index: Option<Index>,
    has_looked_up: bool,
    damaged: BTreeMap<String, String>,
    answered: Answered,
    /// The first keys of entities that the store does not know.
    unknown_keys: Vec<String>,
}

/// How many keys of unknown entities are kept.
const UNKNOWN_KEYS: usize = 3;

const DEFAULT_CACHE: u64 = 256 << 20;

/// Models are read in portions of this share of the cache, as stored; in memory they take up to
/// about eight times as much.
const PORTION: u64 = 8;

/// What is to be done for an entity.
enum Need {
    /// Nothing: this is known of it.
    Held(Held),
    /// Its model is to be read.
    Read(Box<EntityRecord>),
}

impl Predictor {
    /// Predicts with the current generation of a store.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`] for a pooled model that is damaged.
    pub fn new(store: Store) -> Result<Self> {
        let classes = store.generation().run.classes.iter().cloned().zip(0..);
        Ok(Self {
            pooled: store.pooled()?,
            classes: classes.collect(),
            store,
            unknown: Unknown::default(),
            added: AddedColumns::default(),
            cache: Cache::new(DEFAULT_CACHE),
            index: None,
            has_looked_up: false,
            damaged: BTreeMap::new(),
            answered: Answered::default(),
            unknown_keys: Vec::new(),
        })
    }

    /// Sets what a row without a model gets.
    ///
    /// # Errors
    ///
    /// [`SpecError::NoPooledModel`] for [`Unknown::Fallback`] where the store has no pooled model.
    pub fn unknown(mut self, unknown: Unknown) -> Result<Self> {
        if unknown == Unknown::Fallback && self.pooled.is_none() {
            return Err(SpecError::NoPooledModel.into());
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

    /// Sets what the columns that are added are called.
    #[must_use]
    pub fn added(mut self, columns: AddedColumns) -> Self {
        self.added = columns;
        self
    }

    /// How files and rows of text are to be read: as those of training were, but none left out.
    pub fn spec(&self) -> DatasetSpec {
        let run = &self.store.generation().run;
        DatasetSpec {
            predicate: None,
            ..run.dataset.as_trained(&run.features, &run.columns)
        }
    }

    /// What the columns that are added are called.
    pub(super) fn added_columns(&self) -> &AddedColumns {
        &self.added
    }

    /// By row of a frame of texts: what is wrong with the first value that cannot be converted.
    pub(super) fn problems(&self, frame: &DataFrame) -> Result<Vec<Option<String>>> {
        let run = self.run();
        let converter = Converter::lenient(run.dataset.texts());
        let mut problems = vec![None; frame.height()];
        for feature in &run.features {
            let schema = run.feature_column(feature);
            let Ok(texts) = column(frame, &feature.name, Role::Feature)?.str() else {
                continue;
            };
            for (text, problem) in texts.iter().zip(&mut problems) {
                if let (Some(text), None) = (text, &problem)
                    && converter.refuses(text, &schema)
                {
                    let (name, value) = (feature.name.clone(), text.to_owned());
                    let error = bad_value(None, 0, name, value, std::slice::from_ref(&schema));
                    *problem = Some(as_at_training(error).to_string());
                }
            }
        }
        Ok(problems)
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
    /// `own`, `fallback` or `none`.
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
        let store = self.store.clone();
        let run = &store.generation().run;
        self.added.check(frame, &run.classes)?;
        let frame_as_trained = as_trained(frame, run)?;
        let (entities, columns) = rayon::join(
            || RowEntities::of(&frame_as_trained, run.dataset.key.len()),
            || columns(&frame_as_trained, run),
        );
        let (entities, mut columns) = (entities?, columns?);
        let mut pooled = None;
        if let (Unknown::Fallback, Some(model)) = (self.unknown, self.pooled.take()) {
            columns.insert(run.dataset.key.join(","), entities.as_feature());
            pooled = Some(model);
        }
        let predicted = self.predict_entities(&entities, &columns, pooled.as_ref(), run);
        if pooled.is_some() {
            self.pooled = pooled;
        }
        let predicted = predicted?;
        self.answered.add(predicted.answered());
        frame
            .hstack(&predicted.into_columns(&run.classes, run.target_is_integer, &self.added))
            .map_err(Error::polars("cannot add the predictions to the input"))
    }

    fn predict_entities(
        &mut self,
        entities: &RowEntities,
        columns: &Columns,
        pooled: Option<&Model>,
        run: &Run,
    ) -> Result<Predictions> {
        let needs = self.needs(entities)?;
        self.note_unknown(entities, &needs);
        if self.unknown == Unknown::Error {
            refuse_unknown(entities, &needs, self.answered.rows())?;
        }
        let (rows, schedule) = entities.scheduled(|entity| needs[entity].place());
        let pooled = pooled
            .map(|model| self.classifier(model, columns))
            .transpose()?;
        let mut predictions = Predictions::new(rows, run.classes.len());
        let mut rest = schedule.as_slice();
        while !rest.is_empty() {
            let portion = rest
                .split_off(..self.portion(rest, &needs))
                .unwrap_or_default();
            let held = self.read(portion, &needs);
            let answers: Vec<_> = portion
                .par_iter()
                .zip(&held)
                .map(|(slot, held)| {
                    let answer = self.answer(held, pooled.as_ref(), columns)?;
                    Ok((answer, slot.places.clone()))
                })
                .collect::<Result<_>>()?;
            predictions.fill(&answers);
            drop(answers);
            for (slot, held) in portion.iter().zip(held) {
                if let Some(key) = &entities.keys[slot.entity] {
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
            if let (Some(key), Need::Held(Held::Unknown)) = (key, need)
                && !self.unknown_keys.contains(key)
            {
                self.unknown_keys.push(key.clone());
            }
        }
    }

    /// What is to be done for each of the entities.
    fn needs(&mut self, entities: &RowEntities) -> Result<Vec<Need>> {
        let mut needs: Vec<Option<Need>> = entities
            .keys
            .iter()
            .map(|key| match key {
                Some(key) => self.cache.get(key).map(Need::Held),
                None => Some(Need::Held(Held::Unknown)),
            })
            .collect();
        let missing = needs.iter().zip(&entities.keys);
        let missing: Vec<&str> = missing
            .filter(|(need, _)| need.is_none())
            .filter_map(|(_, key)| key.as_deref())
            .collect();
        let mut records: PlHashMap<String, EntityRecord> = self
            .look_up(&missing)?
            .into_iter()
            .map(|record| (record.key.clone(), record))
            .collect();
        for (need, key) in needs.iter_mut().zip(&entities.keys) {
            let (None, Some(key)) = (&need, key) else {
                continue;
            };
            *need = Some(match records.remove(key) {
                None => Need::Held(Held::Unknown),
                Some(record) if record.file().is_some() => Need::Read(Box::new(record)),
                Some(record) => Need::Held(Held::Untrained(record.why_untrained().to_owned())),
            });
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
        let mut bytes = 0;
        let fits = schedule.iter().take_while(|slot| {
            bytes += needs[slot.entity].bytes();
            bytes <= self.cache.budget() / PORTION
        });
        fits.count().max(1)
    }

    /// What the store has for each of the entities. Damaged models are noted.
    fn read(&mut self, schedule: &[Slot], needs: &[Need]) -> Vec<Held> {
        let records: Vec<&EntityRecord> = schedule
            .iter()
            .filter_map(|slot| needs[slot.entity].record())
            .collect();
        let mut models = self.store.models_of(&records).into_iter();
        let held = schedule.iter().map(|slot| match &needs[slot.entity] {
            Need::Held(held) => held.clone(),
            Need::Read(record) => match models.next() {
                Some(Ok(model)) => Held::Model(Arc::new(model)),
                Some(Err(error)) => {
                    self.damaged.insert(record.key.clone(), error.to_string());
                    Held::Damaged
                }
                None => Held::Unknown,
            },
        });
        held.collect()
    }

    fn answer<'a>(
        &self,
        held: &'a Held,
        pooled: Option<&'a Classifier<'a>>,
        columns: &'a Columns,
    ) -> Result<Answer<'a>> {
        Ok(match held {
            Held::Model(model) => Answer::Own(self.classifier(model, columns)?),
            _ => pooled.map_or(Answer::None, Answer::Fallback),
        })
    }

    fn classifier<'a>(&self, model: &'a Model, columns: &'a Columns) -> Result<Classifier<'a>> {
        let places = model
            .classes()
            .iter()
            .map(|class| self.classes.get(class).copied());
        let places: Option<Vec<u32>> = places.collect();
        Ok(Classifier {
            model: BoundModel::new(model, |name| columns.get(name))?,
            places: places.ok_or_else(|| {
                Error::BadModel("predicts a class that its run did not have".into())
            })?,
        })
    }
}

impl Need {
    fn record(&self) -> Option<&EntityRecord> {
        match self {
            Need::Held(_) => None,
            Need::Read(record) => Some(record),
        }
    }

    /// Bytes to be read.
    fn bytes(&self) -> u64 {
        self.record().map_or(0, EntityRecord::model_bytes)
    }

    /// Where the model is to be read, nothing before everything else: the order in which entities
    /// are best answered.
    fn place(&self) -> Option<(&str, u64)> {
        self.record().and_then(EntityRecord::place)
    }
}

/// The first row without a model is an error. `before` rows came in earlier frames.
fn refuse_unknown(entities: &RowEntities, needs: &[Need], before: u64) -> Result<()> {
    for (entity, (key, need)) in entities.keys.iter().zip(needs).enumerate() {
        let Some(key) = key else {
            let first = entities.of_row.iter().position(|&e| e as usize == entity);
            return Err(Error::NullKey {
                row: before + first.unwrap_or_default() as u64 + 1,
            });
        };
        match need {
            Need::Held(Held::Unknown) => {
                return Err(StoreError::UnknownEntity { key: key.clone() }.into());
            }
            Need::Held(Held::Untrained(reason)) => {
                let (key, reason) = (key.clone(), reason.clone());
                return Err(StoreError::NoModel { key, reason }.into());
            }
            _ => {}
        }
    }
    Ok(())
}

/// The columns of the key, as text, and the features, as what they were at training. A key that
/// cannot be converted stays as it is written: it is that of an entity that is not known.
fn as_trained(frame: &DataFrame, run: &Run) -> Result<DataFrame> {
    let bad = BadValue::default();
    let converter = Converter::strict(run.dataset.texts(), &bad);
    let features: Vec<ColumnSchema> = run.features.iter().map(|f| run.feature_column(f)).collect();
    let mut expressions = Vec::with_capacity(run.dataset.key.len() + features.len());
    for (position, name) in run.dataset.key.iter().enumerate() {
        let found = column(frame, name, Role::Key)?.dtype();
        let text = converter.key_text(name, found, &run.key_column(name));
        expressions.push(text.alias(format!("\u{0}{position}")));
    }
    for feature in &features {
        let found = column(frame, &feature.name, Role::Feature)?.dtype();
        if !can_convert(found, &feature.column_type) {
            return Err(SpecError::OtherTypeThanTrained {
                column: feature.name.clone(),
                found: found.into(),
                trained: feature.column_type.noun().to_owned(),
            }
            .into());
        }
        expressions.push(converter.convert(&feature.name, found, feature));
    }
    let converted = guarded(|| frame.clone().lazy().select(expressions).collect());
    converted.map_err(|error| match bad.take() {
        Some((column, value)) => as_at_training(bad_value(None, 0, column, value, &features)),
        None => Error::polars("cannot convert the rows")(error),
    })
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

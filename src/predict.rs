//! Predicts rows of many entities, each by its own entity's model.

use std::collections::HashMap;
use std::sync::Arc;

use polars::prelude::*;
use rayon::prelude::*;

use crate::dataset::{Feature, key_text};
use crate::encode::FeatureKind;
use crate::store::Store;
use crate::tree::heaviest;
use crate::{Error, Model, Result, Value};

/// What to do with a row whose entity has no model.
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

/// Predicts frames with the models of a store, reading only those that the frames need.
///
/// | name | default | purpose | range |
/// | --- | --- | --- | --- |
/// | [`unknown`](Self::unknown) | [`Unknown::Null`] | what a row without a model gets | |
/// | [`cache`](Self::cache) | 256 MiB | bytes of models, as stored, that are kept for the next frame | any |
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
    cache_bytes: u64,
    cached_bytes: u64,
    cache: HashMap<String, Arc<Model>>,
    pooled: Option<Arc<Model>>,
    damaged: Vec<String>,
}

/// What answers for an entity.
#[derive(Clone)]
enum Answer {
    Own(Arc<Model>),
    Fallback(Arc<Model>),
    None,
}

impl Answer {
    fn name(&self) -> &'static str {
        match self {
            Answer::Own(_) => "own",
            Answer::Fallback(_) => "fallback",
            Answer::None => "none",
        }
    }

    fn model(&self) -> Option<&Model> {
        match self {
            Answer::Own(model) | Answer::Fallback(model) => Some(model),
            Answer::None => None,
        }
    }
}

const DEFAULT_CACHE: u64 = 256 << 20;

impl Predictor {
    /// Predicts with the current generation of a store.
    ///
    /// # Errors
    ///
    /// [`Error::BadStore`] for a pooled model that is damaged.
    pub fn new(store: Store) -> Result<Self> {
        Ok(Self {
            pooled: store.pooled()?.map(Arc::new),
            store,
            unknown: Unknown::default(),
            cache_bytes: DEFAULT_CACHE,
            cached_bytes: 0,
            cache: HashMap::new(),
            damaged: Vec::new(),
        })
    }

    /// Sets what a row without a model gets.
    ///
    /// # Errors
    ///
    /// [`Error::Spec`] for [`Unknown::Fallback`] where the store has no pooled model.
    pub fn unknown(mut self, unknown: Unknown) -> Result<Self> {
        if unknown == Unknown::Fallback && self.pooled.is_none() {
            return Err(Error::Spec(
                "the store has no pooled model to fall back on; train it with --pooled".into(),
            ));
        }
        self.unknown = unknown;
        Ok(self)
    }

    /// Sets how many bytes of models are kept for the next frame.
    pub fn cache(mut self, bytes: u64) -> Self {
        self.cache_bytes = bytes;
        self
    }

    /// Why models could not be used so far, one line for each damaged model.
    pub fn damaged(&self) -> &[String] {
        &self.damaged
    }

    /// The frame with its rows in order and these columns added: `prediction`, of the target's
    /// type; `probability_C` for each class `C` of the run; `model`, which says what answered:
    /// `own`, `fallback` or `none`.
    ///
    /// Columns are taken for features as [`Model::predict`] takes them, keys as text. A missing
    /// value or a category that training did not see fails no row.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`] for a key or feature that the frame lacks,
    /// [`Error::UnsupportedType`] for one of another kind than at training,
    /// [`Error::UnknownEntity`] where that is asked for, [`Error::Spec`] for a frame that has one
    /// of the columns to be added.
    pub fn predict(&mut self, frame: &DataFrame) -> Result<DataFrame> {
        let run = self.store.generation().run.clone();
        let added = ["prediction", "model"].map(String::from);
        let probabilities = run
            .classes
            .iter()
            .map(|class| format!("probability_{class}"));
        for name in added.into_iter().chain(probabilities) {
            if frame.column(&name).is_ok() {
                return Err(Error::Spec(format!(
                    "the input has a column '{name}' already; rename it or leave it out"
                )));
            }
        }
        let keys = keys(frame, &run.dataset.key)?;
        let mut columns = Columns::new(frame, &run.features)?;
        if self.unknown == Unknown::Fallback {
            columns.add_key(run.dataset.key.join(","), &keys);
        }
        let mut rows_of: HashMap<Option<&str>, Vec<u32>> = HashMap::new();
        for (row, key) in keys.iter().enumerate() {
            rows_of.entry(key.as_deref()).or_default().push(row as u32);
        }
        let wanted: Vec<&str> = rows_of.keys().filter_map(|key| *key).collect();
        let answers = self.answers(&wanted)?;
        let groups: Vec<(Option<&str>, Vec<u32>)> = rows_of.into_iter().collect();
        let predicted: Vec<Vec<Predicted>> = groups
            .par_iter()
            .map(|(key, rows)| {
                let answer = key
                    .and_then(|key| answers.get(key))
                    .unwrap_or(&Answer::None);
                columns.predict(answer, rows, &run.classes)
            })
            .collect::<Result<_>>()?;

        let classes = run.classes.len();
        let height = frame.height();
        let mut prediction = vec![None; height];
        let mut probabilities = vec![vec![None; height]; classes];
        let mut model = vec!["none"; height];
        for ((key, rows), predicted) in groups.iter().zip(&predicted) {
            let answer = key
                .and_then(|key| answers.get(key))
                .unwrap_or(&Answer::None);
            for (&row, predicted) in rows.iter().zip(predicted) {
                let row = row as usize;
                prediction[row] = Some(run.classes[predicted.class].as_str());
                for (class, probability) in predicted.probabilities.iter().enumerate() {
                    probabilities[class][row] = Some(*probability);
                }
                model[row] = answer.name();
            }
        }
        let mut prediction = Series::new("prediction".into(), prediction);
        if run.target_is_integer {
            prediction = prediction
                .cast(&DataType::Int64)
                .map_err(Error::polars("cannot write the predictions"))?;
        }
        let mut added = vec![prediction.into_column()];
        for (class, probabilities) in run.classes.iter().zip(probabilities) {
            added.push(Column::new(
                format!("probability_{class}").into(),
                probabilities,
            ));
        }
        added.push(Column::new("model".into(), model));
        frame
            .hstack(&added)
            .map_err(Error::polars("cannot add the predictions to the input"))
    }

    /// What answers for each of the keys; those that nothing answers for are left out.
    fn answers(&mut self, keys: &[&str]) -> Result<HashMap<String, Answer>> {
        let missing: Vec<&str> = keys
            .iter()
            .filter(|key| !self.cache.contains_key(**key))
            .copied()
            .collect();
        let mut answers: HashMap<String, Answer> = keys
            .iter()
            .filter_map(|key| {
                Some((
                    (*key).to_owned(),
                    Answer::Own(self.cache.get(*key)?.clone()),
                ))
            })
            .collect();
        let records = self.store.records_of(&missing)?;
        let store = &self.store;
        let loaded: Vec<_> = records
            .par_iter()
            .filter(|record| record.model_bytes() > 0)
            .map(|record| (record, store.model_of(record)))
            .collect();
        for (record, model) in loaded {
            match model {
                Ok(model) => {
                    let model = Arc::new(model);
                    answers.insert(record.key.clone(), Answer::Own(model.clone()));
                    if self.cached_bytes + record.model_bytes() <= self.cache_bytes {
                        self.cached_bytes += record.model_bytes();
                        self.cache.insert(record.key.clone(), model);
                    }
                }
                Err(error) => self.damaged.push(error.to_string()),
            }
        }
        for key in keys
            .iter()
            .filter(|key| !answers.contains_key(**key))
            .collect::<Vec<_>>()
        {
            match (self.unknown, &self.pooled) {
                (Unknown::Error, _) => {
                    return Err(Error::UnknownEntity {
                        key: (*key).to_owned(),
                    });
                }
                (Unknown::Fallback, Some(pooled)) => {
                    answers.insert((*key).to_owned(), Answer::Fallback(pooled.clone()));
                }
                _ => {}
            }
        }
        Ok(answers)
    }
}

/// The prediction for one row.
struct Predicted {
    class: usize,
    probabilities: Vec<f64>,
}

/// The key of each row as the store has it; nothing where a part of it is null.
fn keys(frame: &DataFrame, names: &[String]) -> Result<Vec<Option<String>>> {
    let columns = names
        .iter()
        .map(|name| {
            let column = column(frame, name, "key")?;
            column
                .cast(&DataType::String)
                .map_err(|_| Error::UnsupportedType {
                    column: name.clone(),
                    dtype: column.dtype().to_string(),
                    role: "a key",
                    advice: "give the column the type that it had at training".into(),
                })
        })
        .collect::<Result<Vec<_>>>()?;
    let texts = columns
        .iter()
        .map(|column| column.str())
        .collect::<PolarsResult<Vec<_>>>()
        .map_err(Error::polars("cannot read the keys"))?;
    Ok((0..frame.height())
        .map(|row| {
            let values: Option<Vec<&str>> = texts.iter().map(|text| text.get(row)).collect();
            match values?.as_slice() {
                [value] => Some((*value).to_owned()),
                values => Some(key_text(values.iter().copied())),
            }
        })
        .collect())
}

fn column<'a>(frame: &'a DataFrame, name: &str, role: &str) -> Result<&'a Column> {
    frame.column(name).map_err(|_| Error::UnknownColumn {
        role: role.to_owned(),
        column: name.to_owned(),
        columns: frame
            .get_column_names()
            .iter()
            .map(|name| name.to_string())
            .collect(),
    })
}

/// The columns of a frame, once for all models.
struct Columns {
    by_name: HashMap<String, Values>,
}

enum Values {
    Numbers(Vec<f64>),
    Categories {
        codes: Vec<u32>,
        positions: HashMap<String, u32>,
    },
}

/// The code of a missing category.
const MISSING: u32 = u32::MAX;

impl Columns {
    fn new(frame: &DataFrame, features: &[Feature]) -> Result<Self> {
        let by_name = features
            .iter()
            .map(|feature| Ok((feature.name.clone(), Values::of(frame, feature)?)))
            .collect::<Result<_>>()?;
        Ok(Self { by_name })
    }

    /// The key as a feature of the pooled model.
    fn add_key(&mut self, name: String, keys: &[Option<String>]) {
        let values = Values::of_texts(keys.iter().map(Option::as_deref));
        self.by_name.insert(name, values);
    }

    fn predict(&self, answer: &Answer, rows: &[u32], classes: &[String]) -> Result<Vec<Predicted>> {
        let Some(model) = answer.model() else {
            return Ok(Vec::new());
        };
        let bound = model
            .features()
            .iter()
            .map(
                |feature| match (self.by_name.get(feature.name()), feature.categories()) {
                    (Some(Values::Numbers(numbers)), None) => Ok(Bound::Numbers(numbers)),
                    (Some(Values::Categories { codes, positions }), Some(categories)) => {
                        let known = categories.iter().map(|text| positions.get(text).copied());
                        Ok(Bound::Categories(codes, known.collect()))
                    }
                    _ => Err(Error::BadModel(format!(
                        "asks for feature '{}', which its run did not have so",
                        feature.name()
                    ))),
                },
            )
            .collect::<Result<Vec<_>>>()?;
        let places = model
            .classes()
            .iter()
            .map(|class| classes.iter().position(|other| other == class))
            .collect::<Option<Vec<_>>>()
            .ok_or_else(|| Error::BadModel("predicts a class that its run did not have".into()))?;
        Ok(rows
            .iter()
            .map(|&row| {
                let counts = model.leaf_counts(|feature| bound[feature].value(row as usize));
                let total: f64 = counts.iter().sum();
                let mut probabilities = vec![0.0; classes.len()];
                for (&place, count) in places.iter().zip(counts) {
                    probabilities[place] = count / total;
                }
                Predicted {
                    class: places[heaviest(counts)],
                    probabilities,
                }
            })
            .collect())
    }
}

impl Values {
    fn of(frame: &DataFrame, feature: &Feature) -> Result<Self> {
        let column = column(frame, &feature.name, "feature")?;
        let dtype = column.dtype();
        let unsupported = |_| Error::UnsupportedType {
            column: feature.name.clone(),
            dtype: dtype.to_string(),
            role: match feature.kind {
                FeatureKind::Numeric => "the numeric feature that it was at training",
                FeatureKind::Categorical => "the categorical feature that it was at training",
            },
            advice: "give the column the type that it had at training".into(),
        };
        let numeric = dtype.is_numeric() || dtype.is_temporal() || dtype.is_bool();
        match feature.kind {
            FeatureKind::Numeric if numeric || dtype.is_null() => {
                let numbers = column
                    .to_physical_repr()
                    .cast(&DataType::Float64)
                    .map_err(unsupported)?;
                let numbers = numbers.f64().map_err(unsupported)?;
                Ok(Self::Numbers(
                    numbers.iter().map(|n| n.unwrap_or(f64::NAN)).collect(),
                ))
            }
            FeatureKind::Categorical if !(numeric && feature.dtype == "str") => {
                let texts = column.cast(&DataType::String).map_err(unsupported)?;
                Ok(Self::of_texts(texts.str().map_err(unsupported)?.iter()))
            }
            _ => Err(unsupported(PolarsError::NoData("".into()))),
        }
    }

    fn of_texts<'a>(texts: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut positions: HashMap<String, u32> = HashMap::new();
        let codes = texts
            .map(|text| {
                let Some(text) = text else { return MISSING };
                if let Some(&code) = positions.get(text) {
                    return code;
                }
                let code = positions.len() as u32;
                positions.insert(text.to_owned(), code);
                code
            })
            .collect();
        Self::Categories { codes, positions }
    }
}

/// A frame's column, as one model's feature.
enum Bound<'a> {
    Numbers(&'a [f64]),
    /// The frame's codes, and by position of the model's category the code that it has there.
    Categories(&'a [u32], Vec<Option<u32>>),
}

impl Bound<'_> {
    fn value(&self, row: usize) -> Value {
        match self {
            Self::Numbers(numbers) => Value::Number(numbers[row]),
            Self::Categories(codes, known) => {
                let code = Some(codes[row]);
                let position = known.iter().position(|known| *known == code);
                Value::Category(position.map(|position| position as u32))
            }
        }
    }
}

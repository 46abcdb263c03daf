//! The one lazy query: clean, filter, cast, select.

use std::sync::Arc;

use polars::prelude::*;
use polars::sql::sql_expr;
use serde::{Deserialize, Serialize};

use super::{DatasetSpec, KeyOrder, Source};
use crate::schema::FeatureKind;
use crate::{Error, Result};

/// A feature of the dataset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The column's name.
    pub name: String,
    /// How its values are compared.
    pub kind: FeatureKind,
    /// The column's Polars type in the input.
    pub dtype: String,
}

impl Feature {
    /// Whether a column of type `dtype` holds what this feature held at training.
    fn accepts(&self, dtype: &str) -> bool {
        let (found, trained) = (TypeFamily::of(dtype), TypeFamily::of(&self.dtype));
        let same = dtype == self.dtype || found == TypeFamily::Null || trained == TypeFamily::Null;
        same || match self.kind {
            FeatureKind::Numeric => found.is_number() && trained.is_number(),
            FeatureKind::Categorical => {
                matches!(found, TypeFamily::Text | TypeFamily::Boolean)
                    || (found, trained) == (TypeFamily::Whole, TypeFamily::Whole)
            }
        }
    }
}

/// Polars types that hold the same values.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TypeFamily {
    Null,
    Boolean,
    Text,
    Whole,
    Fraction,
    Other,
}

impl TypeFamily {
    fn of(dtype: &str) -> Self {
        let bits = |prefix: char| {
            let digits = dtype.strip_prefix(prefix).unwrap_or_default();
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        };
        match dtype {
            "null" => Self::Null,
            "bool" => Self::Boolean,
            "str" | "cat" | "enum" => Self::Text,
            _ if bits('i') || bits('u') => Self::Whole,
            _ if bits('f') || dtype.starts_with("decimal") => Self::Fraction,
            _ => Self::Other,
        }
    }

    fn is_number(self) -> bool {
        matches!(self, Self::Boolean | Self::Whole | Self::Fraction)
    }
}

/// How a key or target column compares and sorts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Discrete {
    /// Whole numbers, in numeric order.
    Integer,
    /// Text, in the order of its bytes.
    Text,
}

/// A lazy query for the columns that a training run needs, with every role checked.
#[derive(Clone)]
pub struct Query {
    pub(super) frame: LazyFrame,
    pub(super) key: Vec<(String, Discrete)>,
    pub(super) target: (String, Discrete),
    pub(super) features: Vec<Feature>,
    pub(super) weight: Option<String>,
    pub(super) predicate: bool,
    /// Number of columns that are carried along, behind the features.
    pub(super) carried: usize,
    /// Counts the rows before the filter, where there is one.
    pub(super) unfiltered: Option<LazyFrame>,
}

impl Query {
    /// The query for what a specification asks of a source.
    ///
    /// # Errors
    ///
    /// As [`from_frame`](Self::from_frame), and [`Error::Polars`] where the files' schema cannot be
    /// read.
    pub fn new(source: &Source, spec: &DatasetSpec) -> Result<Self> {
        Self::new_carrying(source, spec, &[])
    }

    /// As [`new`](Self::new), with columns that no model sees carried along as text: those that
    /// rows are grouped or held out by. They may have any role, and a missing value is the text
    /// `(missing)`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), also for the columns carried.
    pub fn new_carrying(source: &Source, spec: &DatasetSpec, carried: &[String]) -> Result<Self> {
        let mut query = Self::from_frame_carrying(source.scan(spec)?, spec, carried)
            .map_err(|error| source.name(error))?;
        if source.known_rows().is_some() {
            query.unfiltered = None;
        }
        Ok(query)
    }

    /// The query for what a specification asks of any lazy frame.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownColumn`], [`Error::TwoRoles`], [`Error::UnsupportedType`] and
    /// [`Error::Spec`] for roles that the frame's columns cannot have; [`Error::Where`] for a
    /// predicate that is not valid.
    pub fn from_frame(frame: LazyFrame, spec: &DatasetSpec) -> Result<Self> {
        Self::from_frame_carrying(frame, spec, &[])
    }

    /// As [`from_frame`](Self::from_frame), with columns carried along as
    /// [`new_carrying`](Self::new_carrying) does.
    ///
    /// # Errors
    ///
    /// As [`from_frame`](Self::from_frame), also for the columns carried.
    pub fn from_frame_carrying(
        mut frame: LazyFrame,
        spec: &DatasetSpec,
        carried: &[String],
    ) -> Result<Self> {
        spec.check()?;
        let schema = frame
            .collect_schema()
            .map_err(Error::polars("cannot read the schema"))?;
        check_columns(&schema, spec)?;

        let mut selection = Vec::new();
        let mut key = Vec::new();
        for name in &spec.key {
            let (expression, discrete) = discrete(name, &schema, "a key")?;
            selection.push(expression);
            key.push((name.clone(), discrete));
        }
        let (expression, order) = discrete(&spec.target, &schema, "a target")?;
        selection.push(expression);
        let target = (spec.target.clone(), order);
        if let Some(weight) = &spec.weight {
            selection.push(number(weight, &schema, "a weight")?);
        }
        let features = features(&schema, spec)?;
        for feature in &features {
            selection.push(match feature.kind {
                FeatureKind::Numeric => number(&feature.name, &schema, "a numeric feature")?,
                FeatureKind::Categorical => category(&feature.name, &schema)?,
            });
        }
        for (position, name) in carried.iter().enumerate() {
            selection.push(carry(name, position, &schema)?);
        }

        let mut unclean = clean(&schema, spec);
        let mut unfiltered = None;
        if let Some(predicate) = &spec.predicate {
            let expression = parse_predicate(predicate, &schema)?;
            // Only what the predicate looks at is cleaned before most rows may be gone.
            let names = expression.clone().meta().root_names();
            let (seen, unseen) = unclean
                .into_iter()
                .partition(|(name, _)| names.contains(name));
            unclean = unseen;
            frame = with_columns(frame, seen);
            unfiltered = Some(frame.clone().select([len()]));
            frame = frame.filter(expression);
        }
        frame = with_columns(frame, unclean);
        Ok(Self {
            frame: frame.select(selection),
            key,
            target,
            features,
            weight: spec.weight.clone(),
            predicate: spec.predicate.is_some(),
            carried: carried.len(),
            unfiltered,
        })
    }

    /// The optimized plan, as Polars prints it.
    ///
    /// # Errors
    ///
    /// [`Error::Polars`] where the plan cannot be made.
    pub fn explain(&self) -> Result<String> {
        self.frame
            .clone()
            .explain(true)
            .map_err(Error::polars("cannot explain the query"))
    }

    /// The lazy frame itself: key, target, weight and features, filtered and cast.
    pub fn frame(&self) -> &LazyFrame {
        &self.frame
    }

    /// The order in which the entities of a table stand.
    pub fn key_order(&self) -> KeyOrder {
        KeyOrder(self.key.iter().map(|(_, kind)| *kind).collect())
    }

    /// Whether the target's classes are whole numbers.
    pub fn target_is_integer(&self) -> bool {
        self.target.1 == Discrete::Integer
    }

    /// The features, in schema order.
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// Checks that the features are of the types that they had at training, so that none of them
    /// is read as something else. Text stands for any category, and any number for any other.
    ///
    /// # Errors
    ///
    /// [`Error::UnsupportedType`] for the first feature that differs.
    pub fn check_types(&self, trained: &[Feature]) -> Result<()> {
        let differs = |(found, trained): &(&Feature, &Feature)| !trained.accepts(&found.dtype);
        match self.features.iter().zip(trained).find(differs) {
            None => Ok(()),
            Some((found, trained)) => Err(Error::UnsupportedType {
                column: found.name.clone(),
                dtype: found.dtype.clone(),
                role: "the feature that the models were trained on",
                advice: format!("it was {} at training; cast it to that", trained.dtype),
            }),
        }
    }

    pub(crate) fn numeric_columns(&self) -> Vec<String> {
        self.features
            .iter()
            .filter(|feature| feature.kind == FeatureKind::Numeric)
            .map(|feature| feature.name.clone())
            .chain(self.weight.clone())
            .collect()
    }
}

fn check_columns(schema: &Schema, spec: &DatasetSpec) -> Result<()> {
    let roles: [(&str, &[String]); 7] = [
        ("--key", &spec.key),
        ("--target", std::slice::from_ref(&spec.target)),
        ("--weight", spec.weight.as_slice()),
        ("feature", &spec.features),
        ("--ignore", &spec.ignore),
        ("--numeric", &spec.numeric),
        ("--categorical", &spec.categorical),
    ];
    for (role, columns) in roles {
        if let Some(column) = columns.iter().find(|column| !schema.contains(column)) {
            return Err(Error::UnknownColumn {
                role: role.to_owned(),
                column: column.clone(),
                columns: column_names(schema),
            });
        }
    }
    Ok(())
}

fn column_names(schema: &Schema) -> Vec<String> {
    schema.iter_names().map(|name| name.to_string()).collect()
}

fn features(schema: &Schema, spec: &DatasetSpec) -> Result<Vec<Feature>> {
    let taken = |name: &String| {
        spec.key.contains(name)
            || spec.target == *name
            || spec.weight.as_ref() == Some(name)
            || spec.ignore.contains(name)
    };
    let names: Vec<String> = if spec.features.is_empty() {
        let names = column_names(schema);
        names.into_iter().filter(|name| !taken(name)).collect()
    } else {
        spec.features.clone()
    };
    if names.is_empty() {
        return Err(Error::Spec(
            "no column is left to be a feature; ignore fewer columns".into(),
        ));
    }
    names
        .into_iter()
        .map(|name| {
            let dtype = dtype(schema, &name);
            let kind = if spec.numeric.contains(&name) {
                FeatureKind::Numeric
            } else if spec.categorical.contains(&name) {
                FeatureKind::Categorical
            } else if dtype.is_numeric() || dtype.is_temporal() {
                FeatureKind::Numeric
            } else {
                FeatureKind::Categorical
            };
            Ok(Feature {
                kind,
                dtype: dtype.to_string(),
                name,
            })
        })
        .collect()
}

fn dtype<'a>(schema: &'a Schema, name: &str) -> &'a DataType {
    schema.get(name).unwrap_or(&DataType::Null)
}

/// A key or target: whole numbers stay what they are, everything else becomes text.
fn discrete(name: &str, schema: &Schema, role: &'static str) -> Result<(Expr, Discrete)> {
    let dtype = dtype(schema, name);
    if dtype.is_float() && role == "a target" {
        return Err(Error::UnsupportedType {
            column: name.into(),
            dtype: dtype.to_string(),
            role,
            advice: "a target is a class: text, boolean or whole numbers".into(),
        });
    }
    let fits = dtype.is_integer()
        && !matches!(
            dtype,
            DataType::UInt64 | DataType::Int128 | DataType::UInt128
        );
    if fits {
        Ok((col(name).cast(DataType::Int64), Discrete::Integer))
    } else {
        Ok((as_categories(name, dtype, role)?, Discrete::Text))
    }
}

fn category(name: &str, schema: &Schema) -> Result<Expr> {
    as_categories(name, dtype(schema, name), "a categorical feature")
}

fn as_categories(name: &str, dtype: &DataType, role: &'static str) -> Result<Expr> {
    if dtype.is_nested() || dtype.is_binary() {
        return Err(unsupported(name, dtype, role));
    }
    let text = match dtype {
        DataType::String => col(name),
        // Polars has no text for a duration; its ticks will do.
        DataType::Duration(_) => col(name).to_physical().cast(DataType::String),
        _ => col(name).cast(DataType::String),
    };
    let categories = Categories::random(PlSmallStr::EMPTY, CategoricalPhysical::U32);
    Ok(text.strict_cast(DataType::from_categories(categories)))
}

fn carry(name: &str, position: usize, schema: &Schema) -> Result<Expr> {
    if !schema.contains(name) {
        return Err(Error::UnknownColumn {
            role: "a column to group or hold out by".into(),
            column: name.into(),
            columns: column_names(schema),
        });
    }
    let dtype = dtype(schema, name);
    if dtype.is_nested() || dtype.is_binary() {
        return Err(unsupported(name, dtype, "a group"));
    }
    let categories = Categories::random(PlSmallStr::EMPTY, CategoricalPhysical::U32);
    Ok(col(name)
        .cast(DataType::String)
        .fill_null(lit("(missing)"))
        .strict_cast(DataType::from_categories(categories))
        .alias(format!("\u{0}{position}")))
}

fn number(name: &str, schema: &Schema, role: &'static str) -> Result<Expr> {
    let dtype = dtype(schema, name);
    let expression = match dtype {
        DataType::Int8
        | DataType::Int16
        | DataType::Int32
        | DataType::UInt8
        | DataType::UInt16
        | DataType::Float32
        | DataType::Float64 => col(name),
        DataType::Boolean => col(name).cast(DataType::UInt8),
        dtype if dtype.is_temporal() => col(name).to_physical().cast(DataType::Float64),
        dtype if dtype.is_numeric() || matches!(dtype, DataType::Null) => {
            col(name).cast(DataType::Float64)
        }
        DataType::String => col(name).strict_cast(DataType::Float64),
        DataType::Categorical(..) | DataType::Enum(..) => col(name)
            .cast(DataType::String)
            .strict_cast(DataType::Float64),
        dtype => return Err(unsupported(name, dtype, role)),
    };
    Ok(expression)
}

fn unsupported(name: &str, dtype: &DataType, role: &'static str) -> Error {
    Error::UnsupportedType {
        column: name.into(),
        dtype: dtype.to_string(),
        role,
        advice: format!("leave it out (--ignore {name}) or cast it before"),
    }
}

pub(super) fn with_columns(frame: LazyFrame, columns: Vec<(PlSmallStr, Expr)>) -> LazyFrame {
    if columns.is_empty() {
        return frame;
    }
    let aliased = columns
        .into_iter()
        .map(|(name, expression)| expression.alias(name));
    frame.with_columns(aliased.collect::<Vec<_>>())
}

/// Texts stripped and missing ones made null, as the specification says.
pub(super) fn clean(schema: &Schema, spec: &DatasetSpec) -> Vec<(PlSmallStr, Expr)> {
    let is_text = |dtype: &DataType| matches!(dtype, DataType::String);
    if !(spec.trim || spec.strip_label_stop || !spec.missing.is_empty()) {
        return Vec::new();
    }
    let texts = schema.iter().filter(|(_, dtype)| is_text(dtype));
    texts
        .map(|(name, _)| {
            let mut text = col(name.clone());
            if spec.trim {
                text = text.str().strip_chars(lit(NULL));
            }
            if spec.strip_label_stop && *name == spec.target.as_str() {
                text = text.str().strip_suffix(lit("."));
            }
            let missing = spec
                .missing
                .iter()
                .map(|missing| text.clone().eq(lit(missing.as_str())))
                .reduce(Expr::or);
            if let Some(is_missing) = missing {
                text = when(is_missing).then(lit(NULL)).otherwise(text);
            }
            (name.clone(), text)
        })
        .collect()
}

fn parse_predicate(predicate: &str, schema: &Schema) -> Result<Expr> {
    let invalid = |problem: String| Error::Where {
        predicate: predicate.to_owned(),
        problem,
    };
    // In parentheses, so that nothing may stand behind the expression.
    let expression = sql_expr(format!("({predicate})")).map_err(|e| invalid(e.to_string()))?;
    for name in expression.clone().meta().root_names() {
        if !schema.contains(&name) {
            return Err(Error::UnknownColumn {
                role: format!("--where '{predicate}'"),
                column: name.to_string(),
                columns: column_names(schema),
            });
        }
    }
    let schema: SchemaRef = Arc::new(schema.clone());
    let dtype = expression
        .to_field(&schema)
        .map_err(|e| invalid(e.to_string()))?
        .dtype;
    if dtype != DataType::Boolean {
        return Err(invalid(format!(
            "is of type {dtype}, not true or false; compare it with something"
        )));
    }
    Ok(expression)
}

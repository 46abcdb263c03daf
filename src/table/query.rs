//! The one lazy query: clean, filter, cast, select.

use std::sync::Arc;

use polars::prelude::*;
use polars::sql::sql_expr;

use super::cut_off::CutOff;
use super::input::Input;
use crate::error::{Error, Result, SpecError};
use crate::schema::{Feature, FeatureKind, Holdout, HoldoutKind, KeyOrder, KeyType, Role};
use crate::source::{DatasetSpec, clean, with_columns};

/// A lazy query for the columns that a training run needs, with every role checked.
#[derive(Clone)]
pub struct Query {
    pub(super) frame: LazyFrame,
    pub(super) key: Vec<(String, KeyType)>,
    pub(super) target: (String, KeyType),
    pub(super) features: Vec<Feature>,
    pub(super) weight: Option<String>,
    pub(super) is_filtered: bool,
    /// Number of columns that are carried along, behind the features.
    pub(super) carried: usize,
    /// What is held out, where the last of the columns carried along says so.
    pub(super) holdout: Option<Holdout>,
    /// Counts the rows before the filter, where there is one.
    pub(super) unfiltered: Option<LazyFrame>,
    /// Texts that stand for a missing value.
    pub(super) missing: Vec<String>,
}

impl Query {
    /// The query for what a specification asks of an input.
    ///
    /// # Errors
    ///
    /// [`SpecError`] for roles that the input's columns cannot have, and for a filter that is not
    /// valid; [`Error::Polars`] where the schema cannot be read.
    pub fn new(input: &Input, spec: &DatasetSpec) -> Result<Self> {
        Self::new_carrying(input, spec, &[])
    }

    /// As [`new`](Self::new), with columns that no model sees carried along as text: those that
    /// rows are grouped or held out by. They may have any role, and a missing value is the text
    /// `(missing)`.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), also for the columns carried.
    pub fn new_carrying(input: &Input, spec: &DatasetSpec, carried: &[String]) -> Result<Self> {
        Self::build(input, spec, carried, None)
    }

    /// As [`new`](Self::new), with what a holdout needs to divide the rows carried along: the
    /// column that it draws by, or whether a row is held out. Where rows are held out by time, the
    /// times are read first.
    ///
    /// # Errors
    ///
    /// As [`new`](Self::new), and [`SpecError`] for a column that cannot be held out by, and for a
    /// time that divides nothing.
    pub fn new_holding_out(input: &Input, spec: &DatasetSpec, holdout: &Holdout) -> Result<Self> {
        let by: Vec<String> = holdout.by().map(str::to_owned).into_iter().collect();
        Self::build(input, spec, &by, Some(holdout))
    }

    fn build(
        input: &Input,
        spec: &DatasetSpec,
        carried: &[String],
        holdout: Option<&Holdout>,
    ) -> Result<Self> {
        match input {
            Input::Frame(frame) => Self::of_frame(*frame.clone(), spec, carried, holdout),
            Input::Files(source) => {
                let mut query = Self::of_frame(source.scan(spec)?, spec, carried, holdout)
                    .map_err(|error| source.name(error))?;
                if source.known_rows().is_some() {
                    query.unfiltered = None;
                }
                Ok(query)
            }
        }
    }

    fn of_frame(
        mut frame: LazyFrame,
        spec: &DatasetSpec,
        carried: &[String],
        holdout: Option<&Holdout>,
    ) -> Result<Self> {
        spec.check()?;
        let schema = frame
            .collect_schema()
            .map_err(Error::polars("cannot read the schema"))?;
        check_columns(&schema, spec)?;
        let mut selection = Selection::new(&schema, spec, carried)?;
        let (frame, unfiltered) = filter(frame, &schema, spec)?;
        let divide = holdout.map(|holdout| Divide::new(&frame, &schema, holdout));
        let Divide { holdout, mark } = divide.transpose()?.unwrap_or_default();
        let carried = carried.len() + usize::from(mark.is_some());
        selection.expressions.extend(mark);
        Ok(Self {
            frame: frame.select(selection.expressions),
            key: selection.key,
            target: selection.target,
            features: selection.features,
            weight: spec.weight.clone(),
            is_filtered: spec.predicate.is_some(),
            carried,
            holdout,
            unfiltered,
            missing: spec.missing.clone(),
        })
    }

    /// What is held out, by the times of the rows where it is the last span of them.
    pub fn holdout(&self) -> Option<&Holdout> {
        self.holdout.as_ref()
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
    pub(crate) fn key_order(&self) -> KeyOrder {
        KeyOrder(self.key.iter().map(|(_, kind)| *kind).collect())
    }

    /// Whether the target's classes are whole numbers.
    pub fn target_is_integer(&self) -> bool {
        self.target.1 == KeyType::Integer
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
    /// [`SpecError::OtherTypeThanTrained`] for the first feature that differs.
    pub(crate) fn check_types(&self, trained: &[Feature]) -> Result<()> {
        let differs = |(found, trained): &(&Feature, &Feature)| !trained.accepts(&found.value_type);
        match self.features.iter().zip(trained).find(differs) {
            None => Ok(()),
            Some((found, trained)) => Err(SpecError::OtherTypeThanTrained {
                column: found.name.clone(),
                found: found.value_type.clone(),
                trained: trained.value_type.to_string(),
            }
            .into()),
        }
    }

    pub(super) fn numeric_columns(&self) -> Vec<String> {
        self.features
            .iter()
            .filter(|feature| feature.kind == FeatureKind::Numeric)
            .map(|feature| feature.name.clone())
            .chain(self.weight.clone())
            .collect()
    }
}

/// The columns of all roles, and what is to be selected for them.
struct Selection {
    key: Vec<(String, KeyType)>,
    target: (String, KeyType),
    features: Vec<Feature>,
    /// Keys, target, weight, features, and the columns carried along.
    expressions: Vec<Expr>,
}

impl Selection {
    fn new(schema: &Schema, spec: &DatasetSpec, carried: &[String]) -> Result<Self> {
        let mut expressions = Vec::new();
        let mut key = Vec::new();
        for name in &spec.key {
            let (expression, key_type) = discrete(name, schema, Role::Key)?;
            expressions.push(expression);
            key.push((name.clone(), key_type));
        }
        let (expression, key_type) = discrete(&spec.target, schema, Role::Target)?;
        expressions.push(expression);
        if let Some(weight) = &spec.weight {
            expressions.push(number(weight, schema, Role::Weight)?);
        }
        let features = features(schema, spec)?;
        for feature in &features {
            expressions.push(match feature.kind {
                FeatureKind::Numeric => number(&feature.name, schema, Role::NumericFeature)?,
                FeatureKind::Categorical => {
                    let dtype = dtype(schema, &feature.name);
                    as_categories(&feature.name, dtype, Role::CategoricalFeature)?
                }
            });
        }
        for (position, name) in carried.iter().enumerate() {
            expressions.push(carry(name, position, schema)?);
        }
        Ok(Self {
            key,
            target: (spec.target.clone(), key_type),
            features,
            expressions,
        })
    }
}

/// How rows are divided into those to train on and those held out.
#[derive(Default)]
struct Divide {
    holdout: Option<Holdout>,
    /// Whether a row is held out, where that is told row by row.
    mark: Option<Expr>,
}

impl Divide {
    fn new(frame: &LazyFrame, schema: &Schema, holdout: &Holdout) -> Result<Self> {
        let cut_off = CutOff::new(frame, schema, holdout)?;
        let (holdout, is_held_out) = match (&holdout.0, cut_off) {
            (_, Some(cut_off)) => (cut_off.holdout, Some(cut_off.is_held_out)),
            (HoldoutKind::Where { predicate }, None) => {
                let holds = parse_predicate(predicate, schema, Role::Held)?;
                (holdout.clone(), Some(holds.fill_null(lit(false))))
            }
            _ => (holdout.clone(), None),
        };
        let mark = is_held_out.map(|held_out| {
            let text = as_own_categories(held_out.cast(DataType::String));
            text.alias(carried_name(0))
        });
        let holdout = Some(holdout);
        Ok(Self { holdout, mark })
    }
}

/// The cleaned rows for which the predicate holds; and where there is one, the number of rows
/// before.
fn filter(
    mut frame: LazyFrame,
    schema: &Schema,
    spec: &DatasetSpec,
) -> Result<(LazyFrame, Option<LazyFrame>)> {
    let mut unclean = clean(schema, spec);
    let mut unfiltered = None;
    if let Some(predicate) = &spec.predicate {
        let expression = parse_predicate(predicate, schema, Role::Filter)?;
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
    Ok((with_columns(frame, unclean), unfiltered))
}

fn check_columns(schema: &Schema, spec: &DatasetSpec) -> Result<()> {
    let roles: [(Role, &[String]); 7] = [
        (Role::Key, &spec.key),
        (Role::Target, std::slice::from_ref(&spec.target)),
        (Role::Weight, spec.weight.as_slice()),
        (Role::Feature, &spec.features),
        (Role::Ignored, &spec.ignore),
        (Role::NumericFeature, &spec.numeric),
        (Role::CategoricalFeature, &spec.categorical),
    ];
    for (role, columns) in roles {
        if let Some(column) = columns.iter().find(|column| !schema.contains(column)) {
            return Err(unknown_column(role, column, schema));
        }
    }
    Ok(())
}

fn unknown_column(role: Role, column: &str, schema: &Schema) -> Error {
    SpecError::UnknownColumn {
        role,
        column: column.to_owned(),
        columns: column_names(schema),
    }
    .into()
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
        return Err(SpecError::NoFeatures.into());
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
                value_type: dtype.into(),
                name,
            })
        })
        .collect()
}

fn dtype<'a>(schema: &'a Schema, name: &str) -> &'a DataType {
    schema.get(name).unwrap_or(&DataType::Null)
}

/// A key or target: whole numbers stay what they are, everything else becomes text.
fn discrete(name: &str, schema: &Schema, role: Role) -> Result<(Expr, KeyType)> {
    let dtype = dtype(schema, name);
    if dtype.is_float() && role == Role::Target {
        let advice = "a target is a class: text, boolean or whole numbers";
        return Err(unsupported(name, dtype, role, advice.into()));
    }
    let fits = dtype.is_integer()
        && !matches!(
            dtype,
            DataType::UInt64 | DataType::Int128 | DataType::UInt128
        );
    if fits {
        Ok((col(name).cast(DataType::Int64), KeyType::Integer))
    } else {
        Ok((as_categories(name, dtype, role)?, KeyType::Text))
    }
}

fn as_categories(name: &str, dtype: &DataType, role: Role) -> Result<Expr> {
    check_has_text(name, dtype, role)?;
    let text = match dtype {
        DataType::String => col(name),
        // Polars has no text for a duration; its ticks will do.
        DataType::Duration(_) => col(name).to_physical().cast(DataType::String),
        _ => col(name).cast(DataType::String),
    };
    Ok(as_own_categories(text))
}

fn carry(name: &str, position: usize, schema: &Schema) -> Result<Expr> {
    if !schema.contains(name) {
        return Err(unknown_column(Role::Group, name, schema));
    }
    check_has_text(name, dtype(schema, name), Role::Group)?;
    let text = col(name).cast(DataType::String);
    let text = as_own_categories(text.fill_null(lit("(missing)")));
    Ok(text.alias(carried_name(position)))
}

fn carried_name(position: usize) -> String {
    format!("\u{0}{position}")
}

fn check_has_text(name: &str, dtype: &DataType, role: Role) -> Result<()> {
    if dtype.is_nested() || dtype.is_binary() {
        return Err(unsupported(name, dtype, role, leave_out_or_cast(name)));
    }
    Ok(())
}

/// Texts as codes of a dictionary that nothing else shares.
pub(super) fn as_own_categories(text: Expr) -> Expr {
    let categories = Categories::random(PlSmallStr::EMPTY, CategoricalPhysical::U32);
    text.strict_cast(DataType::from_categories(categories))
}

fn number(name: &str, schema: &Schema, role: Role) -> Result<Expr> {
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
        dtype => return Err(unsupported(name, dtype, role, leave_out_or_cast(name))),
    };
    Ok(expression)
}

fn unsupported(name: &str, dtype: &DataType, role: Role, advice: String) -> Error {
    SpecError::UnsupportedType {
        column: name.into(),
        found: dtype.into(),
        role,
        advice,
    }
    .into()
}

fn leave_out_or_cast(name: &str) -> String {
    format!("leave '{name}' out, or cast it before")
}

fn parse_predicate(predicate: &str, schema: &Schema, role: Role) -> Result<Expr> {
    let invalid = |problem: String| SpecError::Filter {
        role,
        predicate: predicate.to_owned(),
        problem,
    };
    // In parentheses, so that nothing may stand behind the expression.
    let expression = sql_expr(format!("({predicate})")).map_err(|e| invalid(e.to_string()))?;
    for name in expression.clone().meta().root_names() {
        if !schema.contains(&name) {
            return Err(unknown_column(role, &name, schema));
        }
    }
    let schema: SchemaRef = Arc::new(schema.clone());
    let dtype = expression
        .to_field(&schema)
        .map_err(|e| invalid(e.to_string()))?
        .dtype;
    if dtype != DataType::Boolean {
        let problem = format!("is of type {dtype}, not true or false; compare it with something");
        return Err(invalid(problem).into());
    }
    Ok(expression)
}

//! What a query selects: the columns of all roles, cast to what is collected of them.

use polars::prelude::*;

use super::roles::Roles;
use crate::error::{Error, Result, SpecError};
use crate::guard::guarded;
use crate::schema::{ColumnSchema, ColumnType, Feature, FeatureKind, KeyType, Role};
use crate::source::{DatasetSpec, Found, InputColumn, text_of, text_of_column};

/// What a query yields for the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TargetValues {
    /// Categories.
    Texts,
    /// Whole numbers of 64 bits.
    Integers,
    /// Numbers of double precision.
    Numbers,
}

/// The columns of all roles, and what is to be selected for them.
pub(super) struct Selection {
    pub key: Vec<(String, KeyType)>,
    pub target_values: TargetValues,
    /// Keys, target, weight, features, and the columns carried along.
    pub expressions: Vec<Expr>,
}

impl Selection {
    pub fn new(
        columns: &[ColumnSchema],
        schema: &Schema,
        spec: &DatasetSpec,
        features: &[Feature],
        carried: &[String],
    ) -> Result<Self> {
        let mut expressions = Vec::new();
        let mut key = Vec::new();
        for name in &spec.key {
            let (expression, key_type) = discrete(name, columns)?;
            expressions.push(expression);
            key.push((name.clone(), key_type));
        }
        let (expression, target_values) = target(&spec.target, columns)?;
        expressions.push(expression);
        if let Some(weight) = &spec.weight {
            expressions.push(number(weight, schema, Role::Weight)?);
        }
        for feature in features {
            expressions.push(match feature.kind {
                FeatureKind::Numeric => number(&feature.name, schema, Role::NumericFeature)?,
                FeatureKind::Categorical => as_categories(&feature.name, schema),
            });
        }
        for (position, name) in carried.iter().enumerate() {
            expressions.push(carry(name, position, schema));
        }
        Ok(Self {
            key,
            target_values,
            expressions,
        })
    }
}

/// The features, in the order of their roles.
pub(super) fn features(
    columns: &[ColumnSchema],
    spec: &DatasetSpec,
    roles: &Roles,
) -> Vec<Feature> {
    let columns = ColumnSchema::by_name(columns);
    let column_type = |name: &String| {
        let column = columns.get(name.as_str());
        column.map_or(ColumnType::Text, |column| column.column_type.clone())
    };
    let features = roles.features.iter().map(|name| {
        let column_type = column_type(name);
        let is_numeric = !spec.categorical.contains(name)
            && (spec.numeric.contains(name) || column_type.is_ordered());
        Feature {
            name: name.clone(),
            kind: match is_numeric {
                true => FeatureKind::Numeric,
                false => FeatureKind::Categorical,
            },
            column_type,
        }
    });
    features.collect()
}

fn dtype<'a>(schema: &'a Schema, name: &str) -> &'a DataType {
    schema.get(name).unwrap_or(&DataType::Null)
}

fn find<'a>(name: &str, columns: &'a [ColumnSchema]) -> Result<&'a ColumnSchema> {
    let column = columns.iter().find(|column| column.name == name);
    column.ok_or_else(|| Error::Defect(format!("column '{name}' is lost")))
}

/// A target: numbers stay what they are, NaN is a missing one, and everything else is as a key.
fn target(name: &str, columns: &[ColumnSchema]) -> Result<(Expr, TargetValues)> {
    if find(name, columns)?.column_type == ColumnType::Number {
        return Ok((col(name).fill_nan(lit(NULL)), TargetValues::Numbers));
    }
    let (expression, key_type) = discrete(name, columns)?;
    let values = match key_type {
        KeyType::Integer => TargetValues::Integers,
        KeyType::Text => TargetValues::Texts,
    };
    Ok((expression, values))
}

/// Whether a target that is to be a quantity holds numbers.
pub(super) fn check_quantity(
    target: &str,
    found: &[InputColumn],
    columns: &[ColumnSchema],
    frame: &LazyFrame,
) -> Result<()> {
    let column = find(target, columns)?;
    if matches!(column.column_type, ColumnType::Whole | ColumnType::Number) {
        return Ok(());
    }
    let mut found = found.iter().filter(|column| column.name == target);
    let observed = found.find_map(|column| match &column.found {
        Found::Texts(observation) => observation.examples().first().cloned(),
        Found::Types(_) => None,
    });
    let error = SpecError::NoQuantity {
        column: target.to_owned(),
        found: column.column_type.noun(),
        example: match observed {
            Some(example) => Some(example),
            None => first_text(frame, column)?,
        },
    };
    Err(error.into())
}

/// The first value of a column, as text.
fn first_text(frame: &LazyFrame, column: &ColumnSchema) -> Result<Option<String>> {
    let name = column.name.as_str();
    let text = text_of_column(col(name), column).alias(name);
    let values = frame.clone().select([text]).drop_nulls(None).limit(1);
    guarded(|| values.collect_with_engine(Engine::Streaming))
        .and_then(|values| {
            let values = values.unwrap_single();
            Ok(values.column(name)?.str()?.get(0).map(str::to_owned))
        })
        .map_err(Error::polars(format!("cannot read column '{name}'")))
}

/// A key: whole numbers stay what they are, everything else becomes text.
fn discrete(name: &str, columns: &[ColumnSchema]) -> Result<(Expr, KeyType)> {
    let column = find(name, columns)?;
    match column.column_type {
        ColumnType::Whole => Ok((col(name), KeyType::Integer)),
        _ => {
            let text = as_own_categories(text_of_column(col(name), column));
            Ok((text.alias(name), KeyType::Text))
        }
    }
}

fn as_categories(name: &str, schema: &Schema) -> Expr {
    as_own_categories(text_of(col(name), dtype(schema, name)))
}

fn carry(name: &str, position: usize, schema: &Schema) -> Expr {
    let text = text_of(col(name), dtype(schema, name));
    let text = as_own_categories(text.fill_null(lit("(missing)")));
    text.alias(carried_name(position))
}

pub(super) fn carried_name(position: usize) -> String {
    format!("\u{0}{position}")
}

/// Texts as codes of a dictionary that nothing else shares.
pub(super) fn as_own_categories(text: Expr) -> Expr {
    let categories = Categories::random(PlSmallStr::EMPTY, CategoricalPhysical::U32);
    text.strict_cast(DataType::from_categories(categories))
}

fn number(name: &str, schema: &Schema, role: Role) -> Result<Expr> {
    let dtype = dtype(schema, name);
    match dtype {
        DataType::Float64 => Ok(col(name)),
        DataType::Boolean => Ok(col(name).cast(DataType::UInt8)),
        DataType::Int64 => Ok(col(name).cast(DataType::Float64)),
        dtype if dtype.is_temporal() => Ok(col(name).to_physical().cast(DataType::Float64)),
        dtype => {
            let advice = format!("leave '{name}' out, or cast it before");
            Err(unsupported(name, dtype, role, advice))
        }
    }
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

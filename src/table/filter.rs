//! Which rows are kept: a predicate in SQL.

use std::sync::Arc;

use polars::prelude::*;

use super::predicate;
use crate::error::{Error, Result, SpecError, polars_message};
use crate::guard::guarded;
use crate::schema::{Role, ValueType};
use crate::source::{DatasetSpec, timestamp};

/// A predicate, and the columns that it looks at.
pub(crate) struct Filter {
    pub expression: Expr,
    pub columns: Vec<String>,
}

impl Filter {
    /// The columns that the predicate of a specification looks at.
    ///
    /// # Errors
    ///
    /// [`SpecError::Filter`] for a predicate that is not valid.
    pub fn names(spec: &DatasetSpec) -> Result<Vec<String>> {
        match &spec.predicate {
            Some(predicate) => Self::names_in(predicate, Role::Filter),
            None => Ok(Vec::new()),
        }
    }

    /// The columns that a predicate looks at.
    ///
    /// # Errors
    ///
    /// [`SpecError::Filter`] for a predicate that is not valid.
    pub fn names_in(predicate: &str, role: Role) -> Result<Vec<String>> {
        Ok(names(&parse(predicate, role)?))
    }

    /// The predicate of a specification on columns of these types.
    ///
    /// # Errors
    ///
    /// [`SpecError::Filter`] for a predicate that is not valid.
    pub fn new(spec: &DatasetSpec, schema: &Schema) -> Result<Option<Self>> {
        let predicate = spec.predicate.as_ref();
        predicate
            .map(|predicate| Self::of(predicate, Role::Filter, schema))
            .transpose()
    }

    /// A predicate on columns of these types.
    ///
    /// # Errors
    ///
    /// [`SpecError::Filter`] for a predicate that is not valid.
    pub fn of(predicate: &str, role: Role, schema: &Schema) -> Result<Self> {
        let expression = parse(predicate, role)?.map_expr(|part| with_times(part, schema));
        let of_columns = |cause: PolarsError| {
            let types = types_of_columns(&expression, schema);
            invalid(
                predicate,
                role,
                format!("{}{types}", polars_message(&cause)),
            )
        };
        let shared: SchemaRef = Arc::new(schema.clone());
        let dtype = expression.to_field(&shared).map_err(of_columns)?.dtype;
        if dtype != DataType::Boolean {
            let problem =
                format!("is of type {dtype}, not true or false; compare it with something");
            return Err(invalid(predicate, role, problem));
        }
        // Polars compares types only when it runs: here on a row without values.
        let columns = schema.iter();
        let columns = columns.map(|(name, dtype)| Column::full_null(name.clone(), 1, dtype));
        let nothing = DataFrame::new(1, columns.collect());
        guarded(|| nothing?.lazy().filter(expression.clone()).collect()).map_err(of_columns)?;
        Ok(Self {
            columns: names(&expression),
            expression,
        })
    }
}

fn invalid(predicate: &str, role: Role, problem: String) -> Error {
    SpecError::Filter {
        role,
        predicate: predicate.to_owned(),
        problem,
    }
    .into()
}

fn parse(predicate: &str, role: Role) -> Result<Expr> {
    predicate::parse(predicate).map_err(|problem| invalid(predicate, role, problem))
}

/// The types of the columns that a predicate looks at, to be added to what is wrong with it.
fn types_of_columns(predicate: &Expr, schema: &Schema) -> String {
    let types = names(predicate).into_iter().filter_map(|name| {
        let value_type = ValueType::from(schema.get(&name)?);
        Some(format!("; column '{name}' is of type {value_type}"))
    });
    types.collect()
}

fn names(expression: &Expr) -> Vec<String> {
    let names = expression.clone().meta().root_names();
    names.into_iter().map(|name| name.to_string()).collect()
}

/// Texts that a date or a timestamp is compared with, as such.
fn with_times(part: Expr, schema: &Schema) -> Expr {
    match part {
        Expr::BinaryExpr { left, op, right } if op.is_comparison() => {
            let times = time_of(&left, schema).or_else(|| time_of(&right, schema));
            let side = |side: Arc<Expr>| match &times {
                Some(dtype) => Arc::new(as_time((*side).clone(), dtype)),
                None => side,
            };
            Expr::BinaryExpr {
                left: side(left),
                op,
                right: side(right),
            }
        }
        Expr::Function { input, function } => {
            let times = input.first().and_then(|first| time_of(first, schema));
            let input = match times {
                Some(dtype) => input.into_iter().map(|one| as_time(one, &dtype)).collect(),
                None => input,
            };
            Expr::Function { input, function }
        }
        other => other,
    }
}

/// A text, or a list of texts, as a time that a column of this type is compared with.
fn as_time(side: Expr, column: &DataType) -> Expr {
    let zone = match column {
        DataType::Datetime(_, zone) => zone.clone(),
        _ => None,
    };
    let dtype = DataType::Datetime(TimeUnit::Microseconds, zone);
    if let Expr::Literal(text) = &side
        && let Some((microseconds, _)) = text.extract_str().and_then(timestamp)
    {
        return lit(microseconds).cast(dtype);
    }
    match side
        .to_field(&Arc::new(Schema::default()))
        .map(|field| field.dtype)
    {
        Ok(DataType::String) => side.strict_cast(column.clone()),
        Ok(DataType::List(inner)) if *inner == DataType::String => {
            side.strict_cast(DataType::List(Box::new(column.clone())))
        }
        _ => side,
    }
}

/// The type of a column of dates or timestamps.
fn time_of(expression: &Expr, schema: &Schema) -> Option<DataType> {
    let Expr::Column(name) = expression else {
        return None;
    };
    let dtype = schema.get(name)?;
    matches!(dtype, DataType::Date | DataType::Datetime(..)).then(|| dtype.clone())
}

//! The values of columns as text, the same whatever they are held in.

use polars::prelude::*;

use super::decimal::Decimal;
use crate::schema::{ColumnSchema, ColumnType, time_text, timestamp_text};

/// A whole number, where it is one that 64 bits hold and a double holds exactly.
pub(crate) fn whole_of(number: f64) -> Option<i64> {
    const LIMIT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= LIMIT).then_some(number as i64)
}

/// A column's values as text, the same whatever type and unit they are held in: whole numbers
/// without a fraction, other numbers as the shortest text that stands for them, decimals with all
/// of their digits, dates and times in ISO 8601, durations as microseconds.
pub(crate) fn text_of(source: Expr, found: &DataType) -> Expr {
    match found {
        DataType::String => source,
        dtype if dtype.is_float() => as_text(source, number_texts),
        DataType::Decimal(..) => as_text(source, decimal_texts),
        DataType::Datetime(..) | DataType::Time => as_text(source, time_texts),
        DataType::Duration(_) => source
            .cast(DataType::Duration(TimeUnit::Microseconds))
            .to_physical()
            .cast(DataType::String),
        _ => source.cast(DataType::String),
    }
}

/// The values of a converted column as text: true and false as they are written there.
pub(crate) fn text_of_column(source: Expr, column: &ColumnSchema) -> Expr {
    match &column.spelling {
        Some([no, yes]) if column.column_type == ColumnType::Boolean => {
            let spelled = when(source.clone())
                .then(lit(yes.as_str()))
                .otherwise(lit(no.as_str()));
            when(source.is_null()).then(lit(NULL)).otherwise(spelled)
        }
        _ => text_of(source, &column.column_type.dtype()),
    }
}

fn as_text(source: Expr, texts: fn(Column) -> PolarsResult<Column>) -> Expr {
    source.map(texts, |_, field| {
        Ok(Field::new(field.name().clone(), DataType::String))
    })
}

fn number_texts(numbers: Column) -> PolarsResult<Column> {
    let name = numbers.name().clone();
    let numbers = numbers.cast(&DataType::Float64)?;
    let texts = numbers.f64()?.iter().map(|number| {
        let number = number.filter(|number| !number.is_nan())?;
        Some(number_text(number))
    });
    Ok(StringChunked::from_iter_options(name, texts.collect::<Vec<_>>().into_iter()).into_column())
}

fn decimal_texts(column: Column) -> PolarsResult<Column> {
    let decimals = Decimal::all(&column)?.into_iter();
    let texts = decimals.map(|decimal| decimal.map(Decimal::text));
    Ok(StringChunked::from_iter_options(column.name().clone(), texts).into_column())
}

/// The shortest text that stands for a number; a whole number has no fraction.
pub(crate) fn number_text(number: f64) -> String {
    match whole_of(number) {
        Some(whole) => whole.to_string(),
        None => number.to_string(),
    }
}

fn time_texts(times: Column) -> PolarsResult<Column> {
    let name = times.name().clone();
    let (dtype, counts) = (times.dtype().clone(), times.to_physical_repr());
    let counts = counts.cast(&DataType::Int64)?;
    let text = |count| match &dtype {
        DataType::Datetime(unit, zone) => timestamp_text(count, (*unit).into(), zone.is_some()),
        _ => time_text(count),
    };
    let texts = counts.i64()?.iter().map(|count| text(count?));
    let texts: Vec<Option<String>> = texts.collect();
    Ok(StringChunked::from_iter_options(name, texts.into_iter()).into_column())
}

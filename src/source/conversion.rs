//! Columns of any type of Polars as what they were taken for at training.

use std::sync::{Arc, Mutex};

use polars::prelude::*;

use super::decimal::Decimal;
use super::observation::Texts;
use super::texts::{number_text, text_of, text_of_column, whole_of};
use super::value;
use crate::schema::{ColumnSchema, ColumnType, OnInfinite};

/// The first value that could not be converted: its column, and its text.
#[derive(Clone, Default)]
pub(crate) struct BadValue(Arc<Mutex<Option<(String, String)>>>);

impl BadValue {
    fn note(&self, column: &str, value: String) {
        if let Ok(mut first) = self.0.lock() {
            first.get_or_insert((column.to_owned(), value));
        }
    }

    /// Its column and its text, if there was one.
    pub fn take(&self) -> Option<(String, String)> {
        self.0.lock().ok()?.take()
    }
}

/// A column, and whether it refuses a text.
pub(super) type Refusal = (String, Box<dyn Fn(&str) -> bool>);

/// A value that was refused: its line, its column and its text.
pub(super) type Refused = (u64, String, String);

/// Which rows are kept: a predicate on converted columns, and the columns that it looks at.
pub(crate) type RowFilterExpression<'a> = Option<(&'a Expr, &'a [String])>;

/// Converts columns.
#[derive(Clone)]
pub(crate) struct Converter {
    texts: Arc<Texts>,
    /// Where a value that cannot be converted is noted; nothing where it becomes null.
    bad: Option<BadValue>,
}

impl Converter {
    /// A value that cannot be converted is an error, and noted.
    pub fn strict(texts: Texts, bad: &BadValue) -> Self {
        Self {
            texts: Arc::new(texts),
            bad: Some(bad.clone()),
        }
    }

    /// A value that cannot be converted becomes null.
    pub fn lenient(texts: Texts) -> Self {
        Self {
            texts: Arc::new(texts),
            bad: None,
        }
    }

    fn as_lenient(&self) -> Self {
        Self {
            texts: self.texts.clone(),
            bad: None,
        }
    }

    /// These columns of a frame, converted, and only the rows for which the filter holds. A column
    /// that the frame lacks is null.
    pub fn convert_frame(
        &self,
        frame: LazyFrame,
        schema: &Schema,
        columns: &[ColumnSchema],
        filter: RowFilterExpression,
    ) -> LazyFrame {
        let missing = |column: &ColumnSchema| {
            let nothing = lit(NULL).cast(column.column_type.dtype());
            nothing.alias(&column.name)
        };
        let convert = |column: &ColumnSchema| match schema.get(&column.name) {
            Some(dtype) => self.convert(&column.name, dtype, column),
            None => missing(column),
        };
        let Some((predicate, names)) = filter else {
            return frame.select(columns.iter().map(convert).collect::<Vec<_>>());
        };
        // Only what the predicate looks at is converted before most rows may be gone. It sees
        // infinite numbers as they are.
        let is_seen = |column: &&ColumnSchema| names.contains(&column.name);
        let seen = columns.iter().filter(is_seen);
        let seen = seen.map(|column| match schema.get(&column.name) {
            Some(dtype) => self.convert_value(&column.name, dtype, column),
            None => missing(column),
        });
        let rest = columns.iter().map(|column| match is_seen(&column) {
            true => self.finite(col(&column.name), column),
            false => convert(column),
        });
        frame
            .with_columns(seen.collect::<Vec<_>>())
            .filter(predicate.clone())
            .select(rest.collect::<Vec<_>>())
    }

    /// The column `name`, of type `found`, as a column of [`ColumnType::dtype`].
    pub fn convert(&self, name: &str, found: &DataType, column: &ColumnSchema) -> Expr {
        self.finite(self.convert_value(name, found, column), column)
    }

    /// Values of a converted column, infinite numbers among them treated as they are to be.
    fn finite(&self, values: Expr, column: &ColumnSchema) -> Expr {
        if column.infinite.is_none() || column.column_type != ColumnType::Number {
            return values;
        }
        let (column, converter) = (column.clone(), self.clone());
        values.map(
            move |values| converter.finite_numbers(values, &column),
            |_, field| Ok(field.clone()),
        )
    }

    fn finite_numbers(&self, values: Column, column: &ColumnSchema) -> PolarsResult<Column> {
        let numbers = values.f64()?;
        let Some(infinite) = first_infinite(numbers) else {
            return Ok(values);
        };
        if column.infinite == Some(OnInfinite::Error) {
            self.refuse(&column.name, || number_text(infinite))?;
        }
        let finite = numbers
            .iter()
            .map(|number| number.filter(|n| !n.is_infinite()));
        let finite = Float64Chunked::from_iter_options(values.name().clone(), finite);
        Ok(finite.into_column())
    }

    /// As [`convert`](Self::convert), with infinite numbers as they are.
    fn convert_value(&self, name: &str, found: &DataType, column: &ColumnSchema) -> Expr {
        let column_type = &column.column_type;
        let wanted = column_type.dtype();
        let source = || col(name);
        match (found, column_type) {
            (DataType::Null, _) => source().cast(wanted),
            (_, ColumnType::Text) => self.text(name, found),
            (found, _) if *found == wanted => source(),
            (DataType::Categorical(..) | DataType::Enum(..), _) => {
                self.parse(source().cast(DataType::String), column)
            }
            (DataType::String, _) => self.parse(source(), column),
            (_, ColumnType::Boolean) => self.boolean(source()),
            (DataType::Decimal(..), ColumnType::Whole) => self.whole_decimals(source()),
            (DataType::Decimal(..), ColumnType::Number) => source()
                .map(decimals_as_numbers, |_, field| {
                    Ok(Field::new(field.name().clone(), DataType::Float64))
                }),
            (_, ColumnType::Whole) => self.whole(source(), found),
            (_, ColumnType::Date) => self.date(source(), found),
            (_, ColumnType::Timestamp { unit, .. }) => source()
                .cast(DataType::Datetime((*unit).into(), None))
                .to_physical()
                .cast(DataType::Int64)
                .cast(wanted),
            _ => source().cast(wanted),
        }
        .alias(name)
    }

    /// The column as the text of a key: that of its value where it can be converted, else as it is
    /// written, for it may be the key of an entity that is not known.
    pub fn key_text(&self, name: &str, found: &DataType, column: &ColumnSchema) -> Expr {
        let as_is = self.text(name, found);
        if column.column_type == ColumnType::Text || !can_convert(found, &column.column_type) {
            return as_is;
        }
        let converted = self.as_lenient().convert(name, found, column);
        coalesce(&[text_of_column(converted, column), as_is]).alias(name)
    }

    /// Texts stripped, and null where they stand for a missing value; other values as text.
    pub fn text(&self, name: &str, found: &DataType) -> Expr {
        let text = match found {
            DataType::String => col(name),
            DataType::Categorical(..) | DataType::Enum(..) => col(name).cast(DataType::String),
            _ => return text_of(col(name), found).alias(name),
        };
        self.clean(name, text)
    }

    /// Texts as they mean.
    fn clean(&self, name: &str, mut text: Expr) -> Expr {
        if self.texts.trim {
            text = text.str().strip_chars(lit(NULL));
        }
        if self.texts.stopped.as_deref() == Some(name) {
            text = text.str().strip_suffix(lit("."));
        }
        let missing = self.texts.missing.iter();
        let is_missing = missing
            .map(|missing| text.clone().eq(lit(missing.as_str())))
            .reduce(Expr::or);
        match is_missing {
            Some(is_missing) => when(is_missing).then(lit(NULL)).otherwise(text),
            None => text,
        }
    }

    fn parse(&self, text: Expr, column: &ColumnSchema) -> Expr {
        let (column, converter) = (column.clone(), self.clone());
        let dtype = column.column_type.dtype();
        let parse = move |texts: Column| converter.parse_texts(&texts, &column);
        text.map(parse, move |_, field| {
            Ok(Field::new(field.name().clone(), dtype.clone()))
        })
    }

    fn parse_texts(&self, texts: &Column, column: &ColumnSchema) -> PolarsResult<Column> {
        let format = column.format.as_deref();
        let mark = self.texts.decimal_mark;
        let wanted = column.column_type.dtype();
        let parsed = match (&column.column_type, format) {
            (ColumnType::Text, _) => return Ok(texts.clone()),
            (ColumnType::Boolean, _) => {
                let values = self.each(texts, |text| match &column.spelling {
                    Some([no, _]) if no == text => Some(false),
                    Some([_, yes]) if yes == text => Some(true),
                    _ => value::boolean(text, mark),
                })?;
                BooleanChunked::from_iter_options(texts.name().clone(), values.into_iter())
                    .into_column()
            }
            (ColumnType::Whole, _) => self.whole_numbers(texts, |text| value::whole(text, mark))?,
            (ColumnType::Number, _) => {
                let values = self.each(texts, |text| value::number_or_truth(text, mark))?;
                Float64Chunked::from_iter_options(texts.name().clone(), values.into_iter())
                    .into_column()
            }
            (ColumnType::Date, None) => self.days(texts, value::date)?,
            (ColumnType::Date, Some(format)) => {
                self.days(texts, |text| value::date_as(text, format))?
            }
            (ColumnType::Time, None) => self.whole_numbers(texts, value::nanoseconds_of_day)?,
            (ColumnType::Time, Some(format)) => {
                self.whole_numbers(texts, |text| value::time_as(text, format))?
            }
            (ColumnType::Timestamp { .. }, None) => {
                self.microseconds(texts, &wanted, |text| Some(value::timestamp(text)?.0))?
            }
            (ColumnType::Timestamp { .. }, Some(format)) => {
                self.microseconds(texts, &wanted, |text| value::timestamp_as(text, format))?
            }
            (ColumnType::Duration { .. }, _) => {
                self.microseconds(texts, &wanted, value::duration)?
            }
        };
        parsed.cast(&wanted)
    }

    /// Whether a text cannot be a value of a column.
    pub fn refuses(&self, text: &str, column: &ColumnSchema) -> bool {
        let text = Column::new(column.name.as_str().into(), [text]);
        let strict = Self {
            texts: self.texts.clone(),
            bad: Some(BadValue::default()),
        };
        let parsed = strict.parse_texts(&text, column);
        match (parsed, column.infinite) {
            (Err(_), _) => true,
            (Ok(numbers), Some(OnInfinite::Error)) if column.column_type == ColumnType::Number => {
                strict.finite_numbers(numbers, column).is_err()
            }
            _ => false,
        }
    }

    fn days(&self, texts: &Column, value: impl Fn(&str) -> Option<i32>) -> PolarsResult<Column> {
        let days = self.each(texts, value)?;
        let days = Int32Chunked::from_iter_options(texts.name().clone(), days.into_iter());
        Ok(days.into_column())
    }

    fn whole_numbers(
        &self,
        texts: &Column,
        value: impl Fn(&str) -> Option<i64>,
    ) -> PolarsResult<Column> {
        let numbers = self.each(texts, value)?;
        let numbers = Int64Chunked::from_iter_options(texts.name().clone(), numbers.into_iter());
        Ok(numbers.into_column())
    }

    /// Microseconds in the unit of `wanted`.
    fn microseconds(
        &self,
        texts: &Column,
        wanted: &DataType,
        value: impl Fn(&str) -> Option<i64>,
    ) -> PolarsResult<Column> {
        let counts = self.whole_numbers(texts, value)?;
        let in_microseconds = match wanted {
            DataType::Duration(_) => DataType::Duration(TimeUnit::Microseconds),
            _ => DataType::Datetime(TimeUnit::Microseconds, None),
        };
        let unit = match wanted {
            DataType::Duration(unit) => DataType::Duration(*unit),
            DataType::Datetime(unit, _) => DataType::Datetime(*unit, None),
            other => other.clone(),
        };
        let counts = counts.cast(&in_microseconds)?.cast(&unit)?;
        counts.to_physical_repr().cast(&DataType::Int64)
    }

    /// The value of each text, nothing for one that is missing.
    fn each<T>(
        &self,
        texts: &Column,
        value: impl Fn(&str) -> Option<T>,
    ) -> PolarsResult<Vec<Option<T>>> {
        let strings = texts.str()?;
        let is_stopped = self.texts.stopped.as_deref() == Some(texts.name().as_str());
        let mut values = Vec::with_capacity(strings.len());
        for text in strings.iter() {
            let Some(text) = text else {
                values.push(None);
                continue;
            };
            let trimmed = text.trim();
            let trimmed = match is_stopped {
                true => trimmed.strip_suffix('.').unwrap_or(trimmed),
                false => trimmed,
            };
            let cleaned = if self.texts.trim { trimmed } else { text };
            if trimmed.is_empty() || self.texts.missing.iter().any(|m| m == cleaned) {
                values.push(None);
                continue;
            }
            let value = value(trimmed);
            if value.is_none() {
                self.refuse(texts.name(), || text.to_owned())?;
            }
            values.push(value);
        }
        Ok(values)
    }

    /// A value cannot be converted.
    fn refuse(&self, column: &str, value: impl Fn() -> String) -> PolarsResult<()> {
        match &self.bad {
            None => Ok(()),
            Some(bad) => {
                bad.note(column, value());
                Err(polars_err!(ComputeError: "a value of column '{}' cannot be converted", column))
            }
        }
    }

    /// Numbers that are 0 or 1 as false and true.
    fn boolean(&self, source: Expr) -> Expr {
        let truth = |number: f64| match number {
            0.0 => Some(false),
            1.0 => Some(true),
            _ => None,
        };
        self.numbers(
            source,
            DataType::Boolean,
            move |name, numbers| {
                BooleanChunked::from_iter_options(name, numbers.into_iter()).into_column()
            },
            truth,
        )
    }

    fn whole(&self, source: Expr, found: &DataType) -> Expr {
        use DataType::*;
        let fits = matches!(
            found,
            Boolean | Int8 | Int16 | Int32 | UInt8 | UInt16 | UInt32
        );
        if fits {
            return source.cast(Int64);
        }
        if matches!(found, UInt64 | Int128 | UInt128) {
            let converter = self.clone();
            return source.map(
                move |numbers| converter.wide_whole(&numbers),
                |_, field| Ok(Field::new(field.name().clone(), Int64)),
            );
        }
        self.numbers(
            source,
            Int64,
            |name, numbers| {
                Int64Chunked::from_iter_options(name, numbers.into_iter()).into_column()
            },
            whole_of,
        )
    }

    fn whole_decimals(&self, source: Expr) -> Expr {
        let converter = self.clone();
        let convert = move |column: Column| {
            let decimals = Decimal::all(&column)?;
            let mut values = Vec::with_capacity(decimals.len());
            for decimal in decimals {
                let whole = decimal.and_then(Decimal::whole);
                if let (Some(decimal), None) = (decimal, whole) {
                    converter.refuse(column.name(), || decimal.text())?;
                }
                values.push(whole);
            }
            Ok(
                Int64Chunked::from_iter_options(column.name().clone(), values.into_iter())
                    .into_column(),
            )
        };
        source.map(convert, |_, field| {
            Ok(Field::new(field.name().clone(), DataType::Int64))
        })
    }

    fn wide_whole(&self, numbers: &Column) -> PolarsResult<Column> {
        let narrow = numbers.cast(&DataType::Int64)?;
        if narrow.null_count() > numbers.null_count() {
            let lost = narrow.is_null() & numbers.is_not_null();
            let row = lost.first_true_idx().unwrap_or_default();
            let value = numbers.get(row)?.to_string();
            self.refuse(numbers.name(), || value.clone())?;
        }
        Ok(narrow)
    }

    /// Numbers of any kind as something else, where `value` has it; NaN is missing.
    fn numbers<T: 'static>(
        &self,
        source: Expr,
        wanted: DataType,
        column: impl Fn(PlSmallStr, Vec<Option<T>>) -> Column + Send + Sync + 'static,
        value: impl Fn(f64) -> Option<T> + Send + Sync + 'static,
    ) -> Expr {
        let converter = self.clone();
        let convert = move |numbers: Column| {
            let numbers = numbers.cast(&DataType::Float64)?;
            let mut values = Vec::with_capacity(numbers.len());
            for number in numbers.f64()?.iter() {
                let Some(number) = number.filter(|number| !number.is_nan()) else {
                    values.push(None);
                    continue;
                };
                let value = value(number);
                if value.is_none() {
                    converter.refuse(numbers.name(), || number_text(number))?;
                }
                values.push(value);
            }
            Ok(column(numbers.name().clone(), values))
        };
        source.map(convert, move |_, field| {
            Ok(Field::new(field.name().clone(), wanted.clone()))
        })
    }

    /// Timestamps at 0:00 as dates.
    fn date(&self, source: Expr, found: &DataType) -> Expr {
        let source = match found {
            // The day that a clock in that zone shows.
            DataType::Datetime(_, Some(_)) => {
                source
                    .dt()
                    .replace_time_zone(None, lit("raise"), NonExistent::Raise)
            }
            _ => source,
        };
        let converter = self.clone();
        let convert = move |timestamps: Column| {
            let dates = timestamps.cast(&DataType::Date)?;
            let at_midnight = dates.cast(timestamps.dtype())?.equal_missing(&timestamps)?;
            if !at_midnight.all() {
                let row = (!at_midnight).first_true_idx().unwrap_or_default();
                let value = timestamps.get(row)?.to_string();
                converter.refuse(timestamps.name(), || value.clone())?;
            }
            Ok(dates)
        };
        source.map(convert, |_, field| {
            Ok(Field::new(field.name().clone(), DataType::Date))
        })
    }
}

/// By column, whether it refuses a text.
pub(super) fn refusals(columns: &[ColumnSchema], texts: &Texts) -> Vec<Refusal> {
    let refusal = |column: &ColumnSchema| {
        let (schema, bad) = (column.clone(), BadValue::default());
        let converter = Converter::strict(texts.clone(), &bad);
        let refuses = move |text: &str| converter.refuses(text, &schema);
        (
            column.name.clone(),
            Box::new(refuses) as Box<dyn Fn(&str) -> bool>,
        )
    };
    let columns = columns.iter();
    let columns = columns.filter(|column| column.column_type != ColumnType::Text);
    columns.map(refusal).collect()
}

/// Whether values of a column of Polars may be of this type; each of them may still not be.
pub(crate) fn can_convert(found: &DataType, wanted: &ColumnType) -> bool {
    use DataType::*;
    let is_text = matches!(found, String | Categorical(..) | Enum(..));
    match wanted {
        _ if matches!(found, Null) || is_text => true,
        _ if found.is_nested() || found.is_binary() || found.is_object() => false,
        ColumnType::Text => true,
        ColumnType::Boolean | ColumnType::Whole | ColumnType::Number => {
            matches!(found, Boolean) || found.is_numeric()
        }
        ColumnType::Date | ColumnType::Timestamp { .. } => matches!(found, Date | Datetime(..)),
        ColumnType::Time => matches!(found, Time),
        ColumnType::Duration { .. } => matches!(found, Duration(_)),
    }
}

fn first_infinite(numbers: &Float64Chunked) -> Option<f64> {
    // Whatever lies under a null is looked at, too, which is faster.
    let mut chunks = numbers.downcast_iter().map(|chunk| chunk.values().iter());
    if !chunks.any(|chunk| chunk.fold(false, |any, n| any | n.is_infinite())) {
        return None;
    }
    let mut present = numbers.iter().flatten();
    present.find(|number| number.is_infinite())
}

fn decimals_as_numbers(column: Column) -> PolarsResult<Column> {
    let decimals = Decimal::all(&column)?.into_iter();
    let numbers = decimals.map(|decimal| decimal.and_then(Decimal::number));
    Ok(Float64Chunked::from_iter_options(column.name().clone(), numbers).into_column())
}
